/* event.c - the event between processes.
 *
 * Word: SET; ASLEEP: somebody may sleep on it; above them how often it has been set, so that whoever waits goes on also if it
 * was cleared again before he could look.
 *   wait    looks for SET (acquire); else notes the count, sets ASLEEP, and sleeps while nothing has changed. Goes on when
 *           SET is there or the count is another
 *   set     count + 1 (if it was not set), SET, no ASLEEP, in one step (release); then wakes all if ASLEEP was there
 *   clear   no SET; ASLEEP stays
 *
 * No wake-up is lost between those who live: who sleeps has seen ASLEEP in the word that the kernel compares. ASLEEP that a
 * killed one leaves costs the next set one needless wake and is gone. A set that is killed before it wakes is
 * found by all who sleep, as they look once in a while (wait/shared.h). The store is a set's last touch of the
 * event. (The count begins anew after a thousand million sets; nobody sleeps so long without a look.)
 */
#include <limits.h>
#include <plait/process_event.h>
#include <shared/halves.h>
#include <sync/contention.h>
#include <wait/shared.h>

#define SET UINT32_C(1)
#define ASLEEP UINT32_C(2)
#define COUNT_ONE UINT32_C(4)
#define COUNT (~(SET | ASLEEP))

static bool is_none(const plait_process_event *event) {
    return plait__is_none(event, _Alignof(plait_process_event));
}

plait_status plait_process_event_set(plait_process_event *event) {
    if (is_none(event)) return PLAIT_INVALID;
    uint32_t new_word, word = plait__load(&event->word);
    do {
        new_word = word & SET ? word : ((word & COUNT) + COUNT_ONE) | SET;
    } while (!plait__cas(&event->word, &word, new_word));
    if (word & ASLEEP) plait__wake_shared(&event->word, INT_MAX);
    return PLAIT_OK;
}

plait_status plait_process_event_clear(plait_process_event *event) {
    if (is_none(event)) return PLAIT_INVALID;
    plait__and(&event->word, ~SET);
    return PLAIT_OK;
}

bool plait_process_event_is_set(const plait_process_event *event) {
    return !is_none(event) && (plait__load_acquire(&event->word) & SET);
}

/* Whether it is set, or was since the count was this. */
static bool is_heard(uint32_t word, uint32_t count) {
    return (word & SET) || (word & COUNT) != count;
}

static plait_status wait_asleep(plait_process_event *event, plait_deadline deadline) {
    plait_status status = PLAIT_OK;
    uint32_t word = plait__load_acquire(&event->word), count = word & COUNT;
    while (!is_heard(word, count)) {
        if (status != PLAIT_OK) return status;
        if (!(word & ASLEEP) && !plait__cas(&event->word, &word, word | ASLEEP)) continue;
        status = plait__wait_shared(&event->word, word | ASLEEP, "process event", event, deadline, true);
        word = plait__load_acquire(&event->word);
    }
    return PLAIT_OK;
}

plait_status plait_process_event_wait_until(plait_process_event *event, plait_deadline deadline) {
    if (is_none(event)) return PLAIT_INVALID;
    if (plait__load_acquire(&event->word) & SET) return PLAIT_OK;
    if (plait_passed(deadline)) return PLAIT_TIMEOUT;
    int64_t began = plait__contention_begin();
    plait_status status = wait_asleep(event, deadline);
    plait__contention_end(event, began);
    return status;
}

plait_status plait_process_event_wait(plait_process_event *event) {
    return plait_process_event_wait_until(event, PLAIT_FOREVER);
}
