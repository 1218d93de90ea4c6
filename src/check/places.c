/* places.c - what is known of an address: in this run, and from all runs before.
 *
 * Two open hash tables. The one of the run is never cleared: an entry of an earlier run counts as free. The
 * other one, of addresses that several threads have used, lies in the run's shared memory, so that it outlives a
 * test that crashes. When either is full, an address that is not found counts as shared, which costs time and
 * misses nothing.
 */
#include <check/control.h>
#include <string.h>

enum { PLACES = 1 << 16, MOST = PLACES / 4 * 3 };

struct plait__places {
    uint32_t count;           /* in this run */
    struct plait__place rest; /* stands for all that found no room */
    struct plait__place of[PLACES];
};

static size_t hash(uintptr_t address) {
    return (size_t)((uint64_t)address * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

struct plait__places *plait__places_new(void) {
    return plait__reserve(sizeof(struct plait__places));
}

void plait__places_begin(void) {
    plait__control->places->count = 0;
}

static struct plait__place *slot_of(uintptr_t address) {
    struct plait__control *control = plait__control;
    for (size_t i = hash(address);; i++) {
        struct plait__place *place = &control->places->of[i % PLACES];
        if (place->run_number != control->run_number || place->address == address) return place;
    }
}

struct plait__place *plait__place_if_known(const volatile void *address) {
    struct plait__place *place = slot_of((uintptr_t)address);
    return place->run_number == plait__control->run_number ? place : NULL;
}

struct plait__place *plait__place(const volatile void *address) {
    struct plait__control *control = plait__control;
    struct plait__places *places = control->places;
    struct plait__place *place = slot_of((uintptr_t)address);
    if (place->run_number == control->run_number) return place;
    if (places->count == MOST) return &places->rest;
    *place = (struct plait__place){.address = (uintptr_t)address,
                                   .run_number = control->run_number,
                                   .number = ++places->count,
                                   .first = plait__acting ? plait__acting->id : 0};
    return place;
}

uint32_t plait__check_spot(const volatile void *address) {
    return plait__acting ? plait__place(address)->number : (uint32_t)((uintptr_t)address / 64);
}

/* ---- over all runs ---- */

static uint64_t *known_slot(uintptr_t address) {
    struct plait__run *run = plait__control->run;
    for (size_t i = hash(address);; i++) {
        uint64_t *slot = &run->known[i % PLAIT__KNOWN];
        if (!*slot || *slot == address) return slot;
    }
}

bool plait__place_known_shared(uintptr_t address) {
    const struct plait__run *run = plait__control->run;
    return run->known_count >= PLAIT__KNOWN / 2 || *known_slot(address);
}

void plait__place_learn(uintptr_t address) {
    struct plait__run *run = plait__control->run;
    if (run->known_count >= PLAIT__KNOWN / 2) return;
    uint64_t *slot = known_slot(address);
    if (!*slot) run->known_count++;
    *slot = address;
}
