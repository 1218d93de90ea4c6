/* machine.h - where a benchmark runs, and how much else is going on there. */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

/* CPU, kernel, compiler and date, in one line. Static. */
const char *machine_line(void);

/* CPU time since the machine's start, in seconds over all CPUs: what was there to be had, and what others
 * than this process and its children have used (or, on a virtual machine, were given instead of us). */
struct machine_use {
    double offered;
    double others;
};

/* Zeros where the system does not tell. */
struct machine_use machine_use(void);

#endif
