/* rooms.c - the program that runs scenarios, and what they share.
 *
 *     check-rooms [--list] [--schedules N] [--seed N] [--replay TOKEN] [ROOM | ROOM.NAME]...
 *
 * Each scenario is run under N schedules (default: some thousands), and those that are small enough under all
 * orders with one or two preemptions. Prints TAP. With PLAIT_STRESS_SECONDS each is run for so long instead,
 * every time with other orders. */
#include "rooms.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { SCHEDULES = 2500, TIMES_FOR_ALL = 8, PAGE = 4096, MOST_THREADS = 8 };

static struct scenario *first, **last = &first;

void scenario_register(struct scenario *scenario) {
    *last = scenario;
    last = &scenario->next;
}

/* ---- what scenarios share ---- */

struct life {
    body *run;
    void *argument;
};

static void *live(void *argument) {
    const struct life *life = argument;
    life->run(life->argument);
    return NULL;
}

void together(int count, body *const bodies[], void *argument) {
    struct life lives[MOST_THREADS];
    plait_thread *threads[MOST_THREADS];
    for (int i = 0; i + 1 < count; i++) {
        lives[i] = (struct life){bodies[i], argument};
        threads[i] = plait_thread_new(NULL, live, &lives[i]);
        plait_check_that(threads[i]);
    }
    bodies[count - 1](argument);
    for (int i = 0; i + 1 < count; i++) finish(threads[i]);
}

plait_thread *begin(body *run, void *argument) {
    static struct life lives[MOST_THREADS];
    static int next;
    struct life *life = &lives[next++ % MOST_THREADS];
    *life = (struct life){run, argument};
    plait_thread *thread = plait_thread_new(NULL, live, life);
    plait_check_that(thread);
    return thread;
}

void finish(plait_thread *thread) {
    plait_check_that(plait_thread_join(thread) == PLAIT_OK);
    plait_thread_free(thread);
}

void end_pool(plait_pool *pool) {
    plait_check_that(plait_pool_shutdown(pool, true, false) == PLAIT_OK);
    plait_pool_free(pool);
    plait_check_that(plait_shutdown(PLAIT_FOREVER) == PLAIT_OK);
}

plait_status ask(plait_future *future) {
    plait_status status = plait_result(future);
    plait_future_free(future);
    return status;
}

static _Alignas(PAGE) char page[PAGE];

void *page_new(void) {
    if (mprotect(page, PAGE, PROT_READ | PROT_WRITE)) abort();
    return memset(page, 0, PAGE);
}

void page_end(void) {
    if (mprotect(page, PAGE, PROT_NONE)) abort();
}

plait_deadline soon(void) {
    return plait_after(0.01);
}

void let_time_pass(void) {
    (void)plait_sleep(0.002);
}

/* ---- running them ---- */

static plait_check_options options = {.schedules = SCHEDULES, .inside = true};
static uint64_t schedules_in_all;
static int tests, failures;

static void print_commented(const char *text) {
    while (*text) {
        int length = (int)strcspn(text, "\n");
        printf("# %.*s\n", length, text);
        text += length;
        if (*text) text++;
    }
}

/* `what` tells how it was explored. */
static void explore(const struct scenario *scenario, plait_check_options how, const char *what) {
    how.inject = scenario->inject;
    plait_check_result *result = plait_check_run(scenario->run, NULL, &how);
    bool passed = result && result->outcome == PLAIT_CHECK_PASSED;
    if (!passed) failures++;
    printf("%sok %d - %s.%s%s", passed ? "" : "not ", ++tests, scenario->room, scenario->name, what);
    if (result) {
        schedules_in_all += result->schedules;
        printf(" # %s: %" PRIu64 " schedules, %" PRIu64 " orders%s, %" PRIu64 " points, %.2f s",
               plait_check_outcome_text(result->outcome), result->schedules, result->orders,
               result->complete ? " (all)" : "", result->points, result->seconds);
    }
    printf("\n");
    if (!passed) print_commented(result ? result->report : plait_status_text(plait_last_error()));
    fflush(stdout);
    plait_check_free(result);
}

static void run(const struct scenario *scenario) {
    explore(scenario, options, "");
    if (!scenario->bound || options.replay) return;
    plait_check_options all = options;
    char what[48];
    all.strategy = PLAIT_CHECK_DFS;
    all.bound = scenario->bound;
    all.schedules *= TIMES_FOR_ALL;
    snprintf(what, sizeof what, " with at most %u preemptions", scenario->bound);
    explore(scenario, all, what);
}

static bool is_wanted(const struct scenario *scenario, char *const names[]) {
    char name[128], program[64];
    snprintf(name, sizeof name, "%s.%s", scenario->room, scenario->name);
    snprintf(program, sizeof program, "check-rooms-%s", scenario->room);
    const char *match = getenv("PLAIT_TEST_MATCH");
    if (match && !strstr(name, match) && !strstr(program, match)) return false;
    if (!*names) return true;
    for (; *names; names++)
        if (!strcmp(*names, scenario->room) || !strcmp(*names, name)) return true;
    return false;
}

static void use_environment(void) {
    const char *seconds = getenv("PLAIT_STRESS_SECONDS");
    if (!seconds || !(strtod(seconds, NULL) > 0)) return;
    const char *seed = getenv("PLAIT_STRESS_SEED");
    options.seconds = strtod(seconds, NULL);
    options.schedules = UINT64_MAX / TIMES_FOR_ALL;
    options.seed = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);
    printf("# PLAIT_STRESS_SEED=%" PRIu64 "\n", options.seed);
}

static bool read_option(char **arguments) {
    const char *value = arguments[1];
    if (!value) return false;
    if (!strcmp(arguments[0], "--schedules"))
        options.schedules = strtoull(value, NULL, 0);
    else if (!strcmp(arguments[0], "--seed"))
        options.seed = strtoull(value, NULL, 0);
    else if (!strcmp(arguments[0], "--replay"))
        options.replay = value;
    else
        return false;
    return true;
}

int main(int count, char **arguments) {
    bool list = count > 1 && !strcmp(arguments[1], "--list");
    arguments += list ? 2 : 1;
    use_environment();
    for (; *arguments && arguments[0][0] == '-'; arguments += 2) {
        if (read_option(arguments)) continue;
        fprintf(stderr,
                "check-rooms [--list] [--schedules N] [--seed N] [--replay TOKEN] [ROOM | ROOM.NAME]...\n");
        return 2;
    }
    for (const struct scenario *scenario = first; scenario; scenario = scenario->next) {
        if (!is_wanted(scenario, arguments)) continue;
        if (list)
            printf("%s.%s\n", scenario->room, scenario->name);
        else
            run(scenario);
    }
    if (list) return 0;
    printf("# %" PRIu64 " schedules in all, each sequentially consistent\n1..%d\n", schedules_in_all, tests);
    return failures || (!tests && !getenv("PLAIT_TEST_MATCH")) ? 1 : 0;
}
