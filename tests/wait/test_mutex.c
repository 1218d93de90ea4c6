/* The lock inside plait's own objects: exclusion, no touch after unlock, and a holder that vanished in a fork. */
#include "support/stress.h"
#include "support/test.h"

#include <wait/mutex.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_THREADS = 64 };

static struct plait__mutex mutex;
static long counter;
static _Atomic int stage;

TEST(zero_is_free_and_it_is_free_again_after) {
    ck_assert(plait__mutex_lock(&mutex));
    ck_assert_uint_eq(mutex.word, plait__self()->ident);
    plait__mutex_unlock(&mutex);
    ck_assert_uint_eq(mutex.word, 0);
}

static void *count_up(void *number) {
    struct stress_random random = stress_random_stream((unsigned)(intptr_t)number);
    long mine = 0;
    while (stress_goes_on()) {
        plait__mutex_lock(&mutex);
        long seen = counter;
        if (stress_random_below(&random, 64) == 0) sched_yield();
        for (volatile uint32_t i = stress_random_below(&random, 50); i > 0;) i = i - 1;
        counter = seen + 1;
        mine++;
        plait__mutex_unlock(&mutex);
    }
    return (void *)(intptr_t)mine;
}

TEST(one_thread_at_a_time) {
    pthread_t threads[MOST_THREADS];
    int count = stress_threads(4);
    if (count > MOST_THREADS) count = MOST_THREADS;
    long sum = 0;
    for (intptr_t i = 0; i < count; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, count_up, (void *)i), 0);
    for (int i = 0; i < count; i++) {
        void *mine;
        pthread_join(threads[i], &mine);
        sum += (long)(intptr_t)mine;
    }
    ck_assert_int_eq(sum, counter);
    ck_assert_uint_eq(mutex.word, 0);
}

/* ---- memory that the last user frees ---- */

enum { USERS = 3 };

struct object {
    struct plait__mutex mutex;
    int users;
};

static struct object *_Atomic shared;
static pthread_barrier_t round_begins;
static _Atomic bool rounds_over;

static void *let_go(void *unused) {
    (void)unused;
    while (pthread_barrier_wait(&round_begins), !atomic_load(&rounds_over)) {
        struct object *object = atomic_load(&shared);
        plait__mutex_lock(&object->mutex);
        bool last = --object->users == 0;
        plait__mutex_unlock(&object->mutex);
        if (last) free(object);
        pthread_barrier_wait(&round_begins);
    }
    return NULL;
}

TEST(the_next_holder_may_free_it) {
    pthread_t threads[USERS];
    pthread_barrier_init(&round_begins, NULL, USERS + 1);
    for (int i = 0; i < USERS; i++) ck_assert_int_eq(pthread_create(&threads[i], NULL, let_go, NULL), 0);
    while (stress_goes_on()) {
        struct object *object = calloc(1, sizeof *object);
        object->users = USERS;
        atomic_store(&shared, object);
        pthread_barrier_wait(&round_begins);
        pthread_barrier_wait(&round_begins);
    }
    atomic_store(&rounds_over, true);
    pthread_barrier_wait(&round_begins);
    for (int i = 0; i < USERS; i++) pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&round_begins);
}

/* ---- fork ---- */

static int status_of_child(int (*body)(void)) {
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        alarm((unsigned)(10 * test_time_scale()));
        _exit(body());
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

static void *hold(void *unused) {
    (void)unused;
    plait__mutex_lock(&mutex);
    atomic_store(&stage, 1);
    while (atomic_load(&stage) == 1) sched_yield();
    plait__mutex_unlock(&mutex);
    return NULL;
}

static int cannot_be_taken(void) {
    return plait__mutex_lock(&mutex) ? 1 : 0;
}

TEST(a_vanished_holder_is_told) {
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, hold, NULL), 0);
    while (atomic_load(&stage) == 0) sched_yield();
    ck_assert_int_eq(status_of_child(cannot_be_taken), 0);
    atomic_store(&stage, 2);
    pthread_join(thread, NULL);
    ck_assert(plait__mutex_lock(&mutex)); /* here nobody has vanished */
    plait__mutex_unlock(&mutex);
}

static int works_in_child(void) {
    plait__mutex_unlock(&mutex);
    if (!plait__mutex_lock(&mutex)) return 1;
    plait__mutex_unlock(&mutex);
    return mutex.word != 0;
}

TEST(the_forking_thread_keeps_what_it_holds) {
    ck_assert(plait__mutex_lock(&mutex));
    ck_assert_int_eq(status_of_child(works_in_child), 0);
    plait__mutex_unlock(&mutex);
}
