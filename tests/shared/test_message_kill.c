/* Processes that are killed while they put and get messages: what they had in hand is lost at most, and
 * everybody else goes on. */
#include "messages.h"
#include "support/kill.h"
#include "support/test.h"

#include <plait.h>
#include <pthread.h>
#include <sched.h>
#include <shared/alive.h>
#include <shared/message_ring.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RING = 4096, SMALL = 8, LARGE = 20000, LARGE_RING = 1 << 17, HUGE_SIZE = 3 * RING };

static plait_message_queue *queue, *warm;
static char buffer[1 << 20];

/* With sanitizers there are too many instructions to stop at. */
static void kill_everywhere(const struct kill_scenario *scenario) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    kill_at_random(scenario, 30, 50);
#else
    kill_at_every_instruction(scenario);
#endif
}

static void prepare_ring(size_t ring) {
    plait_message_queue_free(queue);
    plait_message_queue_free(warm);
    queue = plait_message_queue_new(ring);
    warm = plait_message_queue_new(ring);
    ck_assert(queue && warm);
}

static void put_number(plait_message_queue *to, size_t size, uint64_t number) {
    char data[LARGE];
    message_fill(data, size, number);
    ck_assert_ok(plait_message_queue_put(to, data, size));
}

static void prepare_empty(void *memory) {
    (void)memory;
    prepare_ring(RING);
}
static void prepare_three(void *memory) {
    (void)memory;
    prepare_ring(RING);
    for (uint64_t i = 1; i <= 3; i++) put_number(queue, SMALL, i);
}
static void prepare_large(void *memory) {
    (void)memory;
    prepare_ring(LARGE_RING);
    for (uint64_t i = 1; i <= 3; i++) put_number(queue, LARGE, i);
}

/* What is done once is done before. */
static void warm_up(size_t size) {
    size_t got;
    plait_message message;
    if (plait_message_queue_put(warm, buffer, size) != PLAIT_OK ||
        plait_message_queue_get(warm, buffer, sizeof buffer, &got) != PLAIT_OK ||
        plait_message_queue_reserve(warm, size, &message) != PLAIT_OK ||
        plait_message_queue_commit(warm, &message, size) != PLAIT_OK ||
        plait_message_queue_borrow(warm, &message) != PLAIT_OK ||
        plait_message_queue_give_back(warm, &message) != PLAIT_OK)
        abort();
}

/* Takes all that is there; they must be whole and their numbers `first`, first + 1, ... Without waiting: what
 * the dead left must not hinder anybody, not for a moment. */
static const char *take_all(uint64_t first, uint64_t *next) {
    size_t size;
    for (*next = first;; ++*next) {
        plait_status status = plait_message_queue_get_nowait(queue, buffer, sizeof buffer, &size);
        if (status == PLAIT_EMPTY) return NULL;
        kill_check(status == PLAIT_OK);
        kill_check(size >= 8);
        if (message_number(buffer) > *next) *next = message_number(buffer);
        kill_check(message_number(buffer) == *next);
        kill_check(message_whole(buffer, size, *next));
    }
}

/* The whole ring can be used. */
static const char *use_all_of_it(void) {
    size_t most = plait_message_queue_most_in_place(queue), size;
    plait_message message;
    kill_check(plait_message_queue_qsize(queue) == 0);
    for (int i = 0; i < 2; i++) {
        kill_check(plait_message_queue_put_nowait(queue, buffer, most) == PLAIT_OK);
        kill_check(plait_message_queue_get_nowait(queue, buffer, sizeof buffer, &size) == PLAIT_OK);
        kill_check(size == most);
        kill_check(plait_message_queue_reserve_nowait(queue, most, &message) == PLAIT_OK);
        kill_check(plait_message_queue_commit(queue, &message, 1) == PLAIT_OK);
        kill_check(plait_message_queue_borrow_nowait(queue, &message) == PLAIT_OK);
        kill_check(plait_message_queue_give_back(queue, &message) == PLAIT_OK);
    }
    kill_check(plait_message_queue_qsize(queue) == 0);
    return NULL;
}

/* ---- those who put ---- */

static void put_one(size_t size) {
    char data[LARGE];
    message_fill(data, size, 1);
    warm_up(size);
    kill_from_here();
    (void)plait_message_queue_put(queue, data, size);
    kill_to_here();
}

static const char *check_put(void *memory) {
    (void)memory;
    uint64_t next;
    const char *wrong = take_all(1, &next);
    if (wrong) return wrong;
    kill_check(next <= 2);
    kill_check(next == 2 || !kill_finished());
    return use_all_of_it();
}

static void victim_put(void *memory) {
    (void)memory;
    put_one(SMALL);
}

TEST_WITHIN(a_killed_put_is_done_or_not_at_all, 120) {
    kill_everywhere(&(struct kill_scenario){16, prepare_empty, victim_put, check_put, 0});
}

static void prepare_empty_large(void *memory) {
    (void)memory;
    prepare_ring(LARGE_RING);
}
static void victim_put_large(void *memory) {
    (void)memory;
    put_one(LARGE);
}

TEST_WITHIN(a_killed_put_of_a_large_message_is_done_or_not_at_all, 120) {
    kill_at_random(&(struct kill_scenario){16, prepare_empty_large, victim_put_large, check_put, 0}, 100, 30);
}

static void victim_reserve(void *memory) {
    (void)memory;
    plait_message message;
    warm_up(SMALL);
    kill_from_here();
    if (plait_message_queue_reserve(queue, 2 * SMALL, &message) == PLAIT_OK) {
        message_fill(message.data, SMALL, 1);
        (void)plait_message_queue_commit(queue, &message, SMALL);
    }
    kill_to_here();
}

TEST_WITHIN(a_killed_reservation_is_committed_or_not_at_all, 120) {
    kill_everywhere(&(struct kill_scenario){16, prepare_empty, victim_reserve, check_put, 0});
}

static void victim_abandon(void *memory) {
    (void)memory;
    plait_message message;
    warm_up(SMALL);
    kill_from_here();
    if (plait_message_queue_reserve(queue, SMALL, &message) == PLAIT_OK)
        (void)plait_message_queue_abandon(queue, &message);
    kill_to_here();
}

static const char *check_abandoned(void *memory) {
    (void)memory;
    uint64_t next;
    const char *wrong = take_all(1, &next);
    if (wrong) return wrong;
    kill_check(next == 1);
    return use_all_of_it();
}

TEST_WITHIN(a_killed_reservation_that_is_taken_back_leaves_nothing, 120) {
    kill_everywhere(&(struct kill_scenario){16, prepare_empty, victim_abandon, check_abandoned, 0});
}

/* ---- those who get ---- */

/* Of three messages those that come out, in order, are all but the first perhaps. */
static const char *check_got(void *memory) {
    (void)memory;
    uint64_t next;
    size_t left = plait_message_queue_qsize(queue);
    const char *wrong = take_all(1, &next);
    if (wrong) return wrong;
    kill_check(left == 2 || left == 3);
    kill_check(next == 4);
    kill_check(left == 2 || !kill_finished());
    return use_all_of_it();
}

static void get_one(size_t size) {
    size_t got;
    warm_up(size);
    kill_from_here();
    if (plait_message_queue_get(queue, buffer, sizeof buffer, &got) != PLAIT_OK) abort();
    kill_to_here();
}

static void victim_get(void *memory) {
    (void)memory;
    get_one(SMALL);
}

TEST_WITHIN(a_killed_get_takes_one_message_at_most, 120) {
    kill_everywhere(&(struct kill_scenario){16, prepare_three, victim_get, check_got, 0});
}

static void victim_get_large(void *memory) {
    (void)memory;
    get_one(LARGE);
}

TEST_WITHIN(a_killed_get_of_a_large_message_takes_one_at_most, 120) {
    kill_at_random(&(struct kill_scenario){16, prepare_large, victim_get_large, check_got, 0}, 100, 30);
}

static void victim_borrow(void *memory) {
    (void)memory;
    plait_message message;
    warm_up(SMALL);
    kill_from_here();
    if (plait_message_queue_borrow(queue, &message) == PLAIT_OK)
        (void)plait_message_queue_give_back(queue, &message);
    kill_to_here();
}

TEST_WITHIN(a_killed_borrower_takes_one_message_at_most, 120) {
    kill_everywhere(&(struct kill_scenario){16, prepare_three, victim_borrow, check_got, 0});
}

static void victim_done(void *memory) {
    (void)memory;
    size_t got;
    warm_up(SMALL);
    kill_from_here();
    if (plait_message_queue_get(queue, buffer, sizeof buffer, &got) != PLAIT_OK) abort();
    (void)plait_message_queue_task_done(queue);
    kill_to_here();
}

static const char *check_joined(void *memory) {
    (void)memory;
    size_t size, left = plait_message_queue_qsize(queue);
    for (size_t i = 0; i < left; i++) {
        kill_check(plait_message_queue_join_until(queue, plait_after(0)) == PLAIT_TIMEOUT);
        kill_check(plait_message_queue_get(queue, buffer, sizeof buffer, &size) == PLAIT_OK);
        kill_check(plait_message_queue_task_done(queue) == PLAIT_OK);
    }
    plait_status status = plait_message_queue_join(queue);
    kill_check(status == PLAIT_OK || status == PLAIT_CRASHED);
    kill_check(status == PLAIT_OK || !kill_finished());
    kill_check(plait_message_queue_join(queue) == PLAIT_OK);
    return NULL;
}

TEST_WITHIN(a_join_does_not_wait_for_the_dead, 120) {
    kill_everywhere(&(struct kill_scenario){16, prepare_three, victim_done, check_joined, 0});
}

/* ---- messages in pieces: the other side lives, or not ---- */

static void huge_sender(void *memory) {
    (void)memory;
    static char data[HUGE_SIZE];
    message_fill(data, sizeof data, 1);
    (void)plait_message_queue_put(queue, data, sizeof data);
}

static void huge_getter(void *memory) {
    (void)memory;
    size_t size;
    if (plait_message_queue_get(queue, buffer, sizeof buffer, &size) != PLAIT_OK) abort();
}

/* Another one gets what it can; the dead one's message is whole or not there. */
static void victim_put_huge(void *memory) {
    (void)memory;
    static char data[HUGE_SIZE];
    message_fill(data, sizeof data, 1);
    warm_up(SMALL);
    kill_from_here();
    (void)plait_message_queue_put(queue, data, sizeof data);
    kill_to_here();
}

static const char *check_after_writer(void *memory) {
    (void)memory;
    uint64_t next;
    const char *wrong = take_all(1, &next);
    if (wrong) return wrong;
    kill_check(next == 1); /* it could never finish: nobody took the first pieces */
    char two[SMALL];
    message_fill(two, SMALL, 2);
    kill_check(plait_message_queue_put(queue, two, SMALL) == PLAIT_OK);
    wrong = take_all(2, &next);
    if (wrong) return wrong;
    kill_check(next == 3);
    return use_all_of_it();
}

TEST_WITHIN(a_killed_writer_of_pieces_leaves_nothing, 300) {
    kill_everywhere(&(struct kill_scenario){16, prepare_empty, victim_put_huge, check_after_writer, 20});
}

static void prepare_sender(void *memory) {
    pid_t *sender = memory;
    prepare_ring(RING);
    *sender = kill_start(huge_sender, memory);
}

static void victim_get_huge(void *memory) {
    (void)memory;
    size_t size;
    warm_up(SMALL);
    kill_from_here();
    if (plait_message_queue_get(queue, buffer, sizeof buffer, &size) != PLAIT_OK) abort();
    kill_to_here();
}

static const char *check_after_reader(void *memory) {
    pid_t *sender = memory;
    size_t size;
    plait_status status = PLAIT_OK;
    char two[SMALL];
    message_fill(two, SMALL, 2);
    /* The sender gets rid of its message, whoever takes it. */
    while (status == PLAIT_OK || plait_message_queue_qsize(queue))
        status = plait_message_queue_get_until(queue, buffer, sizeof buffer, &size, plait_after(0.03));
    kill_check(status == PLAIT_TIMEOUT);
    kill_join(*sender, 5);
    kill_check(plait_message_queue_put(queue, two, SMALL) == PLAIT_OK);
    kill_check(plait_message_queue_get(queue, buffer, sizeof buffer, &size) == PLAIT_OK);
    kill_check(message_whole(buffer, SMALL, 2));
    return use_all_of_it();
}

TEST_WITHIN(a_killed_reader_of_pieces_leaves_the_rest_to_nobody, 300) {
    kill_at_random(
        &(struct kill_scenario){sizeof(pid_t), prepare_sender, victim_get_huge, check_after_reader, 0}, 20,
        300);
}

static void prepare_getter(void *memory) {
    pid_t *getter = memory;
    prepare_ring(RING);
    *getter = kill_start(huge_getter, memory);
}

static const char *check_reader_goes_on(void *memory) {
    pid_t *getter = memory;
    char data[SMALL];
    for (uint64_t number = 2; number <= 3; number++) {
        message_fill(data, SMALL, number);
        kill_check(plait_message_queue_put(queue, data, SMALL) == PLAIT_OK);
    }
    kill_join(*getter, 5); /* it got something: the dead one's message, or 2 */
    uint64_t next;
    const char *wrong = take_all(2, &next);
    if (wrong) return wrong;
    kill_check(next == 4);
    return use_all_of_it();
}

TEST_WITHIN(a_reader_does_not_wait_for_a_killed_writer, 300) {
    kill_at_random(
        &(struct kill_scenario){sizeof(pid_t), prepare_getter, victim_put_huge, check_reader_goes_on, 0}, 20,
        300);
}

/* ---- those who live ---- */

static void put_huge(void *memory) {
    (void)memory;
    (void)plait_message_queue_put(queue, buffer, HUGE_SIZE);
}

/* Its writer is held up in the middle: what the reader has of it is nothing, and not to be waited for. */
TEST(a_join_does_not_wait_for_a_message_that_was_given_up_in_the_middle) {
    size_t size;
    prepare_ring(RING);
    pid_t writer = kill_start(put_huge, NULL);
    while (plait_message_queue_empty(queue)) plait_sleep(0.0005);
    kill(writer, SIGSTOP);
    waitpid(writer, NULL, WUNTRACED);
    ck_assert_status(plait_message_queue_get_until(queue, buffer, sizeof buffer, &size, PLAIT_NOW),
                     PLAIT_TIMEOUT);
    ck_assert_ok(plait_message_queue_join_until(queue, plait_after(10)));
    kill_now(writer);
}

TEST(a_join_does_not_wait_for_a_message_whose_writer_was_killed) {
    prepare_ring(RING);
    pid_t writer = kill_start(put_huge, NULL);
    while (plait_message_queue_empty(queue)) plait_sleep(0.0005);
    kill_now(writer);
    ck_assert_ok(plait_message_queue_join_until(queue, plait_after(10)));
    ck_assert(plait_message_queue_empty(queue));
}

/* A signal that breaks into the end of a call that has a lane for itself. */
static struct plait__message_shared *lanes;
static uint32_t holds, asked;

static bool ask(void *context) {
    plait__store_release((uint32_t *)context, 1);
    return true;
}

static void *hold_until_asked(void *ring) {
    ck_assert(plait__message_lock_surely(ring, "test", &lanes->put));
    plait__store_release(&holds, 1);
    while (!plait__load_acquire(&asked)) plait_sleep(0.0005);
    plait__message_unlock(&lanes->put);
    return NULL;
}

TEST(a_lane_is_given_back_though_a_signal_breaks_in) {
    lanes = kill_memory(sizeof *lanes);
    struct plait__message_ring ring = {.shared = lanes, .object = lanes};
    struct plait__message_call call = plait__message_call(&ring, "test", PLAIT_FOREVER);
    const plait_host host = {.context = &asked, .interrupted = ask};
    pthread_t holder;
    ck_assert_int_eq(pthread_create(&holder, NULL, hold_until_asked, &ring), 0);
    while (!plait__load_acquire(&holds)) plait_sleep(0.0005);
    call.through = lanes->put.through = 1;
    const plait_host *before = plait_host_set(&host);
    plait_host_interrupt();
    plait__message_end(&call, &lanes->put, &lanes->putters);
    (void)plait_host_set(before);
    ck_assert_int_eq(pthread_join(holder, NULL), 0);
    ck_assert_uint_eq(lanes->put.through, 0);
}

/* In a process that sees nothing of others but whether they can be signalled. */
static bool has_no_proc(void) {
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", "/proc", "tmpfs", 0, "size=1m") == 0;
}

static void look_without_proc(void *memory) {
    const uint64_t *others = memory;
    if (!has_no_proc()) {
        (void)fprintf(stderr, "skipped: no file system may be mounted here\n");
        return;
    }
    if (!plait__process_alive(others[0]) || plait__process_alive(others[1])) _exit(1);
    if (!plait__process_alive(plait__process_self())) _exit(2);
}

static void tell_name(void *memory) {
    *(uint64_t *)memory = plait__process_self();
}

TEST(who_cannot_be_looked_up_is_not_taken_for_dead) {
    uint64_t *names = kill_memory(2 * sizeof *names);
    kill_join(kill_start(tell_name, &names[1]), 30);
    names[0] = plait__process_self();
    kill_join(kill_start(look_without_proc, names), 30);
}

/* A name made where there was no /proc has no start. */
TEST(a_process_without_a_start_lives_as_long_as_its_id) {
    ck_assert(plait__process_alive((uint64_t)getpid()));
}
