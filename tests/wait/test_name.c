/* Names of objects. */
#include "support/faults.h"
#include "support/test.h"

#include <plait.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void ck_assert_name(const void *object, const char *expected) {
    char name[64];
    ck_assert_uint_eq(plait_get_name(object, name, sizeof name), strlen(expected));
    ck_assert_str_eq(name, expected);
}

TEST(a_name_is_copied_changed_and_forgotten) {
    static plait_lock lock;
    char words[] = "accounts";
    ck_assert_ok(plait_set_name(&lock, words));
    words[0] = '?';
    ck_assert_name(&lock, "accounts");
    ck_assert_ok(plait_set_name(&lock, "log"));
    ck_assert_name(&lock, "log");
    ck_assert_ok(plait_set_name(&lock, NULL));
    ck_assert_name(&lock, "");
    ck_assert_ok(plait_set_name(&lock, NULL));
}

TEST(bad_input_is_refused) {
    char room[4] = "abc";
    ck_assert_status(plait_set_name(NULL, "nothing"), PLAIT_INVALID);
    ck_assert_status(plait_set_name(NULL, NULL), PLAIT_INVALID);
    ck_assert_uint_eq(plait_get_name(NULL, room, sizeof room), 0);
    ck_assert_str_eq(room, "");
}

TEST(a_name_is_cut_to_the_room_there_is) {
    static plait_event event;
    char room[4] = "xyz", none = 'x';
    ck_assert_ok(plait_set_name(&event, "a long one"));
    ck_assert_uint_eq(plait_get_name(&event, room, sizeof room), 10);
    ck_assert_str_eq(room, "a l");
    ck_assert_uint_eq(plait_get_name(&event, &none, 0), 10);
    ck_assert_int_eq(none, 'x');
    ck_assert_uint_eq(plait_get_name(&event, NULL, 0), 10);
    ck_assert_ok(plait_set_name(&event, NULL));
}

TEST(thousands_have_their_own) {
    enum { MANY = 5000 };
    static plait_lock locks[MANY];
    char name[16];
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "lock %d", i);
        ck_assert_ok(plait_set_name(&locks[i], name));
    }
    for (int i = 0; i < MANY; i += 2) ck_assert_ok(plait_set_name(&locks[i], NULL));
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "lock %d", i);
        ck_assert_name(&locks[i], i % 2 ? name : "");
    }
    for (int i = 0; i < MANY; i++) ck_assert_ok(plait_set_name(&locks[i], NULL));
}

static void never_called(void *unused) {
    (void)unused;
}

/* Whatever comes to lie at its address has no name. */
TEST(what_plait_frees_is_forgotten) {
    static plait_lock stays;
    plait_queue *queue = plait_queue_of(int, 1);
    plait_pool *pool = plait_pool_new(1);
    plait_future *future = plait_future_new(sizeof(int));
    plait_timer *timer = plait_timer_start(PLAIT_FOREVER, never_called, NULL);
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    const void *objects[] = {queue, pool, future, timer, token};
    enum { COUNT = sizeof objects / sizeof *objects };
    ck_assert_ok(plait_set_name(&stays, "stays"));
    for (int i = 0; i < COUNT; i++) ck_assert_ok(plait_set_name(objects[i], "goes"));
    plait_queue_free(queue);
    plait_pool_free(pool);
    plait_future_free(future);
    ck_assert(plait_timer_cancel(timer));
    plait_timer_free(timer);
    plait_token_free(token);
    for (int i = 0; i < COUNT; i++) ck_assert_name(objects[i], "");
    ck_assert_name(&stays, "stays");
    ck_assert_ok(plait_set_name(&stays, NULL));
}

static plait_status name_one(void) {
    static plait_lock lock;
    plait_status status = plait_set_name(&lock, "lock");
    ck_assert_name(&lock, status ? "" : "lock");
    ck_assert_ok(plait_set_name(&lock, NULL));
    return status;
}

TEST(without_memory_there_is_no_name) {
    fault_every(name_one);
}

static plait_lock forked;

TEST(the_child_of_a_fork_keeps_the_names) {
    ck_assert_ok(plait_set_name(&forked, "kept"));
    pid_t child = fork();
    if (child == 0) {
        char name[8];
        bool good = plait_get_name(&forked, name, sizeof name) == 4 && strcmp(name, "kept") == 0;
        good &= plait_set_name(&forked, "its own") == PLAIT_OK && plait_get_name(&forked, name, 0) == 7;
        _exit(good ? 0 : 1);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_name(&forked, "kept");
    ck_assert_ok(plait_set_name(&forked, NULL));
}

static plait_lock shared[8];
static uint32_t rounds;

PLAIT_TASK(void, name_and_forget, (unsigned, seed)) {
    for (int i = 0; i < 2000; i++) {
        plait_lock *lock = &shared[(seed + (unsigned)i * 7) % 8];
        char name[8];
        (void)plait_set_name(lock, i % 3 ? "even" : NULL);
        size_t length = plait_get_name(lock, name, sizeof name);
        if (length != 0 && length != 4) plait_raise(PLAIT_FAILED, "a torn name");
        plait_queue_free(plait_queue_of(int, 1));
    }
    __atomic_fetch_add(&rounds, 1, __ATOMIC_RELAXED);
}

TEST(many_threads_name_at_once) {
    plait_thread *threads[4];
    for (unsigned i = 0; i < 4; i++) threads[i] = plait_start(name_and_forget, i);
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_ok(plait_thread_join(threads[i]));
        plait_thread_free(threads[i]);
    }
    ck_assert_uint_eq(rounds, 4);
    for (int i = 0; i < 8; i++) ck_assert_ok(plait_set_name(&shared[i], NULL));
}
