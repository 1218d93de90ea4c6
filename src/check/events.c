/* events.c - what happened in a run that is made for a report, with its places in the program.
 *
 * An event stands at the call of plait in which it happened; calls.c knows it.
 */
#include <base/text.h>
#include <check/control.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <wait/name.h>

/* The last plait_write: what it wrote is there when anything else happens, and nobody else has run in between. */
static struct {
    struct plait__event *event; /* NULL: it is noted */
    const volatile void *address;
    size_t size;
} written;

/* The variable may be gone by then: the kernel is asked, for which that is no crash. */
static void note_written(void) {
    struct plait__event *event = written.event;
    written.event = NULL;
    /* A race is found before the write. */
    if (!event || plait__control->run->end.outcome == PLAIT_CHECK_RACE) return;
    struct iovec to = {&event->value, written.size};
    struct iovec from = {(void *)(uintptr_t)written.address, written.size};
    event->has_value = process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)written.size;
}

static struct plait__event *next_event(const struct plait__actor *me, enum plait__event_kind kind) {
    struct plait__run *run = plait__control->run;
    note_written();
    struct plait__call_place call = plait__call_now(me);
    struct plait__event *event = &run->events[run->event_count++ % PLAIT__EVENTS];
    *event = (struct plait__event){
        .decision = plait__control->decisions,
        .actor = me->id,
        .kind = (uint8_t)kind,
        .caller = call.caller,
        .function = call.function,
        .call = call.number,
        .other = 255,
    };
    return event;
}

/* Names are asked for while the object is there: its own, or that of the block of plait's that it lies in. */
void plait__note_name(const void *object) {
    struct plait__run *run = plait__control->run;
    size_t size;
    if (!object) return;
    const char *name = plait__name_now(object);
    if (!name) name = plait__name_now(plait__heap_block(object, &size));
    uint32_t known = run->object_count;
    for (uint32_t i = 0; name && i < known; i++)
        if (run->objects[i] == (uintptr_t)object) name = NULL;
    if (!name || known == sizeof run->objects / sizeof *run->objects) return;
    run->objects[known] = (uintptr_t)object;
    snprintf(run->object_names[known], sizeof run->object_names[known], "%s", name);
    run->object_count++;
}

void plait__record(struct plait__actor *me, enum plait__event_kind kind, const volatile void *object,
                   int other, uint64_t value, bool has_value) {
    struct plait__event *event = next_event(me, kind);
    event->object = (uint64_t)(uintptr_t)object;
    plait__note_name((const void *)(uintptr_t)object);
    event->value = value;
    event->has_value = has_value;
    if (other >= 0) event->other = (uint8_t)other;
}

static uint64_t value_at(const volatile void *address, size_t size) {
    uint64_t value = 0;
    memcpy(&value, (const void *)(uintptr_t)address, size);
    return value;
}

void plait__record_access(struct plait__actor *me, bool write, const volatile void *address, size_t size,
                          const char *name, const char *file, int line) {
    struct plait__event *event = next_event(me, write ? PLAIT__EVENT_WRITE : PLAIT__EVENT_READ);
    snprintf((char *)event->file, sizeof event->file, "%s", plait__file_name(file));
    snprintf((char *)event->name, sizeof event->name, "%s", name);
    event->line = (uint16_t)line;
    event->object = (uint64_t)(uintptr_t)address;
    if (size > sizeof event->value) return;
    event->has_value = !write;
    if (!write) event->value = value_at(address, size);
    if (!write) return;
    written.event = event;
    written.address = address;
    written.size = size;
}
