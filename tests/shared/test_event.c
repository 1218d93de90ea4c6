/* Events between processes. */
#include "others.h"
#include "support/asleep.h"

#include <pthread.h>

struct book {
    plait_process_event event, answer;
    uint32_t stage, heard;
};

TEST(a_zeroed_one_is_clear) {
    struct book *book = kill_memory(sizeof *book);
    ck_assert(!plait_process_event_is_set(&book->event));
    ck_assert_status(plait_process_event_wait_until(&book->event, PLAIT_NOW), PLAIT_TIMEOUT);
    ck_assert_status(plait_process_event_wait_until(&book->event, plait_after(0.01)), PLAIT_TIMEOUT);
    for (int i = 0; i < 3; i++) {
        ck_assert_ok(plait_process_event_set(&book->event));
        ck_assert_ok(plait_process_event_set(&book->event));
        ck_assert(plait_process_event_is_set(&book->event));
        ck_assert_ok(plait_process_event_wait(&book->event));
        ck_assert_ok(plait_process_event_wait_until(&book->event, PLAIT_NOW));
        ck_assert_ok(plait_process_event_clear(&book->event));
        ck_assert_ok(plait_process_event_clear(&book->event));
        ck_assert(!plait_process_event_is_set(&book->event));
    }
    plait_process_event in_one_process = PLAIT_PROCESS_EVENT_INIT;
    ck_assert_ok(plait_process_event_set(&in_one_process));
}

TEST(what_makes_no_sense_is_refused) {
    struct book *book = kill_memory(sizeof *book);
    void *crooked = (char *)book + 1;
    ck_assert_status(plait_process_event_set(NULL), PLAIT_INVALID);
    ck_assert_status(plait_process_event_set(crooked), PLAIT_INVALID);
    ck_assert_status(plait_process_event_clear(NULL), PLAIT_INVALID);
    ck_assert_status(plait_process_event_wait(NULL), PLAIT_INVALID);
    ck_assert_status(plait_process_event_wait_until(crooked, PLAIT_NOW), PLAIT_INVALID);
    ck_assert(!plait_process_event_is_set(NULL));
}

static void wait_for_it(void *memory) {
    struct book *book = memory;
    plait__add(&book->stage, 1);
    must(plait_process_event_wait(&book->event) == PLAIT_OK);
    plait__add(&book->heard, 1);
}

TEST(all_who_wait_go_on) {
    struct book *book = kill_memory(sizeof *book);
    enum { OTHERS = 4 };
    pid_t others[OTHERS];
    for (int i = 0; i < OTHERS; i++) others[i] = kill_start(wait_for_it, book);
    await(&book->stage, OTHERS);
    ck_assert_uint_eq(plait__load(&book->heard), 0);
    ck_assert_ok(plait_process_event_set(&book->event));
    for (int i = 0; i < OTHERS; i++) kill_join(others[i], 30);
}

static void *wait_in_thread(void *memory) {
    struct book *book = memory;
    return plait_process_event_wait(&book->event) == PLAIT_OK ? book : NULL;
}

TEST(who_waits_goes_on_though_it_is_cleared_at_once) {
    struct book *book = kill_memory(sizeof *book);
    for (int i = 0; i < 200; i++) {
        pthread_t thread;
        void *heard;
        pthread_create(&thread, NULL, wait_in_thread, book);
        wait_until_asleep_in("process event", 1);
        ck_assert_ok(plait_process_event_set(&book->event));
        ck_assert_ok(plait_process_event_clear(&book->event));
        pthread_join(thread, &heard);
        ck_assert_ptr_nonnull(heard);
    }
}

static void *wait_cancellably(void *event) {
    return plait_process_event_wait(event) == PLAIT_CANCELLED ? event : NULL;
}

TEST(a_wait_can_be_cancelled) {
    struct book *book = kill_memory(sizeof *book);
    pthread_t thread;
    void *cancelled;
    pthread_create(&thread, NULL, wait_cancellably, &book->event);
    wait_until_asleep_in("process event", 1);
    ck_assert_ok(plait_cancel(plait_token_root()));
    pthread_join(thread, &cancelled);
    ck_assert_ptr_nonnull(cancelled);
}

enum { ROUNDS = 3000 };

/* Each answers at another address than it is asked. */
static void answer(void *memory) {
    struct book **books = memory;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        must(plait_process_event_wait(&books[1]->event) == PLAIT_OK);
        must(plait_process_event_clear(&books[1]->event) == PLAIT_OK);
        must(books[1]->heard == i);
        books[1]->heard = i + 1;
        must(plait_process_event_set(&books[1]->answer) == PLAIT_OK);
    }
}

TEST(they_pass_on_what_was_written) {
    struct book *books[2];
    map_twice((void **)books, sizeof *books[0]);
    pid_t other = kill_start(answer, books);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        ck_assert_ok(plait_process_event_set(&books[0]->event));
        ck_assert_ok(plait_process_event_wait(&books[0]->answer));
        ck_assert_ok(plait_process_event_clear(&books[0]->answer));
        ck_assert_uint_eq(books[0]->heard, i + 1);
    }
    kill_join(other, 30);
}
