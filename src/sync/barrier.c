/* barrier.c - the barrier.
 *
 * All of it is guarded by the lock of the barrier's list in the parking table; only the questions (broken,
 * waiting) read without it. State: BROKEN; RUNNING while the last to arrive runs the action, without the
 * lock.
 *   arrive   counts itself in; not the last: puts a node on the list, marked INSIDE, and waits
 *   arrive   while RUNNING: puts a node marked OUTSIDE and waits until it may try again
 *   last     runs the action, if any (RUNNING), then ends the round: count = 0, and every node gets an
 *            outcome and is claimed: PASSED, or BROKE if the action failed; OUTSIDE ones AGAIN
 *   break    (abort, or a wait that ended by itself): BROKEN, count = 0, every node gets BROKE and is
 *            claimed; while RUNNING the INSIDE ones are left: all have arrived, their round goes on to its
 *            end
 *   reset    the same for the nodes that are INSIDE, but BROKEN is cleared
 *
 * The outcome is written under the lock and before the claim, and is what counts: a thread whose wait ended
 * by itself looks at it under the lock, so nobody leaves a round both broken by it and passed. If its round
 * is RUNNING it waits on. The barrier is written before the first claim and not touched after, so who has
 * passed may free it.
 *
 * In the child of a fork threads that had arrived have vanished: a barrier that remembers another
 * generation than the present one, with threads inside, is broken.
 */
#include <plait/barrier.h>
#include <sync/parked.h>

#define BROKEN UINT32_C(1)
#define RUNNING UINT32_C(2)

enum want { INSIDE, OUTSIDE };
enum outcome { WAITING, PASSED, BROKE, AGAIN };

/* One thread's wait, on its stack. */
struct arrival {
    struct plait__waiter waiter;
    struct plait__node node;
    enum outcome outcome; /* under the list's lock */
};

static bool lost_in_fork(const plait_barrier *barrier) {
    bool inside = plait__load(&barrier->arrived) || (plait__load(&barrier->state) & RUNNING);
    return inside && plait__load(&barrier->generation) != plait__generation();
}

/* ---- under the list's lock ---- */

/* Lets those go on that wait INSIDE, or OUTSIDE. */
static void let_go(const plait_barrier *barrier, struct plait__wait_list *list, enum want want,
                   enum outcome outcome, struct plait__wakes *wakes) {
    struct plait__node *next, *node = plait__parked(list, barrier);
    for (; node; node = next) {
        next = plait__parked_after(list, node);
        if (node->want != want) continue;
        plait__of_link(node, struct arrival, node)->outcome = outcome;
        (void)plait__claim(node, 0, wakes);
    }
}

/* All INSIDE leave, and the state becomes this. */
static void end_round(plait_barrier *barrier, struct plait__wait_list *list, uint32_t state,
                      enum outcome outcome, struct plait__wakes *wakes) {
    plait__store(&barrier->arrived, 0);
    plait__store(&barrier->state, state);
    let_go(barrier, list, INSIDE, outcome, wakes);
    let_go(barrier, list, OUTSIDE, state & BROKEN ? BROKE : AGAIN, wakes);
}

static void break_now(plait_barrier *barrier, struct plait__wait_list *list, struct plait__wakes *wakes) {
    if (!(barrier->state & RUNNING)) {
        end_round(barrier, list, BROKEN, BROKE, wakes);
        return;
    }
    plait__store(&barrier->state, RUNNING | BROKEN);
    let_go(barrier, list, OUTSIDE, BROKE, wakes);
}

static void enlist(const plait_barrier *barrier, struct plait__wait_list *list, struct arrival *arrival,
                   enum want want) {
    plait__waiter_init(&arrival->waiter, "barrier", barrier);
    plait__node_init(&arrival->node, &arrival->waiter, barrier, 0);
    arrival->node.want = want;
    arrival->outcome = WAITING;
    plait__list_append(&list->nodes, &arrival->node.link);
}

/* ---- waiting ---- */

static plait_status status_of(enum outcome outcome) {
    return outcome == PASSED ? PLAIT_OK : PLAIT_BROKEN;
}

/* Waits without end for a round that is complete: its action is running. The list is locked, and given
 * back. */
static plait_status wait_for_action(plait_barrier *barrier, struct plait__wait_list *list,
                                    struct arrival *arrival) {
    do {
        enlist(barrier, list, arrival, INSIDE);
        plait__mutex_unlock(&list->mutex);
        uint32_t claim = plait__wait(&arrival->waiter, PLAIT_FOREVER, false);
        if (plait__claimed_node(claim)) return status_of(arrival->outcome);
        plait__mutex_lock(&list->mutex); /* the host's signal cannot be obeyed here */
        if (plait__linked(&arrival->node.link)) plait__list_remove(&arrival->node.link);
    } while (arrival->outcome == WAITING);
    plait__mutex_unlock(&list->mutex);
    return status_of(arrival->outcome);
}

/* The wait has ended by itself, with this claim. */
static plait_status give_up(plait_barrier *barrier, struct plait__wait_list *list, struct arrival *arrival,
                            uint32_t claim) {
    struct plait__wakes wakes = {.count = 0};
    plait_status status = plait__claim_status(claim);
    plait__mutex_lock(&list->mutex);
    if (plait__linked(&arrival->node.link)) plait__list_remove(&arrival->node.link);
    if (arrival->outcome == PASSED || arrival->outcome == BROKE) {
        status = status_of(arrival->outcome);
    } else {
        if (arrival->node.want == INSIDE && (barrier->state & RUNNING))
            return wait_for_action(barrier, list, arrival);
        break_now(barrier, list, &wakes);
    }
    plait__mutex_unlock(&list->mutex);
    plait__wakes_send(&wakes);
    return status;
}

/* Enlists and waits; the list is locked, and given back. *again: it was outside, and may try now. */
static plait_status wait_enlisted(plait_barrier *barrier, struct plait__wait_list *list, enum want want,
                                  plait_deadline deadline, bool *again) {
    struct arrival arrival;
    enlist(barrier, list, &arrival, want);
    plait__mutex_unlock(&list->mutex);
    uint32_t claim = plait__wait(&arrival.waiter, deadline, true);
    if (!plait__claimed_node(claim)) return give_up(barrier, list, &arrival, claim);
    *again = arrival.outcome == AGAIN;
    return status_of(arrival.outcome);
}

/* The last has arrived. The list is locked, and given back. */
static plait_status complete(plait_barrier *barrier, struct plait__wait_list *list) {
    struct plait__wakes wakes = {.count = 0};
    plait_status status = PLAIT_OK;
    if (barrier->action) {
        plait__store(&barrier->state, RUNNING);
        plait__mutex_unlock(&list->mutex);
        status = barrier->action(barrier->arg);
        plait__mutex_lock(&list->mutex);
    }
    uint32_t state = status == PLAIT_OK ? barrier->state & BROKEN : BROKEN;
    end_round(barrier, list, state, status == PLAIT_OK ? PASSED : BROKE, &wakes);
    plait__mutex_unlock(&list->mutex);
    plait__wakes_send(&wakes);
    return status;
}

/* The list is locked, and given back. */
static plait_status arrive(plait_barrier *barrier, struct plait__wait_list *list, int *index,
                           plait_deadline deadline) {
    uint32_t before = barrier->arrived;
    if (before == 0) plait__store(&barrier->generation, plait__generation());
    plait__store(&barrier->arrived, before + 1);
    bool again;
    plait_status status = before + 1 == barrier->parties
                              ? complete(barrier, list)
                              : wait_enlisted(barrier, list, INSIDE, deadline, &again);
    if (status == PLAIT_OK && index) *index = (int)before;
    return status;
}

plait_status plait_barrier_wait_until(plait_barrier *barrier, int *index, plait_deadline deadline) {
    if (!barrier || barrier->parties == 0) return PLAIT_INVALID;
    struct plait__wait_list *list = plait__parking(barrier);
    for (;;) {
        plait__mutex_lock(&list->mutex);
        if (lost_in_fork(barrier)) {
            plait__store(&barrier->arrived, 0);
            plait__store(&barrier->state, BROKEN);
        }
        if (barrier->state & BROKEN) {
            plait__mutex_unlock(&list->mutex);
            return PLAIT_BROKEN;
        }
        if (!(barrier->state & RUNNING)) return arrive(barrier, list, index, deadline);
        bool again = false;
        plait_status status = wait_enlisted(barrier, list, OUTSIDE, deadline, &again);
        if (!again) return status;
    }
}

plait_status plait_barrier_wait(plait_barrier *barrier, int *index) {
    return plait_barrier_wait_until(barrier, index, PLAIT_FOREVER);
}

/* ---- from outside ---- */

plait_status plait_barrier_init(plait_barrier *barrier, int parties, plait_barrier_action action, void *arg) {
    if (!barrier || parties < 1) return PLAIT_INVALID;
    *barrier = (plait_barrier){.parties = (uint32_t)parties, .action = action, .arg = arg};
    return PLAIT_OK;
}

plait_status plait_barrier_reset(plait_barrier *barrier) {
    if (!barrier) return PLAIT_INVALID;
    struct plait__wakes wakes = {.count = 0};
    struct plait__wait_list *list = plait__parking(barrier);
    plait__mutex_lock(&list->mutex);
    if ((barrier->state & RUNNING) && !lost_in_fork(barrier))
        plait__store(&barrier->state, RUNNING);
    else
        end_round(barrier, list, 0, BROKE, &wakes);
    plait__mutex_unlock(&list->mutex);
    plait__wakes_send(&wakes);
    return PLAIT_OK;
}

plait_status plait_barrier_abort(plait_barrier *barrier) {
    if (!barrier) return PLAIT_INVALID;
    struct plait__wakes wakes = {.count = 0};
    struct plait__wait_list *list = plait__parking(barrier);
    plait__mutex_lock(&list->mutex);
    break_now(barrier, list, &wakes);
    plait__mutex_unlock(&list->mutex);
    plait__wakes_send(&wakes);
    return PLAIT_OK;
}

bool plait_barrier_broken(const plait_barrier *barrier) {
    return barrier && ((plait__load(&barrier->state) & BROKEN) || lost_in_fork(barrier));
}

int plait_barrier_n_waiting(const plait_barrier *barrier) {
    if (!barrier || (plait__load(&barrier->state) & RUNNING) || lost_in_fork(barrier)) return 0;
    return (int)plait__load(&barrier->arrived);
}

int plait_barrier_parties(const plait_barrier *barrier) {
    return barrier ? (int)barrier->parties : 0;
}
