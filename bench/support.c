/* support.c - rounds, medians and options; the essay is in support.h. */
#include "support.h"

#include "apart.h"
#include "machine.h"
#include "report.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { USUAL_ROUNDS = 21, SHAPES = 128, STUCK_SECONDS = 30, BRIEF = 100 };

static struct {
    const char *bench;
    bool json;
    bool brief;
    int rounds;
    char **words;
    int word_count;
} options;

static struct report reports[SHAPES];
static int report_count;

_Noreturn void bench_fail(const char *what) {
    fprintf(stderr, "bench-%s: %s\n", options.bench, what);
    exit(1);
}

/* A contestant that hangs must not hang the benchmark, and must be named. */
static const char *volatile running;

static void stuck(int signal) {
    static const char words[] = " hangs: the benchmark ends\n";
    (void)signal;
    bool told = write(STDERR_FILENO, running, strlen(running)) > 0;
    told = write(STDERR_FILENO, words, sizeof words - 1) > 0 && told;
    _exit(told ? 1 : 2);
}

/* ---- options ---- */

void bench_start(const char *bench, int argc, char **argv) {
    options.bench = bench;
    options.words = argv + argc;
    signal(SIGALRM, stuck);
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json")) {
            options.json = true;
        } else if (!strcmp(argv[i], "--brief")) {
            options.brief = true;
        } else if (!strcmp(argv[i], "--rounds") && i + 1 < argc) {
            options.rounds = (int)strtol(argv[++i], NULL, 10);
            if (options.rounds < 1 || options.rounds > BENCH_ROUNDS) bench_fail("--rounds takes 1 to 101");
        } else if (argv[i][0] == '-') {
            bench_fail("the arguments are [--json] [--rounds N] [--brief] [WORD...]: only shapes with one of "
                       "the words");
        } else {
            options.words = argv + i;
            options.word_count = argc - i;
            break;
        }
    }
    if (!options.json) printf("%s\n", machine_line());
}

size_t bench_amount(size_t usual) {
    return !options.brief ? usual : usual > BRIEF ? usual / BRIEF : 1;
}

static bool wanted(const char *shape) {
    for (int i = 0; i < options.word_count; i++)
        if (strstr(shape, options.words[i])) return true;
    return options.word_count == 0;
}

/* ---- rounds ---- */

static void progress(const struct bench_shape *shape, int round, int rounds) {
    if (!isatty(STDERR_FILENO)) return;
    fprintf(stderr, "\r\033[K");
    if (round < rounds) fprintf(stderr, "%s: round %d of %d", shape->name, round + 1, rounds);
    fflush(stderr);
}

static void run_once(const struct bench_shape *shape, const struct bench_contestant *contestant,
                     double *figures) {
    running = contestant->who;
    alarm(STUCK_SECONDS);
    if (shape->apart) {
        apart_run(shape, contestant, figures);
    } else {
        shape->run(contestant->what, shape->detail, figures);
    }
    alarm(0);
}

typedef double samples[BENCH_CONTESTANTS][BENCH_FIGURES][BENCH_ROUNDS];

static void run_rounds(const struct bench_shape *shape, int rounds, samples taken) {
    for (int round = 0; round < rounds; round++) {
        progress(shape, round, rounds);
        for (int turn = 0; turn < shape->count; turn++) {
            int who = (turn + round) % shape->count;
            double figures[BENCH_FIGURES] = {0};
            if (shape->contestants[who].missing) continue;
            run_once(shape, &shape->contestants[who], figures);
            for (int i = 0; i < BENCH_FIGURES; i++) taken[who][i][round] = figures[i];
        }
    }
    progress(shape, rounds, rounds);
}

/* ---- statistics ---- */

static int by_size(const void *one, const void *other) {
    double a = *(const double *)one;
    double b = *(const double *)other;
    return (a > b) - (a < b);
}

static double median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, by_size);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static void fill_row(struct report_row *row, double taken[BENCH_FIGURES][BENCH_ROUNDS], int rounds) {
    for (int i = 0; i < BENCH_FIGURES; i++) row->median[i] = median(taken[i], rounds);
    row->min = taken[0][0];
    row->max = taken[0][rounds - 1];
}

static const struct report_row *best_peer(const struct report *report) {
    const struct report_row *best = NULL;
    for (int i = 0; i < report->shape->count; i++) {
        const struct report_row *row = &report->rows[i];
        if (row->contestant->ours || row->contestant->missing) continue;
        if (!best || row->median[0] < best->median[0]) best = row;
    }
    return best && best->median[0] > 0 ? best : NULL;
}

static void fill(struct report *report, samples taken) {
    const struct bench_shape *shape = report->shape;
    for (int i = 0; i < shape->count; i++) {
        report->rows[i].contestant = &shape->contestants[i];
        if (!shape->contestants[i].missing) fill_row(&report->rows[i], taken[i], report->rounds);
    }
    report->best = best_peer(report);
    if (!report->best) return;
    for (int i = 0; i < shape->count; i++)
        report->rows[i].ratio = report->rows[i].median[0] / report->best->median[0];
}

static double used_by_others(struct machine_use before, struct machine_use after) {
    double offered = after.offered - before.offered;
    double others = after.others - before.others;
    return offered > 0 && others > 0 ? others / offered : 0;
}

void bench_compare(const struct bench_shape *shape) {
    static samples taken;
    if (!shape->count || !wanted(shape->name)) return;
    if (report_count == SHAPES) bench_fail("too many shapes");
    struct report *report = &reports[report_count++];
    report->bench = options.bench;
    report->shape = shape;
    report->rounds = options.rounds ? options.rounds : shape->rounds ? shape->rounds : USUAL_ROUNDS;
    struct machine_use before = machine_use();
    run_rounds(shape, report->rounds, taken);
    report->others = used_by_others(before, machine_use());
    fill(report, taken);
    (options.json ? report_json : report_table)(report);
    fflush(stdout);
}

int bench_finish(void) {
    if (!report_count) bench_fail("no shape has such a name");
    if (options.json) return 0;
    printf("\nplait against the best peer (less is better)\n");
    for (int i = 0; i < report_count; i++) report_summary_line(&reports[i]);
    return 0;
}
