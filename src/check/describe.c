/* describe.c - how all actors stand at the end of a run, for the report.
 *
 * Nobody else runs, so it reads what it likes: the threads' handles, their innermost waits, the words of locks.
 */
#include <base/hooks.h>
#include <check/control.h>
#include <plait/lock.h>
#include <plait/rlock.h>
#include <stdio.h>
#include <string.h>
#include <sync/lock.h>
#include <wait/waiter.h>

enum { NOBODY = 255 };

static uint8_t actor_of(uint32_t ident) {
    const struct plait__control *control = plait__control;
    for (uint32_t i = 0; ident && i < control->count; i++)
        if (control->actors[i].self && control->actors[i].self->ident == ident) return (uint8_t)i;
    return NOBODY;
}

/* The actor that a thread's handle is of. */
static uint8_t actor_of_thread(const void *thread) {
    const struct plait__control *control = plait__control;
    for (uint32_t i = 0; i < control->count; i++)
        if (control->actors[i].self && control->actors[i].self->thread == thread) return (uint8_t)i;
    return NOBODY;
}

static uint8_t holder_of(const struct plait__waiter *waiter) {
    if (strcmp(waiter->kind, "thread") == 0) return actor_of_thread(waiter->object);
    bool lock = strcmp(waiter->kind, "lock") == 0 || strcmp(waiter->kind, "rlock") == 0;
    if (!lock || plait__heap_freed(waiter->object)) return NOBODY;
    return actor_of(*(const uint32_t *)waiter->object & PLAIT__IDENT_MASK);
}

static void describe_wait(struct plait__actor_state *state, const struct plait__waiter *waiter) {
    snprintf(state->waits_for, sizeof state->waits_for, "%s", waiter->kind ? waiter->kind : "");
    state->object = (uint64_t)(uintptr_t)waiter->object;
    plait__note_name(waiter->object);
    state->holder = holder_of(waiter);
}

void plait__check_begins(const char *name, const char *task) {
    struct plait__actor *me = plait__acting;
    if (!me) return;
    snprintf(me->name, sizeof me->name, "%s", name);
    snprintf(me->task, sizeof me->task, "%s", task ? task : "");
}

static enum plait__actor_end end_of(const struct plait__actor *actor) {
    switch (actor->standing) {
    case PLAIT__ASLEEP:
        return PLAIT__IS_ASLEEP;
    case PLAIT__POLLING:
        return PLAIT__IS_POLLING;
    case PLAIT__ENDED:
        return PLAIT__HAS_ENDED;
    default:
        return PLAIT__CAN_RUN;
    }
}

static void describe(struct plait__actor_state *state, const struct plait__actor *actor) {
    *state = (struct plait__actor_state){.end = (uint8_t)end_of(actor), .holder = NOBODY};
    memcpy(state->name, actor->id ? actor->name : "main", actor->id ? sizeof state->name : sizeof "main");
    memcpy(state->task, actor->task, sizeof state->task);
    if (!actor->self || actor->standing == PLAIT__ENDED) return;
    if (actor->standing != PLAIT__ASLEEP && actor->standing != PLAIT__POLLING) return;
    state->waits_for_ever = actor->until == INT64_MAX;
    if (actor->self->waiter) describe_wait(state, actor->self->waiter);
}

void plait__describe(void) {
    struct plait__control *control = plait__control;
    control->ending = true;
    control->run->actor_count = control->count;
    for (uint32_t i = 0; i < control->count; i++) describe(&control->run->actors[i], &control->actors[i]);
}
