/* report.c - tables for people, objects for programs. */
#include "report.h"

#include "machine.h"

#include <stdio.h>

enum { WHO_WIDTH = 22, SHAPE_WIDTH = 46, FIGURE_WIDTH = 13 };

/* The share of the CPUs above which the use by others is told. */
static const double NOTEWORTHY = 0.05;

/* ---- for people ---- */

/* A figure's name as a heading: "ns_per_op" becomes "ns per op". */
static void print_heading(const char *name) {
    char heading[32];
    snprintf(heading, sizeof heading, "%s", name);
    for (char *c = heading; *c; c++)
        if (*c == '_') *c = ' ';
    printf(" %*s", FIGURE_WIDTH, heading);
}

static void print_figure(double value, int width) {
    printf(" %*.*f", width, value < 10 ? 2 : value < 1000 ? 1 : 0, value);
}

static void print_head(const struct report *report) {
    const char *const *names = report->shape->figures;
    printf("\n%s: %s (%d runs each, interleaved; medians)\n", report->bench, report->shape->name,
           report->rounds);
    printf("  %-*s", WHO_WIDTH, "who");
    print_heading(names[0]);
    printf(" %10s %10s %11s", "min", "max", "x best peer");
    for (int i = 1; names[i]; i++) print_heading(names[i]);
    printf("\n");
}

static void print_row(const struct report *report, const struct report_row *row) {
    const char *const *names = report->shape->figures;
    printf("  %-*s", WHO_WIDTH, row->contestant->who);
    if (row->contestant->missing) {
        printf(" missing: its package (Debian: %s) is not installed\n", row->contestant->missing);
        return;
    }
    print_figure(row->median[0], FIGURE_WIDTH);
    print_figure(row->min, 10);
    print_figure(row->max, 10);
    if (report->best) {
        printf(" %11.2f", row->ratio);
    } else {
        printf(" %11s", "-");
    }
    for (int i = 1; names[i]; i++) print_figure(row->median[i], FIGURE_WIDTH);
    printf("\n");
}

static void print_ratios(const struct report *report, const struct report_row *ours) {
    const char *before = ":";
    printf("  %s is", ours->contestant->who);
    for (int i = 0; i < report->shape->count; i++) {
        const struct report_row *row = &report->rows[i];
        if (row->contestant->ours || row->contestant->missing) continue;
        printf("%s %.2f x %s", before, ours->median[0] / row->median[0], row->contestant->who);
        before = ",";
    }
    printf("\n");
}

void report_table(const struct report *report) {
    print_head(report);
    for (int i = 0; i < report->shape->count; i++) print_row(report, &report->rows[i]);
    for (int i = 0; report->best && i < report->shape->count; i++)
        if (report->rows[i].contestant->ours) print_ratios(report, &report->rows[i]);
    if (report->others > NOTEWORTHY)
        printf("  Other programs used %.0f %% of the CPUs meanwhile: times on the wall are "
               "doubtful.\n",
               100 * report->others);
}

void report_summary_line(const struct report *report) {
    for (int i = 0; report->best && i < report->shape->count; i++) {
        const struct report_row *row = &report->rows[i];
        if (!row->contestant->ours) continue;
        printf("  %-*s %-*s %5.2f x %s\n", SHAPE_WIDTH, report->shape->name, WHO_WIDTH, row->contestant->who,
               row->ratio, report->best->contestant->who);
    }
}

/* ---- for programs ---- */

/* Names are ours and plain; only the machine's line may hold what JSON wants escaped. */
static void print_string(const char *name, const char *value) {
    printf("\"%s\": \"", name);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\') putchar('\\');
        if ((unsigned char)*value >= ' ') putchar(*value);
    }
    printf("\"");
}

static void print_numbers(const struct report *report, const struct report_row *row) {
    const char *const *names = report->shape->figures;
    printf(", \"%s\": %.3f, \"runs\": %d, \"min\": %.3f, \"max\": %.3f", names[0], row->median[0],
           report->rounds, row->min, row->max);
    for (int i = 1; names[i]; i++) printf(", \"%s\": %.3f", names[i], row->median[i]);
    printf(", \"others_cpu_share\": %.3f", report->others);
    if (report->best) printf(", \"ratio_to_best_peer\": %.3f", row->ratio);
}

void report_json(const struct report *report) {
    for (int i = 0; i < report->shape->count; i++) {
        const struct report_row *row = &report->rows[i];
        printf("{");
        print_string("bench", report->bench);
        printf(", ");
        print_string("shape", report->shape->name);
        printf(", ");
        print_string("who", row->contestant->who);
        if (row->contestant->missing) {
            printf(", \"%s\": null, \"runs\": 0, \"min\": null, \"max\": null, ", report->shape->figures[0]);
            print_string("missing", row->contestant->missing);
        } else {
            print_numbers(report, row);
        }
        printf(", ");
        print_string("machine", machine_line());
        printf("}\n");
    }
}
