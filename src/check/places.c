/* places.c - what is known of an address: in this run, and from all runs before.
 *
 * What is known in this run lies in an array in the order of first use, with a hash table of indices in front:
 * a run that uses little touches little memory, which is what a fresh process pays for. The table is never
 * cleared: a slot counts only if its index is one of this run's places, and that place names the slot (after
 * Briggs and Torczon's sparse sets, 1993).
 *
 * The other table, of addresses that several threads have used in any run, lies in the run's shared memory, so
 * that it outlives a test that crashes. When either is full, an address that is not found counts as shared, which
 * costs time and misses nothing. Neighbours share a line of either table, as they do in memory.
 */
#include <check/control.h>
#include <string.h>

enum { SLOTS = 1 << 13, MOST = SLOTS / 4 * 3, NEIGHBOURS = 16 };

struct plait__places {
    uint32_t count;           /* in this run */
    struct plait__place rest; /* stands for all that found no room */
    uint16_t slots[SLOTS];
    struct plait__place of[MOST];
};

static size_t hash(uintptr_t address) {
    uint64_t line = address / (4 * NEIGHBOURS) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(line >> 40) * NEIGHBOURS + address / 4 % NEIGHBOURS;
}

struct plait__places *plait__places_new(void) {
    return plait__reserve(sizeof(struct plait__places));
}

void plait__places_begin(void) {
    plait__control->places->count = 0;
}

/* The place of the address, or NULL and the slot where it would stand. */
static struct plait__place *find(struct plait__places *places, uintptr_t address, uint16_t *slot) {
    for (size_t i = hash(address);; i++) {
        *slot = (uint16_t)(i % SLOTS);
        uint16_t index = places->slots[*slot];
        struct plait__place *place = &places->of[index];
        if (index >= places->count || place->slot != *slot) return NULL;
        if (place->address == address) return place;
    }
}

struct plait__place *plait__place_if_known(const volatile void *address) {
    uint16_t slot;
    return find(plait__control->places, (uintptr_t)address, &slot);
}

struct plait__place *plait__place(const volatile void *address) {
    struct plait__places *places = plait__control->places;
    uint16_t slot;
    struct plait__place *place = find(places, (uintptr_t)address, &slot);
    if (place) return place;
    if (places->count == MOST) return &places->rest;
    places->slots[slot] = (uint16_t)places->count;
    place = &places->of[places->count++];
    *place = (struct plait__place){.address = (uintptr_t)address,
                                   .slot = slot,
                                   .number = places->count,
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
