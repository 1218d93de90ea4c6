/* support.h - what the benchmarks share: comparing contestants fairly, and telling the result.
 *
 * A figure means something only beside the figures of others taken in the same minutes on the same machine.
 * So all contestants of a shape take turns: every round runs each of them once, and each round begins with
 * another one. Reported are the median of the rounds with the least and the greatest, never a single run.
 *
 * Nothing helps against other programs that keep the CPUs busy: the table says how much they had, and then
 * only CPU times are worth reading.
 *
 * Standard output gets tables for people, or with --json one object per line. A contestant that is not
 * installed is named as missing, with the Debian package that has it. Progress goes to standard error if that
 * is a terminal.
 */
#ifndef BENCH_SUPPORT_H
#define BENCH_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>

enum { BENCH_FIGURES = 4, BENCH_ROUNDS = 101, BENCH_CONTESTANTS = 12 };

struct bench_contestant {
    const char *who;
    bool ours;           /* plait; the others are peers */
    const char *missing; /* the package that would have brought it; NULL: it is here */
    const void *what;    /* for the shape's run */
};

/* Lets one contestant run once (tens of milliseconds) and writes the shape's figures. */
typedef void bench_run(const void *what, const void *detail, double *figures);

/* One question, asked of several contestants. */
struct bench_shape {
    const char *name;
    const char *const *figures; /* their names, NULL after the last; the first is compared, less is better */
    bench_run *run;
    const void *detail;
    const struct bench_contestant *contestants;
    int count;
    int rounds; /* 0: as many as usual */
    bool apart; /* every run in a process of its own */
};

/* Reads the program's arguments: [--json] [--rounds N] [--brief] [WORD...], where only shapes whose name
 * contains one of the words are run. Ends the program if they make no sense. Call first. */
void bench_start(const char *bench, int argc, char **argv);

/* How much of this amount of work a run shall do: all of it, or with --brief a hundredth, which shows that
 * the benchmark works and nothing else. Never 0. */
size_t bench_amount(size_t usual);

/* Runs a shape and prints what came out. */
void bench_compare(const struct bench_shape *shape);

/* The last lines: every shape again, ours against the best peer. Returns the program's exit status. */
int bench_finish(void);

/* Ends the program: something that a benchmark stands on failed. */
_Noreturn void bench_fail(const char *what);

#endif
