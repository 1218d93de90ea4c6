/* one_item.h - what programs use that have no queue: something that holds one item, for a putter and a getter
 * that take turns anyway. As kinds of queues.
 */
#ifndef BENCH_ONE_ITEM_H
#define BENCH_ONE_ITEM_H

#include "queue_kind.h"

extern const struct queue_kind one_item_futex;
extern const struct queue_kind one_item_condition;
extern const struct queue_kind one_item_pipe;

#endif
