/* calls.c - where the program calls plait, and where it comes back.
 *
 * The files of the library (not those of the checker) are compiled so that each function calls the two below. One
 * that was called from outside the library is a call of the program's: reports name its place, and when a
 * program is checked and not plait itself, it is one step. Calls inside calls are those of callbacks; but a
 * function that was inlined names the site of the one that it stands in, and is no call of its own.
 *
 * A whole program was not written to be checked: what its threads share it does not use through plait_write. So others may
 * also go on right after a call, before the program does what it does next: start a thread,
 * and only then set what it reads; release a lock, and then look again.
 */
#include <base/hooks.h>
#include <check/control.h>

void __cyg_profile_func_enter(void *function, void *site);
void __cyg_profile_func_exit(void *function, void *site);

static bool is_a_call(const struct plait__actor *me, const void *site) {
    return me && !plait__control->ending && !plait__state_is_code((uintptr_t)site);
}

static struct plait__call_place *innermost(struct plait__actor *me) {
    return me->depth && me->depth <= PLAIT__CALLS ? &me->calls[me->depth - 1] : NULL;
}

static void enter(struct plait__actor *me, const void *function, const void *site) {
    me->steps++;
    if (me->depth++ >= PLAIT__CALLS) return;
    me->calls[me->depth - 1] = (struct plait__call_place){(uintptr_t)site - 1, (uintptr_t)function, me->steps,
                                                          0};
}

void __cyg_profile_func_enter(void *function, void *site) {
    struct plait__actor *me = plait__acting;
    if (!is_a_call(me, site)) return;
    struct plait__call_place *outer = innermost(me);
    if (outer && outer->caller == (uintptr_t)site - 1)
        outer->inlined++;
    else
        enter(me, function, site);
}

static void let_others_go_on(struct plait__actor *me) {
    if (me->sections || !plait__control->program || plait__control->run->inside) return;
    if (plait__has_choice()) plait__decide_who(me, false, true, (uint32_t)me->id << 24 ^ 0xfffe);
}

void __cyg_profile_func_exit(void *function, void *site) {
    struct plait__actor *me = plait__acting;
    (void)function;
    if (!is_a_call(me, site)) return;
    struct plait__call_place *call = innermost(me);
    if (call && call->inlined) {
        call->inlined--;
        return;
    }
    let_others_go_on(me);
    me->steps++;
    if (me->depth) me->depth--;
}

void plait__call_begins(const void *function, const void *site) {
    enter(plait__acting, function, site);
}

void plait__call_ends(void) {
    plait__acting->depth--;
}

void plait__check_step(void) {
    if (plait__acting) plait__acting->steps++;
}

struct plait__call_place plait__call_now(const struct plait__actor *actor) {
    uint32_t depth = actor->depth < PLAIT__CALLS ? actor->depth : PLAIT__CALLS;
    return depth ? actor->calls[depth - 1] : (struct plait__call_place){0, 0, 0, 0};
}
