/* mutex.c - the slow path of the internal mutex; the protocol of its word is in mutex.h.
 *
 * First a thread looks again a few times, at growing distances: the section it waits for is short. The
 * distances make for long runs: while one stays away the other takes the mutex over and over with its lines
 * in its own cache, instead of both fetching them each time. All in all it looks for about as long as
 * sleeping would cost, also when more threads run than there are CPUs.
 *
 * Then it sleeps, in the table. Each spot has two lists of threads under a latch of its own: `asleep`, and
 * `coming`, which have been woken and are not back yet. An unlock that finds a wake wanted moves one from
 * the first list to the second, and wakes it; while one is coming for a mutex nobody else is woken for it.
 * So a crowd costs a wake for each that comes back, not one for each unlock. `wanted` says whether there is
 * somebody asleep for whose mutex nobody is coming; it is written under the latch.
 *
 * No wake-up is lost. Take a mutex that has been freed by its last unlock, with threads asleep for it. That
 * unlock found none wanted (mutex.h says why it would have seen it), so one is coming. It leaves the list,
 * and by that makes a wake wanted again for the others, before it tries to take the mutex; so its own
 * unlock wakes the next. If it finds the mutex taken, then by one whose unlock sees what is wanted, or by
 * one that will be seen to have unlocked when it sleeps again.
 *
 * The latch is a futex lock of the plainest kind (free, taken, taken and perhaps slept for; Drepper,
 * "Futexes Are Tricky"). That it is touched in unlocking does no harm: the table is never freed.
 */
#include <base/list.h>
#include <base/memory.h>
#include <base/os.h>
#include <wait/fork.h>
#include <wait/mutex.h>
#include <wait/spin.h>

enum { FIRST_LOOK_NS = 50, LAST_LOOK_NS = 800 };
enum { ASLEEP, WOKEN };

uint32_t plait__mutex_wanted[PLAIT__MUTEX_SPOTS];

static struct spot {
    uint32_t latch;
    struct plait__list asleep, coming;
} spots[PLAIT__MUTEX_SPOTS];

struct sleeper {
    struct plait__link link;
    const struct plait__mutex *mutex; /* only its address is used */
    uint32_t word;                    /* ASLEEP, WOKEN */
};

/* ---- the latch ---- */

enum { FREE, TAKEN, SLEPT_FOR };

static void latch(struct spot *spot) {
    uint32_t seen = FREE;
    if (plait__cas_acquire(&spot->latch, &seen, TAKEN)) return;
    while (plait__exchange(&spot->latch, SLEPT_FOR) != FREE)
        plait__os_sleep(&spot->latch, SLEPT_FOR, INT64_MAX);
}

static void unlatch(struct spot *spot) {
    if (plait__exchange(&spot->latch, FREE) == SLEPT_FOR) plait__os_wake(&spot->latch, 1);
}

/* ---- the table; all of this under the latch ---- */

static struct sleeper *find(const struct plait__list *list, const struct plait__mutex *mutex) {
    for (struct plait__link *link = plait__list_first(list); link; link = plait__list_after(list, link)) {
        struct sleeper *sleeper = plait__of_link(link, struct sleeper, link);
        if (sleeper->mutex == mutex) return sleeper;
    }
    return NULL;
}

/* Sequentially consistent, for the order with the word: see mutex.h. */
static void tell_what_is_wanted(struct spot *spot) {
    uint32_t wanted = 0;
    struct plait__link *link = plait__list_first(&spot->asleep);
    for (; link && !wanted; link = plait__list_after(&spot->asleep, link))
        wanted = !find(&spot->coming, plait__of_link(link, struct sleeper, link)->mutex);
    plait__exchange_seq(&plait__mutex_wanted[spot - spots], wanted);
}

void plait__mutex_wake(const struct plait__mutex *mutex) {
    struct spot *spot = &spots[plait__mutex_spot(mutex)];
    uint32_t *address = NULL;
    latch(spot);
    struct sleeper *sleeper = find(&spot->asleep, mutex);
    if (sleeper && !find(&spot->coming, mutex)) {
        plait__list_remove(&sleeper->link);
        plait__list_append(&spot->coming, &sleeper->link);
        address = &sleeper->word;
        plait__store_release(address, WOKEN);
        tell_what_is_wanted(spot);
    }
    unlatch(spot); /* from here on the sleeper may be gone */
    if (address) plait__os_wake(address, 1);
}

/* ---- taking it ---- */

static bool take(struct plait__mutex *mutex, uint32_t ident) {
    uint32_t free = 0;
    return plait__load(&mutex->word) == 0 && plait__cas_acquire(&mutex->word, &free, ident);
}

/* Looks a few times; false if it is still taken. On a single CPU the holder cannot be running. */
static bool take_soon(struct plait__mutex *mutex, uint32_t ident) {
    if (take(mutex, ident)) return true;
    if (plait__spinning_cpus() < 2) return false;
    uint64_t per_us = plait__os_ticks_per_us();
    for (uint64_t gap = FIRST_LOOK_NS; gap <= LAST_LOOK_NS; gap *= 2) {
        uint64_t start = plait__os_ticks();
        while (plait__os_ticks() - start < gap * per_us / 1000) plait__os_pause();
        if (take(mutex, ident)) return true;
    }
    return false;
}

static bool held_by_vanished(struct plait__mutex *mutex) {
    uint32_t word = plait__load_seq(&mutex->word);
    return word && plait__vanished(word);
}

/* Sleeps until woken, unless the mutex can be looked at anew at once. */
static void sleep_for(struct plait__mutex *mutex) {
    struct spot *spot = &spots[plait__mutex_spot(mutex)];
    struct sleeper sleeper = {.mutex = mutex, .word = ASLEEP};
    latch(spot);
    plait__list_append(&spot->asleep, &sleeper.link);
    tell_what_is_wanted(spot);
    unlatch(spot);
    plait__os_order_all();
    if (plait__load_seq(&mutex->word) != 0)
        while (plait__load_acquire(&sleeper.word) == ASLEEP)
            plait__os_sleep(&sleeper.word, ASLEEP, INT64_MAX);
    latch(spot);
    plait__list_remove(&sleeper.link);
    tell_what_is_wanted(spot);
    unlatch(spot);
}

bool plait__mutex_lock_slow(struct plait__mutex *mutex) {
    uint32_t ident = plait__self()->ident;
    while (!take_soon(mutex, ident)) {
        if (held_by_vanished(mutex)) return false;
        sleep_for(mutex);
    }
    PLAIT__SECTION(1);
    return true;
}

void plait__mutexes_after_fork(void) {
    plait__clear_used(spots, sizeof spots);
    plait__clear_used(plait__mutex_wanted, sizeof plait__mutex_wanted);
}
