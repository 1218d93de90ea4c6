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
    uint64_t *callers = plait__allocate_array(story->event_count + PLAIT__ACTORS, sizeof *callers);
    if (!callers) return false;
    size_t count = 0;
    for (uint32_t i = 0; i < story->event_count; i++) {
        const struct plait__event *event = &story->events[i];
        bool needed = story->steps[story->step_of[i]].weight > 0;
        if (needed && event->caller && (!i || event->caller != story->events[i - 1].caller))
            callers[count++] = event->caller;
    }
    for (uint32_t i = 0; i < story->run->actor_count && i < PLAIT__ACTORS; i++)
        if (story->run->actors[i].caller) callers[count++] = story->run->actors[i].caller;
    wording->symbols = plait__symbols_new(callers, count);
    plait__release(callers);
    return wording->symbols != NULL;
}

void plait__wording_end(struct plait__wording *wording) {
    plait__symbols_free(wording->symbols);
}

void plait__word_actor(struct plait__wording *wording, struct plait__text *text, uint32_t actor) {
    const struct plait__run *run = wording->story->run;
    plait__text_add(text, "T%u", (unsigned)actor);
    if (actor >= run->actor_count || actor >= PLAIT__ACTORS) return;
    const struct plait__actor_state *state = &run->actors[actor];
    if (state->name[0])
        plait__text_add(text, " %.*s", (int)sizeof state->name, state->name);
    else if (state->task[0])
        plait__text_add(text, " %.*s", (int)sizeof state->task, state->task);
}

void plait__word_place(struct plait__wording *wording, struct plait__text *text,
                       const struct plait__event *event) {
    const char *file = (const char *)event->file;
    const char *slash = memrchr(file, '/', strnlen(file, sizeof event->file));
    if (slash) file = slash + 1;
    int length = (int)strnlen(file, (size_t)((const char *)event->file + sizeof event->file - file));
    if (length)
        plait__text_add(text, "%.*s:%u", length, file, (unsigned)event->line);
    else
        plait__text_add(text, "%s", plait__symbols_place(wording->symbols, event->caller));
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

/* What the call is about: the first thing it touches that has a name, else one that can be given a letter. */
static bool object_of(struct plait__wording *wording, const struct plait__step *step, const char *function,
                      char *name) {
    const struct plait__story *story = wording->story;
    uint32_t number = (uint32_t)(step - story->steps);
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = step->first; i <= step->last; i++) {
            uint64_t object = story->events[i].object;
            if (story->step_of[i] != number || !object) continue;
            const char *kind = pass ? kind_of(wording, object, function) : NULL;
            if (kind ? letter_name(wording, object, kind, name) : !pass && given_name(wording, object, name))
                return true;
        }
    }
    return false;
}

/* A name that is not the program's says what it is of: "lock A" does, "forks" does not. */
static void word_waited(struct plait__wording *wording, struct plait__text *text,
                        const struct plait__actor_state *state) {
    const char *kind = state->waits_for;
    char name[NAME];
    if (kind[strcspn(kind, ".")]) plait__text_add(text, "%.*s of ", (int)sizeof state->waits_for, kind);
    int length = (int)strcspn(kind, ".");
    if (state->object && given_name(wording, state->object, name))
        plait__text_add(text, "%.*s %s", length, kind, name);
    else if (state->object && letter_name(wording, state->object, kind, name))
        plait__text_add(text, "%s", name);
    else
        plait__text_add(text, "%.*s", length, kind);
}

void plait__word_wait(struct plait__wording *wording, struct plait__text *text, uint32_t actor) {
    const struct plait__actor_state *state = &wording->story->run->actors[actor];
    bool held = state->holder != PLAIT__NOBODY;
    if (held && !strcmp(state->waits_for, "thread")) {
        plait__text_add(text, "the end of ");
    } else {
        if (state->waits_for[0])
            word_waited(wording, text, state);
        else
            plait__text_add(text, "something");
        if (held) plait__text_add(text, ", held by ");
    }
    if (held) plait__word_actor(wording, text, state->holder);
}

/* --- Steps --- */

static void word_value(struct plait__text *text, const struct plait__event *event, const char *sign) {
    if (!event->has_value) return;
    int64_t value = (int64_t)event->value;
    bool small = value > -1000000000000 && value < 1000000000000;
    plait__text_add(text, small ? " %s %lld" : " %s 0x%llx", sign, (long long)value);
}

static void word_access(struct plait__text *text, const struct plait__step *step,
                        const struct plait__event *event) {
    bool reads = event->kind == PLAIT__EVENT_READ;
    plait__text_add(text, "%s %.*s", reads ? "read" : "write", (int)sizeof event->name,
                    (const char *)event->name);
    word_value(text, event, reads ? "==" : "=");
    if (step->times > 1) plait__text_add(text, " (%u times)", step->times);
}

static void word_call(struct plait__wording *wording, struct plait__text *text,
                      const struct plait__step *step) {
    char function[NAME] = "", object[NAME] = "";
    if (!plait__symbols_function(wording->story->events[step->first].function, function, sizeof function))
        snprintf(function, sizeof function, "plait");
    bool named = object_of(wording, step, function, object);
    plait__text_add(text, named ? "%s(%s)" : "%s", function, object);
    if (step->goes_on && !step->for_ever) plait__text_add(text, " goes on");
}

static void word_happening(struct plait__wording *wording, struct plait__text *text,
                           const struct plait__step *step, const struct plait__event *event) {
    if (event->kind == PLAIT__EVENT_VALUE) {
        plait__text_add(text, "plait_choose gives %llu", (unsigned long long)event->value);
        return;
    }
    word_call(wording, text, step);
    switch (event->kind) {
    case PLAIT__EVENT_EXPIRE:
        plait__text_add(text, ": its time is up");
        break;
    case PLAIT__EVENT_DISTURB:
        plait__text_add(text, ": wakes up for no reason");
        break;
    default:
        plait__text_add(text, ": no memory");
        break;
    }
}

/* What came of the call, as far as it is known. */
static void word_outcome(struct plait__wording *wording, struct plait__text *text,
                         const struct plait__step *step) {
    if (step->wakes != PLAIT__NOBODY) {
        plait__text_add(text, step->kind == PLAIT__EVENT_START ? ": starts " : ": wakes ");
        plait__word_actor(wording, text, step->wakes);
    } else if (step->wakes_nobody) {
        plait__text_add(text, ": nobody waits");
    }
    if (step->for_ever) {
        const struct plait__actor_state *state = &wording->story->run->actors[step->actor];
        plait__text_add(text, "  <- blocks for ever");
        if (state->holder != PLAIT__NOBODY) plait__text_add(text, ": T%u has it", (unsigned)state->holder);
    } else if (step->sleeps) {
        plait__text_add(text, ": waits");
    }
    if (step->fails) plait__text_add(text, step->kind == PLAIT__EVENT_FAIL ? "<- fails" : "  <- fails");
}

void plait__word_step(struct plait__wording *wording, struct plait__text *text,
                      const struct plait__step *step) {
    const struct plait__event *event = &wording->story->events[step->first];
    if (event->kind == PLAIT__EVENT_END) {
        plait__text_add(text, "ends");
        return;
    }
    plait__word_place(wording, text, event);
    plait__text_add(text, " ");
    switch (event->kind) {
    case PLAIT__EVENT_READ:
    case PLAIT__EVENT_WRITE:
        word_access(text, step, event);
        break;
    case PLAIT__EVENT_VALUE:
    case PLAIT__EVENT_EXPIRE:
    case PLAIT__EVENT_DISTURB:
    case PLAIT__EVENT_NO_MEMORY:
        word_happening(wording, text, step, event);
        break;
    case PLAIT__EVENT_FAIL:
        break;
    default:
        word_call(wording, text, step);
        break;
    }
    word_outcome(wording, text, step);
}
