/* control.c - turns, actors, and the run; who may touch what stands in control.h. */
#include <base/atomic.h>
#include <check/control.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FIRST_NOW INT64_C(1000000000000) /* ns: long after the machine began, so that earlier times exist */

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
void plait__actor_switch(struct plait__actor *me, struct plait__actor *next) {
    if (me == next) return;
    bool stays = me->standing != PLAIT__ENDED;
    char *here = __builtin_frame_address(0);
    me->stopped_at = here;
    if (!me->lowest || here < me->lowest) me->lowest = here;
    plait__actor_give_turn(next);
    if (!stays) return; /* it is another's turn already */
    plait__actor_wait_turn(me);
    if (plait__control->over) plait__actor_leaves(me);
}

/* ---- actors ---- */

static void count_standing(const struct plait__actor *actor, uint32_t change) {
    struct plait__control *control = plait__control;
    if (actor->standing == PLAIT__READY) control->ready += change;
    if (actor->standing == PLAIT__ASLEEP) control->asleep += change;
    if (actor->standing == PLAIT__POLLING) control->polling += change;
    if (plait__actor_is_timed(actor)) control->timed += change;
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
    actor->of_plait = actor->has_values = false;
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

/* One that was not used yet in this run, or has ended. */
static struct plait__actor *unused_actor(void) {
    struct plait__control *control = plait__control;
    if (control->count < PLAIT__ACTORS) return &control->actors[control->count++];
    for (uint32_t i = 1; i < PLAIT__ACTORS; i++)
        if (control->actors[i].standing == PLAIT__ENDED) return &control->actors[i];
    plait__run_fails(PLAIT_CHECK_UNCONTROLLED, NULL, "more than %d threads at once", PLAIT__ACTORS);
}

struct plait__actor *plait__actor_new(void) {
    struct plait__control *control = plait__control;
    struct plait__actor *actor = unused_actor();
    actor->id = (uint8_t)(actor - control->actors);
    begin_actor(actor);
    if (plait__acting) {
        if (plait__control->clocks_on) plait__clock_starts(plait__acting, actor);
        actor->order = plait__mixed(plait__acting->order + actor->id);
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

/* ---- a fork by the test ---- */

/* The child has one thread, and shares what is written down: it is not under control. */
static void is_the_child(void) {
    plait__acting = NULL;
    plait__checking = false;
}

/* Before any handler of the library's own, which would meet points. */
__attribute__((constructor)) static void watch_forks(void) {
    (void)pthread_atfork(NULL, NULL, is_the_child);
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
    plait__actors_prepare();
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
    for (uint32_t i = 0; i < control->count; i++) end->order += plait__mixed(control->actors[i].order);
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
