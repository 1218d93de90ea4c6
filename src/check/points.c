/* points.c - what happens before each operation on memory that threads share.
 *
 * A point costs a few tens of nanoseconds as long as nothing is decided: it looks its address up, sees whether
 * there is a choice at all, numbers the decision, and asks the search only if the place is known to be shared
 * by several actors. That is sound: an operation on memory that only one thread ever uses commutes with
 * everything that others do, so a switch before it leads to nothing that a switch at the actor's next shared
 * operation would not. What is known grows from run to run, and the search is told when it does.
 *
 * When a program is checked and not plait itself (`inside` is false), plait's operations are taken to be right:
 * each of the program's calls is one step, with a switch before it, and another wherever it must wait (and, see
 * calls.c, after it).
 *
 * An actor that looks again and again (PLAIT__LOOKS points in a row at which nobody has changed anything) is taken to
 * spin: the others go first, then the clock; if there is nobody else, it has lived and not progressed.
 */
#include <base/hooks.h>
#include <check/control.h>

enum { LOOKS_IN_VAIN = 64 * PLAIT__LOOKS };
#define MS INT64_C(1000000)

/* ---- who only looks ---- */

/* Nobody else can go on, and no deadline is to come: the clock is what it may be waiting for. */
static void time_passes(const struct plait__actor *me) {
    uint32_t rounds = me->idle / PLAIT__LOOKS;
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
    return ++me->idle % PLAIT__LOOKS == 0;
}

bool plait__check_swapped(bool done) {
    if (done && plait__acting) plait__control->changes++;
    return done;
}

void plait__check_section(int change) {
    if (plait__acting) plait__acting->sections += change;
}

/* ---- what it means ---- */

/* The same for two runs in which every operation comes after the same ones. */
static void note_order(struct plait__actor *me, struct plait__place *place, unsigned operation) {
    me->order = plait__mixed(me->order ^ place->written ^ operation << 8 ^ (uint64_t)place->number << 40);
    if (operation == PLAIT__LOAD) {
        place->read += me->order;
    } else {
        me->order = plait__mixed(me->order + place->read);
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

/* ---- the point ---- */

/* Before an operation of the actor's at the address. */
void plait__run_pass(struct plait__actor *me, unsigned what, const volatile void *address) {
    struct plait__control *control = plait__control;
    struct plait__run *run = control->run;
    struct plait__place *place = plait__place(address);
    if (++control->points > run->steps)
        plait__run_fails(PLAIT_CHECK_LIVELOCK, (const void *)(uintptr_t)address,
                         "it did not end within %llu points", (unsigned long long)run->steps);
    atomic_store_explicit(&run->progress, run->progress + 1, memory_order_relaxed);
    if (control->rung) plait__look_at_pollers();
    bool yields = spins(me, place, what);
    if (yields && !control->timed && plait__all_look()) time_passes(me);
    if (plait__has_choice() || (yields && control->timed)) {
        uint32_t trail = (uint32_t)me->id << 24 ^ place->number ^ what << 16;
        plait__decide_who(me, yields, is_of_interest(me, address), trail);
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
    if (plait__has_choice() || plait__control->timed)
        plait__decide_who(me, true, true, (uint32_t)me->id << 24 ^ 0xffff);
}
