/* event.c - the event.
 *
 * Word: SET, and PARKED: threads may be parked on this event. The two are never there together.
 *   wait    looks for SET (acquire); else, under the list's lock, sets PARKED unless SET is there, and parks
 *   set     without PARKED: any -> SET, in one compare-and-swap (release)
 *   set     with PARKED: under the list's lock, PARKED -> SET (release), then claims all parked nodes
 *   clear   SET -> 0, PARKED stays
 *
 * No wake-up is lost: PARKED changes only under the list's lock, and a thread parks only after it has seen
 * there, under that lock, that SET is not. A set that comes before sees no PARKED, or goes through the lock
 * first, and the thread sees SET; one that comes after sees PARKED, and the node on the list.
 * The store of SET is the last touch of the event. A thread that sees it may free the event: the rest
 * happens in the parking table. A set of an event that is set already stores all the same, so that
 * whoever goes on because of it sees what this thread has written before, too.
 * Whoever is claimed goes on, also if the event was cleared since. A select learns of its claim when its
 * node is taken off the list, and performs its case on the strength of that.
 */
#include <base/hooks.h>
#include <plait/event.h>
#include <sync/contention.h>
#include <sync/parked.h>
#include <wait/case.h>

#define SET UINT32_C(1)
#define PARKED UINT32_C(2)

static bool is_set(const plait_event *event) {
    return plait__load_acquire(&event->word) & SET;
}

/* Sets PARKED, unless the event is set. Under the list's lock. */
static bool announce_parked(plait_event *event) {
    uint32_t word = plait__load_acquire(&event->word);
    while (!(word & SET))
        if ((word & PARKED) || plait__cas(&event->word, &word, word | PARKED)) return true;
    return false;
}

static plait_status wait_parked(plait_event *event, plait_deadline deadline) {
    struct plait__wait_list *list = plait__parking(event);
    struct plait__park how = {.kind = "event", .deadline = deadline, .flags = PLAIT__CANCELLABLE};
    plait__mutex_lock(&list->mutex);
    if (!announce_parked(event)) {
        plait__mutex_unlock(&list->mutex);
        return PLAIT_OK;
    }
    uint32_t claim = plait__park(list, event, &how);
    return plait__claimed_node(claim) || is_set(event) ? PLAIT_OK : plait__claim_status(claim);
}

plait_status plait_event_wait_until(plait_event *event, plait_deadline deadline) {
    if (!event) return PLAIT_INVALID;
    if (is_set(event)) return PLAIT_OK;
    if (plait_passed(deadline)) return PLAIT_TIMEOUT;
    int64_t began = plait__contention_begin();
    plait_status status = wait_parked(event, deadline);
    plait__contention_end(event, began);
    return status;
}

plait_status plait_event_wait(plait_event *event) {
    return plait_event_wait_until(event, PLAIT_FOREVER);
}

static void set_parked(plait_event *event) {
    struct plait__wakes wakes = {.count = 0};
    struct plait__wait_list *list = plait__parking(event);
    plait__mutex_lock(&list->mutex);
    plait__exchange(&event->word, SET);
    plait__claim_parked(list, event, UINT32_MAX, &wakes);
    plait__mutex_unlock(&list->mutex);
    plait__wakes_send(&wakes);
}

plait_status plait_event_set(plait_event *event) {
    if (!event) return PLAIT_INVALID;
    PLAIT__SIGNALS(event);
    uint32_t word = plait__load(&event->word);
    while (!(word & PARKED))
        if (plait__cas_release(&event->word, &word, SET)) return PLAIT_OK;
    set_parked(event);
    return PLAIT_OK;
}

plait_status plait_event_clear(plait_event *event) {
    if (!event) return PLAIT_INVALID;
    plait__and(&event->word, ~SET);
    return PLAIT_OK;
}

bool plait_event_is_set(const plait_event *event) {
    return event && is_set(event);
}

/* ---- select ---- */

/* `found` is true between a claim and the attempt that follows it. */
static bool case_attempt(plait_case *one) {
    bool claimed = one->found;
    one->found = 0;
    one->status = PLAIT_OK;
    return is_set(one->object) || claimed;
}

static bool case_enqueue(plait_case *one, struct plait__node *node) {
    struct plait__wait_list *list = plait__parking(one->object);
    plait__mutex_lock(&list->mutex);
    bool parked = announce_parked(one->object);
    if (parked) plait__list_append(&list->nodes, &node->link);
    plait__mutex_unlock(&list->mutex);
    return parked;
}

static void case_dequeue(plait_case *one, struct plait__node *node) {
    plait__case_unpark(one, node);
    uint32_t claim = plait__load_acquire(&node->waiter->word);
    one->found = plait__claimed_node(claim) && plait__claimed_index(claim) == node->index;
}

plait_case plait_case_event(plait_event *event) {
    static const struct plait__case_kind kind = {"event", case_attempt, case_enqueue, case_dequeue};
    return (plait_case){.kind = &kind, .object = event};
}
