/* shared.c - sleeping on a word that other processes share; why no wake-up is lost stands in shared.h. */
#include <limits.h>
#include <wait/shared.h>
#include <wait/spin.h>

enum { FIRST_LOOK_MS = 50, LAST_LOOK_MS = 1000, SLICE_MS = 50 };
static const int64_t ns_per_ms = 1000000;

/* ---- the net ---- */

/* Whether the thread's last wait was for this word too, and ended by itself: then this one goes on with it. */
static bool goes_on(const struct plait__self *self, const struct plait__sharing *sharing) {
    return self->looked_at == (uintptr_t)sharing->word;
}

static int64_t next_look(const struct plait__self *self, const struct plait__sharing *sharing) {
#if defined(PLAIT_CHECKED)
    (void)self, (void)sharing;
    return INT64_MAX;
#else
    uint32_t ms = goes_on(self, sharing) ? self->look_ms : FIRST_LOOK_MS;
    return plait__os_clock() + (int64_t)ms * ns_per_ms;
#endif
}

static void remember(struct plait__self *self, const struct plait__sharing *sharing,
                     const struct plait__waiter *waiter) {
    if (!sharing->by_itself) {
        self->looked_at = 0;
        return;
    }
    uint32_t ms = goes_on(self, sharing) ? 2 * self->look_ms : 2 * FIRST_LOOK_MS;
    self->look_ms = ms < LAST_LOOK_MS ? ms : LAST_LOOK_MS;
    self->looked_at = (uintptr_t)sharing->word;
    self->look_since = plait__load(&waiter->since);
}

uint64_t plait__shared_since(const struct plait__waiter *waiter) {
    return goes_on(waiter->self, waiter->sharing) ? waiter->self->look_since : plait__os_ticks();
}

/* ---- the wait ---- */

uint32_t plait__shared_spin(struct plait__waiter *waiter) {
    struct plait__sharing *sharing = waiter->sharing;
    struct plait__spin spin;
    if (!plait__spin_begin(&spin, PLAIT__SPIN_ON_SHARED)) return PLAIT__AWAKE;
    uint32_t claim;
    do {
        if (plait__load_acquire(sharing->word) != sharing->expected) plait__claim_itself(waiter, PLAIT__LOOK);
        claim = plait__load_acquire(&waiter->word);
    } while (claim == PLAIT__AWAKE && plait__spin_again(&spin));
    return claim;
}

/* Whatever ends the sleep before time is over is a reason to look, unless somebody has claimed the waiter. */
enum plait__slept plait__shared_sleep(struct plait__waiter *waiter, int64_t until) {
    struct plait__sharing *sharing = waiter->sharing;
    if (!sharing->again_at) sharing->again_at = next_look(waiter->self, sharing);
    int64_t end = until < sharing->again_at ? until : sharing->again_at;
    if (!plait__os_hears_both()) {
        int64_t slice = plait__os_clock() + SLICE_MS * ns_per_ms;
        if (slice < end) end = slice;
    }
    enum plait__slept slept = plait__os_sleep_shared(&waiter->word, PLAIT__SLEEPING, sharing->word,
                                                     sharing->expected, end);
    if (slept == PLAIT__SIGNALLED || (slept == PLAIT__EXPIRED && end == until)) return slept;
    if (slept == PLAIT__EXPIRED && end != sharing->again_at) return PLAIT__WOKEN; /* a slice */
    if (plait__load(&waiter->word) == PLAIT__AWAKE)
        return PLAIT__WOKEN; /* a signal handler wants attention */
    sharing->by_itself = slept == PLAIT__EXPIRED;
    plait__claim_itself(waiter, PLAIT__LOOK);
    return PLAIT__WOKEN;
}

void plait__shared_disturb(uint32_t *word) {
    if (!plait__os_hears_both()) plait__os_wake_shared(word, INT_MAX);
}

uint32_t plait__wait_beside(struct plait__waiter *waiter, uint32_t *word, uint32_t expected,
                            plait_deadline deadline, bool cancellable) {
    struct plait__sharing sharing = {.word = word, .expected = expected};
    waiter->sharing = &sharing; // cppcheck-suppress autoVariables
    plait__store(&waiter->beside, word);
    uint32_t claim = plait__wait(waiter, deadline, cancellable);
    remember(waiter->self, &sharing, waiter);
    return claim;
}

plait_status plait__wait_shared(uint32_t *word, uint32_t expected, const char *kind, const void *object,
                                plait_deadline deadline, bool cancellable) {
    if (plait__load_acquire(word) != expected) return PLAIT_OK;
    struct plait__waiter waiter;
    plait__waiter_init(&waiter, kind, object);
    return plait__claim_status(plait__wait_beside(&waiter, word, expected, deadline, cancellable));
}
