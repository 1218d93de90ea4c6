/* story.c - from the points of a recorded run to the few steps that explain its end.
 *
 * A point is one atomic operation; a call of plait has several. The events of a call (they share the caller's
 * address and stack pointer) become one step, as long as nothing of interest happens to it after others have
 * had their turn: then a second step "goes on".
 *
 * Then each step is given a weight, and the heaviest are shown: where it failed, where somebody waits for
 * ever, the two sides of the switch that matters, what was done to the objects of the failure; what came
 * before the first deviation from "everybody runs until blocked" is shown only if one of those reasons holds.
 */
#include <base/memory.h>
#include <check/story.h>
#include <check/symbols.h>
#include <string.h>

enum weight {
    NOTHING = 0,
    HARDLY = 10, /* starts, ends, going on */
    NEEDED = 31, /* less than this is left out */
    BEFORE = 35, /* what variables were when it began */
    CALL = 40,
    SLEEPS = 50,
    ACCESS = 60,
    TOUCHES = 65, /* an object of the failure */
    HAPPENS = 75, /* a timeout, a failing allocation */
    SWITCH = 80,
    FLIP = 90,
    CAUSE = 95,
    END = 100
};

static bool is_access(const struct plait__event *event) {
    return event->kind == PLAIT__EVENT_READ || event->kind == PLAIT__EVENT_WRITE;
}

/* The program can call only what is public: anything else runs in threads of plait's own, or at a thread's end. The
 * few functions of a run are looked up once each. */
static bool is_public(struct plait__story *story, uint64_t function) {
    if (!function) return true;
    uint64_t *known = &story->functions[function / 16 % PLAIT__FUNCTIONS];
    if (*known >> 1 != function) {
        char name[16];
        bool named = plait__symbols_function(function, name, sizeof name);
        bool is = !named || (!strncmp(name, "plait_", 6) && name[6] != '_');
        *known = function << 1 | is;
    }
    return *known & 1;
}

/* Whether the program called for it. */
static bool is_of_program(struct plait__story *story, const struct plait__event *event) {
    if (is_access(event) || event->kind == PLAIT__EVENT_FAIL) return true;
    return event->caller && is_public(story, event->function);
}

/* The events in order: a ring that was filled more than once begins somewhere in the middle. */
static bool take_events(struct plait__story *story, const struct plait__run *run) {
    uint32_t all = run->event_count, count = all < PLAIT__EVENTS ? all : PLAIT__EVENTS;
    uint32_t begin = all > PLAIT__EVENTS ? all % PLAIT__EVENTS : 0;
    struct plait__event *events = plait__allocate_array(count, sizeof *events);
    if (!events) return false;
    for (uint32_t i = 0; i < count; i++) events[i] = run->events[(begin + i) % PLAIT__EVENTS];
    story->events = events;
    story->event_count = count;
    return true;
}

/* --- From events to steps --- */

static bool same_call(const struct plait__event *one, const struct plait__event *other) {
    return one->caller == other->caller && one->call == other->call;
}

/* Whether the event stands on its own line whatever was before it. */
static bool stands_alone(const struct plait__event *event) {
    switch (event->kind) {
    case PLAIT__EVENT_READ:
    case PLAIT__EVENT_WRITE:
    case PLAIT__EVENT_EXPIRE:
    case PLAIT__EVENT_DISTURB:
    case PLAIT__EVENT_VALUE:
    case PLAIT__EVENT_NO_MEMORY:
    case PLAIT__EVENT_END:
        return true;
    default:
        return false;
    }
}

static void add_to_step(struct plait__step *step, const struct plait__event *event, uint32_t index) {
    step->last = index;
    switch (event->kind) {
    case PLAIT__EVENT_SLEEP:
        step->sleeps = true;
        break;
    case PLAIT__EVENT_FAIL:
        step->fails = true;
        break;
    case PLAIT__EVENT_START:
        step->kind = event->kind; /* fall through */
    case PLAIT__EVENT_WAKE:
        step->wakes = event->other;
        break;
    default:
        break;
    }
}

/* Whether the event repeats the access of this step, so that one line with a number says it all. */
static bool repeats(const struct plait__story *story, const struct plait__step *step,
                    const struct plait__event *event) {
    const struct plait__event *before = &story->events[step->first];
    return is_access(event) && step->kind == event->kind && step->actor == event->actor &&
           before->object == event->object && before->line == event->line && before->value == event->value &&
           before->has_value == event->has_value;
}

static uint32_t begin_step(struct plait__story *story, uint32_t index, bool goes_on) {
    const struct plait__event *event = &story->events[index];
    struct plait__step *step = &story->steps[story->step_count];
    *step = (struct plait__step){.first = index,
                                 .last = index,
                                 .actor = event->actor,
                                 .kind = event->kind,
                                 .wakes = PLAIT__NOBODY,
                                 .goes_on = goes_on,
                                 .inner = !is_of_program(story, event),
                                 .call = story->step_count,
                                 .times = 1};
    add_to_step(step, event, index);
    return story->step_count++;
}

/* Whether the event begins the same call as the step before, of which nothing came: a loop that tries again. */
static bool tries_again(const struct plait__story *story, const struct plait__step *step,
                        const struct plait__event *event) {
    const struct plait__event *before = &story->events[step->first];
    bool nothing = step->wakes == PLAIT__NOBODY && !step->sleeps && !step->fails && !step->goes_on;
    return nothing && step->kind == PLAIT__EVENT_POINT && event->kind == PLAIT__EVENT_POINT &&
           step->actor == event->actor && before->caller == event->caller &&
           before->function == event->function && event->caller;
}

/* A failure belongs to the access before it, and to the call that it came from. */
static bool ends_step(const struct plait__story *story, const struct plait__step *step,
                      const struct plait__event *event) {
    const struct plait__event *before = &story->events[step->first];
    return event->kind == PLAIT__EVENT_FAIL && step->actor == event->actor && is_access(before) &&
           before->object == event->object;
}

/* `open` is the step of the actor's present call, plus 1; 0: none. */
static uint32_t place_event(struct plait__story *story, uint32_t index, uint32_t *open) {
    struct plait__event *event = &story->events[index];
    const struct plait__event *call = *open ? &story->events[story->steps[*open - 1].last] : NULL;
    uint32_t newest = story->step_count;
    struct plait__step *step = newest ? &story->steps[newest - 1] : NULL;
    if (step && (repeats(story, step, event) || ends_step(story, step, event))) {
        step->times += is_access(event);
        add_to_step(step, event, index);
        return newest - 1;
    }
    /* It happens to one who sleeps, at the hands of another. */
    if (call && (event->kind == PLAIT__EVENT_EXPIRE || event->kind == PLAIT__EVENT_DISTURB)) {
        event->caller = call->caller;
        event->function = call->function;
        event->call = call->call;
    }
    bool inside = call && same_call(call, event);
    if (stands_alone(event)) {
        uint32_t at = begin_step(story, index, false);
        if (inside)
            story->steps[at].call = *open - 1;
        else
            *open = 0;
        return at;
    }
    if (!inside && step && tries_again(story, step, event)) {
        step->times++;
        *open = newest;
        inside = true;
    }
    if (inside && step && *open == newest) {
        add_to_step(step, event, index);
        return newest - 1;
    }
    uint32_t at = begin_step(story, index, inside);
    *open = at + 1;
    return at;
}

static bool make_steps(struct plait__story *story) {
    uint32_t open[PLAIT__ACTORS] = {0};
    story->steps = plait__allocate_array(story->event_count, sizeof *story->steps);
    story->step_of = plait__allocate_array(story->event_count, sizeof *story->step_of);
    if (!story->steps || !story->step_of) return false;
    for (uint32_t i = 0; i < story->event_count; i++)
        story->step_of[i] = place_event(story, i, &open[story->events[i].actor]);
    return true;
}

/* --- Who matters --- */

static const struct plait__actor_state *actor_at(const struct plait__story *story, uint32_t actor) {
    return actor < story->run->actor_count && actor < PLAIT__ACTORS ? &story->run->actors[actor] : NULL;
}

static bool waits(const struct plait__story *story, uint32_t actor) {
    const struct plait__actor_state *state = actor_at(story, actor);
    return state && state->waits_for_ever;
}

static uint32_t next_in_line(const struct plait__story *story, uint32_t actor) {
    return waits(story, actor) ? story->run->actors[actor].holder : PLAIT__NOBODY;
}

/* From each who waits along the holders: who is met again closes the circle. */
static void find_circle(struct plait__story *story) {
    for (uint32_t start = 0; start < story->run->actor_count && start < PLAIT__ACTORS; start++) {
        uint32_t length = 0, at = start;
        while (waits(story, at) && length < PLAIT__ACTORS) {
            story->circle[length++] = (uint8_t)at;
            at = next_in_line(story, at);
            if (at == start) {
                story->circle_length = length;
                return;
            }
        }
    }
}

/* In a circle its members. Without one all, but for those that wait for the end of one who waits. */
static void find_who_matters(struct plait__story *story) {
    if (story->stuck) find_circle(story);
    for (uint32_t i = 0; i < story->circle_length; i++) story->matters[story->circle[i]] = true;
    for (uint32_t i = 0; !story->circle_length && i < PLAIT__ACTORS; i++)
        story->matters[i] = !story->stuck || !waits(story, i) || !waits(story, next_in_line(story, i));
}

/* --- Weights --- */

static void raise_weight(struct plait__step *step, enum weight weight) {
    if (step->weight < weight) step->weight = (uint8_t)weight;
}

static enum weight weight_of_kind(const struct plait__step *step) {
    switch (step->kind) {
    case PLAIT__EVENT_READ:
    case PLAIT__EVENT_WRITE:
        return ACCESS;
    case PLAIT__EVENT_EXPIRE:
    case PLAIT__EVENT_DISTURB:
    case PLAIT__EVENT_VALUE:
    case PLAIT__EVENT_NO_MEMORY:
        return HAPPENS;
    case PLAIT__EVENT_START:
    case PLAIT__EVENT_END:
        return HARDLY;
    default:
        break;
    }
    if (step->sleeps || step->wakes != PLAIT__NOBODY) return SLEEPS;
    return step->goes_on ? HARDLY : CALL;
}

static bool touches(const struct plait__story *story, const struct plait__step *step, uint64_t object) {
    for (uint32_t i = step->first; object && i <= step->last; i++)
        if (story->step_of[i] == (uint32_t)(step - story->steps) && story->events[i].object == object)
            return true;
    return false;
}

/* What was done to one object of the failure. */
static void weigh_object(struct plait__story *story, uint64_t object) {
    for (uint32_t i = 0; object && i < story->step_count; i++) {
        struct plait__step *step = &story->steps[i];
        if (step->kind == PLAIT__EVENT_END || step->inner || !touches(story, step, object)) continue;
        if (!step->goes_on) raise_weight(step, TOUCHES);
    }
}

/* The newest step of the actor that touches the object; any object if that is 0. */
static struct plait__step *newest_of(const struct plait__story *story, uint8_t actor, uint64_t object) {
    for (uint32_t i = story->step_count; i-- > 0;) {
        struct plait__step *step = &story->steps[i];
        if (step->actor == actor && step->kind != PLAIT__EVENT_END &&
            (!object || touches(story, step, object)))
            return step;
    }
    return NULL;
}

static void weigh_waits(struct plait__story *story) {
    for (uint32_t i = 0; story->stuck && i < PLAIT__ACTORS; i++) {
        if (!waits(story, i)) continue;
        const struct plait__actor_state *state = &story->run->actors[i];
        struct plait__step *last = newest_of(story, (uint8_t)i, 0);
        if (last) last->for_ever = true;
        if (!story->matters[i]) continue;
        weigh_object(story, state->object);
        if (last) raise_weight(last, END);
        if (state->holder == PLAIT__NOBODY) continue;
        struct plait__step *taken = newest_of(story, state->holder, state->object);
        if (taken) raise_weight(taken, CAUSE);
    }
}

/* The accesses to what was raced for, the last one of each who did, and the step in which it failed. */
static void weigh_failure(struct plait__story *story) {
    const struct plait__end *end = &story->run->end;
    weigh_object(story, end->address);
    for (uint32_t i = 0; end->outcome == PLAIT_CHECK_RACE && i < story->run->actor_count; i++) {
        struct plait__step *access = newest_of(story, (uint8_t)i, end->address);
        if (access && is_access(&story->events[access->first])) raise_weight(access, CAUSE);
    }
    for (uint32_t i = 0; i < story->step_count; i++) {
        if (story->stuck) story->steps[i].fails = false;
        if (story->steps[i].fails) raise_weight(&story->steps[i], END);
    }
}

/* Both sides of a switch: what ran until then, what ran instead, and where the first one went on. */
static void weigh_switch(struct plait__story *story, uint32_t decision, enum weight weight) {
    uint32_t after = plait__story_after(story, decision);
    if (after == story->event_count || !after) return;
    uint8_t actor = story->events[after - 1].actor;
    uint32_t before = after;
    while (before-- > 0)
        if (story->events[before].actor == actor && !story->steps[story->step_of[before]].inner) break;
    const uint32_t sides[] = {before, plait__story_next_of(story, after, story->events[after].actor),
                              plait__story_next_of(story, after, actor)};
    for (int i = 0; i < 3; i++)
        if (sides[i] < story->event_count && story->matters[story->events[sides[i]].actor])
            raise_weight(&story->steps[story->step_of[sides[i]]], weight);
}

/* A start, a join, a free: what holds the test together. */
static bool is_scaffold(const struct plait__story *story, const struct plait__step *step) {
    static const char *const ends[] = {"_start", "_join", "_join_until", "_free", "_new", "_of_size"};
    char name[96];
    if (!plait__symbols_function(story->events[step->first].function, name, sizeof name)) return false;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        size_t length = strlen(ends[i]), all = strlen(name);
        if (all > length && !strcmp(name + all - length, ends[i])) return true;
    }
    return false;
}

/* Whether such things are the matter. */
static bool is_about_lives(const struct plait__story *story) {
    enum plait_check_outcome outcome = story->run->end.outcome;
    return outcome == PLAIT_CHECK_USE_AFTER_FREE || outcome == PLAIT_CHECK_MISUSE ||
           outcome == PLAIT_CHECK_LEFT_RUNNING || outcome == PLAIT_CHECK_TASK_FAILED;
}

/* Without what is known of the failure. */
static enum weight weight_alone(const struct plait__story *story, const struct plait__step *step,
                                uint32_t begin) {
    if (step->inner) return NOTHING;
    enum weight weight = weight_of_kind(step);
    if (!story->matters[step->actor]) return HARDLY;
    if (step->last < begin) return weight == ACCESS ? BEFORE : HARDLY;
    bool call = weight == CALL || weight == SLEEPS;
    return call && !is_about_lives(story) && is_scaffold(story, step) ? HARDLY : weight;
}

static void weigh(struct plait__story *story, const struct plait__finding *finding) {
    const struct plait__schedule *taken = &story->run->taken;
    uint32_t begin = taken->count ? plait__story_after(story, taken->of[0].index) : 0;
    for (uint32_t i = 0; i < story->step_count; i++) {
        story->steps[i].weight = (uint8_t)weight_alone(story, &story->steps[i], begin);
    }
    weigh_waits(story);
    weigh_failure(story);
    for (uint32_t i = 0; i < taken->count; i++) weigh_switch(story, taken->of[i].index, SWITCH);
    if (finding->has_flip) weigh_switch(story, finding->flip.index, FLIP);
}

/* Whether it would be missed: going on and ending are no news. */
static bool is_told(const struct plait__step *step) {
    return !step->inner && !step->goes_on && step->kind != PLAIT__EVENT_END;
}

/* The heaviest; among equals the later ones. */
static void choose(struct plait__story *story) {
    uint32_t room = PLAIT__STEPS_SHOWN;
    for (unsigned weight = END; weight >= NEEDED && room; weight--) {
        for (uint32_t i = story->step_count; i-- > 0 && room;) {
            if (story->steps[i].weight != weight) continue;
            story->steps[i].shown = true;
            story->shown++;
            room--;
        }
    }
    for (uint32_t i = 0; i < story->step_count; i++)
        if (!story->steps[i].shown && is_told(&story->steps[i])) story->left_out++;
}

bool plait__story_tell(struct plait__story *story, const struct plait__finding *finding) {
    enum plait_check_outcome outcome = finding->run->end.outcome;
    *story = (struct plait__story){
        .run = finding->run,
        .stuck = outcome == PLAIT_CHECK_DEADLOCK || outcome == PLAIT_CHECK_LOST_WAKEUP,
    };
    if (!take_events(story, finding->run) || !make_steps(story)) return false;
    find_who_matters(story);
    weigh(story, finding);
    choose(story);
    return true;
}

void plait__story_end(struct plait__story *story) {
    plait__release(story->events);
    plait__release(story->steps);
    plait__release(story->step_of);
}

uint32_t plait__story_after(const struct plait__story *story, uint32_t decision) {
    uint32_t low = 0, high = story->event_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (story->events[middle].decision <= decision)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t plait__story_next_of(const struct plait__story *story, uint32_t event, uint8_t actor) {
    for (; event < story->event_count; event++) {
        const struct plait__event *at = &story->events[event];
        if ((actor == PLAIT__NOBODY || at->actor == actor) && !story->steps[story->step_of[event]].inner)
            break;
    }
    return event;
}
