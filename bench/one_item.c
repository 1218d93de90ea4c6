/* one_item.c - one item at a time, without a library: see one_item.h.
 *
 * The raw futex is the yardstick: an exchange, and a system call if somebody sleeps. It does not look before
 * it sleeps.
 */
#include "one_item.h"

#include "support.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *zeroed(size_t size) {
    void *memory = aligned_alloc(128, (size + 127) / 128 * 128);
    if (!memory) bench_fail("no memory");
    return __builtin_memset(memory, 0, size);
}

/* ---- raw futex ---- */

enum { AWAY, HERE, MISSED }; /* MISSED: away, and somebody sleeps */

struct futex_box {
    atomic_uint state;
    uint64_t item;
};

static void *futex_make(size_t room) {
    (void)room;
    return zeroed(sizeof(struct futex_box));
}

static void futex_put(void *queue, uint64_t item) {
    struct futex_box *box = queue;
    box->item = item;
    if (atomic_exchange(&box->state, HERE) == MISSED)
        syscall(SYS_futex, &box->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static uint64_t futex_get(void *queue) {
    struct futex_box *box = queue;
    for (;;) {
        unsigned seen = HERE;
        if (atomic_compare_exchange_strong(&box->state, &seen, AWAY)) return box->item;
        if (seen == AWAY && !atomic_compare_exchange_strong(&box->state, &seen, MISSED)) continue;
        syscall(SYS_futex, &box->state, FUTEX_WAIT_PRIVATE, MISSED, NULL, NULL, 0);
    }
}

const struct queue_kind one_item_futex = {.make = futex_make, .put = futex_put, .get = futex_get};

/* ---- a flag under a mutex with a condition ---- */

struct condition_box {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    uint64_t item;
    bool here;
};

static void *condition_make(size_t room) {
    struct condition_box *box = zeroed(sizeof *box);
    (void)room;
    pthread_mutex_init(&box->mutex, NULL);
    pthread_cond_init(&box->condition, NULL);
    return box;
}

static void condition_put(void *queue, uint64_t item) {
    struct condition_box *box = queue;
    pthread_mutex_lock(&box->mutex);
    box->item = item;
    box->here = true;
    pthread_mutex_unlock(&box->mutex);
    pthread_cond_signal(&box->condition);
}

static uint64_t condition_get(void *queue) {
    struct condition_box *box = queue;
    pthread_mutex_lock(&box->mutex);
    while (!box->here) pthread_cond_wait(&box->condition, &box->mutex);
    box->here = false;
    uint64_t item = box->item;
    pthread_mutex_unlock(&box->mutex);
    return item;
}

const struct queue_kind one_item_condition = {
    .make = condition_make, .put = condition_put, .get = condition_get};

/* ---- a pipe ---- */

struct pipe_ends {
    int ends[2];
};

static void *pipe_make(size_t room) {
    struct pipe_ends *pair = zeroed(sizeof *pair);
    (void)room;
    if (pipe(pair->ends)) bench_fail("no pipe to be had");
    return pair;
}

static void pipe_put(void *queue, uint64_t item) {
    const struct pipe_ends *pair = queue;
    if (write(pair->ends[1], &item, sizeof item) != sizeof item) bench_fail("a pipe failed");
}

static uint64_t pipe_get(void *queue) {
    const struct pipe_ends *pair = queue;
    uint64_t item = 0;
    if (read(pair->ends[0], &item, sizeof item) != sizeof item) bench_fail("a pipe failed");
    return item;
}

const struct queue_kind one_item_pipe = {.make = pipe_make, .put = pipe_put, .get = pipe_get};
