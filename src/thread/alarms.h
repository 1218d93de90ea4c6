/* alarms.h - alarms in the order of their time: a pairing heap (Fredman, Sedgewick, Sleator and Tarjan 1986).
 *
 * The links lie in the alarms, so setting one allocates nothing and cannot fail; setting is a constant
 * amount of work, taking the first or any other off is logarithmic on average. Alarms for the same instant
 * come in the order in which they were set. Whoever owns the heap guards it.
 */
#ifndef PLAIT__ALARMS_H
#define PLAIT__ALARMS_H

#include <stdbool.h>
#include <stdint.h>

struct plait__alarm {
    int64_t at;                    /* nanoseconds of the clock */
    uint64_t order;                /* among alarms of the same instant */
    bool set;                      /* whether it is in the heap */
    struct plait__alarm *child;    /* the first of those that come later */
    struct plait__alarm *next;     /* sibling */
    struct plait__alarm *previous; /* sibling, or the parent of a first child; NULL for the first of all */
};

struct plait__alarms {
    struct plait__alarm *first;
    uint64_t order;
};

void plait__alarms_add(struct plait__alarms *alarms, struct plait__alarm *alarm, int64_t at);
/* The alarm must be set. */
void plait__alarms_remove(struct plait__alarms *alarms, struct plait__alarm *alarm);

#endif
