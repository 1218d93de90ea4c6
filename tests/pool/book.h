/* A book that an owner keeps, and what can be asked of it: for the tests of owners. */
#ifndef PLAIT_TEST_POOL_BOOK_H
#define PLAIT_TEST_POOL_BOOK_H

#include "support.h"

#include <stdlib.h>

/* The resource: it knows the only thread that may touch it. */
struct book {
    const plait_thread *owner;
    int lines, last;
};
PLAIT_OWNER(book_owner, struct book *);

static int opened, closed, wrong_thread;
static plait_event go, begun, never;

/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): whoever ran it without taking the result would lose it */
PLAIT_TASK(struct book *, open_book, (int, first)) {
    struct book *book = malloc(sizeof *book);
    if (!book) abort();
    *book = (struct book){plait_thread_current(), 0, first};
    plait__add(&opened, 1);
    return book;
}

static inline void touch(const struct book *book) {
    if (book->owner != plait_thread_current()) plait__add(&wrong_thread, 1);
}

PLAIT_TASK(void, close_book, (struct book *, book)) {
    touch(book);
    free(book);
    plait__add(&closed, 1);
}

PLAIT_TASK(int, write_line, (struct book *, book), (int, line)) {
    touch(book);
    if (line < 0) plait_raise(PLAIT_USER + 1, "line %d", line);
    book->last = line;
    return ++book->lines;
}

PLAIT_TASK(int, last_line, (struct book *, book)) {
    touch(book);
    return book->last;
}

PLAIT_TASK(plait_status, wait_here, (struct book *, book), (plait_event *, event)) {
    touch(book);
    plait_event_set(&begun);
    return plait_event_wait(event);
}

static inline book_owner open_one(size_t maxsize) {
    book_owner book = plait_owner_open_with(
        book_owner, (&(plait_owner_options){.name = "book", .maxsize = maxsize}), close_book, open_book, 7);
    ck_assert_ptr_nonnull(book.owner);
    ck_assert_int_eq(plait__load(&opened), 1);
    return book;
}

static inline void end_one(book_owner book) {
    ck_assert_ok(plait_owner_close(book.owner));
    ck_assert_ok(plait_owner_join(book.owner));
    ck_assert_int_eq(plait__load(&closed), plait__load(&opened));
    ck_assert_int_eq(plait__load(&wrong_thread), 0);
    ck_assert_uint_eq(plait_owner_pending(book.owner), 0);
    plait_owner_free(book.owner);
}

static inline int take(plait_future *future) {
    int result = -1;
    ck_assert_ok(plait_result(future, &result));
    plait_future_free(future);
    return result;
}

#endif
