/* Nothing is lost, nothing doubled: many threads put, get, several at once too, select, time out, are
 * cancelled, and shut the queues down, over and over, and the books are kept.
 *
 * Every item is a number of its own: producer * MOST + how many that producer has put. Whoever gets one, or
 * sees it destroyed, marks it; at the end of a round each that was put is marked exactly once. In one
 * first-in-first-out queue a getter never meets an item of a producer that is older than the last one it
 * met. */
#include "support.h"
#include "support/stress.h"

#include <plait/cancel.h>
#include <plait/sleep.h>

#include <stdlib.h>

enum { QUEUES = 2, MOST = 4000, MAX_THREADS = 64 };

enum kind { FIFO, LIFO, BY_KEY, COMPARED, RENDEZVOUS, KINDS };

struct item {
    uint64_t id;
};

struct round {
    enum kind kind;
    plait_queue *queues[QUEUES];
    plait_token *token;
    size_t maxsize;
    int producers, consumers;
    bool immediate, steady;    /* steady: no selects or cancels, one queue, drained to the end */
    uint32_t put[MAX_THREADS]; /* by producer */
    uint8_t *seen;             /* producer * MOST + n */
    uint32_t disorder, doubled, odd;
};

struct worker {
    pthread_t thread;
    struct round *round;
    int index;
    struct stress_random random;
};

static void see(struct round *round, uint64_t item) {
    if (plait__add_relaxed(&round->seen[item], 1) != 0) plait__add_relaxed(&round->doubled, 1);
}

static void destroy(void *item, void *context) {
    see(context, *(uint64_t *)item);
}

static bool smaller(const void *one, const void *other, void *context) {
    (void)context;
    return ((const struct item *)one)->id < ((const struct item *)other)->id;
}

static plait_queue *new_queue(enum kind kind, size_t maxsize) {
    switch (kind) {
    case FIFO:
        return plait_queue_of(struct item, maxsize);
    case LIFO:
        return plait_lifo_queue_of(struct item, maxsize);
    case BY_KEY:
        return plait_priority_queue_by(struct item, maxsize, id);
    case RENDEZVOUS:
        return plait_rendezvous_queue_of(struct item);
    default:
        return plait_priority_queue_of(struct item, maxsize, smaller, NULL);
    }
}

static bool expected(plait_status status) {
    return status == PLAIT_OK || status == PLAIT_TIMEOUT || status == PLAIT_CANCELLED ||
           status == PLAIT_SHUTDOWN || status == PLAIT_EMPTY || status == PLAIT_FULL;
}

static plait_deadline soon(struct stress_random *random) {
    return plait_after(stress_random_below(random, 4000) * 1e-6);
}

enum { BATCH = 5 };

/* One put into `queue` with one of the verbs; *done is how many items went in. */
static plait_status put_with(struct worker *worker, plait_queue *queue, const struct item *items,
                             size_t *done) {
    size_t many = 1 + stress_random_below(&worker->random, BATCH);
    plait_status status;
    switch (stress_random_below(&worker->random, 6)) {
    case 0:
        status = plait_queue_put_until(queue, items, soon(&worker->random));
        break;
    case 1:
        status = plait_queue_put_nowait(queue, items);
        break;
    case 2:
        return plait_queue_put_many(queue, items, many, done);
    case 3:
        return plait_queue_put_many_until(queue, items, many, done, soon(&worker->random));
    case 4:
        return plait_queue_put_many_nowait(queue, items, many, done);
    default:
        status = plait_queue_put(queue, items);
    }
    *done = status == PLAIT_OK;
    return status;
}

static plait_status put_some(struct worker *worker, const struct item *items, size_t *done) {
    struct round *round = worker->round;
    *done = 0;
    if (round->steady || stress_random_below(&worker->random, 4))
        return put_with(worker,
                        round->queues[round->steady ? 0 : stress_random_below(&worker->random, QUEUES)],
                        items, done);
    plait_case cases[] = {plait_case_put(round->queues[0], items), plait_case_put(round->queues[1], items)};
    size_t which;
    plait_status status = plait_select_until(cases, 2, &which, soon(&worker->random));
    if (status == PLAIT_OK) status = cases[which].status;
    *done = status == PLAIT_OK;
    return status;
}

/* A cancelled token has done its work; the thread goes on without it. */
static void after(struct worker *worker, plait_status status, plait_token **outer) {
    if (!expected(status)) plait__add_relaxed(&worker->round->odd, 1);
    if (status != PLAIT_CANCELLED) return;
    plait_token_leave(*outer);
    *outer = plait_token_enter(NULL);
}

static void *produce(void *arg) {
    struct worker *worker = arg;
    struct round *round = worker->round;
    plait_token *outer = plait_token_enter(round->token);
    plait_status status = PLAIT_OK;
    while (status != PLAIT_SHUTDOWN && round->put[worker->index] + BATCH <= MOST) {
        struct item items[BATCH];
        size_t done;
        for (unsigned i = 0; i < BATCH; i++)
            items[i].id = (uint64_t)worker->index * MOST + round->put[worker->index] + i;
        status = put_some(worker, items, &done);
        round->put[worker->index] += (uint32_t)done;
        after(worker, status, &outer);
    }
    plait_token_leave(outer);
    return NULL;
}

static plait_status get_with(struct worker *worker, plait_queue *queue, struct item *items, size_t *done) {
    size_t many = 1 + stress_random_below(&worker->random, BATCH);
    plait_status status;
    switch (stress_random_below(&worker->random, 6)) {
    case 0:
        status = plait_queue_get_until(queue, items, soon(&worker->random));
        break;
    case 1:
        status = plait_queue_get_nowait(queue, items);
        break;
    case 2:
        return plait_queue_get_many(queue, items, many, done);
    case 3:
        return plait_queue_get_many_until(queue, items, many, done, soon(&worker->random));
    case 4:
        return plait_queue_get_many_nowait(queue, items, many, done);
    default:
        status = plait_queue_get(queue, items);
    }
    *done = status == PLAIT_OK;
    return status;
}

static plait_status get_some(struct worker *worker, struct item *items, size_t *done, size_t *which) {
    struct round *round = worker->round;
    *done = 0;
    *which = round->steady ? 0 : stress_random_below(&worker->random, QUEUES);
    if (round->steady || stress_random_below(&worker->random, 4))
        return get_with(worker, round->queues[*which], items, done);
    plait_case cases[] = {plait_case_get(round->queues[0], items), plait_case_get(round->queues[1], items)};
    plait_status status = plait_select_until(cases, 2, which, soon(&worker->random));
    if (status == PLAIT_OK) status = cases[*which].status;
    *done = status == PLAIT_OK;
    return status;
}

static void *consume(void *arg) {
    struct worker *worker = arg;
    struct round *round = worker->round;
    plait_token *outer = plait_token_enter(round->token);
    int64_t last[QUEUES][MAX_THREADS];
    memset(last, -1, sizeof last);
    unsigned ended = 0;
    while (ended != (round->steady ? 1U : (1U << QUEUES) - 1)) {
        struct item items[BATCH];
        size_t which, done;
        plait_status status = get_some(worker, items, &done, &which);
        if (status == PLAIT_SHUTDOWN) ended |= 1U << which;
        after(worker, status, &outer);
        for (size_t i = 0; i < done; i++) {
            see(round, items[i].id);
            int64_t *before = &last[which][items[i].id / MOST], now = (int64_t)(items[i].id % MOST);
            bool in_order = round->kind == FIFO || round->kind == RENDEZVOUS;
            if (in_order && now <= *before) plait__add_relaxed(&round->disorder, 1);
            *before = now;
        }
        if (plait_queue_task_done_many(round->queues[which], done) != PLAIT_OK)
            plait__add_relaxed(&round->odd, 1);
    }
    plait_token_leave(outer);
    return NULL;
}

static void start(struct worker *worker, struct round *round, int index, unsigned seed,
                  void *(*body)(void *)) {
    *worker = (struct worker){.round = round, .index = index, .random = stress_random_stream(seed)};
    worker->thread = queue_thread(body, worker);
}

static void check_books(const struct round *round) {
    uint64_t put = 0, seen = 0;
    for (int i = 0; i < round->producers; i++) {
        put += round->put[i];
        for (uint32_t n = 0; n < MOST; n++) {
            seen += round->seen[i * MOST + (int)n];
            if (n < round->put[i]) ck_assert_uint_eq(round->seen[i * MOST + (int)n], 1);
        }
    }
    ck_assert_uint_eq(put, seen);
    ck_assert_uint_eq(round->doubled, 0);
    ck_assert_uint_eq(round->disorder, 0);
    ck_assert_uint_eq(round->odd, 0);
}

/* Lets it run a while, interferes, and ends it. */
static void interfere(struct round *round, struct stress_random *random) {
    if (stress_random_below(random, 2)) ck_assert_ok(plait_sleep_until(soon(random)));
    if (stress_random_below(random, 2)) plait_cancel(round->token);
    if (stress_random_below(random, 2)) ck_assert_ok(plait_sleep_until(soon(random)));
    for (int i = 0; i < QUEUES; i++) ck_assert_ok(plait_queue_shutdown(round->queues[i], round->immediate));
}

static void play(struct round *round, struct stress_random *random) {
    struct worker producers[MAX_THREADS] = {{0}}, consumers[MAX_THREADS] = {{0}};
    const int putting = round->producers, getting = round->consumers;
    round->seen = calloc((size_t)round->producers * MOST, 1);
    round->token = plait_token_new(NULL, PLAIT_FOREVER);
    for (int i = 0; i < QUEUES; i++) {
        round->queues[i] = new_queue(round->kind, round->maxsize);
        ck_assert_ok(plait_queue_set_destroy(round->queues[i], destroy, round));
        if (!stress_random_below(random, 4)) ck_assert_int_ge(plait_queue_descriptor(round->queues[i]), 0);
    }
    for (int i = 0; i < getting; i++) start(&consumers[i], round, i, 100 + (unsigned)i, consume);
    for (int i = 0; i < putting; i++) start(&producers[i], round, i, 200 + (unsigned)i, produce);
    if (!round->steady) interfere(round, random);
    for (int i = 0; i < putting; i++) queue_thread_end(producers[i].thread);
    if (round->steady) {
        ck_assert_ok(plait_queue_join(round->queues[0]));
        ck_assert_ok(plait_queue_shutdown(round->queues[0], false));
    }
    for (int i = 0; i < getting; i++) queue_thread_end(consumers[i].thread);
    for (int i = 0; i < QUEUES; i++) {
        ck_assert_ok(plait_queue_join(round->queues[i]));
        ck_assert_ok(plait_queue_free(round->queues[i]));
    }
    check_books(round);
    plait_token_free(round->token);
    free(round->seen);
}

static struct round some_round(struct stress_random *random, bool steady) {
    static const size_t sizes[] = {0, 1, 2, 5, 64, 1000};
    struct round round = {.steady = steady, .kind = (enum kind)stress_random_below(random, KINDS)};
    int most = stress_threads(4) < 12 ? stress_threads(4) : 12;
    round.producers = 1 + (int)stress_random_below(random, (uint32_t)most);
    round.consumers = 1 + (int)stress_random_below(random, (uint32_t)most);
    round.maxsize = sizes[stress_random_below(random, sizeof sizes / sizeof *sizes)];
    round.immediate = stress_random_below(random, 2);
    return round;
}

TEST(what_was_put_was_got_or_destroyed_exactly_once) {
    struct stress_random random = stress_random_stream(0);
    do {
        struct round round = some_round(&random, false);
        play(&round, &random);
    } while (stress_goes_on());
}

TEST(without_interference_everything_is_got_and_in_order) {
    struct stress_random random = stress_random_stream(1);
    do {
        struct round round = some_round(&random, true);
        play(&round, &random);
    } while (stress_goes_on());
}

/* ---- counting meanwhile ---- */

enum { IN_A_BURST = 5000 };

struct counting {
    plait_queue *queue;
    int stop;
    size_t most; /* that qsize ever said */
};

static void *count_items(void *arg) {
    struct counting *counting = arg;
    while (!plait__load(&counting->stop)) {
        size_t count = plait_queue_qsize(counting->queue);
        if (count > counting->most) counting->most = count;
    }
    return NULL;
}

static pthread_t start_counting(struct counting *counting) {
    *counting = (struct counting){.queue = plait_queue_of(struct item, 0)};
    return queue_thread(count_items, counting);
}

static void stop_counting(struct counting *counting, pthread_t thread) {
    plait__store(&counting->stop, 1);
    queue_thread_end(thread);
    ck_assert_ok(plait_queue_free(counting->queue));
}

/* One in, one out, so often that the other thread loses its CPU between its looks at the two ends. (A check of each
 * would take longer than what it checks.) */
static void hand_to_itself(plait_queue *queue) {
    struct item item = {0};
    int failed = 0;
    for (int i = 0; i < 20 * IN_A_BURST; i++)
        failed += plait_queue_put(queue, &item) != PLAIT_OK || plait_queue_get(queue, &item) != PLAIT_OK;
    ck_assert_int_eq(failed, 0);
}

/* The ring grows and shrinks. */
static void burst(plait_queue *queue) {
    static struct item items[IN_A_BURST];
    size_t got;
    for (size_t i = 0; i < IN_A_BURST; i++) ck_assert_ok(plait_queue_put(queue, &items[i]));
    for (size_t left = IN_A_BURST; left; left -= got)
        ck_assert_ok(plait_queue_get_many(queue, items, left / 7 + 1, &got));
}

TEST(a_count_is_never_larger_than_what_there_was) {
    do {
        struct counting counting;
        pthread_t thread = start_counting(&counting);
        hand_to_itself(counting.queue);
        ck_assert_ok(plait_queue_shutdown(counting.queue, true));
        stop_counting(&counting, thread);
        ck_assert_uint_le(counting.most, 1);
        thread = start_counting(&counting);
        for (int i = 0; i < 30; i++) burst(counting.queue);
        ck_assert_ok(plait_queue_put(counting.queue, &(struct item){0}));
        ck_assert_ok(plait_queue_shutdown(counting.queue, true));
        stop_counting(&counting, thread);
        ck_assert_uint_le(counting.most, IN_A_BURST);
    } while (stress_goes_on());
}
