/* control.c - points, decisions, turns; who may touch what stands in control.h.
 *
 * A point costs a few tens of nanoseconds as long as nothing is decided: it looks its address up, sees whether
 * there is a choice at all, numbers the decision, and asks the search only if the place is known to be shared
 * by several actors. That is sound: an operation on memory that only one thread ever uses commutes with
 * everything that others do, so a switch before it leads to nothing that a switch at the actor's next shared
 * operation would not. What is known grows from run to run, and the search is told when it does.
 *
 * When a program is checked and not plait itself (`inside` is false), plait's operations are taken to be right:
 * each of the program's calls is one step, with a switch before it, and another wherever it must wait.
 *
 * An actor that looks again and again (LOOKS points in a row at which nobody has changed anything) is taken to
 * spin: the others go first, then the clock; if there is nobody else, it has lived and not progressed.
 */
#include <base/atomic.h>
#include <check/control.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LOOKS = 64, LOOKS_IN_VAIN = 4096 };
#define FIRST_NOW INT64_C(1000000000000) /* ns: long after the machine began, so that earlier times exist */
#define MS INT64_C(1000000)

struct plait__control *plait__control;
__thread struct plait__actor *plait__acting;
bool plait__checking;

/* ---- turns ---- */

void plait__actor_give_turn(struct plait__actor *actor) {
    __atomic_store_n(&actor->turn, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &actor->turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void plait__actor_wait_turn(struct plait__actor *me) {
    while (!__atomic_load_n(&me->turn, __ATOMIC_ACQUIRE))
        syscall(SYS_futex, &me->turn, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    me->turn = 0;
    plait__control->run->running = me->native; /* a new thread has no number before it runs */
}

/* An actor that has ended has nothing to wait for. */
static void switch_to(struct plait__actor *me, struct plait__actor *next) {
    if (me == next) return;
    bool stays = me->standing != PLAIT__ENDED;
    me->stopped_at = __builtin_frame_address(0);
    plait__actor_give_turn(next);
    if (!stays) return; /* it is another's turn already */
    plait__actor_wait_turn(me);
    if (plait__control->over) longjmp(me->leave, 1);
}

/* ---- what could happen next ---- */

static bool is_timed(const struct plait__actor *actor) {
    return (actor->standing == PLAIT__ASLEEP || actor->standing == PLAIT__POLLING) &&
           actor->until != INT64_MAX;
}

static struct plait__actor *earliest(void) {
    struct plait__control *control = plait__control;
    struct plait__actor *best = NULL;
    for (uint32_t i = 0; i < control->count; i++) {
        struct plait__actor *actor = &control->actors[i];
        if (is_timed(actor) && (!best || actor->until < best->until)) best = actor;
    }
    return best;
}

static void list(struct plait__decision *decision, enum plait__choice choice,
                 const struct plait__actor *actor) {
    decision->of[decision->count].choice = (uint8_t)choice;
    decision->of[decision->count++].actor = actor->id;
}

/* Whether nobody is left to change anything: all who could run only look. */
static bool all_look(void) {
    const struct plait__control *control = plait__control;
    for (uint32_t i = 0; i < control->count; i++) {
        const struct plait__actor *actor = &control->actors[i];
        if (actor->standing != PLAIT__READY) continue;
        if (actor->changes_seen != control->changes || actor->idle < LOOKS) return false;
    }
    return true;
}

/* The others in line after `me`; `me` before them, or, if it only looks, after them. The next deadline comes first if
 * all do, for time is what they may be waiting for. */
static void list_ready(struct plait__decision *decision, struct plait__actor *me) {
    struct plait__control *control = plait__control;
    bool can = me->standing == PLAIT__READY;
    struct plait__actor *first = control->ready == 0 || (decision->yields && all_look()) ? earliest() : NULL;
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
        if (may_expire && actor != listed && is_timed(actor)) list(decision, PLAIT__EXPIRE, actor);
        if (may_disturb && actor->standing == PLAIT__ASLEEP) list(decision, PLAIT__DISTURB, actor);
    }
}

/* ---- deciding ---- */

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
    switch_to(me, actor);
}

/* Who goes on. `asks`: the strategy is asked; else only a plan may deviate. */
static void decide_who(struct plait__actor *me, bool yields, bool asks, uint32_t what) {
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

/* ---- points ---- */

static bool has_choice(void) {
    const struct plait__control *control = plait__control;
    if (control->ready > 1) return true;
    if (control->timed && (control->run->inject & PLAIT_CHECK_TIMEOUTS)) return true;
    return control->asleep && (control->run->inject & PLAIT_CHECK_SPURIOUS);
}

static void look_at_pollers(void) {
    struct plait__control *control = plait__control;
    control->rung = false;
    for (uint32_t i = 0; i < control->count && control->polling; i++) {
        struct plait__actor *actor = &control->actors[i];
        if (actor->standing == PLAIT__POLLING && poll(actor->descriptors, actor->descriptor_count, 0) != 0)
            plait__actor_wakes(actor, PLAIT__WOKEN);
    }
}

/* Nobody else can go on, and no deadline is to come: the clock is what it may be waiting for. */
static void time_passes(const struct plait__actor *me) {
    uint32_t rounds = me->idle / LOOKS;
    if (me->idle > LOOKS_IN_VAIN)
        plait__run_fails(PLAIT_CHECK_LIVELOCK, NULL,
                         "it looks again and again, and nobody is left to change anything");
    plait__control->now += MS << (rounds < 40 ? rounds : 40) / 2;
}

/* Whether the actor only looks, and where it has looked before. */
static bool spins(struct plait__actor *me, struct plait__place *place, unsigned what) {
    struct plait__control *control = plait__control;
    unsigned operation = what & 3;
    if (operation == PLAIT__STORE || operation == PLAIT__UPDATE) control->changes++;
    if (me->changes_seen != control->changes) {
        me->changes_seen = control->changes;
        me->idle = 0;
    }
    if (place->looked_by != me->id || place->looked_at != control->changes + 1) {
        place->looked_by = me->id;
        place->looked_at = control->changes + 1;
        return false;
    }
    return ++me->idle % LOOKS == 0;
}

bool plait__check_swapped(bool done) {
    if (done && plait__acting) plait__control->changes++;
    return done;
}

void plait__check_section(int change) {
    if (plait__acting) plait__acting->sections += change;
}

static uint64_t mixed(uint64_t x) {
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

/* The same for two runs in which every operation comes after the same ones. */
static void note_order(struct plait__actor *me, struct plait__place *place, unsigned operation) {
    me->order = mixed(me->order ^ place->written ^ operation << 8 ^ (uint64_t)place->number << 40);
    if (operation == PLAIT__LOAD) {
        place->read += me->order;
    } else {
        me->order = mixed(me->order + place->read);
        place->written = me->order;
        place->read = 0;
    }
}

static void note_use(struct plait__actor *me, struct plait__place *place, unsigned what) {
    place->users |= UINT64_C(1) << me->id % 64;
    if (!place->several && place->first != me->id) {
        place->several = true;
        if (!plait__place_known_shared(place->address)) {
            plait__place_learn(place->address);
            plait__control->learned = true;
        }
    }
    note_order(me, place, what & 3);
    if (plait__control->clocks_on) plait__clock_passes(me, place, what);
}

static void must_be_there(const volatile void *address) {
    if (plait__heap_freed(address))
        plait__run_fails(PLAIT_CHECK_USE_AFTER_FREE, (const void *)(uintptr_t)address,
                         "an object was used after it had been freed");
    struct plait__actor *owner = plait__dead_stack_of((const char *)(uintptr_t)address);
    if (owner)
        plait__run_fails(PLAIT_CHECK_USE_AFTER_FREE, (const void *)(uintptr_t)address,
                         "something on the stack of another thread was used after its function had returned");
}

static bool is_of_interest(struct plait__actor *me, const volatile void *address) {
    if (!plait__place_known_shared((uintptr_t)address)) return false;
    if (plait__control->run->inside) return true;
    if (me->asked == me->steps + 1 || me->sections || plait__state_is_ours(address)) return false;
    me->asked = me->steps + 1;
    return true;
}

/* Before an operation of the actor's at the address. */
void plait__run_pass(struct plait__actor *me, unsigned what, const volatile void *address) {
    struct plait__control *control = plait__control;
    struct plait__run *run = control->run;
    struct plait__place *place = plait__place(address);
    if (++control->points > run->steps)
        plait__run_fails(PLAIT_CHECK_LIVELOCK, (const void *)(uintptr_t)address,
                         "it did not end within %llu points", (unsigned long long)run->steps);
    atomic_store_explicit(&run->progress, run->progress + 1, memory_order_relaxed);
    if (control->rung) look_at_pollers();
    bool yields = spins(me, place, what);
    if (yields && !control->timed && all_look()) time_passes(me);
    if (has_choice() || (yields && control->timed)) {
        uint32_t trail = (uint32_t)me->id << 24 ^ place->number ^ what << 16;
        decide_who(me, yields, is_of_interest(me, address), trail);
    }
    must_be_there(address);
    note_use(me, place, what);
}

void plait__check_point(unsigned what, const volatile void *address) {
    struct plait__actor *me = plait__acting;
    if (!me || plait__control->ending) return;
    plait__run_pass(me, what, address);
    /* Now it happens: what others did meanwhile came first. */
    if (plait__control->run->recording) plait__record(me, PLAIT__EVENT_POINT, address, -1, what, false);
}

void plait__run_yield(void) {
    struct plait__actor *me = plait__acting;
    if (has_choice() || plait__control->timed) decide_who(me, true, true, (uint32_t)me->id << 24 ^ 0xffff);
}

/* ---- nobody can go on ---- */

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
    if (control->polling && (control->rung || !control->ready)) look_at_pollers();
    if (!control->ready && main->standing == PLAIT__DRAINING && (!control->timed || !somebody_counts()))
        plait__actor_wakes(main, PLAIT__WOKEN);
    if (!control->ready && !control->timed) {
        if (all_have_ended()) return;
        nobody_can_go_on();
    }
    decide_who(me, false, true, (uint32_t)me->id << 24 ^ (uint32_t)me->standing << 20);
}

/* ---- actors ---- */

static void count_standing(const struct plait__actor *actor, uint32_t change) {
    struct plait__control *control = plait__control;
    if (actor->standing == PLAIT__READY) control->ready += change;
    if (actor->standing == PLAIT__ASLEEP) control->asleep += change;
    if (actor->standing == PLAIT__POLLING) control->polling += change;
    if (is_timed(actor)) control->timed += change;
}

void plait__actor_stands(struct plait__actor *actor, enum plait__standing standing, int64_t until) {
    count_standing(actor, UINT32_MAX);
    actor->standing = (uint8_t)standing;
    actor->until = until;
    count_standing(actor, 1);
}

void plait__actor_wakes(struct plait__actor *actor, enum plait__slept slept) {
    actor->slept = (uint8_t)slept;
    plait__actor_stands(actor, PLAIT__READY, INT64_MAX);
}

static void begin_actor(struct plait__actor *actor) {
    actor->standing = PLAIT__ENDED;
    plait__actor_stands(actor, PLAIT__READY, INT64_MAX);
    actor->of_plait = false;
    actor->sections = 0;
    actor->idle = 0;
    actor->changes_seen = 0;
    actor->stopped_at = NULL;
    actor->order = actor->id;
    actor->turn = 0;
    actor->self = NULL;
    actor->steps = actor->asked = 0;
    actor->depth = 0;
    actor->name[0] = actor->task[0] = 0;
}

struct plait__actor *plait__actor_new(void) {
    struct plait__control *control = plait__control;
    struct plait__actor *actor = NULL;
    if (control->count < PLAIT__ACTORS)
        actor = &control->actors[control->count++];
    else
        for (uint32_t i = 1; i < PLAIT__ACTORS && !actor; i++)
            if (control->actors[i].standing == PLAIT__ENDED) actor = &control->actors[i];
    if (!actor) return NULL;
    actor->id = (uint8_t)(actor - control->actors);
    begin_actor(actor);
    if (plait__acting) {
        if (plait__control->clocks_on) plait__clock_starts(plait__acting, actor);
        actor->order = mixed(plait__acting->order + actor->id);
        if (control->run->recording)
            plait__record(plait__acting, PLAIT__EVENT_START, NULL, actor->id, 0, false);
    }
    return actor;
}

void plait__actor_ends(struct plait__actor *me) {
    struct plait__control *control = plait__control;
    if (control->run->recording) plait__record(me, PLAIT__EVENT_END, NULL, -1, 0, false);
    me->self = NULL;
    plait__actor_stands(me, PLAIT__ENDED, INT64_MAX);
    plait__os_wake(&me->end_word, INT32_MAX);
    plait__run_block(me);
}

/* ---- a run ---- */

struct plait__control *plait__control_new(struct plait__run *run, struct plait__search *search,
                                          bool program) {
    struct plait__control *control = plait__reserve(sizeof *control);
    if (!control) return NULL;
    plait__state_find();
    control->run = run;
    control->search = search;
    control->program = program;
    control->stacks = plait__reserve((size_t)PLAIT__STACK * PLAIT__ACTORS);
    control->heap = plait__heap_new();
    control->places = plait__places_new();
    control->accesses = plait__accesses_new();
    if (!control->heap || !control->places || !control->accesses) return NULL;
    plait__control = control;
    return control;
}

void plait__run_begin(void) {
    struct plait__control *control = plait__control;
    struct plait__run *run = control->run;
    control->over = control->rung = control->ending = control->learned = false;
    run->progress++;
    control->now = FIRST_NOW;
    control->count = control->ready = control->asleep = control->timed = control->polling = 0;
    control->decisions = control->planned = 0;
    control->points = control->changes = 0;
    control->run_number++;
    run->taken.count = run->event_count = run->trail_count = run->actor_count = run->object_count = 0;
    run->end = (struct plait__end){.outcome = PLAIT_CHECK_PASSED};
    plait__heap_begin();
    plait__places_begin();
    plait__clocks_begin();
    struct plait__actor *main = plait__actor_new();
    main->native = plait__os_native_id();
    main->has_thread = true;
    main->self = &plait__own;
    run->running = main->native;
    plait__checking = true;
    plait__acting = main;
}

static void write_down(void) {
    struct plait__control *control = plait__control;
    struct plait__end *end = &control->run->end;
    end->points = control->points;
    end->decisions = control->decisions;
    end->order = 0;
    for (uint32_t i = 0; i < control->count; i++) end->order += mixed(control->actors[i].order);
    if (control->learned && !control->run->following) plait__search_learned(control->search);
}

void plait__run_end(void) {
    write_down();
    plait__acting = NULL;
    plait__checking = false;
}

void plait__run_drain(void) {
    struct plait__actor *me = plait__acting;
    if (plait__control->ready == 1 && !plait__control->asleep && !plait__control->polling) return;
    plait__actor_stands(me, PLAIT__DRAINING, INT64_MAX);
    plait__run_block(me);
}

/* To be seen in a stripped library, too. */
PLAIT_API __attribute__((noinline)) void plait__check_failed_here(void) {
    __asm__ __volatile__("" ::: "memory");
}

void plait__run_fails(enum plait_check_outcome outcome, const void *address, const char *words, ...) {
    struct plait__control *control = plait__control;
    struct plait__actor *me = plait__acting;
    struct plait__end *end = &control->run->end;
    va_list rest;
    control->ending = true;
    end->outcome = outcome;
    end->actor = me->id;
    end->address = (uint64_t)(uintptr_t)address;
    va_start(rest, words);
    vsnprintf(end->words, sizeof end->words, words, rest);
    va_end(rest);
    if (control->run->recording) plait__record(me, PLAIT__EVENT_FAIL, address, -1, 0, false);
    plait__describe();
    write_down();
    plait__check_failed_here();
    _exit(1);
}
