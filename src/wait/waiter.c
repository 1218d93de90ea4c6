/* waiter.c - waiting and claiming; the states and why no wake-up is lost stand in waiter.h.
 *
 * The table of sleepers: a waiter that is about to sleep enters one of a number of lists, picked by its
 * thread's ident so that threads do not meet on a lock, and leaves it when it is awake again. It is what
 * a cancel goes through, and it shows who sleeps, for what. It costs two uncontended locks around
 * something that costs two system calls.
 */
#include <base/memory.h>
#include <base/os.h>
#include <plait/status.h>
#include <wait/fork.h>
#include <wait/poll.h>
#include <wait/shared.h>
#include <wait/spin.h>
#include <wait/token.h>
#include <wait/waiter.h>

#if defined(PLAIT_CHECKED)
enum { SHARDS = 4 };
#else
enum { SHARDS = 64 };
#endif

static struct shard {
    _Alignas(64) struct plait__mutex mutex;
    struct plait__list asleep;
} sleepers[SHARDS];

static struct shard *shard_of(const struct plait__waiter *waiter) {
    return &sleepers[waiter->self->ident % SHARDS];
}

void plait__waiter_init(struct plait__waiter *waiter, const char *kind, const void *object) {
    *waiter = (struct plait__waiter){.bell = -1, .self = plait__self(), .kind = kind, .object = object};
}

/* ---- claiming ---- */

/* True if the claim won; *slept then says whether a wake is owed. */
static bool claim_word(struct plait__waiter *waiter, uint32_t claim, bool *slept) {
    uint32_t word = plait__load(&waiter->word);
    while (word <= PLAIT__SLEEPING) {
        if (plait__cas(&waiter->word, &word, claim)) {
            *slept = word == PLAIT__SLEEPING;
            return true;
        }
    }
    return false;
}

bool plait__claim_itself(struct plait__waiter *waiter, uint32_t claim) {
    bool slept;
    return claim_word(waiter, claim, &slept);
}

bool plait__claim(struct plait__node *node, uint32_t gift, struct plait__wakes *wakes) {
    struct plait__waiter *waiter = node->waiter;
    uint32_t *word = &waiter->word;
    uint32_t claim = (PLAIT__FIRST + node->index) | gift;
    int bell = waiter->bell;
    uint32_t *shared = plait__load(&waiter->beside);
    bool slept;
    plait__list_remove(&node->link);
    if (plait__load(word) == PLAIT__SLEEPING && plait__spinning_cpus() > 1)
        plait__store(&waiter->woken_at, plait__os_ticks()); /* see learn_wake_cost */
    if (!claim_word(waiter, claim, &slept)) return false;
    if (!slept) return true; /* from here on the waiter may be gone */
    if (plait__unlikely(shared != NULL)) plait__shared_disturb(shared);
    if (bell >= 0) {
        plait__os_bell_ring(bell);
        return true;
    }
    if (wakes->count == PLAIT__WAKES) plait__wakes_send(wakes);
    wakes->owed[wakes->count++] = word;
    return true;
}

void plait__claim_all(struct plait__list *nodes, struct plait__wakes *wakes) {
    struct plait__link *link;
    while ((link = plait__list_first(nodes)) != NULL)
        (void)plait__claim(plait__of_link(link, struct plait__node, link), 0, wakes);
}

void plait__wakes_send(struct plait__wakes *wakes) {
    for (uint32_t i = 0; i < wakes->count; i++) plait__os_wake(wakes->owed[i], 1);
    wakes->count = 0;
}

void plait__cancel_sleeper(struct plait__waiter *waiter) {
    bool slept;
    if (!claim_word(waiter, PLAIT__CANCELLED, &slept) || !slept) return;
    if (waiter->bell >= 0) /* the waiter is still here: it is in the table, which is locked */
        plait__os_bell_ring(waiter->bell);
    else
        plait__os_wake(&waiter->word, 1);
    if (waiter->sharing) plait__shared_disturb(waiter->sharing->word);
}

int plait__claim_status(uint32_t claim) {
    switch (claim) {
    case PLAIT__TIMED_OUT:
        return PLAIT_TIMEOUT;
    case PLAIT__CANCELLED:
        return PLAIT_CANCELLED;
    case PLAIT__INTERRUPTED:
        return PLAIT_INTERRUPTED;
    case PLAIT__FAILED:
        return PLAIT_ERRNO;
    default:
        return PLAIT_OK;
    }
}

/* ---- the host's hooks ---- */

/* The thread has no host meanwhile, so that waits inside the hook neither call hooks nor are interrupted:
 * a host that takes its global lock again is sure to get it. */
static void run_hook(struct plait__self *self, void (*hook)(void *context)) {
    const plait_host *host = self->host;
    if (!hook) return;
    self->host = NULL;
    hook(host->context);
    self->host = host;
}

void plait__wait_enter(struct plait__self *self) {
    const plait_host *host = self->host;
    if (plait__likely(!host)) return;
    if (self->host_depth++ == 0) run_hook(self, host->before_wait);
}

void plait__wait_leave(struct plait__self *self) {
    const plait_host *host = self->host;
    if (plait__likely(!host)) return;
    if (--self->host_depth == 0) run_hook(self, host->after_wait);
}

/* Whether the host wants this wait to end. */
static bool host_interrupts(struct plait__self *self, bool signalled) {
    const plait_host *host = self->host;
    if (plait__likely(!host)) return false;
    bool pending = plait__exchange(&self->host_pending, 0);
    return (pending || signalled) && host->interrupted && host->interrupted(host->context);
}

void plait_host_interrupt(void) {
    struct plait__self *self = plait__self_begun();
    if (!self) return;
    plait__store_seq(&self->host_pending, 1);
    struct plait__waiter *waiter = plait__load_acquire(&self->waiter);
    if (!waiter) return;
    if (waiter->bell < 0 && !plait__os_signals_end_sleep()) return;
    uint32_t sleeping = PLAIT__SLEEPING; /* so that a sleep that is just beginning does not begin */
    (void)plait__cas(&waiter->word, &sleeping, PLAIT__AWAKE);
    if (waiter->bell >= 0) plait__os_bell_ring(waiter->bell);
}

const plait_host *plait_host_set(const plait_host *host) {
    struct plait__self *self = plait__self();
    const plait_host *before = self->host;
    self->host = host;
    return before;
}

/* ---- waiting ---- */

/* Claims the waiter for its own thread, unless somebody was faster; the claim that holds. */
static uint32_t give_up(struct plait__waiter *waiter, uint32_t claim) {
    return plait__claim_itself(waiter, claim) ? claim : plait__load_acquire(&waiter->word);
}

static uint32_t spin_for_claim(struct plait__waiter *waiter) {
    struct plait__spin spin;
    uint32_t word = plait__load_acquire(&waiter->word);
    if (!waiter->object || waiter->looked)
        return word; /* it only lets time pass: nobody can be quick about it */
    if (waiter->sharing) return plait__shared_spin(waiter);
    if (word != PLAIT__AWAKE || !plait__spin_begin(&spin, PLAIT__SPIN_ON_OWN)) return word;
    do {
        word = plait__load_acquire(&waiter->word);
    } while (word == PLAIT__AWAKE && plait__spin_again(&spin));
    return word;
}

/* From here on a claim is followed by a wake, and a signal handler's interrupt keeps it from sleeping:
 * whatever has come before is looked for after this. Returns SLEEPING, or the claim that was faster. */
static uint32_t fall_asleep(struct plait__waiter *waiter) {
    uint32_t word = PLAIT__AWAKE;
    return plait__cas(&waiter->word, &word, PLAIT__SLEEPING) ? PLAIT__SLEEPING : word;
}

static enum plait__slept sleep_once(struct plait__waiter *waiter, int64_t until) {
    if (waiter->polling) return plait__poll_sleep(waiter, until);
    if (waiter->sharing) return plait__shared_sleep(waiter, until);
    return plait__os_sleep(&waiter->word, PLAIT__SLEEPING, until);
}

/* Sleeps until claimed; the waiter is in the table of sleepers meanwhile. */
static uint32_t sleep_until_claimed(struct plait__waiter *waiter, plait_deadline deadline) {
    int64_t until = waiter->until;
    bool signalled = false;
    for (;;) {
        uint32_t word = fall_asleep(waiter);
        if (word != PLAIT__SLEEPING) return word;
        if (waiter->token && plait_token_cancelled(waiter->token)) return give_up(waiter, PLAIT__CANCELLED);
        if (host_interrupts(waiter->self, signalled)) return give_up(waiter, PLAIT__INTERRUPTED);
        switch (sleep_once(waiter, until)) {
        case PLAIT__EXPIRED:
            if (deadline.ns <= until) return give_up(waiter, PLAIT__TIMED_OUT);
            break; /* the token's deadline: it says so itself */
        case PLAIT__SIGNALLED:
            signalled = true;
            break;
        case PLAIT__WOKEN:
            signalled = false;
            break;
        }
    }
}

static void learn_wake_cost(const struct plait__waiter *waiter) {
    uint64_t woken_at = plait__load(&waiter->woken_at);
    uint64_t now = plait__os_ticks();
    if (woken_at && now > woken_at) plait__spin_learn(now - woken_at);
}

static uint32_t sleep_in_table(struct plait__waiter *waiter, plait_deadline deadline) {
    struct shard *shard = shard_of(waiter);
    bool somebody_spins = plait__spinning_cpus() > 1; /* else nobody asks who runs, nor what a wake costs */
    waiter->until = deadline.ns;
    if (waiter->token) waiter->until = plait_earlier(deadline, plait__token_deadline(waiter->token)).ns;
    plait__store(&waiter->since, waiter->sharing ? plait__shared_since(waiter) : plait__os_ticks());
    plait__mutex_lock(&shard->mutex);
    plait__list_append(&shard->asleep, &waiter->asleep);
    plait__mutex_unlock(&shard->mutex);
    if (somebody_spins) plait__running_less();
    uint32_t claim = sleep_until_claimed(waiter, deadline);
    if (somebody_spins) {
        plait__running_more();
        learn_wake_cost(waiter);
    }
    plait__mutex_lock(&shard->mutex);
    plait__list_remove(&waiter->asleep);
    plait__mutex_unlock(&shard->mutex);
    return claim;
}

uint32_t plait__wait(struct plait__waiter *waiter, plait_deadline deadline, bool cancellable) {
    struct plait__self *self = waiter->self;
    if (cancellable && !self->shields) {
        waiter->token = plait_token_current();
        if (plait_token_cancelled(waiter->token)) return give_up(waiter, PLAIT__CANCELLED);
    }
    plait__wait_enter(self);
    waiter->outer = self->waiter;
    plait__store_release(&self->waiter, waiter);
    uint32_t claim = spin_for_claim(waiter);
    if (claim <= PLAIT__SLEEPING) claim = sleep_in_table(waiter, deadline);
    plait__store_release(&self->waiter, waiter->outer);
    plait__wait_leave(self);
    return claim;
}

/* ---- the table, seen from outside ---- */

void plait__each_sleeper(void (*look)(struct plait__waiter *waiter, void *context), void *context) {
    for (int i = 0; i < SHARDS; i++) {
        struct shard *shard = &sleepers[i];
        plait__mutex_lock(&shard->mutex);
        for (struct plait__link *link = plait__list_first(&shard->asleep); link;
             link = plait__list_after(&shard->asleep, link))
            look(plait__of_link(link, struct plait__waiter, asleep), context);
        plait__mutex_unlock(&shard->mutex);
    }
}

void plait__waiters_after_fork(void) {
    plait__clear_used(sleepers, sizeof sleepers);
}

uint32_t plait__wait_listed(struct plait__mutex *mutex, struct plait__list *nodes, const char *kind,
                            const void *object, plait_deadline deadline, bool cancellable) {
    struct plait__waiter waiter;
    struct plait__node node;
    plait__waiter_init(&waiter, kind, object);
    plait__node_init(&node, &waiter, object, 0);
    plait__list_append(nodes, &node.link);
    plait__mutex_unlock(mutex);
    uint32_t claim = plait__wait(&waiter, deadline, cancellable);
    (void)plait__mutex_lock(mutex);
    if (plait__linked(&node.link)) plait__list_remove(&node.link);
    return claim;
}
