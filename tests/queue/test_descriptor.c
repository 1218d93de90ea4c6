/* The descriptor for foreign event loops: readable exactly while there is something to get. */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static plait_queue *queue;
static int descriptor;

static bool readable(void) {
    struct pollfd one = {.fd = descriptor, .events = POLLIN};
    ck_assert_int_ge(poll(&one, 1, 0), 0);
    ck_assert_int_eq(one.revents & ~POLLIN, 0);
    return one.revents == POLLIN;
}

static void begin(plait_queue *made) {
    queue = made;
    descriptor = plait_queue_descriptor(queue);
    ck_assert_int_ge(descriptor, 0);
}

static bool smaller(const void *one, const void *other, void *context) {
    (void)context;
    return *(const long *)one < *(const long *)other;
}

TEST(it_is_readable_while_there_is_something) {
    plait_queue *kinds[] = {
        plait_queue_of(long, 0), plait_queue_of(long, 3), plait_lifo_queue_of(long, 0),
        plait_priority_queue_of(long, 0, smaller, NULL),
        plait_priority_queue_new_by(sizeof(long), 0, (plait_key){0, sizeof(long), PLAIT_KEY_SIGNED})};
    for (int kind = 0; kind < 5; kind++) {
        begin(kinds[kind]);
        ck_assert(!readable());
        long items[3] = {1, 2, 3};
        size_t got;
        for (int round = 0; round < 3; round++) {
            ck_assert_ok(plait_queue_put(queue, &items[0]));
            ck_assert(readable());
            ck_assert_ok(plait_queue_put_many(queue, items, 2, NULL));
            ck_assert_ok(plait_queue_get(queue, &items[0]));
            ck_assert(readable());
            ck_assert_ok(plait_queue_get_many(queue, items, 3, &got));
            ck_assert_uint_eq(got, 2);
            ck_assert(!readable());
            ck_assert_status(plait_queue_get_nowait(queue, items), PLAIT_EMPTY);
            ck_assert(!readable());
        }
        ck_assert_int_eq(plait_queue_descriptor(queue), descriptor);
        ck_assert_ok(plait_queue_free(queue));
    }
}

TEST(what_was_put_before_counts_too) {
    queue = plait_queue_of(long, 0);
    long item = 1;
    ck_assert_ok(plait_queue_put(queue, &item));
    begin(queue);
    ck_assert(readable());
    ck_assert_ok(plait_queue_get(queue, &item));
    ck_assert(!readable());
    ck_assert_ok(plait_queue_free(queue));
}

TEST(a_shutdown_is_something_to_get) {
    begin(plait_queue_of(long, 0));
    long item = 1;
    ck_assert_ok(plait_queue_put(queue, &item));
    ck_assert_ok(plait_queue_shutdown(queue, false));
    ck_assert_ok(plait_queue_get_nowait(queue, &item));
    ck_assert(readable());
    ck_assert_status(plait_queue_get_nowait(queue, &item), PLAIT_SHUTDOWN);
    ck_assert(readable());
    ck_assert_ok(plait_queue_free(queue));
    begin(plait_queue_of(long, 0));
    ck_assert_ok(plait_queue_shutdown(queue, true));
    ck_assert(readable());
    ck_assert_ok(plait_queue_free(queue));
}

static void *put_one(void *arg) {
    (void)arg;
    long item = 5;
    return (void *)(intptr_t)plait_queue_put(queue, &item);
}

static void *put_by_select(void *arg) {
    (void)arg;
    long item = 6;
    plait_case cases[] = {plait_case_put(queue, &item), plait_case_deadline(plait_after(0.005))};
    size_t which = 9;
    return (void *)(intptr_t)(plait_select(cases, 2, &which) == PLAIT_OK && which == 1 ? 0 : 1);
}

TEST(in_a_rendezvous_a_putter_is_something_to_get) {
    begin(plait_rendezvous_queue_of(long));
    ck_assert(!readable());
    pthread_t putter = queue_thread(put_one, NULL);
    wait_until_asleep_in("queue.put", 1);
    ck_assert(readable());
    long item;
    ck_assert_ok(plait_queue_get_nowait(queue, &item));
    ck_assert(!readable());
    ck_assert_ptr_eq(queue_thread_end(putter), (void *)PLAIT_OK);
    ck_assert_status(plait_queue_put_until(queue, &item, plait_after(0.003)), PLAIT_TIMEOUT);
    ck_assert(!readable());
    ck_assert_ptr_eq(put_by_select(NULL), NULL); /* comes and goes */
    ck_assert(!readable());
    ck_assert_ok(plait_queue_free(queue));
}

static long taken;

/* A loop as others write them: it sleeps in poll, and gets until there is nothing. */
static void *poll_and_get(void *arg) {
    (void)arg;
    for (;;) {
        struct pollfd one = {.fd = descriptor, .events = POLLIN};
        if (poll(&one, 1, -1) != 1) return (void *)1;
        long item;
        plait_status status = plait_queue_get_nowait(queue, &item);
        if (status == PLAIT_SHUTDOWN) return NULL;
        if (status == PLAIT_OK) plait__add(&taken, item);
    }
}

static void *get_and_add(void *arg) {
    (void)arg;
    long item;
    plait_status status;
    plait_queue_each(queue, &item, &status) plait__add(&taken, item);
    return (void *)(intptr_t)(status != PLAIT_SHUTDOWN);
}

/* Two loops and a getter share what is put; none of them misses anything, or it would hang here. */
TEST(loops_and_getters_share_what_is_put) {
    enum { ITEMS = 20000 };
    for (int kind = 0; kind < 2; kind++) {
        taken = 0;
        begin(kind == 0 ? plait_queue_of(long, 10) : plait_rendezvous_queue_of(long));
        pthread_t loops[2] = {queue_thread(poll_and_get, NULL), queue_thread(poll_and_get, NULL)};
        pthread_t getter = queue_thread(get_and_add, NULL);
        for (long i = 1; i <= ITEMS; i++) ck_assert_ok(plait_queue_put(queue, &i));
        ck_assert_ok(plait_queue_shutdown(queue, false));
        for (int i = 0; i < 2; i++) ck_assert_ptr_null(queue_thread_end(loops[i]));
        ck_assert_ptr_null(queue_thread_end(getter));
        ck_assert_int_eq(taken, (long)ITEMS * (ITEMS + 1) / 2);
        ck_assert_ok(plait_queue_free(queue));
    }
}

TEST(it_ends_with_the_queue) {
    begin(plait_queue_of(long, 0));
    ck_assert_ok(plait_queue_free(queue));
    ck_assert_int_eq(fcntl(descriptor, F_GETFD), -1);
    ck_assert_int_eq(errno, EBADF);
}

TEST(what_cannot_be_is_told) {
    ck_assert_int_eq(plait_queue_descriptor(NULL), -1);
    ck_assert_int_eq(plait_last_error(), PLAIT_INVALID);
    queue = plait_queue_of(long, 0);
    struct rlimit limit, none;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = (struct rlimit){0, limit.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    int failed = plait_queue_descriptor(queue), error = errno;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_int_eq(failed, -1);
    ck_assert_int_eq(plait_last_error(), PLAIT_ERRNO);
    ck_assert_int_eq(error, EMFILE);
    long item = 1;
    ck_assert_ok(plait_queue_put(queue, &item)); /* the queue goes on, and it can be asked again */
    begin(queue);
    ck_assert(readable());
    ck_assert_ok(plait_queue_free(queue));
}

/* What a child does with its copy of the queue does not reach the parent's loop. */
static int in_the_child(void) {
    long item = 0;
    if (plait_queue_get_nowait(queue, &item) != PLAIT_OK || item != 9) return 1;
    if (!readable()) return 2; /* it is the parent's */
    descriptor = plait_queue_descriptor(queue);
    if (descriptor < 0 || readable()) return 3;
    if (plait_queue_put(queue, &item) != PLAIT_OK || !readable()) return 4;
    return plait_queue_free(queue) == PLAIT_OK ? 0 : 5;
}

TEST(a_child_has_one_of_its_own) {
    begin(plait_queue_of(long, 0));
    long item = 9;
    ck_assert_ok(plait_queue_put(queue, &item));
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) _exit(in_the_child());
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert(readable());
    ck_assert_ok(plait_queue_get_nowait(queue, &item));
    ck_assert(!readable());
    ck_assert_ok(plait_queue_free(queue));
}
