/* search.h - which order comes next: the strategies, behind four functions.
 *
 * Its state lies in shared memory: the process that runs the test asks it at each decision, and may crash in
 * between; the process that explores goes on with what it finds. Nothing in it may point to either's private
 * memory.
 *
 *   while (plait__search_next(search)) {         // prepares the next run; false: there is none
 *       ... the run asks plait__search_choose(search, &decision) at its decisions ...
 *       plait__search_ran(search, &run->end);    // it passed
 *   }
 *
 * A decision is asked here only if it can matter: the point is not on memory that only one thread ever used
 * in any run so far. When a run finds memory to be shared that was not known to be, what was tried so far
 * has been too coarse, and the run says so by plait__search_learned: an exhaustive search then begins anew.
 */
#ifndef PLAIT__SEARCH_H
#define PLAIT__SEARCH_H

#include <check/run.h>

struct plait__search;

/* In shared memory of this many bytes, which must be zero (and costs nothing until used). */
size_t plait__search_size(void);
void plait__search_begin(struct plait__search *search, const plait_check_options *options);
bool plait__search_next(struct plait__search *search);
/* An alternative of the decision. */
uint32_t plait__search_choose(struct plait__search *search, const struct plait__decision *decision);
void plait__search_learned(struct plait__search *search);
void plait__search_ran(struct plait__search *search, const struct plait__end *end);

/* plait__search_next says false from now on; whoever explores may call it while another process runs. */
void plait__search_stop(struct plait__search *search);

/* What was tried, all that was begun included. May be read while another process runs. */
struct plait__searched {
    uint64_t schedules, points, decisions;
    uint64_t orders;     /* distinct */
    bool more_orders;    /* there were more than can be counted */
    bool complete;       /* a DFS has tried everything within its bound */
    unsigned bound;      /* ... which was this; PLAIT__NO_BOUND: no bound left anything out */
    uint64_t within;     /* ... and these were so many schedules */
    bool strange;        /* the same choices led to another decision: nothing was tried after that run */
    uint32_t differs_at; /* ... which was this */
};
enum { PLAIT__NO_BOUND = 1 << 30 };
struct plait__searched plait__search_result(const struct plait__search *search);

/* For the next `runs` runs: the choices of the schedule at the decisions before `until`; what follows has at most
 * so many delays, if that is not 0, and is at random if it is. Without a schedule all follows. They are not counted in what was tried. */
void plait__search_guide(struct plait__search *search, const struct plait__schedule *schedule, uint32_t until,
                         unsigned delays, uint64_t runs);
struct plait__guided {
    uint64_t left;    /* of the runs */
    uint64_t strayed; /* runs in which a choice of the schedule could not be made: they say nothing */
    bool strays;      /* the last run is one of them */
};
struct plait__guided plait__search_guided(const struct plait__search *search);

#endif
