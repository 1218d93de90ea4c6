/* room_shared.c - scenarios of src/shared: what processes do to each other through shared memory, done by threads of
 * one. The checking library has no net under its sleeps there, so a lost wake-up is a standstill. */
#include "rooms.h"

static plait_process_event event;
static plait_process_semaphore permits;
static plait_process_barrier barrier;
static plait_process_queue *queue;
static plait_message_queue *messages;
static plait_token *token;
static int value, passed;

/* ---- event ---- */

static void set_event(void *unused) {
    (void)unused;
    value = 1;
    plait_check_that(plait_process_event_set(&event) == PLAIT_OK);
}

static void wait_for_event(void *unused) {
    (void)unused;
    plait_check_that(plait_process_event_wait(&event) == PLAIT_OK);
    plait_check_that(value == 1);
}

SCENARIO_BOUND(process, event_is_seen, 1) {
    event = (plait_process_event)PLAIT_PROCESS_EVENT_INIT;
    value = 0;
    together(2, (body *[]){wait_for_event, set_event}, NULL);
}

static void clear_event(void *unused) {
    (void)unused;
    plait_check_that(plait_process_event_clear(&event) == PLAIT_OK);
}

static void wait_in_time(void *unused) {
    (void)unused;
    plait_status status = plait_process_event_wait_until(&event, soon());
    plait_check_that(status == PLAIT_OK || status == PLAIT_TIMEOUT);
}

SCENARIO(shared, event_wakes_all_of_several) {
    event = (plait_process_event)PLAIT_PROCESS_EVENT_INIT;
    value = 0;
    together(4, (body *[]){wait_for_event, wait_for_event, wait_in_time, set_event}, NULL);
}

SCENARIO(shared, event_set_for_a_moment_only) {
    event = (plait_process_event)PLAIT_PROCESS_EVENT_INIT;
    together(3, (body *[]){wait_in_time, set_event, clear_event}, NULL);
    plait_check_that(plait_process_event_set(&event) == PLAIT_OK);
    wait_for_event(NULL);
}

/* ---- semaphore ---- */

static void acquire(void *unused) {
    (void)unused;
    plait_check_that(plait_process_semaphore_acquire(&permits) == PLAIT_OK);
}

static void acquire_in_time(void *unused) {
    (void)unused;
    plait_status status = plait_process_semaphore_acquire_until(&permits, soon());
    plait_check_that(status == PLAIT_OK || status == PLAIT_TIMEOUT);
    if (status == PLAIT_OK) (void)plait_process_semaphore_release(&permits, 1);
}

static void acquire_or_be_cancelled(void *unused) {
    (void)unused;
    plait_token *before = plait_token_enter(token);
    plait_status status = plait_process_semaphore_acquire(&permits);
    plait_token_leave(before);
    plait_check_that(status == PLAIT_OK || status == PLAIT_CANCELLED);
    if (status == PLAIT_OK) (void)plait_process_semaphore_release(&permits, 1);
}

static void release(void *unused) {
    (void)unused;
    plait_check_that(plait_process_semaphore_release(&permits, 1) == PLAIT_OK);
}

static void release_two(void *unused) {
    (void)unused;
    plait_check_that(plait_process_semaphore_release(&permits, 2) == PLAIT_OK);
}

static void release_and_cancel(void *unused) {
    bool cancel_first = plait_choose(2);
    if (cancel_first) plait_cancel(token);
    release(unused);
    if (!cancel_first) plait_cancel(token);
}

SCENARIO_BOUND(process, permit_is_taken_once, 1) {
    permits = (plait_process_semaphore)PLAIT_PROCESS_SEMAPHORE_INIT(0);
    together(2, (body *[]){acquire, release}, NULL);
    plait_check_that(plait_process_semaphore_value(&permits) == 0);
}

SCENARIO(shared, two_permits_for_two) {
    permits = (plait_process_semaphore)PLAIT_PROCESS_SEMAPHORE_INIT(0);
    together(3, (body *[]){acquire, acquire, release_two}, NULL);
    plait_check_that(plait_process_semaphore_value(&permits) == 0);
}

SCENARIO(shared, permits_one_after_the_other) {
    permits = (plait_process_semaphore)PLAIT_PROCESS_SEMAPHORE_INIT(0);
    together(4, (body *[]){acquire, acquire, release, release}, NULL);
    plait_check_that(plait_process_semaphore_value(&permits) == 0);
}

SCENARIO(shared, late_one_swallows_no_permit) {
    permits = (plait_process_semaphore)PLAIT_PROCESS_SEMAPHORE_INIT(0);
    together(3, (body *[]){acquire_in_time, acquire, release}, NULL);
    plait_check_that(plait_process_semaphore_value(&permits) == 0);
}

SCENARIO(shared, cancelled_one_swallows_no_permit) {
    permits = (plait_process_semaphore)PLAIT_PROCESS_SEMAPHORE_INIT(0);
    token = plait_token_new(NULL, PLAIT_FOREVER);
    together(3, (body *[]){acquire_or_be_cancelled, acquire, release_and_cancel}, NULL);
    plait_check_that(plait_process_semaphore_value(&permits) == 0);
    plait_token_free(token);
}

/* ---- barrier ---- */

static void pass(void *unused) {
    (void)unused;
    int index = -1;
    plait_check_that(plait_process_barrier_wait(&barrier, &index) == PLAIT_OK);
    plait_check_that(index >= 0 && index < plait_process_barrier_parties(&barrier));
}

static void pass_twice(void *unused) {
    pass(unused);
    pass(unused);
}

static void pass_in_time(void *unused) {
    (void)unused;
    plait_status status = plait_process_barrier_wait_until(&barrier, NULL, soon());
    plait_check_that(status == PLAIT_OK || status == PLAIT_TIMEOUT || status == PLAIT_BROKEN);
    if (status == PLAIT_OK) __atomic_add_fetch(&passed, 1, __ATOMIC_RELAXED);
}

SCENARIO(shared, barrier_of_three) {
    plait_check_that(plait_process_barrier_init(&barrier, 3) == PLAIT_OK);
    together(3, (body *[]){pass, pass, pass}, NULL);
}

SCENARIO(shared, barrier_round_after_round) {
    plait_check_that(plait_process_barrier_init(&barrier, 2) == PLAIT_OK);
    together(2, (body *[]){pass_twice, pass_twice}, NULL);
}

SCENARIO(shared, barrier_breaks_for_all_or_nobody) {
    plait_check_that(plait_process_barrier_init(&barrier, 2) == PLAIT_OK);
    passed = 0;
    together(2, (body *[]){pass_in_time, pass_in_time}, NULL);
    plait_check_that(passed == 0 || passed == 2);
}

/* ---- queue ---- */

static int sum;

static void put_one(void *unused) {
    (void)unused;
    int item = 1;
    plait_check_that(plait_process_queue_put(queue, &item) == PLAIT_OK);
}

static void put_two(void *unused) {
    put_one(unused);
    put_one(unused);
}

static void get_one(void *unused) {
    (void)unused;
    int item = 0;
    plait_check_that(plait_process_queue_get(queue, &item) == PLAIT_OK && item == 1);
    __atomic_add_fetch(&sum, item, __ATOMIC_RELAXED);
}

static void get_two(void *unused) {
    get_one(unused);
    get_one(unused);
}

static void get_in_time(void *unused) {
    (void)unused;
    int item = 0;
    plait_status status = plait_process_queue_get_until(queue, &item, soon());
    plait_check_that(status == PLAIT_TIMEOUT || (status == PLAIT_OK && item == 1));
    if (status == PLAIT_OK) put_one(NULL);
}

static void get_until_shutdown(void *unused) {
    (void)unused;
    int item = 0;
    plait_status status;
    plait_process_queue_each(queue, &item, &status) __atomic_add_fetch(&sum, item, __ATOMIC_RELAXED);
    plait_check_that(status == PLAIT_SHUTDOWN);
}

static void put_and_shut_down(void *unused) {
    put_one(unused);
    plait_check_that(plait_process_queue_shutdown(queue, false) == PLAIT_OK);
}

static void get_and_be_done(void *unused) {
    get_one(unused);
    plait_check_that(plait_process_queue_task_done(queue) == PLAIT_OK);
}

static void put_and_join(void *unused) {
    put_one(unused);
    plait_check_that(plait_process_queue_join(queue) == PLAIT_OK);
    plait_check_that(sum >= 1);
}

static void begin_queue(size_t maxsize) {
    queue = plait_process_queue_of(int, maxsize);
    plait_check_that(queue != NULL);
    sum = 0;
}

static void end_queue(int expected) {
    plait_check_that(sum == expected && plait_process_queue_empty(queue));
    plait_check_that(plait_process_queue_free(queue) == PLAIT_OK);
}

SCENARIO(shared, queue_one_by_one) {
    begin_queue(1);
    together(2, (body *[]){put_two, get_two}, NULL);
    end_queue(2);
}

SCENARIO(shared, queue_two_getters) {
    begin_queue(2);
    together(3, (body *[]){get_one, get_one, put_two}, NULL);
    end_queue(2);
}

SCENARIO(shared, queue_two_putters_for_one_place) {
    begin_queue(1);
    together(3, (body *[]){put_one, put_one, get_two}, NULL);
    end_queue(2);
}

SCENARIO(shared, queue_late_getter_swallows_nothing) {
    begin_queue(2);
    together(3, (body *[]){get_in_time, get_one, put_one}, NULL);
    end_queue(1);
}

SCENARIO(shared, queue_shutdown_reaches_all) {
    begin_queue(1);
    together(3, (body *[]){get_until_shutdown, get_until_shutdown, put_and_shut_down}, NULL);
    end_queue(1);
}

SCENARIO(shared, queue_join_hears_the_last) {
    begin_queue(1);
    together(2, (body *[]){put_and_join, get_and_be_done}, NULL);
    end_queue(1);
}

/* ---- messages ---- */

static void send_two(void *unused) {
    (void)unused;
    plait_check_that(plait_message_queue_put(messages, "one", 4) == PLAIT_OK);
    plait_check_that(plait_message_queue_put(messages, "three", 6) == PLAIT_OK);
}

static void receive_two(void *unused) {
    (void)unused;
    char buffer[8];
    size_t size;
    plait_check_that(plait_message_queue_get(messages, buffer, sizeof buffer, &size) == PLAIT_OK &&
                     size == 4);
    plait_check_that(plait_message_queue_get(messages, buffer, sizeof buffer, &size) == PLAIT_OK &&
                     size == 6);
}

static void receive_one(void *unused) {
    (void)unused;
    char buffer[8];
    size_t size;
    plait_check_that(plait_message_queue_get(messages, buffer, sizeof buffer, &size) == PLAIT_OK);
}

static char page[3000];

static void send_pages(void *unused) {
    (void)unused;
    for (int i = 0; i < 3; i++) /* two do not fit */
        plait_check_that(plait_message_queue_put(messages, page, sizeof page) == PLAIT_OK);
}

static void receive_pages(void *unused) {
    (void)unused;
    static char buffer[3000];
    size_t size;
    for (int i = 0; i < 3; i++)
        plait_check_that(plait_message_queue_get(messages, buffer, sizeof buffer, &size) == PLAIT_OK &&
                         size == sizeof page);
}

static void begin_messages(void) {
    messages = plait_message_queue_new(4096);
    plait_check_that(messages != NULL);
}

static void end_messages(void) {
    plait_check_that(plait_message_queue_empty(messages));
    plait_message_queue_free(messages);
}

SCENARIO(shared, messages_in_order) {
    begin_messages();
    together(2, (body *[]){send_two, receive_two}, NULL);
    end_messages();
}

SCENARIO(shared, messages_for_two) {
    begin_messages();
    together(3, (body *[]){receive_one, receive_one, send_two}, NULL);
    end_messages();
}

SCENARIO(shared, messages_wait_for_room) {
    begin_messages();
    together(2, (body *[]){send_pages, receive_pages}, NULL);
    end_messages();
}
