/* report.c - what the checker found, for people; and what it tried, when it found nothing.
 *
 *     LOST WAKE-UP after 41 schedules (0.02 s)   replay: plait replay p3-7F2K9-QX ./q
 *       T1 consumer                     T2 producer
 *       q.c:31 read ready == 0
 *                                       q.c:52 write ready = 1
 *                                       q.c:53 plait_condition_notify(nonempty): nobody waits
 *       q.c:33 plait_condition_wait(nonempty)  <- blocks for ever
 *     Flip: q.c:33 before q.c:52 passes (50/50; as found: fails 50/50)
 *
 * A column for each thread that has a line in it, the order of time from top to bottom. The headline and everything
 * below the columns stand there only if they are known.
 */
#include <base/memory.h>
#include <check/wording.h>
#include <string.h>

enum { COLUMNS = 4, WIDTH = 100, MARGIN = 2 };

static const char *const headlines[] = {
    [PLAIT_CHECK_PASSED] = "PASSED",
    [PLAIT_CHECK_DEADLOCK] = "DEADLOCK",
    [PLAIT_CHECK_LOST_WAKEUP] = "LOST WAKE-UP",
    [PLAIT_CHECK_ASSERTION] = "ASSERTION FAILED",
    [PLAIT_CHECK_CRASH] = "CRASH",
    [PLAIT_CHECK_EXIT] = "BAD EXIT STATUS",
    [PLAIT_CHECK_LEFT_RUNNING] = "THREAD LEFT RUNNING",
    [PLAIT_CHECK_MISUSE] = "MISUSE",
    [PLAIT_CHECK_USE_AFTER_FREE] = "USE AFTER FREE",
    [PLAIT_CHECK_LIVELOCK] = "LIVELOCK",
    [PLAIT_CHECK_TASK_FAILED] = "A TASK FAILED, AND NOBODY ASKED",
    [PLAIT_CHECK_RACE] = "DATA RACE",
    [PLAIT_CHECK_UNCONTROLLED] = "NOT CONTROLLED",
    [PLAIT_CHECK_NOT_DETERMINISTIC] = "NOT DETERMINISTIC",
    [PLAIT_CHECK_NOTHING_CONTROLLED] = "NOTHING CONTROLLED",
    [PLAIT_CHECK_REFUSED] = "REFUSED",
};

static void add_count(struct plait__text *text, uint64_t count, const char *one, const char *many) {
    plait__say_number(text, count);
    plait__say(text, " %s", count == 1 ? one : many);
}

/* --- The headline --- */

static void add_headline(struct plait__text *text, const struct plait__exploration *exploration,
                         const struct plait__finding *finding) {
    const struct plait__end *end = &finding->run->end;
    unsigned outcome = end->outcome, known = sizeof headlines / sizeof headlines[0];
    if (!finding->deterministic && outcome != PLAIT_CHECK_NOT_DETERMINISTIC)
        plait__say(text, "%s: ", headlines[PLAIT_CHECK_NOT_DETERMINISTIC]);
    plait__say(text, "%s", outcome < known ? headlines[outcome] : "FAILED");
    if (end->outcome == PLAIT_CHECK_CRASH && strsignal(end->status))
        plait__say(text, " (%s)", strsignal(end->status));
    if (end->outcome == PLAIT_CHECK_EXIT) plait__say(text, " %d", end->status);
    if (exploration->options.replay) {
        plait__say(text, ", replayed\n");
        return;
    }
    plait__say(text, " after ");
    add_count(text, finding->searched.schedules, "schedule", "schedules");
    plait__say(text, " (%.2f s)", finding->seconds);
    if (finding->token && exploration->program)
        plait__say(text, "   replay: plait replay %s %s", finding->token, exploration->program);
    else if (finding->token)
        plait__say(text, "   replay: options.replay = \"%s\"", finding->token);
    plait__say(text, "\n");
}

/* --- The columns --- */

struct columns {
    uint8_t actors[PLAIT__ACTORS];
    uint32_t count;
    size_t width;
};

static void choose_columns(struct columns *columns, const struct plait__story *story) {
    bool speaks[PLAIT__ACTORS] = {false};
    for (uint32_t i = 0; i < story->step_count; i++)
        if (story->steps[i].shown) speaks[story->steps[i].actor] = true;
    for (uint32_t i = 0; i < PLAIT__ACTORS; i++)
        if (speaks[i]) columns->actors[columns->count++] = (uint8_t)i;
    columns->width = columns->count ? (WIDTH - MARGIN) / (columns->count + 1) : WIDTH;
}

/* Where the actor's lines begin. Too many for columns stand below each other, each with its thread before it. */
static size_t column_of(const struct columns *columns, uint8_t actor) {
    uint32_t at = 0;
    while (at < columns->count && columns->actors[at] != actor) at++;
    return columns->count <= COLUMNS ? MARGIN + at * columns->width : MARGIN;
}

static void add_heads(struct plait__text *text, struct plait__wording *wording,
                      const struct columns *columns) {
    for (uint32_t i = 0; i < columns->count && columns->count <= COLUMNS; i++) {
        struct plait__text head = {0};
        plait__word_actor(wording, &head, columns->actors[i]);
        char *name = plait__text_take(&head);
        if (!name) text->failed = true;
        plait__say_tab(text, column_of(columns, columns->actors[i]));
        if (name) plait__say(text, "%.*s", (int)columns->width - 1, name);
        plait__release(name);
    }
    if (columns->count && columns->count <= COLUMNS) plait__say(text, "\n");
}

static void add_steps(struct plait__text *text, struct plait__wording *wording) {
    const struct plait__story *story = wording->story;
    struct columns columns = {0};
    choose_columns(&columns, story);
    add_heads(text, wording, &columns);
    for (uint32_t i = 0; i < story->step_count; i++) {
        const struct plait__step *step = &story->steps[i];
        if (!step->shown) continue;
        plait__say_tab(text, column_of(&columns, step->actor));
        if (columns.count > COLUMNS) {
            plait__word_actor(wording, text, step->actor);
            plait__say(text, "  ");
        }
        plait__word_step(wording, text, step);
        plait__say(text, "\n");
    }
    if (!story->left_out) return;
    plait__say(text, "  (");
    add_count(text, story->left_out, "other step", "other steps");
    plait__say(text, " left out)\n");
}

/* --- What stands below --- */

static void add_circle(struct plait__text *text, struct plait__wording *wording) {
    const struct plait__story *story = wording->story;
    plait__say(text, "Circle: ");
    plait__word_actor(wording, text, story->circle[0]);
    for (uint32_t i = 0; i < story->circle_length; i++) {
        if (i) plait__say(text, story->circle_length > 2 ? ",\n  which" : ", which");
        plait__say(text, " waits for ");
        plait__word_wait(wording, text, story->circle[i]);
    }
    plait__say(text, ".\n");
}

/* Who waits for ever, if that does not stand in the circle: with the place, for it may be left out above. */
static void add_waits(struct plait__text *text, struct plait__wording *wording) {
    const struct plait__story *story = wording->story;
    const struct plait__run *run = story->run;
    bool told = story->stuck || run->end.outcome == PLAIT_CHECK_LEFT_RUNNING;
    for (uint32_t i = 0; told && i < run->actor_count && i < PLAIT__ACTORS; i++) {
        if (!run->actors[i].waits_for_ever || memchr(story->circle, (int)i, story->circle_length)) continue;
        plait__say(text, "Waits: ");
        plait__word_actor(wording, text, i);
        plait__say(text, " for ");
        plait__word_wait(wording, text, i);
        plait__word_last_place(wording, text, i, ", ");
        plait__say(text, ".\n");
    }
}

/* "q.c:33 before q.c:52", with the threads' numbers if both are the same line. */
static void add_order(struct plait__text *text, struct plait__wording *wording,
                      const struct plait__event *first, const struct plait__event *second) {
    struct plait__text places[2] = {{0}, {0}};
    plait__word_place(wording, &places[0], first);
    plait__word_place(wording, &places[1], second);
    char *one = plait__text_take(&places[0]), *other = plait__text_take(&places[1]);
    if (!one || !other)
        text->failed = true;
    else if (strcmp(one, other) != 0)
        plait__say(text, "%s before %s", one, other);
    else
        plait__say(text, "%s of T%u before T%u", one, (unsigned)first->actor, (unsigned)second->actor);
    plait__release(one);
    plait__release(other);
}

/* What the checker did there besides choosing who runs; NULL: nothing. */
static const char *words_of_injected(uint8_t kind) {
    switch (kind) {
    case PLAIT__EVENT_EXPIRE:
        return "without the timeout of ";
    case PLAIT__EVENT_DISTURB:
        return "without the wake-up for no reason in ";
    case PLAIT__EVENT_VALUE:
        return "with 0 from plait_choose in ";
    case PLAIT__EVENT_NO_MEMORY:
        return "with memory in ";
    default:
        return NULL;
    }
}

/* The actor went on at a place of its own, if that is known, or it could not. */
static void add_going_on(struct plait__text *text, struct plait__wording *wording, uint32_t after,
                         const struct plait__event *instead) {
    const struct plait__story *story = wording->story;
    const struct plait__event *before = &story->events[after - 1];
    uint32_t later = plait__story_next_of(story, after, before->actor);
    bool could = before->kind != PLAIT__EVENT_SLEEP && before->kind != PLAIT__EVENT_END;
    if (!could || before->actor == instead->actor) {
        plait__say(text, "another thread than T%u going on before ", (unsigned)instead->actor);
        plait__word_place(wording, text, instead);
    } else if (later < story->event_count) {
        add_order(text, wording, &story->events[later], instead);
    } else {
        plait__say(text, "T%u going on", (unsigned)before->actor);
        plait__word_last_place(wording, text, before->actor, " after ");
        plait__say(text, " before ");
        plait__word_place(wording, text, instead);
    }
}

/* In which words the choice is undone. False if it is not known. */
static bool add_undone(struct plait__text *text, struct plait__wording *wording, uint32_t decision) {
    const struct plait__story *story = wording->story;
    uint32_t after = plait__story_after(story, decision);
    if (after == story->event_count) return false;
    const struct plait__event *choice = &story->events[after];
    const char *injected = words_of_injected(choice->kind);
    uint32_t next = plait__story_next_of(story, after, choice->actor);
    if (next == story->event_count || (!injected && !after)) return false;
    if (!injected) {
        add_going_on(text, wording, after, &story->events[next]);
        return true;
    }
    plait__say(text, "%s", injected);
    plait__word_place(wording, text, &story->events[next]);
    return true;
}

static void add_flip(struct plait__text *text, struct plait__wording *wording,
                     const struct plait__finding *finding) {
    if (!finding->has_flip) return;
    plait__say(text, "Flip: ");
    if (!add_undone(text, wording, finding->flip.index))
        plait__say(text, "without its choice number %u it", (unsigned)finding->flip.index);
    plait__say(text, " passes (%u/%u; as found: fails %u/%u)\n", finding->flip_passes, finding->flip_tries,
               finding->found_fails, finding->found_tries);
}

static void add_difference(struct plait__text *text, struct plait__wording *wording,
                           const struct plait__finding *finding) {
    const struct plait__story *story = wording->story;
    if (finding->deterministic) return;
    plait__say(
        text,
        "The same order gave another course: the test depends on something that is not controlled (a clock, "
        "an address,\nrandom numbers, a file, what an earlier run left behind). It first differs at decision "
        "%u",
        (unsigned)finding->differs_at);
    uint32_t at = plait__story_next_of(story, plait__story_after(story, finding->differs_at), PLAIT__NOBODY);
    if (at < story->event_count) {
        plait__say(text, ", about ");
        plait__word_place(wording, text, &story->events[at]);
        plait__say(text, " in ");
        plait__word_actor(wording, text, story->events[at].actor);
    }
    plait__say(text, ".\n");
}

char *plait__report_failure(const struct plait__exploration *exploration,
                            const struct plait__finding *finding) {
    struct plait__text text = {0};
    struct plait__story story;
    struct plait__wording wording = {0};
    bool told = plait__story_tell(&story, finding) && plait__wording_begin(&wording, &story);
    if (told) {
        const struct plait__end *end = &finding->run->end;
        add_headline(&text, exploration, finding);
        add_steps(&text, &wording);
        if (end->words[0] && !story.stuck) plait__say(&text, "%.*s\n", (int)sizeof end->words, end->words);
        if (story.circle_length) add_circle(&text, &wording);
        add_waits(&text, &wording);
        add_flip(&text, &wording, finding);
        add_difference(&text, &wording, finding);
    }
    plait__wording_end(&wording);
    plait__story_end(&story);
    char *report = plait__text_take(&text);
    if (!told) {
        plait__release(report);
        report = NULL;
    }
    return report;
}

/* --- A pass --- */

static void add_untried(struct plait__text *text, unsigned inject) {
    static const struct {
        unsigned what;
        const char *words;
    } choices[] = {{PLAIT_CHECK_TIMEOUTS, "timeouts before their time"},
                   {PLAIT_CHECK_SPURIOUS, "wake-ups for no reason"},
                   {PLAIT_CHECK_MEMORY, "failing allocations"}};
    const char *before = "  not tried: ";
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        if (inject & choices[i].what) continue;
        plait__say(text, "%s%s", before, choices[i].words);
        before = ", ";
    }
    plait__say(text, "%sweak memory (all was sequentially consistent)\n", before);
}

static void add_proof(struct plait__text *text, const struct plait__searched *searched) {
    plait__say(text, "  all ");
    add_count(text, searched->within, "order", "orders");
    if (searched->bound != PLAIT__NO_BOUND) plait__say(text, " within bound %u", searched->bound);
    plait__say(text, " pass\n");
}

char *plait__report_pass(const struct plait__exploration *exploration, const struct plait__searched *searched,
                         double seconds) {
    static const char *const strategies[] = {"auto", "random", "pct", "delay", "dfs"};
    const plait_check_options *options = &exploration->options;
    struct plait__text text = {0};
    plait__say(&text, "PASSED ");
    add_count(&text, searched->schedules, "schedule", "schedules");
    plait__say(&text, " (%.2f s", seconds);
    if (seconds > 0) {
        plait__say(&text, ", ");
        plait__say_number(&text, (uint64_t)((double)searched->schedules / seconds));
        plait__say(&text, " a second");
    }
    plait__say(&text, "), strategy %s\n  ",
               options->strategy <= PLAIT_CHECK_DFS ? strategies[options->strategy] : "?");
    plait__say(&text, searched->more_orders ? "more than " : "");
    add_count(&text, searched->orders, "distinct order, ", "distinct orders, ");
    add_count(&text, searched->points, "scheduling point\n", "scheduling points\n");
    if (searched->complete) add_proof(&text, searched);
    add_untried(&text, options->inject);
    plait__say(&text, "  not controlled: memory used without plait_read and plait_write, and what does not "
                      "go through plait\n");
    if (exploration->program && !searched->complete)
        plait__say(&text, "  next: --strategy dfs --bound 1 tries all orders with one preemption\n");
    return plait__text_take(&text);
}
