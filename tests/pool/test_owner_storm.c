/* Owners at random: many senders tell and ask with deadlines, cancels and failures, while owners are closed
 * or shut down under them. Kept count of: each request that was accepted was carried out exactly once or
 * cancelled, those of one sender in their order, each resource was closed exactly once, by its owner. */
#include "support.h"
#include "support/stress.h"

#include <stdlib.h>

enum { SENDERS = 4, REQUESTS = 300 };

static uint64_t odd;

struct desk {
    const plait_thread *owner;
    uint64_t done;
    int last[SENDERS];
};
PLAIT_OWNER(desk_owner, struct desk *);

static struct { uint64_t accepted, done, cancelled, refused, opened, closed; } books;

static void tick(uint64_t *counter) {
    plait__add_relaxed(counter, 1);
}

/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): whoever ran it without taking the result would lose it */
PLAIT_TASK(struct desk *, open_desk) {
    struct desk *desk = calloc(1, sizeof *desk);
    if (!desk) abort();
    desk->owner = plait_thread_current();
    tick(&books.opened);
    return desk;
}

PLAIT_TASK(void, close_desk, (struct desk *, desk)) {
    if (desk->owner != plait_thread_current()) tick(&odd);
    plait__add_relaxed(&books.done, desk->done);
    free(desk);
    tick(&books.closed);
}

PLAIT_TASK(int, work, (struct desk *, desk), (unsigned, sender), (int, number), (uint32_t, what)) {
    if (desk->owner != plait_thread_current() || number <= desk->last[sender]) tick(&odd);
    desk->last[sender] = number;
    desk->done++;
    if (what % 8 == 0) (void)plait_sleep((what >> 8) % 100 * 1e-6);
    if (what % 8 == 1) plait_raise(PLAIT_USER, "number %d", number);
    return number;
}

static void settle(plait_future *future) {
    if (!future) return;
    plait_shield_enter();
    plait_status status = plait_result(future);
    plait_shield_leave();
    if (status == PLAIT_CANCELLED)
        tick(&books.cancelled);
    else if (status != PLAIT_OK && status != PLAIT_USER)
        tick(&odd);
    plait_future_free(future);
}

/* Whether the request was taken. */
static bool accepted(plait_status status) {
    if (status == PLAIT_OK) tick(&books.accepted);
    if (status == PLAIT_OK) return true;
    bool known = status == PLAIT_SHUTDOWN || status == PLAIT_TIMEOUT || status == PLAIT_FULL;
    tick(known || status == PLAIT_CANCELLED ? &books.refused : &odd);
    return false;
}

/* A refusal is told by a status that no request ends with, but for PLAIT_CANCELLED: asked without waiting. */
static plait_future *ask(desk_owner desk, unsigned sender, int number, uint32_t what) {
    plait_future *future = what & 64 ? plait_ask_nowait(desk, work, sender, number, what)
                                     : plait_ask_until(desk, plait_after(1e-4), work, sender, number, what);
    bool done = plait_future_done(future); /* a refusal is, at once */
    plait_status status = plait_result_until(future, NULL, PLAIT_NOW);
    bool refused = done && (status == PLAIT_SHUTDOWN || status == PLAIT_FULL || status == PLAIT_TIMEOUT);
    if (accepted(refused ? status : PLAIT_OK)) return future;
    plait_future_free(future);
    return NULL;
}

PLAIT_TASK(void, sender, (desk_owner, desk), (unsigned, index), (uint32_t, seed)) {
    struct stress_random random = stress_random_stream(seed);
    plait_future *waiting[4] = {NULL};
    for (int i = 1; i <= REQUESTS; i++) {
        uint32_t what = stress_random_below(&random, UINT32_MAX);
        if (what & 16) {
            plait_shield_enter(); /* so that a cancelled wait for room is not taken for a cancelled request */
            plait_future *future = ask(desk, index, i, what);
            plait_shield_leave();
            settle(waiting[what % 4]);
            waiting[what % 4] = future;
            if (what & 32 && future) (void)plait_future_cancel(future);
        } else if (what & 32) {
            (void)accepted(plait_tell_until(desk, plait_after(1e-4), work, index, i, what));
        } else {
            (void)accepted(plait_tell(desk, work, index, i, what));
        }
    }
    for (int i = 0; i < 4; i++) settle(waiting[i]);
}

static void ignore(const plait_failure *failure, void *context) {
    (void)context;
    if (failure->status != PLAIT_USER) tick(&odd);
}

static void play(struct stress_random *random) {
    memset(&books, 0, sizeof books);
    plait_owner_options options = {.maxsize = 1 + stress_random_below(random, 20)};
    desk_owner desk = plait_owner_open_with(desk_owner, &options, close_desk, open_desk);
    ck_assert_ptr_nonnull(desk.owner);
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER), *before = plait_token_enter(token);
    plait_thread *threads[SENDERS];
    for (unsigned i = 0; i < SENDERS; i++)
        threads[i] = plait_start(sender, desk, i, 10 + stress_random_below(random, 100000));
    plait_token_leave(before);
    bool discard = false;
    uint32_t how = stress_random_below(random, 4);
    if (how) (void)plait_sleep(stress_random_below(random, 5000) * 1e-6);
    if (how == 1) ck_assert_ok(plait_cancel(token));
    if (how == 2) ck_assert_ok(plait_owner_close(desk.owner));
    if (how == 3) ck_assert_ok(plait_owner_shutdown(desk.owner, false, discard = true));
    for (unsigned i = 0; i < SENDERS; i++) {
        ck_assert_ok(plait_thread_join(threads[i]));
        plait_thread_free(threads[i]);
    }
    ck_assert_ok(plait_owner_shutdown(desk.owner, true, false));
    ck_assert_uint_eq(plait_owner_pending(desk.owner), 0);
    plait_owner_free(desk.owner);
    plait_token_free(token);
    ck_assert_uint_eq(odd, 0);
    ck_assert_uint_eq(books.opened, 1);
    ck_assert_uint_eq(books.closed, 1);
    if (discard) /* told requests that were thrown away have left no trace */
        ck_assert_uint_ge(books.accepted, books.done + books.cancelled);
    else
        ck_assert_uint_eq(books.accepted, books.done + books.cancelled);
}

TEST(each_request_is_carried_out_once_or_cancelled) {
    struct stress_random random = stress_random_stream(0);
    plait_excepthook_set(ignore, NULL);
    do {
        play(&random);
    } while (stress_goes_on());
}
