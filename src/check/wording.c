/* wording.c - how a report calls things.
 *
 * An object has the name that plait_set_name gave it; or the variable's that it lies in; or, if it is a word-sized
 * one that a thread waits for or a lock, a letter. Otherwise it is not named: two addresses inside one queue
 * must not look like two queues.
 */
#include <base/memory.h>
#include <check/wording.h>
#include <stdio.h>
#include <string.h>

enum { NAME = 96 };

bool plait__wording_begin(struct plait__wording *wording, const struct plait__story *story) {
    *wording = (struct plait__wording){.story = story};
    uint64_t *callers = plait__allocate_array(story->event_count, sizeof *callers);
    if (!callers) return false;
    size_t count = 0;
    for (uint32_t i = 0; i < story->event_count; i++) {
        const struct plait__event *event = &story->events[i];
        if (event->caller && (!i || event->caller != story->events[i - 1].caller))
            callers[count++] = event->caller;
    }
    wording->symbols = plait__symbols_new(callers, count);
    plait__release(callers);
    return wording->symbols != NULL;
}

void plait__wording_end(struct plait__wording *wording) {
    plait__symbols_free(wording->symbols);
}

void plait__word_actor(struct plait__wording *wording, struct plait__text *text, uint32_t actor) {
    const struct plait__run *run = wording->story->run;
    plait__say(text, "T%u", (unsigned)actor);
    if (actor >= run->actor_count || actor >= PLAIT__ACTORS) return;
    /* The task says more than a name that nobody gave. */
    const struct plait__actor_state *state = &run->actors[actor];
    bool given = state->name[0] && strncmp(state->name, "Thread-", 7) != 0;
    if (state->task[0] && !given)
        plait__say(text, " %.*s", (int)sizeof state->task, state->task);
    else if (state->name[0])
        plait__say(text, " %.*s", (int)sizeof state->name, state->name);
}

void plait__word_place(struct plait__wording *wording, struct plait__text *text,
                       const struct plait__event *event) {
    const char *file = (const char *)event->file;
    const char *slash = memrchr(file, '/', strnlen(file, sizeof event->file));
    if (slash) file = slash + 1;
    int length = (int)strnlen(file, (size_t)((const char *)event->file + sizeof event->file - file));
    if (length)
        plait__say(text, "%.*s:%u", length, file, (unsigned)event->line);
    else
        plait__say(text, "%s", plait__symbols_place(wording->symbols, event->caller));
}

void plait__word_last_place(struct plait__wording *wording, struct plait__text *text, uint32_t actor,
                            const char *before) {
    const struct plait__story *story = wording->story;
    for (uint32_t i = story->event_count; i-- > 0;) {
        const struct plait__event *event = &story->events[i];
        if (event->actor != actor || !event->caller) continue;
        plait__say(text, "%s", before);
        plait__word_place(wording, text, event);
        return;
    }
}

/* --- Objects --- */

static bool given_name(const struct plait__wording *wording, uint64_t object, char *name) {
    const struct plait__run *run = wording->story->run;
    uint32_t known = sizeof run->objects / sizeof run->objects[0];
    for (uint32_t i = 0; i < run->object_count && i < known; i++) {
        if (run->objects[i] != object || !run->object_names[i][0]) continue;
        snprintf(name, NAME, "%.*s", (int)sizeof run->object_names[i], run->object_names[i]);
        return true;
    }
    return plait__symbols_variable(object, name, NAME);
}

/* kind "lock": "lock A" for the first, "lock B" for the next. */
static bool letter_name(struct plait__wording *wording, uint64_t object, const char *kind, char *name) {
    unsigned at = 0;
    while (at < wording->letters && wording->lettered[at] != object) at++;
    if (at == sizeof wording->lettered / sizeof wording->lettered[0]) return false;
    if (at == wording->letters) wording->lettered[wording->letters++] = object;
    snprintf(name, NAME, "%.*s %c", (int)strcspn(kind, "."), kind, (char)('A' + at));
    return true;
}

/* The kind of wait that a thread never left on this object: "lock", "condition"; NULL if none did. */
static const char *waited_for(const struct plait__wording *wording, uint64_t object) {
    const struct plait__run *run = wording->story->run;
    for (uint32_t i = 0; i < run->actor_count && i < PLAIT__ACTORS; i++)
        if (run->actors[i].waits_for_ever && run->actors[i].object == object && run->actors[i].waits_for[0])
            return run->actors[i].waits_for;
    return NULL;
}

static const char *kind_of(const struct plait__wording *wording, uint64_t object, const char *function) {
    const char *kind = waited_for(wording, object);
    if (kind) return kind;
    if (!strncmp(function, "plait_lock_", 11)) return "lock";
    return strncmp(function, "plait_rlock_", 12) ? NULL : "rlock";
}

static bool name_object(struct plait__wording *wording, uint64_t object, const char *function, char *name) {
    if (given_name(wording, object, name)) return true;
    const char *kind = kind_of(wording, object, function);
    return kind && letter_name(wording, object, kind, name);
}

/* Waiting for a condition releases a lock first, which is not what it is about. */
static bool is_a_lock(const struct plait__wording *wording, uint64_t object) {
    const struct plait__story *story = wording->story;
    for (uint32_t i = 0; i < story->event_count; i++) {
        char function[NAME];
        if (story->events[i].object != object) continue;
        if (!plait__symbols_function(story->events[i].function, function, sizeof function)) continue;
        if (!strncmp(function, "plait_lock_", 11) || !strncmp(function, "plait_rlock_", 12)) return true;
    }
    return false;
}

/* What the call is about: what it waits for; else the first thing it touches that can be named. */
static bool object_of(struct plait__wording *wording, const struct plait__step *step, const char *function,
                      char *name) {
    const struct plait__story *story = wording->story;
    uint32_t number = (uint32_t)(step - story->steps);
    uint64_t awaited = step->for_ever ? story->run->actors[step->actor].object : 0;
    bool condition = !strncmp(function, "plait_condition_", 16);
    if (awaited && name_object(wording, awaited, function, name)) return true;
    for (uint32_t i = step->first; i <= step->last; i++) {
        uint64_t object = story->events[i].object;
        if (story->step_of[i] != number || !object || (condition && is_a_lock(wording, object))) continue;
        if (name_object(wording, object, function, name)) return true;
    }
    return false;
}

/* A name that is not the program's says what it is of: "lock A" does, "forks" does not. */
static void word_waited(struct plait__wording *wording, struct plait__text *text,
                        const struct plait__actor_state *state) {
    const char *kind = state->waits_for;
    char name[NAME];
    if (kind[strcspn(kind, ".")]) plait__say(text, "%.*s of ", (int)sizeof state->waits_for, kind);
    int length = (int)strcspn(kind, ".");
    if (state->object && given_name(wording, state->object, name))
        plait__say(text, "%.*s %s", length, kind, name);
    else if (state->object && letter_name(wording, state->object, kind, name))
        plait__say(text, "%s", name);
    else
        plait__say(text, "%.*s", length, kind);
}

void plait__word_wait(struct plait__wording *wording, struct plait__text *text, uint32_t actor) {
    const struct plait__actor_state *state = &wording->story->run->actors[actor];
    bool held = state->holder != PLAIT__NOBODY;
    if (held && !strcmp(state->waits_for, "thread")) {
        plait__say(text, "the end of ");
    } else {
        if (state->waits_for[0])
            word_waited(wording, text, state);
        else
            plait__say(text, "something");
        if (held) plait__say(text, ", held by ");
    }
    if (held) plait__word_actor(wording, text, state->holder);
}

/* --- Steps --- */

static void word_value(struct plait__text *text, const struct plait__event *event, const char *sign) {
    if (!event->has_value) return;
    int64_t value = (int64_t)event->value;
    bool small = value > -1000000000000 && value < 1000000000000;
    plait__say(text, small ? " %s %lld" : " %s 0x%llx", sign, (long long)value);
}

static void word_access(struct plait__text *text, const struct plait__event *event) {
    bool reads = event->kind == PLAIT__EVENT_READ;
    plait__say(text, "%s %.*s", reads ? "read" : "write", (int)sizeof event->name, (const char *)event->name);
    word_value(text, event, reads ? "==" : "=");
}

/* Macros of plait's call functions that the user does not know. */
static void use_words_of_user(char function[NAME]) {
    static const char *const words[][2] = {
        {"plait_check_failed", "plait_check_that"},
        {"plait_pool_submit", "plait_submit"},
        {"plait_pool_post", "plait_post"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (!strcmp(function, words[i][0])) snprintf(function, NAME, "%s", words[i][1]);
    char *sized = strstr(function, "_sized");
    if (sized) memmove(sized, sized + 6, strlen(sized + 6) + 1);
}

static void word_call(struct plait__wording *wording, struct plait__text *text,
                      const struct plait__step *step) {
    char function[NAME] = "", object[NAME] = "";
    if (!plait__symbols_function(wording->story->events[step->first].function, function, sizeof function))
        snprintf(function, sizeof function, "plait");
    bool named = object_of(wording, &wording->story->steps[step->call], function, object);
    use_words_of_user(function);
    plait__say(text, named ? "%s(%s)" : "%s", function, object);
    if (step->goes_on && !step->for_ever) plait__say(text, " goes on");
}

static void word_happening(struct plait__wording *wording, struct plait__text *text,
                           const struct plait__step *step, const struct plait__event *event) {
    if (event->kind == PLAIT__EVENT_VALUE) {
        plait__say(text, "plait_choose gives %llu", (unsigned long long)event->value);
        return;
    }
    word_call(wording, text, step);
    switch (event->kind) {
    case PLAIT__EVENT_EXPIRE:
        plait__say(text, ": its time is up");
        break;
    case PLAIT__EVENT_DISTURB:
        plait__say(text, ": wakes up for no reason");
        break;
    default:
        plait__say(text, ": no memory");
        break;
    }
}

/* Notifying looks once whether anybody waits, and returns if nobody does (see condition.c). */
static bool notifies_nobody(const struct plait__story *story, const struct plait__step *step) {
    const struct plait__event *event = &story->events[step->first];
    char function[NAME];
    if (step->first != step->last || step->goes_on || event->kind != PLAIT__EVENT_POINT) return false;
    uint32_t later = plait__story_next_of(story, step->last + 1, step->actor);
    const struct plait__event *next = later < story->event_count ? &story->events[later] : NULL;
    if (next && next->caller == event->caller && next->call == event->call) return false;
    return plait__symbols_function(event->function, function, sizeof function) &&
           !strncmp(function, "plait_condition_notify", 22);
}

/* What came of the call, as far as it is known. */
static void word_outcome(struct plait__wording *wording, struct plait__text *text,
                         const struct plait__step *step) {
    if (step->times > 1) plait__say(text, " (%u times)", step->times);
    if (step->wakes != PLAIT__NOBODY) {
        plait__say(text, step->kind == PLAIT__EVENT_START ? ": starts " : ": wakes ");
        plait__word_actor(wording, text, step->wakes);
    } else if (notifies_nobody(wording->story, step)) {
        plait__say(text, ": nobody waits");
    }
    if (step->for_ever) {
        const struct plait__actor_state *state = &wording->story->run->actors[step->actor];
        plait__say(text, "  <- blocks for ever");
        if (state->holder != PLAIT__NOBODY && strcmp(state->waits_for, "thread") != 0)
            plait__say(text, ": T%u has it", (unsigned)state->holder);
    } else if (step->sleeps) {
        plait__say(text, ": waits");
    }
    if (step->fails) plait__say(text, "  <- fails");
}

void plait__word_step(struct plait__wording *wording, struct plait__text *text,
                      const struct plait__step *step) {
    const struct plait__event *event = &wording->story->events[step->first];
    if (event->kind == PLAIT__EVENT_END) {
        plait__say(text, "ends");
        return;
    }
    /* A failure outside of any call: of the program's own, or of the system's in its name. */
    bool bare = event->kind == PLAIT__EVENT_FAIL && !event->function;
    if (!bare || event->caller) plait__word_place(wording, text, event);
    if (bare)
        plait__say(text, event->caller ? "  <- fails" : "<- fails");
    else
        plait__say(text, " ");
    if (bare) return;
    switch (event->kind) {
    case PLAIT__EVENT_READ:
    case PLAIT__EVENT_WRITE:
        word_access(text, event);
        break;
    case PLAIT__EVENT_VALUE:
    case PLAIT__EVENT_EXPIRE:
    case PLAIT__EVENT_DISTURB:
    case PLAIT__EVENT_NO_MEMORY:
        word_happening(wording, text, step, event);
        break;
    default:
        word_call(wording, text, step);
        break;
    }
    word_outcome(wording, text, step);
}
