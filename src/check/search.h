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

struct plait__searched {
    uint64_t schedules, points;
    uint64_t orders; /* distinct */
    bool complete;   /* a DFS has tried everything within its bound */
    unsigned bound;  /* ... which was this */
};
struct plait__searched plait__search_result(const struct plait__search *search);

#endif
