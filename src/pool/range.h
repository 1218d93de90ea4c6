/* range.h - a run of items on the calling thread: the loop inside map and imap, with what becomes of
 * failures. */
#ifndef PLAIT__RANGE_H
#define PLAIT__RANGE_H

#include <plait/status.h>
#include <plait/task.h>

struct plait__range {
    const plait_task *task;
    const plait_column *columns;
    char *out; /* item i's result goes to out + i * result_size; NULL: nowhere */
    /* Is told of each item that failed, and takes over the message, which may be NULL. */
    void (*failed)(struct plait__range *range, size_t item, plait_status status, char *message);
};

/* Runs items from ... to - 1; results of those that fail are zero. If an item ends the thread (pthread_exit),
 * it counts as failed, and so do those after it: nobody knows at which of them it was. */
void plait__range_run(struct plait__range *range, size_t from, size_t to);

#endif
