/* Reports of runs that were made by hand, compared as text. */
#include "imagined.h"
#include "support/test.h"

#include <base/memory.h>
#include <check/explore.h>
#include <plait.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <wait/mutex.h>

static struct plait__run run;
static struct plait__finding finding;
static struct plait__exploration exploration;
static uint64_t lock_a = 0x1000, lock_b = 0x2000, nonempty = 0x3000, some_call = 0x7000;
static plait_lock forks[3];

/* An address inside the function. */
#define IN(function) ((uint64_t)(uintptr_t)(function) + 1)
#define ACQUIRE IN(plait_lock_acquire)
#define RELEASE IN(plait_lock_release)
#define WAIT IN(plait_condition_wait)
#define NOTIFY IN(plait_condition_notify)
#define JOIN IN(plait_thread_join)

/* --- Making a run --- */

static void begin(enum plait_check_outcome outcome, uint32_t actors) {
    ck_assert_int_gt(imagine(), 0);
    memset(&run, 0, sizeof run);
    run.end.outcome = outcome;
    run.recording = true;
    run.actor_count = actors;
    for (uint32_t i = 0; i < actors && i < PLAIT__ACTORS; i++) {
        run.actors[i].end = PLAIT__HAS_ENDED;
        run.actors[i].holder = 255;
    }
    finding = (struct plait__finding){
        .run = &run, .seconds = 0.02, .deterministic = true, .token = "p3-7F2K9-QX"};
    finding.searched.schedules = 41;
    exploration = (struct plait__exploration){.run = &run, .program = "./q"};
    exploration.options = (plait_check_options){.inject = PLAIT_CHECK_TIMEOUTS | PLAIT_CHECK_SPURIOUS};
}

static struct plait__event *event(uint8_t actor, enum plait__event_kind kind) {
    struct plait__event *at = &run.events[run.event_count++ % PLAIT__EVENTS];
    *at = (struct plait__event){
        .actor = actor, .kind = (uint8_t)kind, .other = 255, .decision = run.end.decisions};
    at->call = some_call + actor * 0x10000u;
    return at;
}

static struct plait__event *call(uint8_t actor, int line, uint64_t function, uint64_t object,
                                 enum plait__event_kind kind) {
    struct plait__event *at = event(actor, kind);
    at->caller = imagined_calls[line];
    at->function = function;
    at->object = object;
    return at;
}

static void access_of(uint8_t actor, int line, bool writes, const char *name, uint64_t value) {
    struct plait__event *at = event(actor, writes ? PLAIT__EVENT_WRITE : PLAIT__EVENT_READ);
    snprintf((char *)at->file, sizeof at->file, "../some/where/q.c");
    snprintf((char *)at->name, sizeof at->name, "%s", name);
    at->line = (uint16_t)line;
    at->object = 0x9000;
    at->value = value;
    at->has_value = 1;
}

/* The decision number so and so was not the default. */
static void deviates(void) {
    run.taken.of[run.taken.count++] = (struct plait__deviation){run.end.decisions, 1};
    run.end.decisions++;
}

static void names(uint32_t actor, const char *name) {
    snprintf(run.actors[actor].name, sizeof run.actors[actor].name, "%s", name);
}

static void names_object(uint64_t object, const char *name) {
    snprintf(run.object_names[run.object_count], sizeof run.object_names[0], "%s", name);
    run.objects[run.object_count++] = object;
}

static void waits(uint32_t actor, const char *what, uint64_t object, uint8_t holder, int line) {
    struct plait__actor_state *state = &run.actors[actor];
    state->end = PLAIT__IS_ASLEEP;
    state->waits_for_ever = true;
    snprintf(state->waits_for, sizeof state->waits_for, "%s", what);
    state->object = object;
    state->holder = holder;
    state->caller = imagined_calls[line];
}

static void reads(const char *expected) {
    char *report = plait__report_failure(&exploration, &finding);
    ck_assert_ptr_nonnull(report);
    if (strcmp(report, expected) != 0) fprintf(stderr, "expected\n%s\ngot\n%s\n", expected, report);
    ck_assert_str_eq(report, expected);
    plait__release(report);
}

/* --- What is found --- */

static void two_locks(uint64_t a, uint64_t b) {
    begin(PLAIT_CHECK_DEADLOCK, 3);
    names(1, "east");
    names(2, "west");
    call(0, 70, JOIN, 0, PLAIT__EVENT_START)->other = 1;
    call(1, 31, ACQUIRE, a, PLAIT__EVENT_POINT);
    call(1, 31, ACQUIRE, a, PLAIT__EVENT_POINT);
    deviates();
    call(2, 52, ACQUIRE, b, PLAIT__EVENT_POINT);
    call(2, 53, ACQUIRE, a, PLAIT__EVENT_POINT);
    call(2, 53, ACQUIRE, a, PLAIT__EVENT_SLEEP);
    run.end.decisions++;
    call(1, 33, ACQUIRE, b, PLAIT__EVENT_POINT);
    call(1, 33, ACQUIRE, b, PLAIT__EVENT_SLEEP);
    call(0, 70, JOIN, 0x8000, PLAIT__EVENT_SLEEP);
    waits(1, "lock", b, 2, 33);
    waits(2, "lock", a, 1, 53);
    waits(0, "thread", 0x8000, 1, 70);
    finding.has_flip = true;
    finding.flip = run.taken.of[0];
    finding.flip_passes = finding.flip_tries = finding.found_fails = finding.found_tries = 50;
}

TEST(a_deadlock_of_two_locks) {
    two_locks(lock_a, lock_b);
    reads(
        "DEADLOCK after 41 schedules (0.02 s)   replay: plait replay p3-7F2K9-QX ./q\n"
        "  T1 east                         T2 west\n"
        "  q.c:31 plait_lock_acquire(lock A)\n"
        "                                  q.c:52 plait_lock_acquire(lock B)\n"
        "                                  q.c:53 plait_lock_acquire(lock A)  <- blocks for ever: T1 has it\n"
        "  q.c:33 plait_lock_acquire(lock B)  <- blocks for ever: T2 has it\n"
        "  (1 other step left out)\n"
        "Circle: T1 east waits for lock B, held by T2 west, which waits for lock A, held by T1 east.\n"
        "Waits: T0 for the end of T1 east, q.c:70.\n"
        "Flip: q.c:33 before q.c:52 passes (50/50; as found: fails 50/50)\n");
}

/* Names that plait_set_name gave, and those of variables. */
TEST(objects_have_names) {
    two_locks((uint64_t)(uintptr_t)&forks[0], (uint64_t)(uintptr_t)&forks[1]);
    names_object((uint64_t)(uintptr_t)&forks[0], "spoon");
    char *report = plait__report_failure(&exploration, &finding);
    ck_assert_ptr_nonnull(strstr(report, "q.c:31 plait_lock_acquire(spoon)\n"));
    ck_assert_ptr_nonnull(strstr(report, "waits for lock spoon, held by T1"));
    char expected[64];
    snprintf(expected, sizeof expected, "q.c:52 plait_lock_acquire(forks+%zu)\n", sizeof forks[0]);
    ck_assert_msg(strstr(report, expected), "%s", report);
    plait__release(report);
}

TEST(a_lost_wake_up) {
    begin(PLAIT_CHECK_LOST_WAKEUP, 3);
    names(1, "consumer");
    names(2, "producer");
    names_object(nonempty, "nonempty");
    call(0, 70, JOIN, 0, PLAIT__EVENT_START)->other = 1;
    access_of(1, 31, false, "ready", 0);
    deviates();
    access_of(2, 52, true, "ready", 1);
    call(2, 53, NOTIFY, nonempty, PLAIT__EVENT_POINT);
    event(2, PLAIT__EVENT_END);
    call(1, 33, WAIT, lock_a, PLAIT__EVENT_POINT);
    call(1, 33, WAIT, nonempty, PLAIT__EVENT_POINT);
    call(1, 33, WAIT, nonempty, PLAIT__EVENT_SLEEP);
    waits(1, "condition", nonempty, 255, 33);
    finding.has_flip = true;
    finding.flip = run.taken.of[0];
    finding.flip_passes = finding.flip_tries = finding.found_fails = finding.found_tries = 50;
    reads("LOST WAKE-UP after 41 schedules (0.02 s)   replay: plait replay p3-7F2K9-QX ./q\n"
          "  T1 consumer                     T2 producer\n"
          "  q.c:31 read ready == 0\n"
          "                                  q.c:52 write ready = 1\n"
          "                                  q.c:53 plait_condition_notify(nonempty): nobody waits\n"
          "  q.c:33 plait_condition_wait(nonempty)  <- blocks for ever\n"
          "  (1 other step left out)\n"
          "Waits: T1 consumer for condition nonempty, q.c:33.\n"
          "Flip: q.c:33 before q.c:52 passes (50/50; as found: fails 50/50)\n");
}

static void lost_update(void) {
    access_of(1, 31, false, "balance", 0);
    deviates();
    access_of(2, 31, false, "balance", 0);
    access_of(2, 32, true, "balance", 20);
    event(2, PLAIT__EVENT_END);
    access_of(1, 32, true, "balance", 10);
    event(1, PLAIT__EVENT_END);
}

TEST(an_assertion) {
    begin(PLAIT_CHECK_ASSERTION, 3);
    lost_update();
    access_of(0, 55, false, "balance", 10);
    call(0, 55, 0, 0, PLAIT__EVENT_FAIL);
    snprintf(run.end.words, sizeof run.end.words, "q.c:55: plait_check_that(balance == 30)");
    exploration.program = NULL;
    reads("ASSERTION FAILED after 41 schedules (0.02 s)   replay: options.replay = \"p3-7F2K9-QX\"\n"
          "  T0                      T1                      T2\n"
          "                          q.c:31 read balance == 0\n"
          "                                                  q.c:31 read balance == 0\n"
          "                                                  q.c:32 write balance = 20\n"
          "                          q.c:32 write balance = 10\n"
          "  q.c:55 read balance == 10\n"
          "  q.c:55  <- fails\n"
          "q.c:55: plait_check_that(balance == 30)\n");
}

TEST(a_race) {
    begin(PLAIT_CHECK_RACE, 3);
    for (int i = 0; i < 3; i++) access_of(1, 31, false, "balance", 0);
    deviates();
    access_of(2, 52, true, "balance", 1);
    run.end.address = 0x9000;
    run.end.actor = 2;
    snprintf(run.end.words, sizeof run.end.words, "read balance (q.c:31) and write balance (q.c:52)");
    finding.token = NULL;
    reads("DATA RACE after 41 schedules (0.02 s)\n"
          "  T1                              T2\n"
          "  q.c:31 read balance == 0 (3 times)\n"
          "                                  q.c:52 write balance = 1\n"
          "read balance (q.c:31) and write balance (q.c:52)\n");
}

TEST(a_crash_and_an_exit) {
    begin(PLAIT_CHECK_CRASH, 1);
    run.end.status = SIGSEGV;
    reads("CRASH (Segmentation fault) after 41 schedules (0.02 s)   replay: plait replay p3-7F2K9-QX ./q\n");
    begin(PLAIT_CHECK_EXIT, 1);
    run.end.status = 3;
    finding.searched.schedules = 1;
    exploration.options.replay = "p3-7F2K9-QX";
    reads("BAD EXIT STATUS 3, replayed\n");
}

/* What the checker did besides choosing who runs. */
TEST(injected_things_have_words) {
    begin(PLAIT_CHECK_ASSERTION, 2);
    deviates();
    event(1, PLAIT__EVENT_VALUE)->caller = imagined_calls[31];
    run.events[run.event_count - 1].value = 2;
    call(1, 33, WAIT, nonempty, PLAIT__EVENT_SLEEP);
    deviates();
    call(1, 33, WAIT, nonempty, PLAIT__EVENT_EXPIRE);
    call(1, 34, WAIT, nonempty, PLAIT__EVENT_SLEEP);
    call(1, 34, WAIT, nonempty, PLAIT__EVENT_DISTURB);
    call(1, 35, NOTIFY, nonempty, PLAIT__EVENT_NO_MEMORY);
    names_object(nonempty, "nonempty");
    finding.has_flip = true;
    finding.flip = run.taken.of[1];
    finding.flip_passes = 49;
    finding.flip_tries = finding.found_fails = finding.found_tries = 50;
    reads("ASSERTION FAILED after 41 schedules (0.02 s)   replay: plait replay p3-7F2K9-QX ./q\n"
          "  T1\n"
          "  q.c:31 plait_choose gives 2\n"
          "  q.c:33 plait_condition_wait(nonempty): waits\n"
          "  q.c:33 plait_condition_wait(nonempty): its time is up\n"
          "  q.c:34 plait_condition_wait(nonempty): waits\n"
          "  q.c:34 plait_condition_wait(nonempty): wakes up for no reason\n"
          "  q.c:35 plait_condition_notify(nonempty): no memory\n"
          "Flip: without the timeout of q.c:33 passes (49/50; as found: fails 50/50)\n");
}

/* A loop that tries a lock again and again is one line; the last switch has nothing to go on to. */
TEST(a_loop_is_one_line) {
    begin(PLAIT_CHECK_ASSERTION, 3);
    names_object(lock_a, "door");
    call(1, 31, ACQUIRE, lock_a, PLAIT__EVENT_POINT);
    deviates();
    for (uint64_t i = 0; i < 5; i++)
        call(2, 52, IN(plait_lock_acquire_nowait), lock_a, PLAIT__EVENT_POINT)->call = i;
    call(2, 53, 0, 0, PLAIT__EVENT_FAIL);
    finding.has_flip = true;
    finding.flip = run.taken.of[0];
    finding.flip_passes = finding.flip_tries = finding.found_fails = finding.found_tries = 50;
    reads("ASSERTION FAILED after 41 schedules (0.02 s)   replay: plait replay p3-7F2K9-QX ./q\n"
          "  T1                              T2\n"
          "  q.c:31 plait_lock_acquire(door)\n"
          "                                  q.c:52 plait_lock_acquire_nowait(door) (5 times)\n"
          "                                  q.c:53  <- fails\n"
          "Flip: T1 going on after q.c:31 before q.c:52 passes (50/50; as found: fails 50/50)\n");
}

/* Who was blocked could not have gone on: that is not what the flip says. */
TEST(a_flip_of_who_comes_next) {
    begin(PLAIT_CHECK_ASSERTION, 4);
    call(1, 31, WAIT, lock_a, PLAIT__EVENT_SLEEP);
    deviates();
    access_of(2, 52, true, "balance", 1);
    access_of(1, 32, true, "balance", 1);
    finding.has_flip = true;
    finding.flip = run.taken.of[0];
    char *report = plait__report_failure(&exploration, &finding);
    ck_assert_ptr_nonnull(report);
    ck_assert_msg(strstr(report, "Flip: another thread than T2 going on before q.c:52 passes"), "%s", report);
    plait__release(report);
}

/* What threads of plait's own do has no place in the program. */
TEST(inner_work_is_not_shown) {
    begin(PLAIT_CHECK_ASSERTION, 3);
    call(2, 31, 0, lock_a, PLAIT__EVENT_POINT)->caller = 0;
    call(2, 31, IN(plait__mutex_lock_slow), lock_b, PLAIT__EVENT_POINT);
    access_of(1, 32, true, "balance", 1);
    reads("ASSERTION FAILED after 41 schedules (0.02 s)   replay: plait replay p3-7F2K9-QX ./q\n"
          "  T1\n"
          "  q.c:32 write balance = 1\n");
}

/* Who blocked before anything was unusual is shown all the same; a thread that nobody named is called by its task. */
TEST(who_blocks_early_is_shown) {
    begin(PLAIT_CHECK_DEADLOCK, 3);
    names(1, "Thread-1");
    snprintf(run.actors[1].task, sizeof run.actors[1].task, "wait_long");
    names(2, "given");
    snprintf(run.actors[2].task, sizeof run.actors[2].task, "unseen");
    call(1, 31, IN(plait_lock_release), lock_a, PLAIT__EVENT_POINT);
    call(1, 33, IN(plait_queue_join), lock_b, PLAIT__EVENT_SLEEP);
    deviates();
    access_of(2, 52, true, "balance", 1);
    waits(1, "queue.join", 0x5550, 255, 33);
    finding.token = NULL;
    reads("DEADLOCK after 41 schedules (0.02 s)\n"
          "  T1 wait_long                    T2 given\n"
          "  q.c:33 plait_queue_join(queue A)  <- blocks for ever\n"
          "                                  q.c:52 write balance = 1\n"
          "  (1 other step left out)\n"
          "Waits: T1 wait_long for queue.join of queue A, q.c:33.\n");
}

/* More threads than columns: one list; and more steps than anybody wants to read. */
TEST(many_threads_are_a_list) {
    begin(PLAIT_CHECK_ASSERTION, 10);
    for (uint8_t i = 1; i < 7; i++) {
        call(i, 52, ACQUIRE, lock_a, PLAIT__EVENT_POINT);
        access_of(i, 53, true, "balance", i);
        call(i, 54, RELEASE, lock_a, PLAIT__EVENT_WAKE)->other = (uint8_t)(i + 1);
    }
    reads("ASSERTION FAILED after 41 schedules (0.02 s)   replay: plait replay p3-7F2K9-QX ./q\n"
          "  T1  q.c:53 write balance = 1\n"
          "  T1  q.c:54 plait_lock_release(lock A): wakes T2\n"
          "  T2  q.c:53 write balance = 2\n"
          "  T2  q.c:54 plait_lock_release(lock A): wakes T3\n"
          "  T3  q.c:53 write balance = 3\n"
          "  T3  q.c:54 plait_lock_release(lock A): wakes T4\n"
          "  T4  q.c:52 plait_lock_acquire(lock A)\n"
          "  T4  q.c:53 write balance = 4\n"
          "  T4  q.c:54 plait_lock_release(lock A): wakes T5\n"
          "  T5  q.c:52 plait_lock_acquire(lock A)\n"
          "  T5  q.c:53 write balance = 5\n"
          "  T5  q.c:54 plait_lock_release(lock A): wakes T6\n"
          "  T6  q.c:52 plait_lock_acquire(lock A)\n"
          "  T6  q.c:53 write balance = 6\n"
          "  T6  q.c:54 plait_lock_release(lock A): wakes T7\n"
          "  (3 other steps left out)\n");
}

/* More events than are kept: the last ones count. */
TEST(a_long_run_keeps_its_end) {
    begin(PLAIT_CHECK_LIVELOCK, 2);
    for (uint32_t i = 0; i < PLAIT__EVENTS + 5; i++)
        access_of(1, 31, false, "spin", i < PLAIT__EVENTS ? i : 7);
    access_of(1, 32, true, "spin", 1);
    char *report = plait__report_failure(&exploration, &finding);
    ck_assert_ptr_nonnull(report);
    ck_assert_ptr_nonnull(strstr(report, "\n  q.c:31 read spin == 7 (5 times)\n  q.c:32 write spin = 1\n"));
    ck_assert_ptr_nonnull(strstr(report, "left out"));
    plait__release(report);
}

TEST(a_run_that_is_not_deterministic) {
    begin(PLAIT_CHECK_NOT_DETERMINISTIC, 2);
    lost_update();
    finding.deterministic = false;
    finding.token = NULL;
    char *report = plait__report_failure(&exploration, &finding);
    ck_assert_ptr_nonnull(strstr(report, "NOT DETERMINISTIC after 41 schedules"));
    ck_assert_ptr_nonnull(strstr(report, "It first differs at decision 0, about q.c:31 in T2.\n"));
    plait__release(report);
}

/* Nothing recorded, and nonsense: a crashing process wrote it. */
TEST(broken_records_do_no_harm) {
    unsigned random = 1;
    begin(PLAIT_CHECK_DEADLOCK, 300);
    for (int round = 0; round < 200; round++) {
        unsigned char *bytes = (unsigned char *)run.events;
        run.event_count = 40;
        for (size_t i = 0; i < 40 * sizeof run.events[0]; i++) {
            random = random * 1103515245u + 12345u;
            bytes[i] = (unsigned char)(random >> 16);
        }
        for (uint32_t i = 0; i < PLAIT__ACTORS; i++) {
            random = random * 1103515245u + 12345u;
            run.actors[i] = (struct plait__actor_state){
                .waits_for_ever = random >> 8 & 1, .holder = (uint8_t)(random >> 16), .object = random >> 30};
        }
        char *report = plait__report_failure(&exploration, &finding);
        ck_assert_ptr_nonnull(report);
        plait__release(report);
    }
}

/* --- A pass --- */

static void pass_reads(struct plait__searched searched, double seconds, const char *expected) {
    char *report = plait__report_pass(&exploration, &searched, seconds);
    ck_assert_ptr_nonnull(report);
    ck_assert_str_eq(report, expected);
    plait__release(report);
}

TEST(a_pass_says_what_was_tried) {
    begin(PLAIT_CHECK_PASSED, 0);
    pass_reads(
        (struct plait__searched){.schedules = 10000, .orders = 1234, .points = 1234567}, 0.5,
        "PASSED 10,000 schedules (0.50 s, 20,000 a second), strategy auto\n"
        "  1,234 distinct orders, 1,234,567 scheduling points\n"
        "  not tried: failing allocations, weak memory (all was sequentially consistent)\n"
        "  not controlled: memory used without plait_read and plait_write, and what does not go through "
        "plait\n"
        "  next: --strategy dfs --bound 1 tries all orders with one preemption\n");
}

TEST(a_proof_says_how_far_it_goes) {
    begin(PLAIT_CHECK_PASSED, 0);
    exploration.options = (plait_check_options){.strategy = PLAIT_CHECK_DFS, .inject = 7};
    struct plait__searched all = {
        .schedules = 17, .orders = 12, .points = 100, .complete = true, .bound = 2, .within = 17};
    pass_reads(
        all, 0,
        "PASSED 17 schedules (0.00 s), strategy dfs\n"
        "  12 distinct orders, 100 scheduling points\n"
        "  all 17 orders within bound 2 pass\n"
        "  not tried: weak memory (all was sequentially consistent)\n"
        "  not controlled: memory used without plait_read and plait_write, and what does not go through "
        "plait\n");
    all.bound = PLAIT__NO_BOUND;
    char *report = plait__report_pass(&exploration, &all, 1);
    ck_assert_ptr_nonnull(strstr(report, "  all 17 orders pass\n"));
    plait__release(report);
}
