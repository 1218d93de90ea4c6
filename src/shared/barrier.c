/* barrier.c - the barrier between processes.
 *
 * State (halves.h), low: how many have arrived in this round; BROKEN; ASLEEP: somebody may sleep on it; the number of
 * the round. High: how the last 32 rounds ended, the latest in the lowest bit: 1 if it did not pass.
 *   arrive   arrived + 1 (the last ends the round), unless BROKEN
 *   wait     sets ASLEEP and sleeps while the round is the same; then looks up how its own ended
 *   end      round + 1, none arrived, no ASLEEP, and how it ended, in one step: by the last to arrive (passed), by one that
 *            gives up and by abort (not passed, BROKEN), by reset (not passed). Then wakes all if ASLEEP was there
 *
 * Each step is one compare-and-swap, so whoever is killed has arrived or has not, has ended the round or has not; killed before
 * it wakes, it is found by all who sleep, as they look once in a while (wait/shared.h). Nobody leaves a round both
 * broken by him and passed: one that gives up can end only the round that he is in. Who has slept through 32 rounds
 * or more is told PLAIT_BROKEN. All are acq_rel, so what each did before it arrived is seen by all who pass. The step that
 * ends a round is the last touch of the barrier by who makes it; those who sleep look once more.
 */
#include <limits.h>
#include <plait/process_barrier.h>
#include <shared/halves.h>
#include <wait/shared.h>

#define ARRIVED UINT32_C(0xffff)
#define BROKEN UINT32_C(0x10000)
#define ASLEEP UINT32_C(0x20000)
#define ROUND_ONE UINT32_C(0x40000)
#define ROUND (~(ROUND_ONE - 1))

enum { HISTORY = 32 };

static bool is_none(const plait_process_barrier *barrier) {
    return plait__is_none(barrier, _Alignof(plait_process_barrier)) || barrier->parties == 0;
}

static uint32_t round_of(uint64_t state) {
    return plait__low(state) & ROUND;
}

static uint32_t arrived_in(uint64_t state) {
    return plait__low(state) & ARRIVED;
}

/* The round's end, and the beginning of the next. */
static uint64_t ended(uint64_t state, bool passed, uint32_t broken) {
    return plait__halves(plait__high(state) << 1 | !passed, (round_of(state) + ROUND_ONE) | broken);
}

/* How the round ended, after it has. */
static plait_status outcome(uint64_t state, uint32_t round) {
    uint32_t since = ((round_of(state) - round) & ROUND) / ROUND_ONE;
    return since <= HISTORY && !(plait__high(state) >> (since - 1) & 1) ? PLAIT_OK : PLAIT_BROKEN;
}

static bool change(plait_process_barrier *barrier, uint64_t *state, uint64_t to) {
    uint32_t *word = plait__low_word(&barrier->state);
    bool asleep = (plait__low(*state) & ASLEEP) && !(plait__low(to) & ASLEEP);
    if (!plait__cas(&barrier->state, state, to)) return false;
    if (asleep) plait__wake_shared(word, INT_MAX);
    return true;
}

/* Waits for the end of the round that the caller has arrived in. */
static plait_status wait_for_end(plait_process_barrier *barrier, uint32_t round, plait_deadline deadline) {
    plait_status status = PLAIT_OK;
    uint64_t state = plait__load_acquire(&barrier->state);
    while (round_of(state) == round) {
        if (status != PLAIT_OK) {
            if (change(barrier, &state, ended(state, false, BROKEN))) return status;
            continue;
        }
        if (!(plait__low(state) & ASLEEP) && !plait__cas(&barrier->state, &state, state | ASLEEP)) continue;
        status = plait__wait_shared(plait__low_word(&barrier->state), plait__low(state) | ASLEEP,
                                    "process barrier", barrier, deadline, true);
        state = plait__load_acquire(&barrier->state);
    }
    return outcome(state, round);
}

plait_status plait_process_barrier_wait_until(plait_process_barrier *barrier, int *index,
                                              plait_deadline deadline) {
    if (is_none(barrier)) return PLAIT_INVALID;
    uint64_t state = plait__load_acquire(&barrier->state);
    bool last;
    do {
        if (plait__low(state) & BROKEN) return PLAIT_BROKEN;
        last = arrived_in(state) + 1 == barrier->parties;
    } while (!change(barrier, &state, last ? ended(state, true, 0) : state + 1));
    plait_status status = last ? PLAIT_OK : wait_for_end(barrier, round_of(state), deadline);
    if (status == PLAIT_OK && index) *index = (int)arrived_in(state);
    return status;
}

plait_status plait_process_barrier_wait(plait_process_barrier *barrier, int *index) {
    return plait_process_barrier_wait_until(barrier, index, PLAIT_FOREVER);
}

/* ---- from outside ---- */

plait_status plait_process_barrier_init(plait_process_barrier *barrier, int parties) {
    if (plait__is_none(barrier, _Alignof(plait_process_barrier))) return PLAIT_INVALID;
    if (parties < 1 || parties > PLAIT_PROCESS_BARRIER_MAX) return PLAIT_INVALID;
    *barrier = (plait_process_barrier){.parties = (uint32_t)parties};
    return PLAIT_OK;
}

plait_status plait_process_barrier_reset(plait_process_barrier *barrier) {
    if (is_none(barrier)) return PLAIT_INVALID;
    uint64_t to, state = plait__load_acquire(&barrier->state);
    do {
        to = arrived_in(state) ? ended(state, false, 0) : state & ~(uint64_t)BROKEN;
    } while (!change(barrier, &state, to));
    return PLAIT_OK;
}

plait_status plait_process_barrier_abort(plait_process_barrier *barrier) {
    if (is_none(barrier)) return PLAIT_INVALID;
    uint64_t state = plait__load_acquire(&barrier->state);
    while (!(plait__low(state) & BROKEN))
        if (change(barrier, &state, ended(state, false, BROKEN))) break;
    return PLAIT_OK;
}

bool plait_process_barrier_broken(const plait_process_barrier *barrier) {
    return !is_none(barrier) && (plait__low(plait__load(&barrier->state)) & BROKEN);
}

int plait_process_barrier_n_waiting(const plait_process_barrier *barrier) {
    return is_none(barrier) ? 0 : (int)arrived_in(plait__load(&barrier->state));
}

int plait_process_barrier_parties(const plait_process_barrier *barrier) {
    return is_none(barrier) ? 0 : (int)barrier->parties;
}
