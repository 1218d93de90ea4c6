/* standstill.c - an actor that cannot go on gives its turn away; and what it means when nobody can.
 *
 * Those who poll are looked at, for a bell may have been rung; the test's own thread, if it only waits for the others to
 * end, goes on; time lets somebody go. If all that gives nothing, nobody will ever go on: it is a deadlock, or, if
 * what somebody waits for was signalled before he did, a lost wake-up.
 */
#include <check/control.h>
#include <string.h>

void plait__look_at_pollers(void) {
    struct plait__control *control = plait__control;
    control->rung = false;
    for (uint32_t i = 0; i < control->count && control->polling; i++) {
        struct plait__actor *actor = &control->actors[i];
        if (actor->standing == PLAIT__POLLING && poll(actor->descriptors, actor->descriptor_count, 0) != 0)
            plait__actor_wakes(actor, PLAIT__WOKEN);
    }
}

/* Whether the actor waits for itself in the end, over the holders of locks. */
static bool is_in_circle(const struct plait__run *run, uint32_t actor) {
    uint32_t at = actor;
    for (uint32_t i = 0; i < run->actor_count; i++) {
        at = run->actors[at].holder;
        if (at == actor) return true;
        if (at >= run->actor_count) return false;
    }
    return false;
}

/* It waits for what was signalled before, so it came too late, or another was woken in its place. */
static bool was_signalled(const struct plait__actor_state *state) {
    bool signals = strcmp(state->waits_for, "condition") == 0 || strcmp(state->waits_for, "event") == 0;
    if (state->end != PLAIT__IS_ASLEEP || !signals) return false;
    struct plait__place *place = plait__place_if_known((const void *)(uintptr_t)state->object);
    return place && place->signalled;
}

_Noreturn static void nobody_can_go_on(void) {
    bool circle = false, lost = false;
    plait__describe();
    struct plait__run *run = plait__control->run;
    for (uint32_t i = 0; i < run->actor_count; i++) {
        circle = circle || is_in_circle(run, i);
        lost = lost || was_signalled(&run->actors[i]);
    }
    plait__run_fails(lost && !circle ? PLAIT_CHECK_LOST_WAKEUP : PLAIT_CHECK_DEADLOCK, NULL,
                     "nobody can go on");
}

/* Whether the test must wait for some thread: one of plait's that is no daemon, or one that is not plait's. */
static bool somebody_counts(void) {
    const struct plait__control *control = plait__control;
    for (uint32_t i = 1; i < control->count; i++)
        if (control->actors[i].standing != PLAIT__ENDED && plait__actor_counts(&control->actors[i]))
            return true;
    return false;
}

static bool all_have_ended(void) {
    const struct plait__control *control = plait__control;
    for (uint32_t i = 0; i < control->count; i++)
        if (control->actors[i].standing != PLAIT__ENDED) return false;
    return true;
}

/* Gives the turn to somebody who can go on: the next in line, or whoever time lets go. */
void plait__run_block(struct plait__actor *me) {
    struct plait__control *control = plait__control;
    struct plait__actor *main = &control->actors[0];
    if (control->polling && (control->rung || !control->ready)) plait__look_at_pollers();
    if (!control->ready && main->standing == PLAIT__DRAINING && (!control->timed || !somebody_counts()))
        plait__actor_wakes(main, PLAIT__WOKEN);
    if (!control->ready && !control->timed) {
        if (all_have_ended()) return;
        nobody_can_go_on();
    }
    plait__decide_who(me, false, true, (uint32_t)me->id << 24 ^ (uint32_t)me->standing << 20);
}
