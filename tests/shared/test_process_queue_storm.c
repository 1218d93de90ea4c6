/* Nothing is lost but what the dead had, and nothing doubled: processes put and get, singly and in batches,
 * while some of them are killed at random, and the books are kept.
 *
 * Every item is a producer's number and how many that one has put; each process that puts takes a new number
 * when it begins. Whoever gets an item marks it, and then says that it is done. At the end of a round all
 * that is left is got. Then every item that a put has returned from is marked, or it is one of those that the
 * queue itself counts as lost with a dead process; and of these there are no more than the dead could have
 * had in their hands. */
#include "support/kill.h"
#include "support/stress.h"
#include "support/test.h"

#include <plait.h>
#include <pthread.h>
#include <shared/process_queue.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PUTTERS = 3, GETTERS = 3, NUMBERS = 1024, MOST = 8192, BATCH = 5, KILLS = 200 };

struct item {
    uint32_t putter, number;
    uint64_t check;
};

/* In memory of all processes; zero at the beginning of a round. */
struct round {
    bool stop;
    uint32_t putters;        /* numbers given out */
    uint32_t sure[NUMBERS];  /* items of that putter whose put has returned */
    uint32_t begun[NUMBERS]; /* and those whose put has begun */
    uint8_t seen[NUMBERS][MOST + BATCH];
    uint32_t wrong;
};

static plait_process_queue *queue;

static uint64_t check_of(const struct item *item) {
    return ((uint64_t)item->putter << 32 | item->number) * UINT64_C(0x9e3779b97f4a7c15);
}

static void fail_round(struct round *round) {
    plait__add_relaxed(&round->wrong, 1);
}

/* Under one number. */
static void put_items(struct round *round, uint32_t putter) {
    uint32_t number = 0;
    struct stress_random random = stress_random_stream(10 + putter);
    while (putter < NUMBERS && number < MOST && !plait__load(&round->stop)) {
        struct item items[BATCH];
        uint32_t count = 1 + stress_random_below(&random, BATCH);
        for (uint32_t i = 0; i < count; i++) {
            items[i] = (struct item){putter, number + i, 0};
            items[i].check = check_of(&items[i]);
        }
        plait__store(&round->begun[putter], number + count);
        size_t put = 1;
        plait_status status;
        if (count == 1)
            status = plait_process_queue_put_until(queue, items, plait_after(0.001));
        else
            status = plait_process_queue_put_many_until(queue, items, count, &put, plait_after(0.001));
        if (status != PLAIT_OK && status != PLAIT_TIMEOUT) fail_round(round);
        if (count == 1 && status != PLAIT_OK) put = 0;
        number += (uint32_t)put;
        plait__store(&round->sure[putter], number);
        plait__store(&round->begun[putter], number);
    }
}

static void put_until_stopped(void *memory) {
    struct round *round = memory;
    while (!plait__load(&round->stop)) put_items(round, plait__add_relaxed(&round->putters, 1));
}

/* One that gets meets the items of a putter in their order. */
static void see(struct round *round, const struct item *item, uint32_t *last) {
    bool sane = item->putter < NUMBERS && item->number < MOST + BATCH && item->check == check_of(item);
    if (!sane || item->number < last[item->putter]) {
        fail_round(round);
        return;
    }
    last[item->putter] = item->number;
    if (plait__add_relaxed(&round->seen[item->putter][item->number], 1) != 0) fail_round(round);
}

static void *get_items(void *memory) {
    struct round *round = memory;
    uint32_t *last = calloc(NUMBERS, sizeof *last);
    struct stress_random random = stress_random_stream((unsigned)getpid());
    for (;;) {
        struct item items[BATCH];
        size_t got = 1;
        plait_status status;
        if (stress_random_below(&random, 2))
            status = plait_process_queue_get_many_until(queue, items, BATCH, &got, plait_after(0.001));
        else
            status = plait_process_queue_get(queue, items);
        if (status == PLAIT_TIMEOUT) continue;
        if (status != PLAIT_OK) {
            if (status != PLAIT_SHUTDOWN) fail_round(round);
            break;
        }
        for (size_t i = 0; i < got; i++) see(round, &items[i], last);
        if (plait_process_queue_task_done_many(queue, got) != PLAIT_OK) fail_round(round);
    }
    free(last);
    return NULL;
}

/* With two threads; what is killed may have two batches in its hands. */
static void get_items_twice(void *memory) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, get_items, memory) != 0) _exit(1);
    (void)get_items(memory);
    pthread_join(thread, NULL);
}

static pid_t start(int i, struct round *round) {
    return kill_start(i < PUTTERS ? put_until_stopped : get_items_twice, round);
}

/* Marked items, and those that certainly were put and are not. */
static void count(const struct round *round, uint64_t *marked, uint64_t *missing) {
    *marked = *missing = 0;
    uint32_t putters = plait__load(&round->putters);
    for (uint32_t putter = 0; putter < putters && putter < NUMBERS; putter++)
        for (uint32_t number = 0; number < plait__load(&round->begun[putter]); number++) {
            if (plait__load(&round->seen[putter][number]))
                ++*marked;
            else if (number < plait__load(&round->sure[putter]))
                ++*missing;
        }
}

static void check_books(const struct round *round, uint32_t getters_killed, plait_status joined) {
    const struct plait__process_queue_memory *memory = queue->memory;
    uint64_t marked, missing, lost = memory->lost;
    count(round, &marked, &missing);
    ck_assert_uint_eq(round->wrong, 0);
    ck_assert_uint_eq(memory->get.index, memory->put.index);
    ck_assert_uint_eq(memory->get.own[PLAIT__DONE], memory->put.index);
    ck_assert_uint_le(marked, memory->put.index);
    ck_assert_uint_le(memory->put.index - marked, lost);
    ck_assert_uint_le(missing, lost);
    ck_assert_uint_le(lost, (uint64_t)getters_killed * 2 * BATCH);
    ck_assert_status(joined, lost ? PLAIT_CRASHED : PLAIT_OK);
}

static void one_round(struct round *round, struct stress_random *random) {
    pid_t processes[PUTTERS + GETTERS];
    uint32_t getters_killed = 0;
    queue = plait_process_queue_of(struct item, 1 + stress_random_below(random, 40));
    ck_assert_ptr_nonnull(queue);
    for (int i = 0; i < PUTTERS + GETTERS; i++) processes[i] = start(i, round);
    for (int kills = 0; kills < KILLS && stress_goes_on(); kills++) {
        kill_linger(random, 2000);
        int i = (int)stress_random_below(random, PUTTERS + GETTERS);
        kill_now(processes[i]);
        if (i >= PUTTERS) getters_killed++;
        processes[i] = start(i, round);
    }
    plait__store(&round->stop, true);
    for (int i = 0; i < PUTTERS; i++) kill_join(processes[i], 20);
    ck_assert_ok(plait_process_queue_shutdown(queue, false));
    for (int i = PUTTERS; i < PUTTERS + GETTERS; i++) kill_join(processes[i], 20);
    plait_status joined = plait_process_queue_join_until(queue, plait_after(20));
    check_books(round, getters_killed, joined);
    ck_assert_ok(plait_process_queue_free(queue));
}

TEST_WITHIN(what_is_put_is_got_once_while_processes_are_killed, 120) {
    struct stress_random random = stress_random_stream(0);
    kill_nothing_left_begin();
    while (stress_goes_on()) {
        struct round *round = kill_memory(sizeof *round);
        one_round(round, &random);
        munmap(round, sizeof *round);
    }
    kill_nothing_left(NULL);
}
