/* explore.c - from "run this test" to a result: see explore.h.
 *
 * A failure is first run twice more after its own deviations. Only what takes the same course each time can be
 * made short and explained; a program that does not is told where it first went another way. Then its
 * schedule is made short, what it hangs on is found, and a last run writes down what the report shows.
 */
#include <base/clock.h>
#include <base/memory.h>
#include <check/explore.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SECOND = 1000000000, SHRINKING_RUNS = 3000, MOST = 64 };
/* A run of so many points would take hours. */
enum { MOST_STEPS = 1 << 30 };

/* --- options --- */

/* What is wrong with them, or NULL. */
static const char *fill_in(plait_check_options *options) {
    if (!options->schedules) options->schedules = 10000;
    if (!options->depth) options->depth = 3;
    if (!options->bound) options->bound = 2;
    if (!options->inject) options->inject = PLAIT_CHECK_TIMEOUTS | PLAIT_CHECK_SPURIOUS;
    if (!options->steps) options->steps = PLAIT__STEPS_OF_TEST;
    if (!options->seed) options->seed = 1;
    if (!(options->seconds >= 0)) return "The limit of seconds must be a number from 0 on (0: none).";
    if (options->strategy > PLAIT_CHECK_DFS) return "There is no such strategy.";
    if (options->depth > MOST) return "The depth of PCT can be 64 at most.";
    if (options->bound > MOST) return "The bound can be 64 at most.";
    if (options->steps > MOST_STEPS) return "The steps of a run can be 1,073,741,824 at most.";
    if (options->inject >= 2 * PLAIT_CHECK_NOTHING) return "There is no such injection.";
    if (options->inject > PLAIT_CHECK_NOTHING)
        return "To inject nothing and something at once is impossible.";
    return NULL;
}

static void ask(struct plait__exploration *exploration) {
    struct plait__run *run = exploration->run;
    run->inject = exploration->options.inject & ~(unsigned)PLAIT_CHECK_NOTHING;
    run->inside = exploration->options.inside;
    run->steps = exploration->options.steps;
}

/* --- results --- */

/* Takes the token and the report, which is NULL when memory is out. */
static plait_check_result *result_of(plait_check_outcome outcome, const struct plait__searched *searched,
                                     double seconds, char *token, char *report) {
    plait_check_result *result = report ? plait__allocate(sizeof *result) : NULL;
    if (!result) {
        plait__release(token);
        plait__release(report);
        return NULL;
    }
    *result = (plait_check_result){
        .outcome = outcome,
        .schedules = searched->schedules,
        .orders = searched->orders,
        .points = searched->points,
        .seconds = seconds,
        .complete = searched->complete,
        .token = token,
        .report = report,
    };
    return result;
}

static plait_check_result *result_in_words(plait_check_outcome outcome,
                                           const struct plait__searched *searched, double seconds,
                                           const char *words) {
    return result_of(outcome, searched, seconds, NULL, plait__copy_string(words));
}

static plait_check_result *refuse(const char *words) {
    char line[512];
    snprintf(line, sizeof line, "%s\n", words);
    return result_in_words(PLAIT_CHECK_REFUSED, &(struct plait__searched){0}, 0, line);
}

/* --- while it runs --- */

static double seconds_since(int64_t began) {
    return (double)(plait__now() - began) / SECOND;
}

void plait__explore_look(struct plait__exploration *exploration) {
    struct plait__progress *progress = &exploration->progress;
    if (!progress->searches) return;
    double limit = exploration->options.seconds, seconds = seconds_since(progress->began);
    if (limit > 0 && seconds >= limit) plait__search_stop(exploration->search);
    if (seconds < 1 || seconds_since(progress->told) < 0.5 || !isatty(STDERR_FILENO)) return;
    struct plait__searched searched = plait__search_result(exploration->search);
    fprintf(stderr, "\r%llu schedules, %s%llu orders, %.0f s\033[K", (unsigned long long)searched.schedules,
            searched.more_orders ? "more than " : "", (unsigned long long)searched.orders, seconds);
    progress->told = plait__now();
    progress->shows = true;
}

static void search(struct plait__exploration *exploration) {
    struct plait__progress *progress = &exploration->progress;
    *progress = (struct plait__progress){.began = plait__now(), .searches = true};
    plait__search_begin(exploration->search, &exploration->options);
    exploration->run->following = exploration->run->recording = false;
    exploration->execute(exploration);
    progress->searches = false;
    if (progress->shows) fputs("\r\033[K", stderr);
}

/* --- a failure --- */

/* What a run came to, to be compared with another. */
struct course {
    plait_check_outcome outcome;
    uint32_t count;
    uint32_t *trail; /* NULL: memory is out */
};

static struct course course_of(const struct plait__run *run) {
    struct course course = {.outcome = run->end.outcome, .count = run->trail_count};
    course.trail = plait__allocate_unset(course.count * sizeof *course.trail);
    if (course.trail) memcpy(course.trail, run->trail, course.count * sizeof *course.trail);
    return course;
}

/* Whether this run took the same course; if not, where it left it. */
static bool same_course(const struct plait__run *run, const struct course *course, uint32_t *differs_at) {
    uint32_t shorter = run->trail_count < course->count ? run->trail_count : course->count, at = 0;
    while (at < shorter && run->trail[at] == course->trail[at]) at++;
    *differs_at = at;
    return at == shorter && run->trail_count == course->count && run->end.outcome == course->outcome;
}

static void copy_schedule(struct plait__schedule *to, const struct plait__schedule *from) {
    to->count = from->count;
    memcpy(to->of, from->of, from->count * sizeof *from->of);
}

/* Runs the plan so many times; whether each took the same course. */
static bool repeats(struct plait__exploration *exploration, const struct course *course, int times,
                    uint32_t *differs_at) {
    for (int i = 0; i < times; i++) {
        exploration->execute(exploration);
        if (!same_course(exploration->run, course, differs_at)) return false;
    }
    return true;
}

/* Makes run->plan, whose course is known, short, and records a run of it. False when memory is out. */
static bool make_short(struct plait__exploration *exploration, struct plait__finding *finding) {
    struct plait__run *run = exploration->run;
    int64_t now = plait__now();
    if (!plait__shrink(exploration, run->end.outcome, SHRINKING_RUNS, now + 3 * (int64_t)SECOND))
        return false;
    run->following = true;
    exploration->execute(exploration);
    struct course course = course_of(run);
    if (!course.trail) return false;
    plait__find_flip(exploration, finding, plait__now() + 2 * (int64_t)SECOND);
    run->following = run->recording = true;
    finding->deterministic = repeats(exploration, &course, 1, &finding->differs_at);
    plait__release(course.trail);
    return true;
}

/* Whoever hangs outside plait hangs again each time, for as long as the watchdog's patience lasts. */
static bool can_be_repeated(plait_check_outcome outcome) {
    return outcome != PLAIT_CHECK_UNCONTROLLED;
}

static plait_check_result *report(struct plait__exploration *exploration, struct plait__finding *finding,
                                  plait_check_outcome outcome) {
    finding->run = exploration->run;
    char *text = plait__report_failure(exploration, finding);
    return result_of(outcome, &finding->searched, finding->seconds, finding->token, text);
}

/* A run looks for races if it follows a plan, or if one before it had accesses to look at. So what the first run fails
 * by may turn out to begin with a race: then that is what was found. */
static bool begins_with_race(const struct plait__run *run, const struct plait__end *found) {
    return run->end.outcome == PLAIT_CHECK_RACE && found->outcome != PLAIT_CHECK_RACE;
}

/* The last run failed, or (a DFS noticed) went another way than one before. */
static plait_check_result *explain(struct plait__exploration *exploration,
                                   const struct plait__searched *searched, double seconds) {
    struct plait__run *run = exploration->run;
    struct plait__end found = run->end;
    struct plait__finding finding = {.searched = *searched, .seconds = seconds, .deterministic = true};
    struct course course = course_of(run);
    if (!course.trail) return NULL;
    copy_schedule(&run->plan, &run->taken);
    run->following = true;
    if (can_be_repeated(found.outcome)) {
        finding.deterministic = repeats(exploration, &course, 2, &finding.differs_at);
        if (!finding.deterministic && begins_with_race(run, &found)) {
            plait__release(course.trail);
            course = course_of(run);
            if (!course.trail) return NULL;
            found = run->end;
            copy_schedule(&run->plan, &run->taken);
            finding.deterministic = repeats(exploration, &course, 2, &finding.differs_at);
        }
        if (found.outcome == PLAIT_CHECK_PASSED && finding.deterministic) {
            finding.deterministic = false;
            finding.differs_at = searched->differs_at;
        }
    }
    plait__release(course.trail);
    bool shrinks = finding.deterministic && can_be_repeated(found.outcome);
    if (shrinks && !make_short(exploration, &finding)) return NULL;
    if (!run->recording) {
        run->recording = true;
        exploration->execute(exploration);
    }
    if (!finding.deterministic) run->end = found;
    if (found.outcome == PLAIT_CHECK_PASSED) run->end.outcome = PLAIT_CHECK_NOT_DETERMINISTIC;
    finding.token = plait__token_of(&run->plan, &exploration->options, exploration->build);
    if (!finding.token) return NULL;
    return report(exploration, &finding,
                  finding.deterministic ? found.outcome : PLAIT_CHECK_NOT_DETERMINISTIC);
}

static plait_check_result *replay(struct plait__exploration *exploration) {
    struct plait__run *run = exploration->run;
    const char *token = exploration->options.replay;
    enum plait__token_read read = plait__token_read(token, &run->plan, &exploration->options,
                                                    exploration->build);
    if (read != PLAIT__TOKEN_GOOD) return refuse(plait__token_trouble(read));
    ask(exploration);
    int64_t began = plait__now();
    run->following = run->recording = true;
    exploration->execute(exploration);
    struct plait__finding finding = {
        .searched = {.schedules = 1, .orders = 1, .points = run->end.points, .decisions = run->end.decisions},
        .seconds = seconds_since(began),
        .deterministic = true,
    };
    if (run->end.outcome == PLAIT_CHECK_PASSED) {
        return result_in_words(PLAIT_CHECK_PASSED, &finding.searched, finding.seconds,
                               "The schedule of the token passes. It is of this build; is it of this test, "
                               "with these arguments?\n");
    }
    finding.token = plait__copy_string(token);
    if (!finding.token) return NULL;
    return report(exploration, &finding, run->end.outcome);
}

plait_check_result *plait__explore(struct plait__exploration *exploration) {
    const char *trouble = fill_in(&exploration->options);
    if (trouble) return refuse(trouble);
    if (exploration->options.replay) return replay(exploration);
    ask(exploration);
    search(exploration);
    const struct plait__end *end = &exploration->run->end;
    if (end->outcome == PLAIT_CHECK_REFUSED) return refuse(end->words);
    if (end->outcome != PLAIT_CHECK_PASSED) plait__search_ran(exploration->search, end);
    struct plait__searched searched = plait__search_result(exploration->search);
    double seconds = seconds_since(exploration->progress.began);
    if (end->outcome != PLAIT_CHECK_PASSED || searched.strange)
        return explain(exploration, &searched, seconds);
    if (searched.decisions == 0) {
        return result_in_words(PLAIT_CHECK_NOTHING_CONTROLLED, &searched, seconds,
                               "NOTHING CONTROLLED: the test ran, and there was no point at which somebody "
                               "could choose who goes on.\nDoes it start threads, and use plait's locks, "
                               "queues or plait_read and plait_write?\n");
    }
    char *text = plait__report_pass(exploration, &searched, seconds);
    return result_of(PLAIT_CHECK_PASSED, &searched, seconds, NULL, text);
}
