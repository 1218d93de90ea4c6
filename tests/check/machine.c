/* machine.c - see machine.h. */
#include "machine.h"

#include <base/memory.h>
#include <check.h>
#include <string.h>
#include <sys/mman.h>

enum { STEPS = 100000 };

static uint64_t mix(uint64_t hash, uint64_t value) {
    return (hash ^ value) * 0x9e3779b97f4a7c15 ^ hash >> 29;
}

static bool can_run(struct machine *machine, uint32_t actor) {
    if (machine->ended[actor]) return false;
    return machine->expired[actor] || !machine->until[actor] || machine->until[actor](machine, actor);
}

static uint32_t follow(struct machine *machine) {
    const struct plait__schedule *plan = &machine->run->plan;
    if (machine->planned == plan->count || plan->of[machine->planned].index != machine->decisions) return 0;
    uint32_t choice = plan->of[machine->planned++].choice;
    return choice < machine->decision.count ? choice : 0;
}

static uint32_t decide(struct machine *machine, enum plait__question question, uint32_t count) {
    struct plait__run *run = machine->run;
    struct plait__decision *decision = &machine->decision;
    decision->index = machine->decisions;
    decision->question = question;
    decision->count = count;
    decision->actor = machine->current;
    uint32_t choice = run->following ? follow(machine) : plait__search_choose(machine->search, decision);
    ck_assert_uint_lt(choice, count);
    if (choice) {
        run->taken.of[run->taken.count++] = (struct plait__deviation){.index = machine->decisions,
                                                                      .choice = choice};
    }
    run->trail[run->trail_count++] = (uint32_t)mix(
        mix((uint64_t)question << 32 | count, decision->of[choice].actor), machine->current);
    machine->decisions++;
    return choice;
}

uint32_t machine_choose(struct machine *machine, uint32_t count) {
    uint32_t value = decide(machine, PLAIT__WHICH_VALUE, count);
    machine->order = mix(machine->order, value + 1000);
    return value;
}

bool machine_has_memory(struct machine *machine) {
    return !decide(machine, PLAIT__DOES_MEMORY_FAIL, 2);
}

void machine_fail(struct machine *machine, plait_check_outcome outcome, const char *words) {
    struct plait__end *end = &machine->run->end;
    machine->failed = true;
    end->outcome = outcome;
    end->actor = (uint8_t)machine->current;
    strncpy(end->words, words, sizeof end->words - 1);
}

static void offer(struct machine *machine, uint32_t *count, enum plait__choice choice, uint32_t actor) {
    machine->decision.of[*count].choice = (uint8_t)choice;
    machine->decision.of[(*count)++].actor = (uint8_t)actor;
}

/* Those who can run, in the order of the line: whoever runs first, unless it yields; then by when they ran. */
static uint32_t line(struct machine *machine, bool goes_on) {
    uint32_t count = 0, current = machine->current;
    bool listed[MACHINE_ACTORS] = {false};
    if (goes_on) offer(machine, &count, PLAIT__RUN, current), listed[current] = true;
    for (;;) {
        uint32_t best = MACHINE_ACTORS;
        for (uint32_t actor = 0; actor < machine->actors; actor++) {
            if (listed[actor] || actor == current || !can_run(machine, actor)) continue;
            if (best == MACHINE_ACTORS || machine->ran_at[actor] < machine->ran_at[best]) best = actor;
        }
        if (best == MACHINE_ACTORS) return count;
        offer(machine, &count, PLAIT__RUN, best);
        listed[best] = true;
    }
}

/* Who goes on; MACHINE_ACTORS: nobody can. */
static uint32_t next(struct machine *machine) {
    uint32_t current = machine->current;
    struct plait__decision *decision = &machine->decision;
    decision->can_go_on = machine->tick > 0 && can_run(machine, current);
    decision->yields = decision->can_go_on && machine->yields[current];
    bool goes_on = machine->tick == 0 || (decision->can_go_on && !decision->yields);
    uint32_t count = line(machine, goes_on);
    for (uint32_t actor = 0; actor < machine->actors; actor++) {
        if (machine->has_deadline[actor] && !can_run(machine, actor) && !machine->ended[actor])
            offer(machine, &count, PLAIT__EXPIRE, actor);
    }
    if (decision->yields) offer(machine, &count, PLAIT__RUN, current);
    if (count == 0) return MACHINE_ACTORS;
    uint32_t choice = count == 1 ? 0 : decide(machine, PLAIT__WHO, count);
    if (decision->of[choice].choice == PLAIT__EXPIRE) machine->expired[decision->of[choice].actor] = true;
    return decision->of[choice].actor;
}

static void begin(struct machine *machine) {
    size_t from = offsetof(struct machine, at), to = offsetof(struct machine, run);
    memset((char *)machine + from, 0, to - from);
    memset(machine->ran_at, 0, sizeof machine->ran_at);
    machine->tick = machine->current = machine->decisions = machine->planned = 0;
    machine->failed = false;
    machine->order = 0;
    struct plait__run *run = machine->run;
    run->taken.count = run->trail_count = 0;
    run->end = (struct plait__end){.outcome = PLAIT_CHECK_PASSED};
}

static bool all_ended(const struct machine *machine) {
    for (uint32_t actor = 0; actor < machine->actors; actor++) {
        if (!machine->ended[actor]) return false;
    }
    return true;
}

void machine_run(struct machine *machine) {
    begin(machine);
    while (!machine->failed) {
        uint32_t actor = next(machine);
        if (actor == MACHINE_ACTORS) {
            if (!all_ended(machine)) machine_fail(machine, PLAIT_CHECK_DEADLOCK, "nobody can go on");
            break;
        }
        if (++machine->tick > STEPS) {
            machine_fail(machine, PLAIT_CHECK_LIVELOCK, "too many steps");
            break;
        }
        machine->current = actor;
        machine->ran_at[actor] = machine->tick;
        machine->until[actor] = NULL;
        machine->yields[actor] = machine->has_deadline[actor] = false;
        machine->order = mix(machine->order, actor);
        machine->step(machine, actor);
        machine->expired[actor] = false;
    }
    machine->run->end.points = machine->tick;
    machine->run->end.decisions = machine->decisions;
    machine->run->end.order = machine->order;
}

static void *zeroed(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                        0);
    ck_assert_ptr_ne(memory, MAP_FAILED);
    return memory;
}

void machine_open(struct machine *machine) {
    machine->run = zeroed(sizeof *machine->run);
    machine->search = zeroed(plait__search_size());
}

void machine_close(struct machine *machine) {
    munmap(machine->run, sizeof *machine->run);
    munmap(machine->search, plait__search_size());
}

bool machine_search(struct machine *machine) {
    while (plait__search_next(machine->search)) {
        machine_run(machine);
        if (machine->failed) return true;
        plait__search_ran(machine->search, &machine->run->end);
    }
    return false;
}

void machine_execute(struct plait__exploration *exploration) {
    struct machine *machine = exploration->context;
    if (machine->run->following) {
        machine_run(machine);
        return;
    }
    while (plait__search_next(machine->search)) {
        machine_run(machine);
        if (machine->failed) return;
        plait__search_ran(machine->search, &machine->run->end);
        plait__explore_look(exploration);
    }
}

/* In place of report.c: keeps what it is told. */
struct plait__finding machine_finding;

char *plait__report_failure(const struct plait__exploration *exploration,
                            const struct plait__finding *finding) {
    (void)exploration;
    machine_finding = *finding;
    return plait__copy_string("failed");
}

char *plait__report_pass(const struct plait__exploration *exploration, const struct plait__searched *searched,
                         double seconds) {
    (void)exploration, (void)searched, (void)seconds;
    return plait__copy_string("passed");
}
