/* producer.c - producers and consumers around a queue with little room.
 *
 * The queue makes the producers wait when it is full and the consumers when it is empty. When all that was
 * put has been dealt with (task_done for each, join for all), it is shut down, and the consumers end.
 */
#include <plait.h>
#include <stdio.h>

enum { PRODUCERS = 3, CONSUMERS = 2, ITEMS_EACH = 1000, ITEMS = PRODUCERS * ITEMS_EACH, ROOM = 8 };

PLAIT_TASK(void, produce, (plait_queue *, queue), (int, first)) {
    for (int item = first; item < first + ITEMS_EACH; item++)
        if (plait_queue_put(queue, &item) != PLAIT_OK) return;
}

PLAIT_TASK(long, consume, (plait_queue *, queue)) {
    long sum = 0;
    int item;
    while (plait_queue_get(queue, &item) == PLAIT_OK) { /* until PLAIT_SHUTDOWN */
        sum += item;
        plait_queue_task_done(queue);
    }
    return sum;
}

int main(void) {
    plait_queue *queue = plait_queue_of(int, ROOM);
    plait_thread *producers[PRODUCERS], *consumers[CONSUMERS];
    for (int i = 0; i < CONSUMERS; i++) consumers[i] = plait_start(consume, queue);
    for (int i = 0; i < PRODUCERS; i++) producers[i] = plait_start(produce, queue, i * ITEMS_EACH);

    for (int i = 0; i < PRODUCERS; i++) {
        if (plait_thread_join(producers[i]) != PLAIT_OK) return 1; /* all was put */
        plait_thread_free(producers[i]);
    }
    if (plait_queue_join(queue) != PLAIT_OK) return 1; /* all was dealt with */
    plait_queue_shutdown(queue, false);                /* go home */

    long sum = 0;
    for (int i = 0; i < CONSUMERS; i++) {
        long part;
        if (plait_thread_result(consumers[i], &part) != PLAIT_OK) return 1;
        sum += part;
        plait_thread_free(consumers[i]);
    }
    plait_queue_free(queue);

    printf("%d items, their sum is %ld\n", ITEMS, sum);
    return sum == ITEMS * (ITEMS - 1L) / 2 ? 0 : 1;
}
