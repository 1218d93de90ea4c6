/* items.h - the items of a map as bytes that another process can use, and what became of them.
 *
 * There: how many, and then for each parameter its values one after the other, or the one value that is the same for all;
 * behind these what strings, bytes and shared objects stand for, as on any wire (wire.h). So for items of numbers both
 * sides copy whole columns, and the other process runs the task's own loop over what lies there.
 *
 * Back: an array of results as the task stores them, and a log, in the order of the items, of what an array cannot hold:
 * failures with their words, and the strings and bytes of results. An item without an entry in the log has succeeded, and
 * its result is in the array; where results are strings or bytes it is NULL. The worker adds to the log before it
 * says that the item is done, so what stands there of the items that are done is whole, at whatever instruction it is
 * killed; entries beyond them are not looked at.
 *
 * Whoever reads believes nothing, as with wires.
 */
#ifndef PLAIT__ITEMS_H
#define PLAIT__ITEMS_H

#include <pool/range.h>
#include <shared/words.h>

enum { PLAIT__ITEMS_COLUMNS = 8 }; /* parameters that a task may have here */

/* ---- there ---- */

/* Some items of a map. */
struct plait__items {
    const plait_task *task;
    const plait_column *columns; /* of the map */
    size_t from, count;          /* of them; at least one */
};

/* How many of these items, at least one, take `room` bytes at most. */
size_t plait__items_fit(const struct plait__items *items, size_t room);

/* As plait__wire_write. */
plait_status plait__items_write(const struct plait__items *items, void *wire, size_t room, size_t *size,
                                struct plait__words *why);

/* As plait__wire_read: in place. Fills one column for each parameter, whose item 0 is the first one written. */
plait_status plait__items_read(const plait_task *task, void *wire, size_t size, plait_column *columns,
                               size_t *count, struct plait__words *why);

/* What has been read is not needed any more: shared objects are let go. */
void plait__items_drop(const plait_task *task, const plait_column *columns, size_t count);
/* The sender's references, until all have been run. */
void plait__items_keep(const struct plait__items *items);
void plait__items_let_go(const struct plait__items *items);

/* ---- and back ---- */

struct plait__items_log {
    char *at;          /* aligned as malloc aligns, */
    size_t room, size; /* as are both sizes */
};

/* An entry to be added. */
struct plait__items_entry {
    size_t item;
    plait_status status; /* PLAIT_OK: a result */
    const void *data;    /* its bytes, or the words of the failure with their end */
    size_t size;
};
/* What the log must have of a result that the task has stored at `result`; false: nothing, it is NULL. */
bool plait__items_result(const plait_task *task, size_t item, const void *result,
                         struct plait__items_entry *entry);
struct plait__items_entry plait__items_failure(size_t item, plait_status status, const char *words);
/* So much it takes. */
size_t plait__items_log_size(const struct plait__items_entry *entry);
/* Adds it; false: there is no room. */
bool plait__items_log(struct plait__items_log *log, const struct plait__items_entry *entry);

/* Takes over what items 0 ... count - 1 of the log and the array `results` (NULL: all are in the log) came to: results go
 * to range->out + (first + item) * result_size; what they point at is allocated, and the caller of the map's to free;
 * range->failed is told of those that failed. PLAIT_OK; PLAIT_INVALID: the log is damaged, and nobody can tell what
 * became of items `*good` and up. */
plait_status plait__items_take(struct plait__range *range, size_t first, size_t count, const char *results,
                               const struct plait__items_log *log, size_t *good);

#endif
