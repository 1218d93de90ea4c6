/* wire_value.h - single values on a wire: what wires of arguments, of results and of items are made of. The format stands
 * in wire.h. */
#ifndef PLAIT__WIRE_VALUE_H
#define PLAIT__WIRE_VALUE_H

#include <process/wire.h>
#include <shared/traveller.h>

/* Whether values of this kind have nothing beside their struct. */
static inline bool plait__wire_is_flat_kind(plait_kind kind) {
    const unsigned others = 1u << PLAIT_KIND_STRING | 1u << PLAIT_KIND_BYTES | 1u << PLAIT_KIND_SHARED;
    return !(others >> kind & 1);
}

static inline size_t plait__wire_aligned(size_t at) {
    return (at + PLAIT__WIRE_ALIGNMENT - 1) & ~(size_t)(PLAIT__WIRE_ALIGNMENT - 1);
}

struct plait__wire_writer {
    char *wire;
    size_t room, at; /* `at` may be beyond `room`: only counted then. SIZE_MAX: no memory is so large */
    const plait_task *task;
    struct plait__words *why;
};

/* The place for so many bytes that come next; NULL: there is no room. */
void *plait__wire_put(struct plait__wire_writer *writer, size_t size);
void plait__wire_align(struct plait__wire_writer *writer);
/* One value that is not flat; `to` (may be NULL) is its place in the struct on the wire. */
plait_status plait__wire_put_value(struct plait__wire_writer *writer, plait_kind kind, const char *name,
                                   const void *value, void *to);
/* All has been written, or only counted: so large is it. */
plait_status plait__wire_finish(const struct plait__wire_writer *writer, size_t *size);

struct plait__wire_reader {
    char *wire;
    size_t size, at;
};

/* So many bytes that come next; NULL: they are not there. */
void *plait__wire_take(struct plait__wire_reader *reader, size_t size);
/* Makes one value in the struct that is not flat what it was. A shared object comes with a reference. PLAIT_INVALID: it is
 * damaged; or why a shared object cannot be attached. */
plait_status plait__wire_take_value(struct plait__wire_reader *reader, const plait_task *task,
                                    plait_kind kind, void *value, struct plait__words *why);
plait_status plait__wire_damaged(const plait_task *task, const char *what, struct plait__words *why);

#endif
