/* program.h - peers in other languages: programs of their own, which a run starts and asks one question.
 *
 * Such a program (bench/peers) gets the question as arguments, makes the same run as the contestants in C,
 * takes its time itself, so that its start does not count, and prints the figures as one line of numbers.
 */
#ifndef BENCH_PROGRAM_H
#define BENCH_PROGRAM_H

/* Runs it with the words of the question, which are formatted like printf's and separated by spaces. Ends the
 * benchmark if it fails. */
__attribute__((format(printf, 3, 4))) void program_run(const char *path, double *figures,
                                                       const char *question, ...);

#endif
