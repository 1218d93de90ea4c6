/* settings.h - options of the checker as text: how `plait check` tells them to the library inside the program.
 *
 *     PLAIT_CHECK="schedules=1000;strategy=dfs;bound=3;inject=timeouts,spurious;inside=yes"
 *
 *   schedules, steps, seed   a whole number of at least 1       depth, bound   the same, at most 1,000,000
 *   seconds    a number such as 10 or 0.5                       inside         yes or no
 *   strategy   auto, random, pct, delay or dfs
 *   inject     of timeouts, spurious, memory those that are wanted, with commas between them; or nothing
 *   replay     a token or the name of a file, up to the end of the text: it comes last
 */
#ifndef PLAIT__SETTINGS_H
#define PLAIT__SETTINGS_H

#include <plait/check.h>

/* Sets what the text names and leaves the rest as it is. False if anything in it is not understood; the options are
 * then half set. options->replay points into the text. */
bool plait__settings_read(const char *text, plait_check_options *options);

#endif
