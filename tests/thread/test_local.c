/* Per-thread values. */
#include "support/faults.h"
#include "support/test.h"

#include <plait.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static int made, destroyed;

static void *make(void) {
    __atomic_add_fetch(&made, 1, __ATOMIC_RELAXED);
    return calloc(1, sizeof(int));
}
static void destroy(void *value) {
    __atomic_add_fetch(&destroyed, 1, __ATOMIC_RELAXED);
    free(value);
}
static plait_local counter = PLAIT_LOCAL_INIT(make, destroy);

PLAIT_TASK(int, count_to, (int, n)) {
    for (int i = 0; i < n; i++) ++*(int *)plait_local_get(&counter);
    return *(int *)plait_local_get(&counter);
}

TEST(each_thread_has_its_own) {
    plait_thread *threads[3];
    *(int *)plait_local_get(&counter) = 100;
    for (int i = 0; i < 3; i++) threads[i] = plait_start(count_to, 10 * (i + 1));
    for (int i = 0; i < 3; i++) {
        int count = 0;
        ck_assert_ok(plait_thread_result(threads[i], &count));
        ck_assert_int_eq(count, 10 * (i + 1));
        plait_thread_free(threads[i]);
    }
    ck_assert_int_eq(made, 4);
    ck_assert_int_eq(destroyed, 3); /* before the joins returned */
    ck_assert_int_eq(*(int *)plait_local_get(&counter), 100);
    ck_assert_ok(plait_local_set(&counter, NULL));
    ck_assert_int_eq(destroyed, 4);
}

static void *foreign(void *unused) {
    ++*(int *)plait_local_get(&counter);
    return unused;
}

TEST(also_in_foreign_threads) {
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, foreign, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(made, 1);
    ck_assert_int_eq(destroyed, 1);
}

TEST(zero_is_ready_and_set_replaces) {
    static plait_local plain;
    int one, other;
    ck_assert_ptr_null(plait_local_get(&plain));
    ck_assert_ok(plait_local_set(&plain, &one));
    ck_assert_ptr_eq(plait_local_get(&plain), &one);
    ck_assert_ok(plait_local_set(&plain, &other));
    ck_assert_ptr_eq(plait_local_get(&plain), &other);
    ck_assert_ptr_null(plait_local_get(NULL));
    ck_assert_status(plait_local_set(NULL, &one), PLAIT_INVALID);
}

TEST(setting_the_same_value_destroys_nothing) {
    int *value = plait_local_get(&counter);
    ck_assert_ok(plait_local_set(&counter, value));
    ck_assert_int_eq(destroyed, 0);
    ck_assert_ok(plait_local_set(&counter, calloc(1, sizeof(int))));
    ck_assert_int_eq(destroyed, 1);
    ck_assert_ok(plait_local_set(&counter, NULL));
}

static bool destroyed_within;
static void note_thread(void *name) {
    plait_thread *thread = plait_thread_current();
    destroyed_within = plait_thread_is_alive(thread) && strcmp(plait_thread_name(thread), name) == 0;
}
static char within[] = "within";
static plait_local noted = {NULL, note_thread, 0};

PLAIT_TASK(plait_status, set_noted) {
    return plait_local_set(&noted, within);
}

TEST(values_are_destroyed_before_the_thread_counts_as_ended) {
    plait_thread *thread = plait_start_with((&(plait_thread_options){.name = within}), set_noted);
    ck_assert_ok(plait_thread_result(thread, NULL));
    ck_assert(destroyed_within);
    plait_thread_free(thread);
}

/* The last made goes first; a destructor may use the others, and make new ones. */
static char order[16];
static int at;
static void log_a(void *value);
static void log_b(void *value);
static plait_local a = {NULL, log_a, 0}, b = {NULL, log_b, 0};
static int again;

static void log_a(void *value) {
    (void)value;
    order[at++] = 'a';
}
static void log_b(void *value) {
    order[at++] = 'b';
    if (again-- > 0) ck_assert_ok(plait_local_set(&b, value));
}

PLAIT_TASK(void, use_both) {
    static int x, y;
    if (plait_local_set(&a, &x) || plait_local_set(&b, &y)) plait_raise(PLAIT_FAILED, NULL);
}

TEST(the_last_made_goes_first) {
    plait_thread *thread = plait_start(use_both);
    ck_assert_ok(plait_thread_result(thread, NULL));
    ck_assert_str_eq(order, "ba");
    plait_thread_free(thread);
}

TEST(destructors_that_make_values_are_run_four_rounds_at_most) {
    again = 100;
    plait_thread *thread = plait_start(use_both);
    ck_assert_ok(plait_thread_result(thread, NULL));
    ck_assert_str_eq(order, "babbb");
    plait_thread_free(thread);
}

TEST(many_locals) {
    enum { MANY = 100 };
    static plait_local many[MANY];
    for (int i = MANY - 1; i >= 0; i--) ck_assert_ok(plait_local_set(&many[i], &many[i]));
    for (int i = 0; i < MANY; i++) ck_assert_ptr_eq(plait_local_get(&many[i]), &many[i]);
}

PLAIT_TASK(plait_status, touch) {
    return plait_local_get(&counter) ? PLAIT_OK : plait_last_error();
}

static plait_status touch_in_a_thread(void) {
    plait_status inner = PLAIT_OK;
    plait_thread *thread = plait_start(touch);
    if (!thread) return plait_last_error();
    plait_status status = plait_thread_result(thread, &inner);
    plait_thread_free(thread);
    return status ? status : inner;
}

TEST(locals_survive_lack_of_memory) {
    fault_every(touch_in_a_thread);
}
