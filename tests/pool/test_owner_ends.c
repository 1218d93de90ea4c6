/* Owners: waits that cannot end, requests that end their thread or the program, and what the end of a program does
 * with owners that nobody closed. */
#include "book.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- from within ---- */

PLAIT_TASK(plait_status, ask_itself, (struct book *, unused), (book_owner, book)) {
    (void)unused;
    plait_future *future = plait_ask(book, last_line);
    plait_status status = plait_result(future);
    plait_case one = plait_case_future(future);
    if (plait_select(&one, 1, NULL) != PLAIT_OK || one.status != PLAIT_DEADLOCK) status = PLAIT_FAILED;
    plait_future_free(future);
    return status;
}

PLAIT_TASK(plait_status, fill_itself, (struct book *, unused), (book_owner, book)) {
    (void)unused;
    plait_status status = PLAIT_OK;
    while (status == PLAIT_OK) status = plait_tell(book, last_line);
    if (status == PLAIT_DEADLOCK && plait_tell_nowait(book, last_line) != PLAIT_FULL) status = PLAIT_FAILED;
    return status;
}

PLAIT_TASK(plait_status, join_itself, (struct book *, unused), (book_owner, book)) {
    (void)unused;
    plait_status status = plait_owner_shutdown(book.owner, true, false);
    return status == PLAIT_DEADLOCK ? plait_owner_join(book.owner) : status;
}

TEST(an_owner_that_would_wait_for_itself_is_told) {
    book_owner book = open_one(3);
    plait_status status = PLAIT_OK;
    plait_future *asks = plait_ask(book, ask_itself, book);
    ck_assert_ok(plait_result(asks, &status));
    ck_assert_status(status, PLAIT_DEADLOCK);
    plait_future *fills = plait_ask(book, fill_itself, book);
    ck_assert_ok(plait_result(fills, &status));
    ck_assert_status(status, PLAIT_DEADLOCK);
    plait_future *joins = plait_ask(book, join_itself, book);
    ck_assert_ok(plait_result(joins, &status));
    ck_assert_status(status, PLAIT_DEADLOCK);
    plait_future_free(asks);
    plait_future_free(fills);
    plait_future_free(joins);
    end_one(book);
}

/* Both are asked; each waits for the other then. */
static plait_event both_asked;

PLAIT_TASK(plait_status, ask_the_other, (struct book *, unused), (book_owner, other)) {
    (void)unused;
    (void)plait_event_wait(&both_asked);
    plait_future *future = plait_ask(other, last_line);
    plait_status status = plait_result(future);
    if (status == PLAIT_DEADLOCK)
        ck_assert_str_eq(
            plait_future_message(future),
            "ask_the_other waits for last_line, which comes after ask_the_other, which waits for "
            "last_line, which comes after ask_the_other");
    plait_future_free(future);
    return status;
}

TEST(owners_that_would_wait_for_each_other_are_told) {
    for (int round = 0; round < 50; round++) {
        plait_status statuses[2] = {PLAIT_OK, PLAIT_OK};
        plait_event_clear(&both_asked);
        book_owner one = plait_owner_open(book_owner, close_book, open_book, 1);
        book_owner other = plait_owner_open(book_owner, close_book, open_book, 2);
        plait_future *futures[] = {plait_ask(one, ask_the_other, other),
                                   plait_ask(other, ask_the_other, one)};
        plait_event_set(&both_asked);
        for (int i = 0; i < 2; i++) {
            ck_assert_ok(plait_result(futures[i], &statuses[i]));
            plait_future_free(futures[i]);
        }
        ck_assert((statuses[0] == PLAIT_DEADLOCK) + (statuses[1] == PLAIT_DEADLOCK) == 1);
        ck_assert((statuses[0] == PLAIT_OK) + (statuses[1] == PLAIT_OK) == 1);
        ck_assert_ok(plait_owner_shutdown(other.owner, true, false));
        plait_owner_free(other.owner);
        end_one(one);
    }
}

PLAIT_TASK(void, do_nothing) {}

PLAIT_TASK(plait_status, ask_the_pool, (struct book *, unused), (plait_pool *, pool)) {
    (void)unused;
    plait_future *future = plait_submit(pool, do_nothing);
    plait_status status = plait_result(future);
    plait_future_free(future);
    return status;
}

PLAIT_TASK(plait_status, ask_the_owner, (plait_pool *, pool), (book_owner, book)) {
    plait_status status = PLAIT_FAILED;
    plait_future *future = plait_ask(book, ask_the_pool, pool);
    if (plait_result(future, &status) == PLAIT_DEADLOCK) status = PLAIT_DEADLOCK;
    plait_future_free(future);
    return status;
}

TEST(an_owner_and_the_only_worker_of_a_pool_cannot_wait_for_each_other) {
    plait_pool *pool = plait_pool_new(1);
    book_owner book = open_one(0);
    for (int round = 0; round < 100; round++) {
        plait_status status = PLAIT_OK;
        plait_future *future = plait_submit(pool, ask_the_owner, pool, book);
        ck_assert_ok(plait_result(future, &status));
        ck_assert_status(status, PLAIT_DEADLOCK);
        plait_future_free(future);
    }
    pool_end(pool);
    end_one(book);
}

PLAIT_TASK(plait_status, ask_and_wait, (struct book *, unused), (book_owner, other)) {
    plait_status status = PLAIT_FAILED;
    plait_future *future = plait_ask(other, wait_here, &go);
    (void)unused;
    if (plait_result(future, &status) != PLAIT_OK) status = PLAIT_FAILED;
    plait_future_free(future);
    return status;
}

TEST(an_owner_may_wait_for_another_that_waits_for_an_event) {
    plait_status status = PLAIT_FAILED;
    book_owner one = plait_owner_open(book_owner, close_book, open_book, 1);
    book_owner other = plait_owner_open(book_owner, close_book, open_book, 2);
    plait_future *asked = plait_ask(one, ask_and_wait, other);
    wait_until_asleep_in("future", 1);
    plait_event_set(&go);
    ck_assert_ok(plait_result(asked, &status));
    ck_assert_ok(status);
    plait_future_free(asked);
    ck_assert_ok(plait_owner_shutdown(one.owner, true, false));
    plait_owner_free(one.owner);
    end_one(other);
}

/* ---- requests that end their thread ---- */

PLAIT_TASK(int, leave_the_thread, (struct book *, book)) {
    touch(book);
    pthread_exit(NULL);
    return 0;
}

TEST(a_request_that_ends_the_thread_closes_the_owner) {
    static struct pool_told told;
    plait_excepthook_set(pool_hear, &told);
    book_owner book = open_one(0);
    ck_assert_ok(plait_tell(book, wait_here, &go));
    plait_future *leaves = plait_ask(book, leave_the_thread);
    plait_future *next = plait_ask(book, last_line);
    plait_event_set(&go);
    ck_assert_status(plait_result(leaves), PLAIT_FAILED);
    ck_assert_status(plait_result(next), PLAIT_BROKEN);
    plait_future_free(leaves);
    plait_future_free(next);
    ck_assert_status(plait_tell(book, last_line), PLAIT_SHUTDOWN);
    ck_assert_status(plait_owner_join(book.owner), PLAIT_FAILED);
    ck_assert_int_eq(plait__load(&closed), 1);
    ck_assert_int_eq(plait__load(&wrong_thread), 0);
    plait_owner_free(book.owner);
    ck_assert_ok(plait_shutdown(PLAIT_FOREVER));
    ck_assert_int_eq(plait__load(&told.count), 0);
}

struct long_list {
    int numbers[50];
};

PLAIT_TASK(void, leave_with_a_list, (struct book *, book), (struct long_list, list)) {
    touch(book);
    if (list.numbers[0] == 1) pthread_exit(NULL);
}

/* What it brought with it, a cell and a token, would be missed by the address sanitizer. */
TEST(a_told_request_may_end_the_thread) {
    struct long_list list = {{1}};
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER), *before = plait_token_enter(token);
    book_owner book = open_one(0);
    ck_assert_ok(plait_tell(book, leave_with_a_list, list));
    plait_token_leave(before);
    plait_token_free(token);
    ck_assert_status(plait_owner_shutdown(book.owner, true, false), PLAIT_FAILED);
    ck_assert_int_eq(plait__load(&closed), 1);
    plait_owner_free(book.owner);
}

PLAIT_TASK(void, close_and_leave, (struct book *, book)) {
    close_book(book);
    pthread_exit(NULL);
}

TEST(closing_may_end_the_thread) {
    for (int told = 0; told < 3; told++) {
        plait_token *token = plait_token_new(NULL, PLAIT_FOREVER), *before = plait_token_enter(token);
        book_owner book = plait_owner_open(book_owner, close_and_leave, open_book, 7);
        for (int i = 0; i < told; i++) ck_assert_ok(plait_tell(book, write_line, i));
        plait_token_leave(before);
        ck_assert_status(plait_owner_shutdown(book.owner, true, false), PLAIT_FAILED);
        ck_assert_ptr_eq(plait_token_current(), plait_token_root());
        plait_owner_free(book.owner);
        plait_token_free(token);
        ck_assert_int_eq(plait__load(&closed), told + 1);
    }
}

TEST(a_request_and_then_closing_may_end_the_thread) {
    book_owner book = plait_owner_open(book_owner, close_and_leave, open_book, 7);
    plait_future *leaving = plait_ask(book, leave_the_thread), *next = plait_ask(book, last_line);
    ck_assert_status(plait_result(leaving), PLAIT_FAILED);
    plait_status status = plait_result(next);
    ck_assert(status == PLAIT_BROKEN || status == PLAIT_SHUTDOWN);
    plait_future_free(leaving);
    plait_future_free(next);
    ck_assert_status(plait_owner_join(book.owner), PLAIT_FAILED);
    plait_owner_free(book.owner);
    ck_assert_int_eq(plait__load(&closed), 1);
    ck_assert_ok(plait_shutdown(PLAIT_FOREVER));
}

/* ---- exit ---- */

PLAIT_TASK(void, leave_the_program, (struct book *, book)) {
    touch(book);
    exit(3);
}

TEST(a_request_may_leave_the_program) {
#if !defined(POOL_THREAD_SANITIZER)
    pid_t child = fork();
    if (child == 0) {
        book_owner book = plait_owner_open(book_owner, close_book, open_book, 1);
        (void)plait_tell(book, leave_the_program);
        (void)plait_event_wait(&never);
        _exit(1);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 3);
#endif
}

/* What the owners of a program that ends have done: a letter each, in a pipe. */
static int letters;

struct pen {
    int name;
};
PLAIT_OWNER(pen_owner, struct pen *);

static void write_letter(int letter) {
    char byte = (char)letter;
    if (write(letters, &byte, 1) != 1) abort();
}

/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): whoever ran it without taking the result would lose it */
PLAIT_TASK(struct pen *, open_pen, (int, name)) {
    struct pen *pen = malloc(sizeof *pen);
    if (!pen) abort();
    pen->name = name;
    return pen;
}

static pen_owner first_pen;

PLAIT_TASK(void, note, (struct pen *, pen), (int, letter)) {
    (void)pen;
    write_letter(letter);
}

PLAIT_TASK(void, close_pen, (struct pen *, pen)) {
    write_letter(pen->name);
    if (pen->name != 'A') (void)plait_tell(first_pen, note, pen->name - 'A' + 'a');
    free(pen);
}

PLAIT_TASK(void, exit_from_within, (struct pen *, pen)) {
    write_letter('x');
    free(pen);
    exit(0);
}

#if !defined(POOL_THREAD_SANITIZER)
static void end_program_with_pens(bool from_within) {
    first_pen = plait_owner_open(pen_owner, close_pen, open_pen, 'A');
    pen_owner second = plait_owner_open(pen_owner, close_pen, open_pen, 'B');
    pen_owner third = plait_owner_open(pen_owner, close_pen, open_pen, 'C');
    pen_owner fourth = plait_owner_open(pen_owner, close_pen, open_pen, 'D');
    (void)plait_owner_shutdown(third.owner, true, false);
    for (int i = 0; i < 3; i++) (void)plait_tell(second, note, '1' + i);
    plait_owner_free(third.owner);
    while (plait_owner_pending(second.owner) || plait_owner_pending(first_pen.owner)) (void)plait_sleep(0);
    if (!from_within) exit(0);
    (void)plait_tell(fourth, exit_from_within);
    (void)plait_event_wait(&never);
}

static void check_letters(bool from_within, const char *expected) {
    int ends[2], status = -1;
    char found[20] = {0};
    size_t length = 0;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        letters = ends[1];
        end_program_with_pens(from_within);
        _exit(9);
    }
    close(ends[1]);
    for (ssize_t more; (more = read(ends[0], found + length, sizeof found - 1 - length)) > 0;)
        length += (size_t)more;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    close(ends[0]);
    /* the third is closed while the second carries out what it was told */
    char *digits = strpbrk(found, "1");
    ck_assert_ptr_nonnull(digits);
    const char *closing = strpbrk(found, from_within ? "x" : "D");
    ck_assert_ptr_nonnull(closing);
    ck_assert_str_eq(closing, expected);
}
#endif

/* The one opened last is closed first, and may tell the others something when it is. */
TEST(owners_that_nobody_closed_are_closed_at_exit) {
#if !defined(POOL_THREAD_SANITIZER)
    check_letters(false, "DdBbA");
#endif
}

TEST(a_request_that_leaves_the_program_has_the_other_owners_closed) {
#if !defined(POOL_THREAD_SANITIZER)
    check_letters(true, "xBbA");
#endif
}

#if !defined(POOL_THREAD_SANITIZER)
PLAIT_TASK(void, close_and_leave_the_program, (struct pen *, pen)) {
    free(pen);
    exit(4);
}

PLAIT_TASK(int, fork_here, (struct pen *, pen)) {
    (void)pen;
    return fork();
}
#endif

TEST(closing_may_leave_the_program) {
#if !defined(POOL_THREAD_SANITIZER)
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        pen_owner pen = plait_owner_open(pen_owner, close_and_leave_the_program, open_pen, 'E');
        (void)plait_owner_close(pen.owner);
        (void)plait_event_wait(&never);
        _exit(1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 4);
#endif
}

/* The child's copy of the resource is not closed: its buffers would be written twice. */
TEST(a_request_that_forks_ends_the_child_without_closing) {
#if !defined(POOL_THREAD_SANITIZER)
    int ends[2], child = -1;
    char found[4] = {0};
    ck_assert_int_eq(pipe(ends), 0);
    letters = ends[1];
    pen_owner pen = plait_owner_open(pen_owner, close_pen, open_pen, 'A');
    plait_future *forks = plait_ask(pen, fork_here);
    ck_assert_ok(plait_result(forks, &child));
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    plait_future_free(forks);
    ck_assert_ok(plait_owner_shutdown(pen.owner, true, false));
    plait_owner_free(pen.owner);
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], found, sizeof found), 1);
    ck_assert_int_eq(found[0], 'A');
    close(ends[0]);
#endif
}
