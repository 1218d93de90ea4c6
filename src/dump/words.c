/* words.c - a snapshot in words. */
#include <base/clock.h>
#include <dump/words.h>
#include <string.h>
#include <thread/service.h>
#include <unistd.h>
#include <wait/name.h>

enum { NAME = 60, COLUMN = 28 }; /* bytes of a name that are shown; width of the threads' names */

/* What a wait of this kind is for. */
static const struct phrase {
    const char *kind, *words;
    bool nameless; /* its object's address tells nobody anything */
} phrases[] = {
    {"queue.get", "an item from queue", false},
    {"queue.put", "room in queue", false},
    {"queue.join", "the last task_done of queue", false},
    {"futures", "several futures", true},
    {"pool.idle", "work in pool", false},
    {"pool.submit", "room in pool", false},
    {"pool.join", "the end of pool", false},
    {"map", "those who help with its map", true},
    {"sync", "what it has spawned", true},
    {"imap", "the next result of imap", false},
    {"lender", "something from lender", false},
    {"lender.borrow", "something from lender", false},
    {"lender.join", "the end of lender", false},
    {"scope.end", "the children of scope", false},
    {"shutdown", "all threads that are not daemons to end", true},
    {"thread start", "a thread to begin", true},
    {"service", "a callback of the service thread", true},
    {"descriptor", "a descriptor", true},
    {"deadline", "its time", true},
};

static struct phrase phrase_of(const char *kind) {
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (strcmp(phrases[i].kind, kind) == 0) return phrases[i];
    return (struct phrase){kind, kind, false};
}

static void say_who(struct plait__text *text, const struct plait__seen *seen) {
    if (seen->thread)
        plait__say_plainly(text, seen->thread->name, NAME);
    else
        plait__say(text, "thread %u", (unsigned)seen->ident);
    if (!seen->task) return;
    plait__say(text, " (");
    plait__say_plainly(text, seen->task, NAME);
    plait__say(text, ")");
}

/* lock "accounts" at 0x4040a0; briefly without the address of what has a name. */
static void say_object(struct plait__text *text, const char *kind, const void *object, bool brief) {
    struct phrase phrase = phrase_of(kind);
    char name[NAME + 1];
    plait__say(text, "%s", phrase.words);
    if (phrase.nameless || !object) return;
    bool named = plait_get_name(object, name, sizeof name) != 0;
    if (named) {
        plait__say(text, " \"");
        plait__say_plainly(text, name, NAME);
        plait__say(text, "\"");
    }
    if (!named || !brief) plait__say(text, named ? " at %p" : " %p", object);
}

/* As many as were copied. */
static void say_cases(struct plait__text *text, const struct plait__seen *seen) {
    plait__say(text, "the first of %zu: ", seen->case_count);
    for (size_t i = 0; i < seen->case_count && i < PLAIT__SEEN_CASES; i++) {
        if (i) plait__say(text, ", ");
        say_object(text, seen->cases[i].kind, seen->cases[i].object, false);
    }
    if (seen->case_count > PLAIT__SEEN_CASES) plait__say(text, ", ...");
}

static void say_future(struct plait__text *text, const struct plait__seen *seen, bool brief) {
    say_object(text, "future", seen->object, brief);
    if (seen->future_task) {
        plait__say(text, " of ");
        plait__say_plainly(text, seen->future_task, NAME);
    }
    if (seen->future == PLAIT__PROMISED) plait__say(text, ", a promise that anybody may keep");
    if (seen->future == PLAIT__NOT_BEGUN) plait__say(text, ", which nobody has begun");
}

static void say_what(struct plait__text *text, const struct plait__seen *seen, bool brief) {
    if (strcmp(seen->kind, "sleep") == 0) {
        plait__say(text, "sleeps");
        return;
    }
    plait__say(text, "waits for ");
    if (seen->case_count) {
        say_cases(text, seen);
    } else if (strcmp(seen->kind, "thread") == 0) {
        plait__say(text, "the end of ");
        if (seen->awaits)
            say_who(text, seen->awaits);
        else
            plait__say(text, "a thread");
    } else if (strcmp(seen->kind, "future") == 0) {
        say_future(text, seen, brief);
    } else if (seen->moved) {
        say_object(text, "lock", seen->lock, brief);
    } else {
        say_object(text, seen->kind, seen->object, brief);
    }
}

/* Whoever is joined has been named already. */
static void say_holder(struct plait__text *text, const struct plait__seen *seen) {
    if (!seen->holder || strcmp(seen->kind, "thread") == 0) return;
    plait__say(text, seen->future == PLAIT__BEING_RUN ? ", run by " : ", held by ");
    if (seen->holder == seen->ident)
        plait__say(text, "itself");
    else if (seen->awaits)
        say_who(text, seen->awaits);
    else
        plait__say(text, "thread %u", (unsigned)seen->holder);
}

static void say_times(struct plait__text *text, const struct plait__seen *seen) {
    uint64_t now = plait__os_ticks();
    uint64_t us = now > seen->since ? (now - seen->since) / plait__os_ticks_per_us() : 0;
    if (us >= 1000000) plait__say(text, ", for %llu s", (unsigned long long)(us / 1000000));
    if (seen->until == INT64_MAX) return;
    int64_t left = seen->until - plait__now();
    plait__say(text, ", %.1f s left", left > 0 ? (double)left * 1e-9 : 0.0);
}

static void say_line(struct plait__text *text, const struct plait__seen *seen) {
    uint32_t native_id = seen->thread ? plait__load(&seen->thread->native_id) : 0;
    if (native_id)
        plait__say(text, "%5u %8u  ", (unsigned)seen->ident, (unsigned)native_id);
    else
        plait__say(text, "%5u %8s  ", (unsigned)seen->ident, "?");
    size_t before = text->length;
    say_who(text, seen);
    size_t width = text->length - before;
    plait__say(text, "%*s  ", width < COLUMN ? (int)(COLUMN - width) : 0, "");
    if (!seen->asleep) {
        plait__say(text, seen->ident ? "awake\n" : "awake, or has not called plait yet\n");
        return;
    }
    say_what(text, seen, false);
    say_holder(text, seen);
    if (seen->moved) {
        plait__say(text, ", notified at ");
        say_object(text, seen->kind, seen->object, false);
    }
    say_times(text, seen);
    plait__say(text, "\n");
}

static void say_circle(struct plait__text *text, struct plait__seen *first) {
    struct plait__seen *seen = first;
    plait__say(text, "plait: a circle: ");
    say_who(text, first);
    do {
        plait__say(text, seen == first ? " " : ", which ");
        say_what(text, seen, true);
        say_holder(text, seen);
        seen->told = true;
        seen = seen->awaits;
    } while (seen != first);
    plait__say(text, "\n");
}

void plait__say_snapshot(struct plait__text *text, const struct plait__snapshot *snapshot) {
    int threads = plait__os_thread_count() - (plait__service_ident() != 0), known = (int)snapshot->count;
    plait__say(text, "plait: %d thread%s in process %d", known, known == 1 ? "" : "s", (int)getpid());
    if (threads > known) plait__say(text, ", and %d unknown to plait", threads - known);
    plait__say(text, "\n");
    for (size_t i = 0; i < snapshot->count; i++) say_line(text, &snapshot->seen[i]);
    for (struct plait__seen *first; (first = plait__snapshot_circle(snapshot));) say_circle(text, first);
}
