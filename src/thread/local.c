/* local.c - values per thread.
 *
 * Each plait_local gets a slot number at its first use, the same in all threads. A thread keeps a table
 * indexed by slot, in plait__self()->locals; nobody else looks at it. The slot is set once by a
 * compare-and-swap; whoever loses that race wastes a number.
 * An entry remembers the destructor and in which order the values were made, so that the end of a thread
 * needs no plait_local, which may be gone by then.
 */
#include <base/atomic.h>
#include <base/memory.h>
#include <plait/local.h>
#include <string.h>
#include <thread/local.h>
#include <thread/thread.h>

enum { ROUNDS = 4, FIRST_ROOM = 8 };

struct entry {
    void *value;
    void (*destroy)(void *value);
    uint64_t made; /* when, counted */
};

struct table {
    uint32_t room;
    uint64_t made;
    struct entry entries[]; /* of slot 1, 2, ... */
};

static uint32_t last_slot;

static uint32_t slot_of(plait_local *local) {
    uint32_t slot = plait__load(&local->slot);
    if (plait__likely(slot)) return slot;
    uint32_t mine = plait__add_relaxed(&last_slot, 1) + 1;
    return plait__cas(&local->slot, &slot, mine) ? mine : slot;
}

static struct table *grow(struct plait__self *self, uint32_t slot) {
    struct table *old = self->locals;
    uint32_t room = old ? old->room * 2 : FIRST_ROOM;
    while (room < slot) room *= 2;
    struct table *table = plait__allocate(sizeof *table + room * sizeof *table->entries);
    if (!table) return NULL;
    if (old) {
        memcpy(table, old, sizeof *old + old->room * sizeof *old->entries);
        plait__release(old);
    }
    table->room = room;
    self->locals = table;
    return table;
}

/* The calling thread's entry for a slot; NULL when there is none and `make_room` is not asked for, or
 * memory is out. */
static struct entry *entry_of(struct plait__self *self, uint32_t slot, bool make_room) {
    struct table *table = self->locals;
    if (plait__unlikely(!table || table->room < slot)) table = make_room ? grow(self, slot) : NULL;
    return table ? &table->entries[slot - 1] : NULL;
}

plait_status plait_local_set(plait_local *local, void *value) {
    if (!local) return PLAIT_INVALID;
    struct plait__self *self = plait__self();
    struct entry *entry = entry_of(self, slot_of(local), true);
    if (!entry) return PLAIT_NO_MEMORY;
    struct entry before = *entry;
    *entry = (struct entry){value, local->destroy, ++((struct table *)self->locals)->made};
    plait__self_watch_end(plait__thread_leaves);
    if (before.value && before.value != value && before.destroy) before.destroy(before.value);
    return PLAIT_OK;
}

static void *make_value(plait_local *local) {
    void *value = local->make ? local->make() : NULL;
    if (!value) return NULL;
    if (plait_local_set(local, value) == PLAIT_OK) return value;
    if (local->destroy) local->destroy(value);
    return NULL;
}

void *plait_local_get(plait_local *local) {
    if (!local) return NULL;
    const struct entry *entry = entry_of(plait__self(), slot_of(local), false);
    return plait__likely(entry && entry->value) ? entry->value : make_value(local);
}

/* ---- the end of a thread ---- */

/* The value made last, of those made up to a moment; off the table. */
static bool take_last(struct table *table, uint64_t moment, struct entry *taken) {
    struct entry *last = NULL;
    for (uint32_t i = 0; i < table->room; i++) {
        struct entry *entry = &table->entries[i];
        if (entry->value && entry->made <= moment && (!last || entry->made > last->made)) last = entry;
    }
    if (!last) return false;
    *taken = *last;
    last->value = NULL;
    return true;
}

/* Destroys what is there now; false if there was nothing. The table may move meanwhile. */
static bool destroy_round(struct plait__self *self) {
    uint64_t moment = ((struct table *)self->locals)->made;
    struct entry taken;
    bool any = false;
    while (take_last(self->locals, moment, &taken)) {
        if (taken.destroy) taken.destroy(taken.value);
        any = true;
    }
    return any;
}

void plait__locals_end(struct plait__self *self) {
    if (!self->locals) return;
    for (int round = 0; round < ROUNDS && destroy_round(self); round++) {}
    plait__release(self->locals);
    self->locals = NULL;
}
