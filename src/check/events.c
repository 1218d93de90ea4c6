/* events.c - what happened in a run that is made for a report, with its places in the program.
 *
 * A place is found by walking the stack to the first frame that is not plait's: the call that the program
 * made. That costs microseconds for each event, so only such runs do it.
 */
#include <check/control.h>
#include <stdio.h>
#include <string.h>
#include <unwind.h>

struct walk {
    uint64_t caller, function, stack;
};

static _Unwind_Reason_Code look(struct _Unwind_Context *context, void *argument) {
    struct walk *walk = argument;
    uintptr_t at = (uintptr_t)_Unwind_GetIP(context);
    if (!at) return _URC_END_OF_STACK;
    if (plait__state_is_code(at - 1)) {
        walk->function = at - 1;
        return _URC_NO_REASON;
    }
    walk->stack = (uint64_t)_Unwind_GetCFA(context);
    const char *base = plait__acting->base;
    if (!base || walk->stack < (uintptr_t)base) walk->caller = at - 1;
    return _URC_END_OF_STACK;
}

void plait__where(uint64_t *caller, uint64_t *function, uint64_t *stack) {
    struct walk walk = {0, 0, 0};
    (void)_Unwind_Backtrace(look, &walk);
    *caller = walk.caller;
    *function = walk.function;
    *stack = walk.stack;
}

static struct plait__event *next_event(struct plait__actor *me, enum plait__event_kind kind) {
    struct plait__run *run = plait__control->run;
    struct plait__event *event = &run->events[run->event_count++ % PLAIT__EVENTS];
    *event = (struct plait__event){
        .decision = plait__control->decisions, .actor = me->id, .kind = (uint8_t)kind, .other = 255};
    return event;
}

/* What an actor was made to do by a decision has no place of its own. */
void plait__record(struct plait__actor *me, enum plait__event_kind kind, const volatile void *object,
                   int other, uint64_t value, bool has_value) {
    struct plait__event *event = next_event(me, kind);
    event->object = (uint64_t)(uintptr_t)object;
    event->value = value;
    event->has_value = has_value;
    if (other >= 0) event->other = (uint8_t)other;
    if (me == plait__acting) plait__where(&event->caller, &event->function, &event->stack);
}

static uint64_t value_at(const volatile void *address, size_t size) {
    uint64_t value = 0;
    memcpy(&value, (const void *)(uintptr_t)address, size);
    return value;
}

void plait__record_access(struct plait__actor *me, bool write, const volatile void *address, size_t size,
                          const char *name, const char *file, int line) {
    struct plait__event *event = next_event(me, write ? PLAIT__EVENT_WRITE : PLAIT__EVENT_READ);
    const char *slash = strrchr(file, '/');
    snprintf((char *)event->file, sizeof event->file, "%s", slash ? slash + 1 : file);
    snprintf((char *)event->name, sizeof event->name, "%s", name);
    event->line = (uint16_t)line;
    event->object = (uint64_t)(uintptr_t)address;
    plait__where(&event->caller, &event->function, &event->stack);
    if (size > sizeof event->value) return;
    event->has_value = !write; /* what is written is not there yet */
    if (!write) event->value = value_at(address, size);
}
