/* hasher.c - a shared hash, updated by ten threads: unsafe, with a lock, and as an object that hides it.
 *
 * The hash is a sum, so the order of the updates does not matter, but each must count. An update reads
 * the hash, mixes in a datum and writes it back. Without a lock, what another thread wrote in between is
 * lost. (Reading and writing is atomic here, so this is a mistake of logic and not undefined behaviour;
 * with plain variables it would be both.)
 * The lock mends it, as long as nobody forgets it. Best is an object that takes the lock itself: then
 * nobody can.
 *
 *     hasher          ten threads: whether updates get lost is a matter of luck
 *     hasher check    two threads in all orders, if linked with the checking library (docs/checking.md): no luck
 */
#include <plait.h>
#include <plait/check.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 10, UPDATES = 100000 };

static uint64_t mix(uint64_t datum) {
    datum = (datum ^ (datum >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    datum = (datum ^ (datum >> 27)) * UINT64_C(0x94d049bb133111eb);
    return datum ^ (datum >> 31);
}

/* ---- unsafe: the hash may have changed between reading and writing ---- */

static _Atomic uint64_t shared_hash;

static void add_unsafe(uint64_t datum) {
    uint64_t before = atomic_load_explicit(&plait_read(shared_hash), memory_order_relaxed);
    atomic_store_explicit(&plait_write(shared_hash), before + mix(datum), memory_order_relaxed);
}

/* ---- with a lock ---- */

static plait_lock lock; /* guards locked_hash */
static uint64_t locked_hash;

static void add_locked(uint64_t datum) {
    plait_hold(&lock);
    plait_write(locked_hash) += mix(datum);
}

/* ---- an object that hides its lock ---- */

struct data_hasher {
    plait_lock lock; /* guards hash */
    uint64_t hash;
};

static void data_hasher_add(struct data_hasher *hasher, uint64_t datum) {
    plait_hold(&hasher->lock);
    plait_write(hasher->hash) += mix(datum);
}

static uint64_t data_hasher_value(struct data_hasher *hasher) {
    plait_hold(&hasher->lock);
    return plait_read(hasher->hash);
}

/* Locks are ready when they are zero, so the object needs no constructor. */
static struct data_hasher hasher;

static void add_to_hasher(uint64_t datum) {
    data_hasher_add(&hasher, datum);
}

/* ---- ten threads ---- */

typedef void (*add_function)(uint64_t datum);

/* They wait for each other first, so that all are at it at once. */
PLAIT_TASK(void, update, (add_function, add), (uint64_t, first), (plait_barrier *, all)) {
    if (plait_barrier_wait(all, NULL) != PLAIT_OK) return;
    for (uint64_t i = 0; i < UPDATES; i++) add(first + i);
}

static bool update_by_all(add_function add) {
    plait_thread *threads[THREADS];
    plait_barrier all;
    bool good = plait_barrier_init(&all, THREADS, NULL, NULL) == PLAIT_OK;
    for (uint64_t i = 0; i < THREADS; i++) {
        threads[i] = plait_start(update, add, i * UPDATES, &all);
        if (!threads[i]) plait_barrier_abort(&all); /* or the others would wait for it */
    }
    for (int i = 0; i < THREADS; i++) {
        good = plait_thread_join(threads[i]) == PLAIT_OK && good;
        plait_thread_free(threads[i]);
    }
    return good;
}

static int by_ten_threads(void) {
    uint64_t right = 0;
    for (uint64_t i = 0; i < UINT64_C(1) * THREADS * UPDATES; i++) right += mix(i);

    if (!update_by_all(add_unsafe) || !update_by_all(add_locked) || !update_by_all(add_to_hasher)) return 1;

    /* Whether updates get lost is a matter of luck: that is what is wrong with it. */
    bool lucky = atomic_load(&shared_hash) == right;
    fprintf(stderr, "without a lock: %s\n", lucky ? "right, by luck" : "wrong, updates were lost");
    printf("with a lock: %s\n", locked_hash == right ? "right" : "wrong");
    printf("DataHasher: %s\n", data_hasher_value(&hasher) == right ? "right" : "wrong");
    return locked_hash == right && data_hasher_value(&hasher) == right ? 0 : 1;
}

/* ---- two threads, in all orders ---- */

PLAIT_TASK(void, update_once, (add_function, add), (uint64_t, datum)) {
    add(datum);
}

/* Each run starts from nothing. Only one of the three hashes is in use. */
static void two_updates(void *arg) {
    const add_function *add = arg;
    shared_hash = locked_hash = 0;
    lock = (plait_lock)PLAIT_LOCK_INIT;
    hasher = (struct data_hasher){PLAIT_LOCK_INIT, 0};

    plait_thread *one = plait_start(update_once, *add, 1), *other = plait_start(update_once, *add, 2);
    plait_thread_join(one);
    plait_thread_join(other);
    plait_thread_free(one);
    plait_thread_free(other);

    uint64_t hash = shared_hash + locked_hash + hasher.hash;
    plait_check_that(hash == mix(1) + mix(2));
}

static bool check(const char *name, add_function add, plait_check_outcome expected) {
    plait_check_options options = {.strategy = PLAIT_CHECK_DFS, .schedules = 100000};
    plait_check_result *result = plait_check_run(two_updates, &add, &options);
    if (!result) return false;
    printf("%s:\n%s\n", name, result->report);
    bool good = result->outcome == expected && (result->complete || expected != PLAIT_CHECK_PASSED);
    plait_check_free(result);
    return good;
}

static int by_the_checker(void) {
    bool lost = check("without a lock", add_unsafe, PLAIT_CHECK_ASSERTION);
    bool kept = check("with a lock", add_locked, PLAIT_CHECK_PASSED);
    bool hidden = check("DataHasher", add_to_hasher, PLAIT_CHECK_PASSED);
    return lost && kept && hidden ? 0 : 1;
}

int main(int count, char **arguments) {
    return count > 1 && strcmp(arguments[1], "check") == 0 ? by_the_checker() : by_ten_threads();
}
