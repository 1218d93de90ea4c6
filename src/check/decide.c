/* decide.c - what could happen next, in which order it is listed, and which of it does.
 *
 * The order is part of what a schedule means (run.h), so it depends on nothing but the run itself.
 */
#include <check/control.h>

bool plait__actor_is_timed(const struct plait__actor *actor) {
    return (actor->standing == PLAIT__ASLEEP || actor->standing == PLAIT__POLLING) &&
           actor->until != INT64_MAX;
}

static struct plait__actor *earliest(void) {
    struct plait__control *control = plait__control;
    struct plait__actor *best = NULL;
    for (uint32_t i = 0; i < control->count; i++) {
        struct plait__actor *actor = &control->actors[i];
        if (plait__actor_is_timed(actor) && (!best || actor->until < best->until)) best = actor;
    }
    return best;
}

static void list(struct plait__decision *decision, enum plait__choice choice,
                 const struct plait__actor *actor) {
    decision->of[decision->count].choice = (uint8_t)choice;
    decision->of[decision->count++].actor = actor->id;
}

bool plait__all_look(void) {
    const struct plait__control *control = plait__control;
    for (uint32_t i = 0; i < control->count; i++) {
        const struct plait__actor *actor = &control->actors[i];
        if (actor->standing != PLAIT__READY) continue;
        if (actor->changes_seen != control->changes || actor->idle < PLAIT__LOOKS) return false;
    }
    return true;
}

/* The others in line after `me`; `me` before them, or, if it only looks, after them. The next deadline comes first if
 * all do, for time is what they may be waiting for. */
static void list_ready(struct plait__decision *decision, struct plait__actor *me) {
    struct plait__control *control = plait__control;
    bool can = me->standing == PLAIT__READY;
    struct plait__actor *first = control->ready == 0 || (decision->yields && plait__all_look()) ? earliest()
                                                                                                : NULL;
    if (first) list(decision, PLAIT__EXPIRE, first);
    if (can && !decision->yields) list(decision, PLAIT__RUN, me);
    for (uint32_t i = 1; i < control->count; i++) {
        struct plait__actor *actor = &control->actors[(me->id + i) % control->count];
        if (actor->standing == PLAIT__READY) list(decision, PLAIT__RUN, actor);
    }
    if (can && decision->yields) list(decision, PLAIT__RUN, me);
}

static void list_sleepers(struct plait__decision *decision) {
    struct plait__control *control = plait__control;
    bool may_expire = control->run->inject & PLAIT_CHECK_TIMEOUTS;
    bool may_disturb = control->run->inject & PLAIT_CHECK_SPURIOUS;
    const struct plait__actor *listed = decision->of[0].choice == PLAIT__EXPIRE
                                            ? &control->actors[decision->of[0].actor]
                                            : NULL;
    for (uint32_t i = 0; i < control->count; i++) {
        struct plait__actor *actor = &control->actors[i];
        if (may_expire && actor != listed && plait__actor_is_timed(actor))
            list(decision, PLAIT__EXPIRE, actor);
        if (may_disturb && actor->standing == PLAIT__ASLEEP) list(decision, PLAIT__DISTURB, actor);
    }
}

/* ---- deciding ---- */

bool plait__has_choice(void) {
    const struct plait__control *control = plait__control;
    if (control->ready > 1) return true;
    if (control->timed && (control->run->inject & PLAIT_CHECK_TIMEOUTS)) return true;
    return control->asleep && (control->run->inject & PLAIT_CHECK_SPURIOUS);
}

static void leave_trail(uint32_t what) {
    struct plait__control *control = plait__control;
    struct plait__run *run = control->run;
    if (control->decisions < PLAIT__TRAIL) {
        run->trail[control->decisions] = what;
        run->trail_count = control->decisions + 1;
    }
}

/* The alternative that the plan has for the decision that is about to be made. */
static uint32_t planned(void) {
    struct plait__control *control = plait__control;
    const struct plait__schedule *plan = &control->run->plan;
    while (control->planned < plan->count && plan->of[control->planned].index < control->decisions)
        control->planned++;
    if (control->planned == plan->count || plan->of[control->planned].index != control->decisions) return 0;
    return plan->of[control->planned].choice;
}

static void note_deviation(uint32_t choice) {
    struct plait__control *control = plait__control;
    struct plait__schedule *taken = &control->run->taken;
    if (taken->count == PLAIT__DEVIATIONS)
        plait__run_fails(PLAIT_CHECK_LIVELOCK, NULL, "more than %d switches in one run", PLAIT__DEVIATIONS);
    taken->of[taken->count++] = (struct plait__deviation){control->decisions, choice};
}

static uint32_t settle(uint32_t choice, uint32_t count) {
    if (choice >= count) choice = 0; /* a plan for another course */
    if (choice) note_deviation(choice);
    plait__control->decisions++;
    return choice;
}

uint32_t plait__decide_value(enum plait__question question, uint32_t count) {
    struct plait__control *control = plait__control;
    if (count < 2) return 0;
    leave_trail((uint32_t)question << 24 | (count & 0xffffff));
    uint32_t choice;
    if (control->run->following) {
        choice = planned();
    } else {
        struct plait__decision decision;
        decision.index = control->decisions;
        decision.question = question;
        decision.count = count;
        decision.actor = plait__acting->id;
        decision.can_go_on = true;
        decision.yields = false;
        choice = plait__search_choose(control->search, &decision);
    }
    return settle(choice, count);
}

static void perform(struct plait__actor *me, enum plait__choice choice, struct plait__actor *actor) {
    struct plait__control *control = plait__control;
    if (choice == PLAIT__EXPIRE) {
        if (actor->until > control->now) control->now = actor->until;
        plait__actor_wakes(actor, PLAIT__EXPIRED);
        if (control->run->recording) plait__record(actor, PLAIT__EVENT_EXPIRE, actor->word, -1, 0, false);
    } else if (choice == PLAIT__DISTURB) {
        plait__actor_wakes(actor, PLAIT__WOKEN);
        if (control->run->recording) plait__record(actor, PLAIT__EVENT_DISTURB, actor->word, -1, 0, false);
    }
    plait__actor_switch(me, actor);
}

void plait__decide_who(struct plait__actor *me, bool yields, bool asks, uint32_t what) {
    struct plait__control *control = plait__control;
    struct plait__run *run = control->run;
    bool can = me->standing == PLAIT__READY;
    uint32_t choice = 0;
    if (run->following) choice = planned();
    if (can && !yields && !choice && (run->following || !asks)) {
        leave_trail(what);
        control->decisions++;
        return;
    }
    struct plait__decision decision;
    decision.question = PLAIT__WHO;
    decision.count = 0;
    decision.actor = me->id;
    decision.can_go_on = can;
    decision.yields = yields;
    list_ready(&decision, me);
    list_sleepers(&decision);
    if (decision.count > 1) {
        leave_trail(what);
        decision.index = control->decisions;
        if (!run->following && asks) choice = plait__search_choose(control->search, &decision);
        choice = settle(choice, decision.count);
    } else {
        choice = 0;
    }
    perform(me, decision.of[choice].choice, &control->actors[decision.of[choice].actor]);
}
