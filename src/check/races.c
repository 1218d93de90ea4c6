/* races.c - which accesses of the program's own memory nothing orders.
 *
 * Happens-before by vector clocks (Lamport 1978; Mattern 1989; with the last access kept as an epoch, after
 * FastTrack: Flanagan, Freund 2009). An actor's clock counts the times at which it let something go; what it
 * knows of the others it learns where it takes an acquire on a place that they have released. The orders that
 * plait's atomics promise by name count, not that the checker runs them one at a time: so a race is told in
 * every run in which the two accesses are not ordered, also when nothing came of it.
 *
 * An access is known by its first byte: overlapping accesses of different places are not compared.
 * Keeping clocks costs; it begins with the run after the first plait_read or plait_write was met, and that
 * run's own accesses are compared by the next ones.
 */
#include <base/hooks.h>
#include <base/text.h>
#include <check/control.h>
#include <string.h>

enum { ACCESSES = 1 << 13, SCRATCH = 64 << 20 };

/* Who made it, when by its own clock, and where it stands in the program. */
struct access {
    uint32_t time; /* 0: there was none */
    int line;
    const char *file;
};

struct variable {
    uintptr_t address;
    uint32_t run_number;
    uint8_t writer;
    struct access write;
    struct access *reads; /* for each actor */
};

struct plait__accesses {
    uint16_t used[ACCESSES / 2]; /* those of this run */
    struct variable of[ACCESSES];
    char scratch[SCRATCH];
};

struct plait__accesses *plait__accesses_new(void) {
    return plait__reserve(sizeof(struct plait__accesses));
}

void plait__clocks_begin(void) {
    struct plait__control *control = plait__control;
    struct plait__accesses *accesses = control->accesses;
    if (control->scratch_used) memset(accesses->scratch, 0, control->scratch_used);
    control->scratch_used = control->variables = 0;
    control->clocks_on = control->run->accesses || control->run->following;
    if (!control->clocks_on) return;
    memset(control->actors[0].clock, 0, sizeof control->actors[0].clock);
    control->actors[0].clock[0] = 1;
}

void *plait__scratch(size_t size) {
    struct plait__control *control = plait__control;
    size = (size + 15) / 16 * 16;
    if (size > SCRATCH - control->scratch_used)
        plait__run_fails(PLAIT_CHECK_LIVELOCK, NULL, "the run uses more memory than can be watched");
    void *memory = control->accesses->scratch + control->scratch_used;
    control->scratch_used += size;
    return memory;
}

/* ---- clocks ---- */

void plait__clock_starts(struct plait__actor *parent, struct plait__actor *child) {
    memcpy(child->clock, parent->clock, sizeof child->clock);
    child->clock[child->id]++;
    parent->clock[parent->id]++;
}

void plait__clock_joins(struct plait__actor *me, const struct plait__actor *ended) {
    for (uint32_t i = 0; i < PLAIT__ACTORS; i++)
        if (ended->clock[i] > me->clock[i]) me->clock[i] = ended->clock[i];
}

static void learn(struct plait__actor *me, const struct plait__place *place) {
    for (uint32_t i = 0; i < place->clock_size; i++)
        if (place->clock[i] > me->clock[i]) me->clock[i] = place->clock[i];
}

/* `adds`: what was released there before stays (an update goes on with a release sequence). */
static void tell(struct plait__actor *me, struct plait__place *place, bool adds) {
    uint32_t count = plait__control->count;
    if (place->clock_size < count) {
        uint32_t *clock = plait__scratch(sizeof *clock * (count + 8));
        if (place->clock_size) memcpy(clock, place->clock, sizeof *clock * place->clock_size);
        place->clock = clock;
        place->clock_size = count;
    }
    for (uint32_t i = 0; i < place->clock_size; i++)
        if (!adds || me->clock[i] > place->clock[i]) place->clock[i] = me->clock[i];
    me->clock[me->id]++;
}

void plait__clock_passes(struct plait__actor *me, struct plait__place *place, unsigned what) {
    unsigned operation = what & 3;
    if (what & PLAIT__ACQUIRES && place->clock_size) learn(me, place);
    if (what & PLAIT__RELEASES) tell(me, place, operation != PLAIT__STORE);
}

/* ---- accesses ---- */

static struct variable *variable_at(uintptr_t address) {
    struct plait__control *control = plait__control;
    struct plait__accesses *accesses = control->accesses;
    size_t i = (size_t)((uint64_t)address * UINT64_C(0x9e3779b97f4a7c15) >> 32);
    for (;; i++) {
        struct variable *variable = &accesses->of[i % ACCESSES];
        if (variable->run_number == control->run_number && variable->address != address) continue;
        if (variable->run_number == control->run_number) return variable;
        if (control->variables == ACCESSES / 2) return NULL;
        accesses->used[control->variables++] = (uint16_t)(i % ACCESSES);
        *variable = (struct variable){.address = address, .run_number = control->run_number};
        return variable;
    }
}

/* The C library may hand the block to another thread, by an order of its own that no clock knows. */
void plait__accesses_forget(const void *block, size_t size) {
    struct plait__control *control = plait__control;
    uintptr_t from = (uintptr_t)block;
    for (uint32_t i = 0; i < control->variables; i++) {
        struct variable *variable = &control->accesses->of[control->accesses->used[i]];
        if (variable->address - from >= size) continue;
        variable->write.time = 0;
        if (variable->reads) memset(variable->reads, 0, sizeof *variable->reads * PLAIT__ACTORS);
    }
}

_Noreturn static void race(const void *address, const char *name, const struct access *before,
                           const char *before_how, unsigned before_actor, const struct access *now,
                           const char *how) {
    plait__run_fails(PLAIT_CHECK_RACE, address,
                     "%s: T%u %s it at %s:%d, T%u %s it at %s:%d, and nothing orders the two", name,
                     before_actor, before_how, plait__file_name(before->file), before->line,
                     (unsigned)plait__acting->id, how, plait__file_name(now->file), now->line);
}

static void compare(struct plait__actor *me, const void *address, bool write, const char *name,
                    const char *file, int line) {
    struct variable *variable = variable_at((uintptr_t)address);
    if (!variable) return;
    struct access now = {me->clock[me->id], line, file};
    const char *how = write ? "writes" : "reads";
    if (variable->write.time > me->clock[variable->writer])
        race(address, name, &variable->write, "writes", variable->writer, &now, how);
    if (!variable->reads) variable->reads = plait__scratch(sizeof *variable->reads * PLAIT__ACTORS);
    if (!write) {
        variable->reads[me->id] = now;
        return;
    }
    for (uint32_t i = 0; i < plait__control->count; i++)
        if (variable->reads[i].time > me->clock[i])
            race(address, name, &variable->reads[i], "reads", i, &now, how);
    variable->writer = me->id;
    variable->write = now;
}

static unsigned operation_of(int how) {
    if (how & PLAIT__ATOMIC)
        return how & PLAIT__WRITES ? PLAIT__UPDATE | PLAIT__ACQUIRES | PLAIT__RELEASES
                                   : PLAIT__LOAD | PLAIT__ACQUIRES;
    return how & PLAIT__WRITES ? PLAIT__STORE : PLAIT__LOAD;
}

void plait__check_access(const volatile void *address, size_t size, int how, const char *name,
                         const char *file, int line) {
    struct plait__actor *me = plait__acting;
    struct plait__control *control = plait__control;
    bool writes = how & PLAIT__WRITES;
    if (!me || control->ending) return;
    control->run->accesses = true;
    plait__call_begins(NULL, __builtin_return_address(0));
    plait__run_pass(me, operation_of(how), address);
    if (control->run->recording) plait__record_access(me, writes, address, size, name, file, line);
    if (control->clocks_on && !(how & PLAIT__ATOMIC))
        compare(me, (const void *)(uintptr_t)address, writes, name, file, line);
    plait__call_ends();
}
