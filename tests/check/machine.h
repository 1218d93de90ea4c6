/* machine.h - a little machine in which actors take steps, for testing the search without a scheduler.
 *
 * A program is a function that takes one step of one actor, whatever that is; between two steps the machine asks
 * the search, or follows the plan of the run, as a real scheduler would (check/run.h is the contract of both). It
 * is as deterministic as its program, runs millions of steps a second, and how many orders it has can be counted.
 */
#ifndef PLAIT_TEST_CHECK_MACHINE_H
#define PLAIT_TEST_CHECK_MACHINE_H

#include <check/explore.h>

enum { MACHINE_ACTORS = 64, MACHINE_VALUES = 16 };

struct machine {
    /* the test's */
    uint32_t actors;
    void (*step)(struct machine *machine, uint32_t actor);
    uint32_t size; /* a number for the program */
    void *context;

    /* the program's, zero at the beginning of each run */
    uint32_t at[MACHINE_ACTORS]; /* the number of the step that an actor is about to take */
    uint64_t value[MACHINE_VALUES];
    bool (*until[MACHINE_ACTORS])(struct machine *machine,
                                  uint32_t actor); /* it can only run when this holds */
    bool ended[MACHINE_ACTORS], yields[MACHINE_ACTORS];
    bool has_deadline[MACHINE_ACTORS]; /* it may go on although `until` does not hold */
    bool expired[MACHINE_ACTORS];

    /* its own */
    struct plait__run *run;
    struct plait__search *search;
    uint32_t ran_at[MACHINE_ACTORS], tick, current, decisions, planned;
    bool failed;
    uint64_t order;
    struct plait__decision decision;
};

/* For a step: the test's own choice, a failure, memory that may be missing. */
uint32_t machine_choose(struct machine *machine, uint32_t count);
bool machine_has_memory(struct machine *machine);
void machine_fail(struct machine *machine, plait_check_outcome outcome, const char *words);

/* One run. */
void machine_run(struct machine *machine);

/* Memory for a search and for a run, to be given to machine_close. */
void machine_open(struct machine *machine);
void machine_close(struct machine *machine);
/* Runs until the search has nothing more, or one fails. True: one did. */
bool machine_search(struct machine *machine);
/* plait__explore's `execute`; the context of the exploration is the machine. */
void machine_execute(struct plait__exploration *exploration);
/* What the report of the last failure was told. */
extern struct plait__finding machine_finding;

#endif
