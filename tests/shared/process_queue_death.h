/* What the tests of processes killed in the queue share: the queues, what a victim does before, and what must hold
 * after. */
#ifndef PLAIT_TEST_SHARED_PROCESS_QUEUE_DEATH_H
#define PLAIT_TEST_SHARED_PROCESS_QUEUE_DEATH_H

#include "support/kill.h"
#include "support/test.h"

#include <plait.h>
#include <shared/process_queue.h>
#include <unistd.h>

/* What the processes of a scenario tell each other; the queue itself is made by `prepare`, and inherited. */
struct notes {
    pid_t other;
    long item;
    plait_status status;
};

static plait_process_queue *queue, *warm;
static const double soon = 8; /* more than any net; a check has ten seconds */

static inline void put(long item) {
    if (plait_process_queue_put(queue, &item) != PLAIT_OK) _exit(11);
}

/* So that the victim does for the first time elsewhere what it does only once. */
static inline void warm_up(void) {
    long items[2] = {1, 2};
    size_t got;
    if (plait_process_queue_put_many(warm, items, 2, NULL) != PLAIT_OK) _exit(12);
    if (plait_process_queue_get_many(warm, items, 2, &got) != PLAIT_OK) _exit(13);
    if (plait_process_queue_task_done_many(warm, got) != PLAIT_OK) _exit(14);
    if (plait_process_queue_join(warm) != PLAIT_OK) _exit(15);
    if (plait_process_queue_get_until(warm, &items[0], plait_after(0.001)) != PLAIT_TIMEOUT) _exit(16);
}

static inline void new_queues(size_t maxsize) {
    queue = plait_process_queue_of(long, maxsize);
    warm = plait_process_queue_of(long, 4);
    ck_assert(queue && warm);
}

/* The end of every check: join tells of what was taken and not done by the dead, once, and the queue still
 * does all it should. */
static inline const char *still_works(int lost) {
    long item;
    plait_status expected = lost ? PLAIT_CRASHED : PLAIT_OK;
    kill_check(plait_process_queue_join_until(queue, plait_after(soon)) == expected);
    kill_check(plait_process_queue_join(queue) == PLAIT_OK);
    size_t room = plait_process_queue_maxsize(queue);
    for (size_t i = 0; i < room; i++) {
        item = (long)(100 + i);
        kill_check(plait_process_queue_put_nowait(queue, &item) == PLAIT_OK);
    }
    kill_check(plait_process_queue_put_nowait(queue, &item) == PLAIT_FULL);
    for (size_t i = 0; i < room; i++) {
        kill_check(plait_process_queue_get_nowait(queue, &item) == PLAIT_OK);
        kill_check(item == (long)(100 + i));
        kill_check(plait_process_queue_task_done(queue) == PLAIT_OK);
    }
    kill_check(plait_process_queue_get_nowait(queue, &item) == PLAIT_EMPTY);
    kill_check(plait_process_queue_join(queue) == PLAIT_OK);
    kill_check(plait_process_queue_free(queue) == PLAIT_OK);
    kill_check(plait_process_queue_free(warm) == PLAIT_OK);
    return NULL;
}

/* Gets what is left, says that it is done, and tells its sum and count. */
static inline void drain(long *sum, int *count) {
    long item;
    *sum = *count = 0;
    while (plait_process_queue_get_nowait(queue, &item) == PLAIT_OK) {
        *sum += item;
        ++*count;
        if (plait_process_queue_task_done(queue) != PLAIT_OK) *sum = -1;
    }
}

static inline void run(void (*prepare)(void *), void (*victim)(void *), const char *(*check)(void *)) {
    kill_at_every_instruction(&(struct kill_scenario){sizeof(struct notes), prepare, victim, check, 0});
}

static inline void prepare_four(void *memory) {
    (void)memory;
    new_queues(4);
}

static inline void prepare_two_items(void *memory) {
    prepare_four(memory);
    put(1);
    put(2);
}

static inline void wait_for_sleeper(struct plait__shared_lane *lane) {
    while (!plait__load(&lane->asleep)) plait_sleep(0.0005);
}

#endif
