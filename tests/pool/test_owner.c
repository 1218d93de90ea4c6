/* Owners: who runs what, in which order, what refuses, how it ends, and that nothing is lost. */
#include "book.h"
#include "support/faults.h"

#include <sys/wait.h>
#include <unistd.h>

TEST(requests_are_carried_out_in_order_by_the_owner) {
    book_owner book = open_one(0);
    ck_assert_int_eq(take(plait_ask(book, last_line)), 7);
    for (int i = 1; i <= 2000; i++) ck_assert_ok(plait_tell(book, write_line, i));
    ck_assert_int_eq(take(plait_ask(book, last_line)), 2000);
    ck_assert_int_eq(take(plait_ask(book, write_line, .line = 5)), 2001);
    ck_assert_int_eq(take(plait_ask_nowait(book, write_line, 6)), 2002);
    ck_assert_int_eq(take(plait_ask_until(book, plait_after(5), write_line, 6)), 2003);
    ck_assert_ok(plait_tell_nowait(book, write_line, 9));
    ck_assert_ok(plait_tell_until(book, plait_after(5), write_line, 8));
    ck_assert_int_eq(take(plait_ask(book, last_line)), 8);
    end_one(book);
}

/* ---- opening and closing ---- */

PLAIT_TASK(struct book *, fail_to_open, (const char *, why)) {
    plait_raise(PLAIT_USER + 3, "no book: %s", why);
    return NULL;
}

TEST(what_cannot_be_opened_is_told_to_who_opens) {
    static struct pool_told told;
    plait_excepthook_set(pool_hear, &told);
    ck_assert_str_eq(plait_last_message(), "");
    book_owner book = plait_owner_open(book_owner, close_book, fail_to_open, "sold out");
    ck_assert_ptr_null(book.owner);
    ck_assert_status(plait_last_error(), PLAIT_USER + 3);
    ck_assert_str_eq(plait_last_message(), "no book: sold out");
    ck_assert_ok(plait_shutdown(PLAIT_FOREVER));
    ck_assert_int_eq(plait__load(&closed), 0);
    ck_assert_int_eq(plait__load(&told.count), 0);
}

/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the same */
PLAIT_TASK(struct book *, open_slowly) {
    plait_event_set(&begun);
    plait_shield();
    (void)plait_event_wait(&go); /* until the opener has given up */
    return open_book(0);
}

PLAIT_TASK(plait_status, try_to_open) {
    book_owner book = plait_owner_open(book_owner, close_book, open_slowly);
    return book.owner ? PLAIT_OK : plait_last_error();
}

TEST(an_opening_that_is_cancelled_closes_what_it_opens) {
    plait_status status = PLAIT_OK;
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER), *before = plait_token_enter(token);
    plait_thread *opener = plait_start(try_to_open);
    plait_token_leave(before);
    ck_assert_ok(plait_event_wait(&begun));
    ck_assert_ok(plait_cancel(token));
    ck_assert_ok(plait_thread_result(opener, &status));
    ck_assert_status(status, PLAIT_CANCELLED);
    plait_event_set(&go);
    ck_assert_ok(plait_shutdown(PLAIT_FOREVER));
    ck_assert_int_eq(plait__load(&opened), 1);
    ck_assert_int_eq(plait__load(&closed), 1);
    plait_thread_free(opener);
    plait_token_free(token);
}

PLAIT_TASK(void, close_badly, (struct book *, book)) {
    close_book(book);
    plait_raise(PLAIT_ERRNO, "cannot close");
}

TEST(a_failure_of_closing_comes_out_of_join) {
    book_owner book = plait_owner_open(book_owner, close_badly, open_book);
    ck_assert_str_eq(plait_owner_message(book.owner), "");
    ck_assert_ok(plait_owner_close(book.owner));
    ck_assert_status(plait_owner_join(book.owner), PLAIT_ERRNO);
    ck_assert(strncmp(plait_owner_message(book.owner), "cannot close: ", 14) == 0);
    plait_owner_free(book.owner);
}

TEST(a_failure_of_closing_that_nobody_asks_for_goes_to_the_excepthook) {
    static struct pool_told told;
    plait_excepthook_set(pool_hear, &told);
    book_owner book = plait_owner_open(book_owner, close_badly, open_book);
    plait_owner_free(book.owner);
    ck_assert_ok(plait_shutdown(PLAIT_FOREVER));
    ck_assert_int_eq(plait__load(&told.count), 1);
    ck_assert_status(told.status, PLAIT_ERRNO);
    ck_assert_int_eq(plait__load(&closed), 1);
}

TEST(closing_carries_out_what_was_accepted) {
    book_owner book = open_one(0);
    ck_assert_status(plait_owner_join(book.owner), PLAIT_INVALID);
    ck_assert_ok(plait_tell(book, wait_here, &go));
    plait_future *last = plait_ask(book, write_line, 1);
    ck_assert_ok(plait_event_wait(&begun));
    ck_assert_ok(plait_owner_close(book.owner));
    ck_assert_ok(plait_owner_close(book.owner));
    ck_assert_status(plait_tell(book, write_line, 2), PLAIT_SHUTDOWN);
    plait_future *refused = plait_ask(book, write_line, 2);
    ck_assert_status(plait_result(refused), PLAIT_SHUTDOWN);
    plait_future_free(refused);
    ck_assert_status(plait_owner_join_until(book.owner, plait_after(0.001)), PLAIT_TIMEOUT);
    ck_assert_uint_eq(plait_owner_pending(book.owner), 2);
    plait_event_set(&go);
    ck_assert_int_eq(take(last), 1);
    end_one(book);
}

TEST(shutdown_cancels_what_has_not_begun) {
    book_owner book = open_one(0);
    ck_assert_ok(plait_tell(book, wait_here, &go));
    ck_assert_ok(plait_event_wait(&begun));
    plait_future *last = plait_ask(book, write_line, 1);
    ck_assert_ok(plait_tell(book, write_line, 1));
    ck_assert_ok(plait_owner_shutdown(book.owner, false, true));
    ck_assert(plait_future_cancelled(last));
    ck_assert_uint_eq(plait_owner_pending(book.owner), 1);
    plait_token *token = plait_token_new(NULL, PLAIT_NOW), *before = plait_token_enter(token);
    ck_assert_status(plait_owner_join(book.owner), PLAIT_CANCELLED);
    ck_assert_status(plait_owner_shutdown_until(book.owner, true, plait_after(0.001)), PLAIT_TIMEOUT);
    plait_event_set(&go);
    ck_assert_ok(plait_owner_shutdown(book.owner, true, false)); /* no cancel ends it */
    plait_token_leave(before);
    plait_token_free(token);
    plait_future_free(last);
    end_one(book);
}

TEST(letting_go_closes_in_good_time) {
    book_owner book = open_one(0);
    for (int i = 0; i < 100; i++) ck_assert_ok(plait_tell(book, write_line, i));
    plait_future *last = plait_ask(book, last_line);
    plait_owner_free(book.owner);
    ck_assert_ok(plait_shutdown(PLAIT_FOREVER)); /* the end of the program waits for it */
    ck_assert_int_eq(plait__load(&closed), 1);
    ck_assert_int_eq(take(last), 99);
}

/* ---- failures ---- */

TEST(a_told_failure_goes_to_the_excepthook_an_asked_one_to_its_future) {
    static struct pool_told told;
    plait_excepthook_set(pool_hear, &told);
    book_owner book = open_one(0);
    ck_assert_ok(plait_tell(book, write_line, -3));
    plait_future *asked = plait_ask(book, write_line, -4);
    ck_assert_status(plait_result(asked), PLAIT_USER + 1);
    ck_assert_str_eq(plait_future_message(asked), "line -4");
    plait_future_free(asked);
    ck_assert_int_eq(plait__load(&told.count), 1);
    ck_assert_str_eq(told.message, "line -3");
    ck_assert_str_eq(told.task, "write_line");
    end_one(book);
    ck_assert_int_eq(plait__load(&told.count), 1);
}

/* ---- a full inbox ---- */

PLAIT_TASK(plait_status, tell_it, (book_owner, book)) {
    return plait_tell(book, write_line, 3);
}

TEST(a_full_inbox_refuses_or_makes_wait) {
    plait_status status = PLAIT_FAILED;
    book_owner book = open_one(2);
    ck_assert_ok(plait_tell(book, wait_here, &go));
    ck_assert_ok(plait_event_wait(&begun));
    ck_assert_ok(plait_tell(book, write_line, 1));
    ck_assert_ok(plait_tell(book, write_line, 2));
    ck_assert_status(plait_tell_nowait(book, write_line, 9), PLAIT_FULL);
    ck_assert_status(plait_tell_until(book, plait_after(0.001), write_line, 9), PLAIT_TIMEOUT);
    plait_future *refused = plait_ask_nowait(book, write_line, 9);
    ck_assert_status(plait_result(refused), PLAIT_FULL);
    plait_future_free(refused);
    refused = plait_ask_until(book, PLAIT_NOW, write_line, 9);
    ck_assert_status(plait_result(refused), PLAIT_TIMEOUT);
    plait_future_free(refused);
    plait_thread *teller = plait_start(tell_it, book);
    wait_until_asleep_in("queue.put", 1);
    ck_assert_uint_eq(plait_owner_pending(book.owner), 4);
    plait_event_set(&go);
    ck_assert_ok(plait_thread_result(teller, &status));
    ck_assert_ok(status);
    plait_thread_free(teller);
    ck_assert_int_eq(take(plait_ask(book, write_line, 4)), 4);
    end_one(book);
}

TEST(closing_ends_the_wait_for_room_and_so_does_a_cancel) {
    plait_status statuses[2] = {PLAIT_OK, PLAIT_OK};
    book_owner book = open_one(1);
    ck_assert_ok(plait_tell(book, wait_here, &go));
    ck_assert_ok(plait_event_wait(&begun));
    ck_assert_ok(plait_tell(book, write_line, 1));
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER), *before = plait_token_enter(token);
    plait_thread *cancelled = plait_start(tell_it, book);
    plait_token_leave(before);
    plait_thread *refused = plait_start(tell_it, book);
    wait_until_asleep_in("queue.put", 2);
    ck_assert_ok(plait_cancel(token));
    ck_assert_ok(plait_thread_result(cancelled, &statuses[0]));
    ck_assert_ok(plait_owner_close(book.owner));
    ck_assert_ok(plait_thread_result(refused, &statuses[1]));
    ck_assert_status(statuses[0], PLAIT_CANCELLED);
    ck_assert_status(statuses[1], PLAIT_SHUTDOWN);
    plait_thread_free(cancelled);
    plait_thread_free(refused);
    plait_token_free(token);
    plait_event_set(&go);
    end_one(book);
}

/* ---- cancelling ---- */

TEST(a_future_cancels_its_request) {
    book_owner book = open_one(0);
    plait_status seen = PLAIT_OK;
    plait_future *running = plait_ask(book, wait_here, &never), *queued = plait_ask(book, write_line, 1);
    ck_assert_ok(plait_event_wait(&begun));
    ck_assert(plait_future_running(running) && !plait_future_running(queued));
    ck_assert(plait_future_cancel(queued));
    ck_assert(plait_future_cancelled(queued));
    ck_assert(plait_future_cancel(running));
    ck_assert_ok(plait_result(running, &seen));
    ck_assert_status(seen, PLAIT_CANCELLED);
    ck_assert_int_eq(take(plait_ask(book, write_line, 2)), 1);
    plait_future_free(running);
    plait_future_free(queued);
    end_one(book);
}

TEST(what_was_asked_by_somebody_cancelled_never_runs_what_was_told_does) {
    book_owner book = open_one(0);
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER), *before = plait_token_enter(token);
    ck_assert_ok(plait_tell(book, wait_here, &go));
    plait_future *asked = plait_ask(book, write_line, 1);
    ck_assert_ok(plait_tell(book, write_line, 2));
    plait_shield_enter();
    plait_future *shielded = plait_ask(book, write_line, 3);
    plait_shield_leave();
    plait_token_leave(before);
    ck_assert_ok(plait_event_wait(&begun));
    ck_assert_ok(plait_cancel(token)); /* the wait of the first one ends */
    ck_assert_int_eq(take(shielded), 2);
    ck_assert(plait_future_cancelled(asked));
    plait_future_free(asked);
    plait_token_free(token);
    end_one(book);
}

PLAIT_TASK(void, note_cancelled, (struct book *, book), (int *, cancelled)) {
    touch(book);
    plait__store(cancelled, plait_cancelled());
}

TEST(what_was_told_under_a_shield_runs_under_one) {
    int cancelled[2] = {-1, -1};
    book_owner book = open_one(0);
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER), *before = plait_token_enter(token);
    ck_assert_ok(plait_cancel(token));
    ck_assert_ok(plait_tell(book, note_cancelled, &cancelled[0]));
    plait_shield_enter();
    ck_assert_ok(plait_tell(book, note_cancelled, &cancelled[1]));
    plait_shield_leave();
    plait_token_leave(before);
    plait_token_free(token);
    end_one(book);
    ck_assert(cancelled[0] == 1 && cancelled[1] == 0);
}

TEST(nothing_is_lost_when_the_root_is_cancelled) {
    book_owner book = open_one(0);
    ck_assert_int_eq(take(plait_ask(book, write_line, 1)), 1);
    wait_until_asleep_in("queue.get", 1);
    plait_cancel(plait_token_root());
    ck_assert_ok(plait_tell(book, write_line, 1));
    ck_assert_ok(plait_tell(book, write_line, 1));
    plait_shield_enter();
    ck_assert_int_eq(take(plait_ask(book, write_line, 1)), 4);
    end_one(book);
}

/* ---- arguments ---- */

struct page {
    char words[300];
};

PLAIT_TASK(int, write_page, (struct book *, book), (struct page, page)) {
    touch(book);
    book->last = (unsigned char)page.words[299];
    return page.words[0];
}

PLAIT_TASK(struct page, read_page, (struct book *, book)) {
    struct page page = {{0}};
    page.words[299] = (char)book->last;
    return page;
}

TEST(large_arguments_and_results) {
    book_owner book = open_one(0);
    struct page page = {{0}}, read;
    page.words[0] = 'a', page.words[299] = 'z';
    ck_assert_ok(plait_tell(book, write_page, page));
    plait_future *future = plait_ask(book, read_page);
    ck_assert_ok(plait_result(future, &read));
    ck_assert_int_eq(read.words[299], 'z');
    plait_future_free(future);
    ck_assert_int_eq(take(plait_ask(book, write_page, page)), 'a');
    ck_assert_ok(plait_owner_tell(book.owner, plait_task_of(write_page), NULL, PLAIT_FOREVER)); /* all zero */
    ck_assert_int_eq(take(plait_ask(book, last_line)), 0);
    end_one(book);
}

/* A number as the resource. */
PLAIT_OWNER(number_owner, int);

PLAIT_TASK(int, open_number, (int, x)) {
    return x;
}
PLAIT_TASK(void, close_number, (int, x)) {
    plait__add(&closed, x);
}
PLAIT_TASK(int, plus, (int, x), (int, y)) {
    return x + y;
}

TEST(a_number_can_be_owned) {
    number_owner number = plait_owner_open(number_owner, close_number, open_number, 40);
    ck_assert_int_eq(take(plait_ask(number, plus, 2)), 42);
    plait_owner_close(number.owner);
    ck_assert_ok(plait_owner_join(number.owner));
    plait_owner_free(number.owner);
    ck_assert_int_eq(closed, 40);
}

/* ---- misuse, fork, lack of memory ---- */

TEST(what_makes_no_sense) {
    book_owner none = {NULL};
    ck_assert_status(plait_tell(none, last_line), PLAIT_INVALID);
    plait_future *refused = plait_ask(none, last_line);
    ck_assert_status(plait_result(refused), PLAIT_INVALID);
    plait_future_free(refused);
    ck_assert_status(plait_owner_close(NULL), PLAIT_INVALID);
    ck_assert_status(plait_owner_join(NULL), PLAIT_INVALID);
    ck_assert_status(plait_owner_shutdown(NULL, true, true), PLAIT_INVALID);
    ck_assert_uint_eq(plait_owner_pending(NULL), 0);
    ck_assert_str_eq(plait_owner_message(NULL), "");
    plait_owner_free(NULL);
    const plait_task *open = plait_task_of(open_number), *close = plait_task_of(close_number);
    ck_assert_ptr_null(plait_owner_open_sized(0, NULL, close, open, NULL));
    ck_assert_ptr_null(plait_owner_open_sized(sizeof(int), NULL, NULL, open, NULL));
    ck_assert_ptr_null(plait_owner_open_sized(sizeof(int), NULL, close, NULL, NULL));
    ck_assert_ptr_null(plait_owner_open_sized(sizeof(int), NULL, plait_task_of(plus), open, NULL));
    ck_assert_ptr_null(plait_owner_open_sized(sizeof(int), NULL, close, plait_task_of(open_book), NULL));
    ck_assert_ptr_null(
        plait_owner_open_sized(sizeof(int), (&(plait_owner_options){.stack_size = 1}), close, open, NULL));
    ck_assert_status(plait_last_error(), PLAIT_INVALID);
    book_owner book = open_one(0);
    ck_assert_status(plait_owner_tell(book.owner, plait_task_of(plus), NULL, PLAIT_FOREVER), PLAIT_INVALID);
    ck_assert_status(plait_owner_tell(book.owner, plait_task_of(open_slowly), NULL, PLAIT_FOREVER),
                     PLAIT_INVALID);
    ck_assert_status(plait_owner_tell(book.owner, NULL, NULL, PLAIT_FOREVER), PLAIT_INVALID);
    end_one(book);
}

TEST(in_the_child_of_a_fork_it_is_broken) {
    book_owner book = open_one(0);
    plait_future *before = plait_ask(book, wait_here, &go);
    ck_assert_ok(plait_event_wait(&begun));
    pid_t child = fork();
    if (child == 0) {
        plait_future *after = plait_ask(book, last_line);
        bool good = plait_tell(book, last_line) == PLAIT_BROKEN && plait_result(after) == PLAIT_BROKEN &&
                    plait_result(before) == PLAIT_BROKEN && plait_owner_close(book.owner) == PLAIT_BROKEN &&
                    plait_owner_join(book.owner) == PLAIT_BROKEN;
        plait_owner_free(book.owner);
        _exit(good ? 0 : 1);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    plait_event_set(&go);
    ck_assert_ok(plait_result(before));
    plait_future_free(before);
    end_one(book);
}

static plait_status open_tell_and_ask(void) {
    struct page page = {{'b'}};
    int result = 'b';
    book_owner book = plait_owner_open(book_owner, close_book, open_book, 1);
    if (!book.owner) return plait_last_error();
    plait_status status = plait_tell(book, write_line, 2);
    if (status == PLAIT_OK) status = plait_tell(book, write_page, page);
    plait_future *future = plait_ask(book, write_page, page);
    if (status == PLAIT_OK) status = plait_result(future, &result);
    if (result != 'b') status = PLAIT_FAILED;
    plait_future_free(future);
    if (plait_owner_shutdown(book.owner, true, false) != PLAIT_OK) status = PLAIT_FAILED;
    plait_owner_free(book.owner);
    return status;
}

static void ignore(const plait_failure *failure, void *context) {
    (void)failure;
    (void)context;
}

TEST(an_owner_survives_lack_of_memory) {
    plait_excepthook_set(ignore, NULL); /* refusals that nobody looks at */
    ck_assert_int_gt(fault_every(open_tell_and_ask), 5);
}

TEST(a_tell_allocates_nothing) {
    fault_install();
    book_owner book = open_one(0);
    ck_assert_int_eq(take(plait_ask(book, write_line, 1)), 1);
    fault_arm(1);
    for (int i = 0; i < 10; i++) ck_assert_ok(plait_tell(book, write_line, 1));
    while (plait_owner_pending(book.owner)) (void)plait_sleep(0);
    ck_assert(!fault_happened());
    fault_arm(0);
    end_one(book);
}
