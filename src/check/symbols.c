/* symbols.c - places in the program, looked up together and kept. */
#include <base/memory.h>
#include <check/lines.h>
#include <check/module.h>
#include <check/symbols.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wait/mutex.h>

struct known {
    uint64_t caller;
    char place[96];
};

struct plait__symbols {
    size_t count;
    struct known known[]; /* by growing address */
};

/* Answers are kept for the life of the process: a look-up takes tens of milliseconds, and who replays a token asks for
 * the same places again. */
enum { KEPT = 1024 };
static struct plait__mutex keeping; /* guards kept */
static struct known kept[KEPT];

static struct known *slot_of(uint64_t caller) {
    return &kept[(caller * UINT64_C(0x9e3779b97f4a7c15) >> 32) % KEPT];
}

static bool recall(struct known *known, size_t count) {
    bool all = true;
    plait__mutex_lock(&keeping);
    for (size_t i = 0; i < count && all; i++) {
        all = slot_of(known[i].caller)->caller == known[i].caller;
        if (all) known[i] = *slot_of(known[i].caller);
    }
    plait__mutex_unlock(&keeping);
    return all;
}

static void keep(const struct known *known, size_t count) {
    plait__mutex_lock(&keeping);
    for (size_t i = 0; i < count; i++) *slot_of(known[i].caller) = known[i];
    plait__mutex_unlock(&keeping);
}

static int by_address(const void *one, const void *other) {
    uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
    return (a > b) - (a < b);
}

/* An address of code and nothing else: a name, or what can be given to a disassembler. */
static void describe(const struct plait__module *module, uint64_t address, char *place, size_t room) {
    uint64_t offset = 0;
    const char *name = plait__module_symbol(module, PLAIT__SYMBOL_FUNCTION, address, &offset);
    if (name) {
        snprintf(place, room, "%.60s+0x%" PRIx64, name, offset);
        return;
    }
    const char *file = strrchr(module->path, '/');
    snprintf(place, room, "%.60s+0x%" PRIx64, file ? file + 1 : module->path, address - module->base);
}

/* The callers from here on that lie in the module of the first one: how many they are, with their places. */
static size_t look_up_module(struct known *known, size_t count, struct plait__line_of *lines) {
    struct plait__module module;
    if (!plait__module_of(known->caller, &module)) return 1;
    size_t here = 0;
    for (; here < count && known[here].caller < module.high; here++)
        lines[here] = (struct plait__line_of){.address = known[here].caller - module.base};
    plait__lines_look_up(module.path, lines, here);
    for (size_t i = 0; i < here; i++) {
        if (lines[i].line)
            snprintf(known[i].place, sizeof known[i].place, "%s:%u", lines[i].file, lines[i].line);
        else
            describe(&module, known[i].caller, known[i].place, sizeof known[i].place);
    }
    plait__module_close(&module);
    return here;
}

struct plait__symbols *plait__symbols_new(const uint64_t *callers, size_t count) {
    struct plait__symbols *symbols = plait__allocate(sizeof *symbols + count * sizeof symbols->known[0]);
    struct plait__line_of *lines = plait__allocate_array(count, sizeof *lines);
    uint64_t *sorted = plait__allocate_array(count, sizeof *sorted);
    if (symbols && lines && sorted) {
        if (count) memcpy(sorted, callers, count * sizeof *sorted);
        qsort(sorted, count, sizeof *sorted, by_address);
        for (size_t i = 0; i < count; i++)
            if (sorted[i] && (!i || sorted[i] != sorted[i - 1]))
                symbols->known[symbols->count++].caller = sorted[i];
        if (!recall(symbols->known, symbols->count)) {
            for (size_t i = 0; i < symbols->count;)
                i += look_up_module(&symbols->known[i], symbols->count - i, lines);
            keep(symbols->known, symbols->count);
        }
    } else {
        plait__release(symbols);
        symbols = NULL;
    }
    plait__release(lines);
    plait__release(sorted);
    return symbols;
}

void plait__symbols_free(struct plait__symbols *symbols) {
    plait__release(symbols);
}

const char *plait__symbols_place(const struct plait__symbols *symbols, uint64_t caller) {
    const struct known *known = bsearch(&caller, symbols->known, symbols->count, sizeof symbols->known[0],
                                        by_address);
    return known && known->place[0] ? known->place : "?";
}

/* plait's own variables say nothing to its user. Linked into the program it cannot be told from that. */
static bool is_plait(const struct plait__module *module) {
    uint64_t here = (uint64_t)(uintptr_t)&by_address;
    return !module->is_program && here >= module->low && here < module->high;
}

static bool name_at(enum plait__symbol_kind kind, uint64_t address, char *name, size_t room,
                    uint64_t *offset) {
    struct plait__module module;
    if (!plait__module_of(address, &module)) return false;
    bool hidden = kind == PLAIT__SYMBOL_VARIABLE && is_plait(&module);
    const char *found = hidden ? NULL : plait__module_symbol(&module, kind, address, offset);
    if (found) snprintf(name, room, "%.*s", (int)strcspn(found, "."), found);
    plait__module_close(&module);
    return found != NULL;
}

/* Compilers call the parts of a divided function name.part.0 and name.cold: the user knows the name. */
bool plait__symbols_function(uint64_t address, char *name, size_t room) {
    uint64_t offset;
    return name_at(PLAIT__SYMBOL_FUNCTION, address, name, room, &offset);
}

bool plait__symbols_variable(uint64_t address, char *name, size_t room) {
    uint64_t offset;
    if (!name_at(PLAIT__SYMBOL_VARIABLE, address, name, room, &offset)) return false;
    size_t length = strlen(name);
    if (offset) snprintf(name + length, room - length, "+%" PRIu64, offset);
    return true;
}
