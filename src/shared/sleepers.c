/* sleepers.c - sleeping until something in shared memory has changed; the protocol is in sleepers.h. */
#include <limits.h>
#include <shared/sleepers.h>
#include <wait/shared.h>

enum { ONE_TURN = 2 };

void plait__sleepers_wake_one(struct plait__sleepers *sleepers) {
    uint32_t word = plait__load(&sleepers->word);
    while (word & PLAIT__WANTED) {
        if (!plait__cas(&sleepers->word, &word, (word & ~PLAIT__WANTED) + ONE_TURN)) continue;
        plait__wake_shared(&sleepers->word, 1);
        return;
    }
}

void plait__sleepers_wake_all(struct plait__sleepers *sleepers) {
    plait__add(&sleepers->word, ONE_TURN);
    plait__wake_shared(&sleepers->word, INT_MAX);
}

static uint32_t want(struct plait__sleepers *sleepers) {
    uint32_t word = plait__load(&sleepers->word);
    while (!plait__cas_seq(&sleepers->word, &word, word | PLAIT__WANTED)) {}
    plait__os_order_processes();
    return word | PLAIT__WANTED;
}

uint32_t plait__sleepers_enter(struct plait__sleepers *sleepers) {
    plait__add(&sleepers->asleep, 1);
    return want(sleepers);
}

plait_status plait__sleepers_sleep(struct plait__sleepers *sleepers, uint32_t entered, const char *kind,
                                   const void *object, plait_deadline deadline, bool cancellable) {
    struct plait__waiter waiter;
    plait__waiter_init(&waiter, kind, object);
    waiter.looked = true;
    return plait__claim_status(plait__wait_beside(&waiter, &sleepers->word, entered, deadline, cancellable));
}

void plait__sleepers_leave(struct plait__sleepers *sleepers) {
    plait__sub(&sleepers->asleep, 1);
}

void plait__sleepers_pass_on(struct plait__sleepers *sleepers, bool (*more)(const void *context),
                             const void *context) {
    if (!plait__load(&sleepers->asleep)) return;
    (void)want(sleepers);
    if (more(context)) plait__sleepers_wake_one(sleepers);
}
