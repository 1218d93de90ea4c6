/* report.h - how the results of a benchmark are written down. Between support.c and report.c. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "support.h"

/* What the rounds of one contestant came to. */
struct report_row {
    const struct bench_contestant *contestant;
    double median[BENCH_FIGURES]; /* of each figure */
    double min, max;              /* of the first one */
    double ratio;                 /* median / median of the best peer; 0: there is no peer */
};

struct report {
    const char *bench;
    const struct bench_shape *shape;
    int rounds;
    double others; /* share of the CPUs that other programs used meanwhile */
    struct report_row rows[BENCH_CONTESTANTS];
    const struct report_row *best; /* of the peers; NULL: none is here, or it has nothing to divide by */
};

void report_table(const struct report *report);
void report_json(const struct report *report);

/* One line of the closing summary, for each contestant of ours. */
void report_summary_line(const struct report *report);

#endif
