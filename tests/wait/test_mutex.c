/* The lock inside plait's own objects: exclusion, also where threads sleep for it; no touch after unlock; forks. */
#include "support/stress.h"
#include "support/test.h"

#include <wait/mutex.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
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

static void count_with(int count) {
    pthread_t threads[MOST_THREADS];
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

TEST(one_thread_at_a_time) {
    count_with(stress_threads(4));
}

TEST(one_at_a_time_with_many_more_threads_than_cpus) {
    count_with(stress_threads(4) * 8);
}

/* The stores are exchanges then. */
TEST(one_at_a_time_where_the_kernel_cannot_order_all) {
    plait__os_orders_all = false;
    count_with(8);
}

static void stay_on_one_cpu(void) {
    cpu_set_t allowed, one;
    ck_assert_int_eq(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    size_t cpu = 0;
    while (!CPU_ISSET(cpu, &allowed)) cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
}

TEST(one_at_a_time_on_one_cpu) {
    stay_on_one_cpu();
    count_with(8);
}

/* ---- sleeping for it ---- */

enum { MUTEXES = 4 };

/* All in one spot of the table. */
static struct {
    struct plait__mutex mutex;
    long counter;
    char rest[64 * PLAIT__MUTEX_SPOTS - 16];
} neighbours[MUTEXES];

static void *count_one_up(void *number) {
    intptr_t i = (intptr_t)number % MUTEXES;
    plait__mutex_lock(&neighbours[i].mutex);
    neighbours[i].counter++;
    plait__mutex_unlock(&neighbours[i].mutex);
    return NULL;
}

static bool somebody_sleeps(const struct plait__mutex *of) {
    return plait__load(&plait__mutex_wanted[plait__mutex_spot(of)]) != 0;
}

/* Whether somebody sleeps is known for all four together: that suffices, those who do not sleep yet will. */
TEST(mutexes_that_share_a_spot_wake_their_own_sleepers) {
    pthread_t threads[MUTEXES * 4];
    for (int i = 1; i < MUTEXES; i++)
        ck_assert_uint_eq(plait__mutex_spot(&neighbours[i].mutex), plait__mutex_spot(&neighbours[0].mutex));
    for (int round = 1; round <= 50; round++) {
        for (int i = 0; i < MUTEXES; i++) ck_assert(plait__mutex_lock(&neighbours[i].mutex));
        for (intptr_t i = 0; i < MUTEXES * 4; i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL, count_one_up, (void *)i), 0);
        while (!somebody_sleeps(&neighbours[0].mutex)) sched_yield();
        for (int i = 0; i < MUTEXES; i++) plait__mutex_unlock(&neighbours[i].mutex);
        for (int i = 0; i < MUTEXES * 4; i++) pthread_join(threads[i], NULL);
        for (int i = 0; i < MUTEXES; i++) ck_assert_int_eq(neighbours[i].counter, round * 4);
        ck_assert(!somebody_sleeps(&neighbours[0].mutex));
    }
}

/* The sleeper is kept asleep by those who come and go; it must get its turn all the same. */
static void *come_and_go(void *unused) {
    (void)unused;
    while (!atomic_load(&stage)) {
        plait__mutex_lock(&mutex);
        for (volatile int i = 0; i < 500; i++) {}
        plait__mutex_unlock(&mutex);
    }
    return NULL;
}

static void *take_it_once(void *unused) {
    (void)unused;
    plait__mutex_lock(&mutex);
    atomic_store(&stage, 1);
    plait__mutex_unlock(&mutex);
    return NULL;
}

TEST(a_sleeper_gets_its_turn_among_those_who_come_and_go) {
    pthread_t busy[3], sleeper;
    for (int round = 0; round < 20; round++) {
        atomic_store(&stage, 0);
        ck_assert(plait__mutex_lock(&mutex));
        ck_assert_int_eq(pthread_create(&sleeper, NULL, take_it_once, NULL), 0);
        while (!somebody_sleeps(&mutex)) sched_yield();
        for (int i = 0; i < 3; i++) ck_assert_int_eq(pthread_create(&busy[i], NULL, come_and_go, NULL), 0);
        plait__mutex_unlock(&mutex);
        pthread_join(sleeper, NULL);
        for (int i = 0; i < 3; i++) pthread_join(busy[i], NULL);
    }
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

static void (*end_of)(struct object *object);

static void *let_go(void *unused) {
    (void)unused;
    while (pthread_barrier_wait(&round_begins), !atomic_load(&rounds_over)) {
        struct object *object = atomic_load(&shared);
        plait__mutex_lock(&object->mutex);
        bool last = --object->users == 0;
        plait__mutex_unlock(&object->mutex);
        if (last) end_of(object);
        pthread_barrier_wait(&round_begins);
    }
    return NULL;
}

static void let_go_many_times(struct object *(*make)(void)) {
    pthread_t threads[USERS];
    pthread_barrier_init(&round_begins, NULL, USERS + 1);
    for (int i = 0; i < USERS; i++) ck_assert_int_eq(pthread_create(&threads[i], NULL, let_go, NULL), 0);
    while (stress_goes_on()) {
        struct object *object = make();
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

static struct object *allocated(void) {
    return calloc(1, sizeof(struct object));
}

static void release(struct object *object) {
    free(object);
}

TEST(the_next_holder_may_free_it) {
    end_of = release;
    let_go_many_times(allocated);
}

static struct object *mapped(void) {
    void *page = mmap(NULL, sizeof(struct object), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                      0);
    ck_assert_ptr_ne(page, MAP_FAILED);
    return page;
}

static void unmap(struct object *object) {
    munmap(object, sizeof *object);
}

/* Then a touch that comes too late shows without a sanitizer. */
TEST(the_next_holder_may_unmap_it) {
    end_of = unmap;
    let_go_many_times(mapped);
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

static int nobody_sleeps_in_child(void) {
    if (somebody_sleeps(&mutex)) return 1;
    plait__mutex_unlock(&mutex);
    if (!plait__mutex_lock(&mutex)) return 2;
    plait__mutex_unlock(&mutex);
    return mutex.word != 0;
}

TEST(those_who_slept_for_it_have_vanished_from_the_table) {
    pthread_t sleeper;
    ck_assert(plait__mutex_lock(&mutex));
    ck_assert_int_eq(pthread_create(&sleeper, NULL, take_it_once, NULL), 0);
    while (!somebody_sleeps(&mutex)) sched_yield();
    ck_assert_int_eq(status_of_child(nobody_sleeps_in_child), 0);
    plait__mutex_unlock(&mutex);
    pthread_join(sleeper, NULL);
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
