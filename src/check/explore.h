/* explore.h - from "run this test" to a report: search, confirm, make short, explain.
 *
 * Who explores never runs the test itself. It asks `execute` to, which does so in another process and returns
 * when that has ended or says that it has done enough; run->end and the search tell what came of it:
 *   run->following   one run, after run->plan
 *   else             as many as plait__search_next gives, until one does not pass
 */
#ifndef PLAIT__EXPLORE_H
#define PLAIT__EXPLORE_H

#include <check/run.h>
#include <check/search.h>

struct plait__progress {
    int64_t began, told; /* real time, in nanoseconds */
    bool searches;       /* not yet explaining */
    bool shows;          /* a line for people stands on the terminal */
};

/* In a run, if the options do not say: a program does more than a test. */
enum { PLAIT__STEPS_OF_TEST = 100 * 1000, PLAIT__STEPS_OF_PROGRAM = 10 * 1000 * 1000 };

struct plait__exploration {
    plait_check_options options; /* as the user gave them; plait__explore fills in the defaults */
    struct plait__run *run;
    struct plait__search *search;
    void (*execute)(struct plait__exploration *exploration);
    void *context;
    const char
        *program;   /* the name under which it is replayed: `plait replay TOKEN program`; NULL: by a C call */
    uint64_t build; /* tells this binary from another */
    struct plait__progress progress; /* explore.c's own */
};

/* What was found, for the report. The run is the recorded one of the shortest schedule. */
struct plait__finding {
    const struct plait__run *run;
    struct plait__searched searched;
    double seconds;
    char *token;
    bool deterministic;
    uint32_t differs_at; /* if not: the first decision whose course was another */
    bool has_flip;       /* without this deviation it passes */
    struct plait__deviation flip;
    unsigned flip_passes, flip_tries;  /* with it undone, and what follows at random */
    unsigned found_fails, found_tries; /* as found */
};

/* The whole of it. run and search are zero. The result, its token and its report are to be given back by
 * plait__release. NULL when memory is out. */
plait_check_result *plait__explore(struct plait__exploration *exploration);
/* Whoever waits in `execute` calls it about ten times a second: it looks at the limit of time, and tells people at
 * a terminal how far the search is. In the process that explores, where the clock is real. */
void plait__explore_look(struct plait__exploration *exploration);

/* report.c: text for people, for plait__release; NULL when memory is out. */
char *plait__report_failure(const struct plait__exploration *exploration,
                            const struct plait__finding *finding);
char *plait__report_pass(const struct plait__exploration *exploration, const struct plait__searched *searched,
                         double seconds);

/* token.c. The token, for plait__release; a schedule that is too long for a line is written into a file, whose
 * name is then the token; if no file can be written, it is a very long line. The options that matter to the
 * numbering of decisions are in it. NULL when memory is out. */
char *plait__token_of(const struct plait__schedule *schedule, const plait_check_options *options,
                      uint64_t build);
enum plait__token_read {
    PLAIT__TOKEN_GOOD,
    PLAIT__TOKEN_NONSENSE,
    PLAIT__TOKEN_MISTYPED,
    PLAIT__TOKEN_OF_ANOTHER_VERSION,
    PLAIT__TOKEN_OF_ANOTHER_BUILD, /* read all the same */
    PLAIT__TOKEN_NO_FILE,
    PLAIT__TOKEN_NO_MEMORY,
};
enum plait__token_read plait__token_read(const char *token, struct plait__schedule *schedule,
                                         plait_check_options *options, uint64_t build);
/* What that means, for people. Never NULL, always static. */
const char *plait__token_trouble(enum plait__token_read read);

/* shrink.c. Makes the schedule in run->plan, whose run fails with this outcome, as short as it can with so many
 * runs and until that time; run->plan is the shortest one found. False when memory is out. */
bool plait__shrink(struct plait__exploration *exploration, plait_check_outcome outcome, unsigned runs,
                   int64_t until);

/* flip.c. Finds the deviation of run->plan on which the failure hangs, and fills in that part of the finding. */
void plait__find_flip(struct plait__exploration *exploration, struct plait__finding *finding, int64_t until);

/* build.c: the build-id of the program and of this library, or a hash of their files. */
uint64_t plait__build_of_program(void);

#endif
