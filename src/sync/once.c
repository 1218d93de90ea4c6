/* once.c - something done once.
 *
 * Word: 0, then the ident of the thread that runs the function, then DONE; and PARKED: threads may be
 * parked, which is set under the list's lock and only while the function runs.
 *   run      0 -> ident; runs; ident -> DONE, or, under the list's lock, ident|PARKED -> DONE (release)
 *   others   see DONE (acquire), or park under the list's lock while the word names a runner
 *
 * No wake-up is lost: a thread parks only while PARKED is set and DONE is not, seen under the list's lock,
 * and with PARKED set the runner must take that lock to store DONE. That store is the last touch.
 * A runner that vanished in a fork can be told by its ident.
 */
#include <plait/once.h>
#include <sync/holder.h>
#include <sync/parked.h>

#define PARKED UINT32_C(0x80000000)
#define DONE UINT32_C(0x40000000)
#define RUNNER PLAIT__IDENT_MASK

static bool is_done(const plait_once *once) {
    return plait__load_acquire(&once->word) & DONE;
}

static void finish(plait_once *once, uint32_t ident) {
    if (plait__cas_release(&once->word, &ident, DONE)) return;
    struct plait__wakes wakes = {.count = 0};
    struct plait__wait_list *list = plait__parking(once);
    plait__mutex_lock(&list->mutex);
    plait__store_release(&once->word, DONE);
    plait__claim_parked(list, once, UINT32_MAX, &wakes);
    plait__mutex_unlock(&list->mutex);
    plait__wakes_send(&wakes);
}

/* Sets PARKED, unless the function has finished. Under the list's lock. */
static bool announce_parked(plait_once *once) {
    uint32_t word = plait__load_acquire(&once->word);
    while (!(word & DONE))
        if ((word & PARKED) || plait__cas(&once->word, &word, word | PARKED)) return true;
    return false;
}

static plait_status wait_for_runner(plait_once *once) {
    struct plait__wait_list *list = plait__parking(once);
    struct plait__park how = {.kind = "once", .deadline = PLAIT_FOREVER};
    plait__mutex_lock(&list->mutex);
    if (!announce_parked(once)) {
        plait__mutex_unlock(&list->mutex);
        return PLAIT_OK;
    }
    uint32_t claim = plait__park(list, once, &how);
    return plait__claimed_node(claim) || is_done(once) ? PLAIT_OK : plait__claim_status(claim);
}

static plait_status run_slow(plait_once *once, void (*function)(void *arg), void *arg) {
    uint32_t ident = plait__self()->ident, word = 0;
    if (plait__cas(&once->word, &word, ident)) {
        function(arg);
        finish(once, ident);
        return PLAIT_OK;
    }
    if (word & DONE) return PLAIT_OK;
    if ((word & RUNNER) == ident) return PLAIT_DEADLOCK;
    if (plait__vanished(word & RUNNER)) return PLAIT_BROKEN;
    return wait_for_runner(once);
}

plait_status plait_once_run(plait_once *once, void (*function)(void *arg), void *arg) {
    if (!once || !function) return PLAIT_INVALID;
    return plait__likely(is_done(once)) ? PLAIT_OK : run_slow(once, function, arg);
}

uint32_t plait__once_holder(const plait_once *once) {
    return plait__load(&once->word) & RUNNER;
}

bool plait_once_done(const plait_once *once) {
    return once && is_done(once);
}
