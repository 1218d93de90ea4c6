/* A name in shared memory ends with the process that made it, whatever ends that; and nothing else of anybody's does. */
#include "names.h"
#include "support/kill.h"
#include "support/stress.h"
#include "support/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <plait.h>
#include <pthread.h>
#include <sched.h>
#include <shared/shared.h>
#include <shared/tracker.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* A name that no other test has. */
static const char *numbered(const char *what, int number) {
    static char name[64];
    (void)snprintf(name, sizeof name, "plait-test-%d-%s-%d", (int)getpgrp(), what, number);
    return name;
}

/* The test's own time limit is the limit. */
static void wait_until_gone(const char *name) {
    while (has_file(name)) sched_yield();
}

/* The trackers that this process has started and that live, and one of them. */
static int trackers(pid_t *one) {
    DIR *directory = opendir("/proc");
    int count = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        char path[280], line[512] = "";
        int process = atoi(entry->d_name), parent = 0;
        char state = 0;
        (void)snprintf(path, sizeof path, "/proc/%d/stat", process);
        FILE *file = process > 0 ? fopen(path, "r") : NULL;
        if (!file) continue;
        bool read = fgets(line, sizeof line, file);
        (void)fclose(file);
        char *behind = strstr(line, "(plait-tracker)");
        if (!read || !behind || sscanf(behind, "(plait-tracker) %c %d", &state, &parent) != 2) continue;
        if (parent != getpid() || state == 'Z') continue;
        if (one) *one = process;
        count++;
    }
    closedir(directory);
    return count;
}

/* It has a name of its own a moment after it was started. */
static pid_t the_tracker(void) {
    pid_t tracker = 0;
    while (trackers(&tracker) != 1) sched_yield();
    return tracker;
}

/* ---- how an owner ends ---- */

/* Starts a process that makes names and then does something; returns when its names are there. */
static pid_t owner(int names, void (*then)(void)) {
    int ready[2];
    char byte = 0;
    ck_assert_int_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        bool all = true;
        for (int i = 0; i < names; i++) {
            plait_shared *shared = plait_shared_create(numbered("name", i), 1000);
            all = all && shared;
            plait_shared_free(shared); /* the name stays */
        }
        if (all && write(ready[1], &byte, 1) == 1) then();
        _exit(1);
    }
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
}

static void rest(void) {
    for (;;) pause();
}

static void leave(void) {
    exit(0);
}

static void crash(void) {
    abort();
}

static void vanish(void) {
    _exit(3);
}

/* The process becomes another program: its names were that of the one before, but it still is the one that made them. */
static void become_another(void) {
    execl("/bin/sleep", "sleep", "1000", NULL);
}

static void must_be_gone(int names) {
    for (int i = 0; i < names; i++) wait_until_gone(numbered("name", i));
}

TEST(a_killed_owner_leaves_nothing) {
    kill_nothing_left_begin();
    for (int round = 0; round < 20; round++) {
        pid_t child = owner(5, rest);
        for (int i = 0; i < 5; i++) ck_assert(has_file(numbered("name", i)));
        kill_now(child);
        must_be_gone(5);
    }
    kill_nothing_left("plait-test-");
}

TEST(nor_does_one_that_ends_in_another_way) {
    static void (*const ways[])(void) = {leave, crash, vanish};
    kill_nothing_left_begin();
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        pid_t child = owner(3, ways[i]);
        ck_assert_int_eq(waitpid(child, NULL, 0), child);
        must_be_gone(3);
    }
    pid_t child = owner(3, become_another);
    kill_now(child);
    must_be_gone(3);
    kill_nothing_left("plait-test-");
}

static void *be_busy(void *unused) {
    for (;;) free(malloc(1000));
    return unused;
}

/* Their locks, and their memory, are no matter to it. */
static void be_killed_with_threads(void *memory) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, be_busy, NULL);
    char *bytes = malloc(64 << 20);
    memset(bytes, 1, 64 << 20);
    for (int i = 0; i < 3; i++)
        if (!plait_shared_create(numbered("name", i), 100)) _exit(1);
    __atomic_store_n((int *)memory, 1, __ATOMIC_RELEASE);
    rest();
}

TEST(threads_that_run_are_no_matter) {
    kill_nothing_left_begin();
    for (int round = 0; round < 5; round++) {
        int *ready = kill_memory(sizeof(int));
        pid_t child = kill_start(be_killed_with_threads, ready);
        while (!__atomic_load_n(ready, __ATOMIC_ACQUIRE)) sched_yield();
        kill_now(child);
        must_be_gone(3);
    }
    kill_nothing_left("plait-test-");
}

/* ---- killed at any moment ---- */

static void create_and_unlink(void *memory) {
    (void)memory;
    kill_from_here();
    for (int i = 0;; i++) {
        plait_shared *shared = plait_shared_create(numbered("name", i % 8), 100);
        if (!shared) _exit(1);
        plait_shared_free(shared);
        if (i >= 4) (void)plait_shared_unlink(numbered("name", (i - 4) % 8));
    }
}

static const char *all_gone(void *memory) {
    (void)memory;
    must_be_gone(8);
    return NULL;
}

TEST_WITHIN(an_owner_killed_at_any_moment_leaves_nothing, 120) {
    kill_nothing_left_begin();
    kill_at_random(&(struct kill_scenario){.size = 8, .victim = create_and_unlink, .check = all_gone}, 100,
                   3000);
    kill_nothing_left("plait-test-");
}

/* The tracker is there already, and nothing is done for the first time. */
static void be_stepped(void *memory) {
    char names[2][64];
    (void)memory;
    for (int i = 0; i < 2; i++) {
        (void)snprintf(names[i], sizeof names[i], "%s", numbered("name", i));
        if (!plait_shared_create(names[i], 100)) _exit(1);
    }
    (void)plait_shared_unlink(names[1]);
    plait_shared *nameless = plait__shared_new_nameable(100);
    kill_from_here();
    if (plait__shared_publish(nameless, names[1]) != PLAIT_OK) _exit(1);
    (void)plait_shared_unlink(names[1]);
    kill_to_here();
}

TEST_WITHIN(an_owner_killed_at_every_instruction_leaves_nothing, 120) {
    kill_nothing_left_begin();
    (void)kill_at_every_instruction(
        &(struct kill_scenario){.size = 8, .victim = be_stepped, .check = all_gone});
    kill_nothing_left("plait-test-");
}

/* ---- what it must not do ---- */

TEST(a_name_that_is_another_file_by_now_is_left_alone) {
    pid_t child = owner(2, rest);
    ck_assert_ok(plait_shared_unlink(numbered("name", 0)));
    plait_shared *mine = plait_shared_create(numbered("name", 0), 8);
    ck_assert_ptr_nonnull(mine);
    kill_now(child);
    wait_until_gone(numbered("name", 1)); /* it goes through its table in order */
    ck_assert(has_file(numbered("name", 0)));
    ck_assert_ok(plait_shared_unlink(numbered("name", 0)));
    plait_shared_free(mine);
}

TEST(who_attaches_does_not_own) {
    plait_shared *shared = plait_shared_create(numbered("mine", 0), 8);
    pid_t child = fork();
    if (child == 0) {
        plait_shared *same = plait_shared_attach(numbered("mine", 0));
        plait_shared *own = plait_shared_create(numbered("name", 0), 8); /* so that it has a tracker */
        _exit(same && own ? 0 : 1);
    }
    kill_join(child, 10);
    wait_until_gone(numbered("name", 0));
    ck_assert(has_file(numbered("mine", 0)));
    ck_assert_ok(plait_shared_unlink(numbered("mine", 0)));
    plait_shared_free(shared);
}

/* The child of a fork owns nothing of its parent's; its own names go with itself. */
TEST(a_forked_child_begins_anew) {
    plait_shared *shared = plait_shared_create(numbered("mine", 0), 8);
    for (int i = 0; i < 3; i++) {
        pid_t child = owner(2, rest);
        ck_assert(has_file(numbered("name", 1)));
        kill_now(child);
        must_be_gone(2);
    }
    ck_assert(has_file(numbered("mine", 0)));
    (void)the_tracker();
    ck_assert_ok(plait_shared_unlink(numbered("mine", 0)));
    plait_shared_free(shared);
}

TEST(signals_of_the_terminal_do_not_end_it) {
    plait_shared *shared = plait_shared_create(numbered("mine", 0), 8);
    pid_t tracker = the_tracker();
    static const int signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP, SIGUSR1};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        ck_assert_int_eq(kill(tracker, signals[i]), 0);
    ck_assert_int_ne(getpgid(tracker), getpgrp());
    pid_t child = owner(1, rest);
    kill_now(child);
    must_be_gone(1);
    ck_assert_int_eq(trackers(NULL), 1);
    ck_assert_ok(plait_shared_unlink(numbered("mine", 0)));
    plait_shared_free(shared);
}

static void kill_own_group(void *memory) {
    (void)memory;
    setpgid(0, 0);
    bool all = plait_shared_create("plait-test-group-0", 100) &&
               plait_shared_create("plait-test-group-1", 100);
    if (all) kill(-getpgrp(), SIGKILL); /* at once */
    _exit(1);
}

TEST(nor_does_a_kill_of_the_process_group) {
    for (int i = 0; i < 20; i++) {
        pid_t child = kill_start(kill_own_group, NULL);
        int status;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFSIGNALED(status));
        wait_until_gone("plait-test-group-0");
        wait_until_gone("plait-test-group-1");
    }
}

/* A program that waits for all of its children neither waits for it nor hears of it. */
TEST(it_is_no_child_that_anybody_waits_for) {
    plait_shared *shared = plait_shared_create(numbered("mine", 0), 8);
    (void)the_tracker();
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
    ck_assert_ok(plait_shared_unlink(numbered("mine", 0)));
    plait_shared_free(shared);
}

/* It holds no descriptor, no shared memory and no large memory of its owner's. */
TEST(it_keeps_nothing_of_its_owners) {
    int ends[2];
    pid_t tracker;
    char path[64], line[512], byte;
    ck_assert_int_eq(pipe(ends), 0);
    size_t large = 32 << 20;
    char *bytes = malloc(large);
    memset(bytes, 1, large);
    plait_shared *big = plait_shared_new(large);
    memset(plait_shared_address(big), 1, large);
    plait_shared *shared = plait_shared_create(numbered("mine", 0), 8);
    tracker = the_tracker();
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)tracker);
    for (char state = 'R'; state == 'R' || state == 'D';) { /* until it is through with that, and waits */
        FILE *file = fopen(path, "r");
        ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
        (void)fclose(file);
        state = *(strrchr(line, ')') + 2);
    }
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &byte, 1), 0); /* the end, because nobody else has the other side */
    (void)snprintf(path, sizeof path, "/proc/%d/statm", (int)tracker);
    FILE *file = fopen(path, "r");
    long all = 0, resident = 0;
    ck_assert_int_eq(fscanf(file, "%ld %ld", &all, &resident), 2);
    (void)fclose(file);
    ck_assert_int_lt(resident * getpagesize(), (long)large / 2);
    (void)snprintf(path, sizeof path, "/proc/%d/maps", (int)tracker);
    file = fopen(path, "r");
    while (fgets(line, sizeof line, file)) ck_assert_ptr_null(strstr(line, "memfd:plait"));
    (void)fclose(file);
    ck_assert_ok(plait_shared_unlink(numbered("mine", 0)));
    plait_shared_free(shared);
    plait_shared_free(big);
    free(bytes);
}

/* ---- when it is killed itself, and when there is much ---- */

static void survive_the_tracker(void *memory) {
    if (!plait_shared_create(numbered("name", 0), 8)) _exit(1);
    pid_t tracker = the_tracker();
    if (kill(tracker, SIGKILL) != 0) _exit(2);
    while (trackers(NULL)) sched_yield();
    if (!plait_shared_create(numbered("name", 1), 8) || the_tracker() == tracker) _exit(3);
    __atomic_store_n((int *)memory, 1, __ATOMIC_RELEASE);
    rest();
}

TEST(another_takes_its_place) {
    int *ready = kill_memory(sizeof(int));
    pid_t child = kill_start(survive_the_tracker, ready);
    while (!__atomic_load_n(ready, __ATOMIC_ACQUIRE)) ck_assert_int_eq(waitpid(child, NULL, WNOHANG), 0);
    kill_now(child);
    must_be_gone(2);
}

static void many(void *memory) {
    for (int i = 0; i < 300; i++)
        if (!plait_shared_create(numbered("name", i), 1)) _exit(1);
    for (int i = 0; i < 20000; i++) { /* its table has room for fewer: others take names off */
        char path[80];
        plait_shared *shared = plait_shared_create(numbered("strange", i), 1);
        (void)snprintf(path, sizeof path, "/%s", numbered("strange", i));
        if (!shared || shm_unlink(path) != 0) _exit(2);
        plait_shared_free(shared);
    }
    __atomic_store_n((int *)memory, 1, __ATOMIC_RELEASE);
    rest();
}

TEST(it_knows_many_names_and_forgets_those_that_others_took_off) {
    int *ready = kill_memory(sizeof(int));
    pid_t child = kill_start(many, ready);
    while (!__atomic_load_n(ready, __ATOMIC_ACQUIRE)) ck_assert_int_eq(waitpid(child, NULL, WNOHANG), 0);
    ck_assert(has_file(numbered("name", 299)));
    kill_now(child);
    must_be_gone(300);
}

/* ---- threads ---- */

static void *name_things(void *arg) {
    struct stress_random random = stress_random_stream((unsigned)(uintptr_t)arg);
    long bad = 0;
    while (stress_goes_on()) {
        int number = (int)stress_random_below(&random, 3);
        char name[64];
        (void)snprintf(name, sizeof name, "plait-test-%d-stress-%d", (int)getpgrp(), number);
        plait_shared *shared = stress_random_below(&random, 2) ? plait_shared_create(name, 64)
                                                               : plait_shared_attach(name);
        if (!shared) bad += plait_last_error() != PLAIT_EXISTS && plait_last_error() != PLAIT_MISSING;
        if (shared) bad += plait_shared_size(shared) != 64; /* whole from its first moment on */
        if (stress_random_below(&random, 2)) {
            plait_status status = plait_shared_unlink(name);
            bad += status != PLAIT_OK && status != PLAIT_MISSING;
        }
        plait_shared_free(shared);
    }
    return (void *)bad;
}

/* What they leave goes with their process. */
static void fight(void *memory) {
    pthread_t threads[8];
    int count = stress_threads(4) < 8 ? stress_threads(4) : 8;
    for (int i = 0; i < count; i++) pthread_create(&threads[i], NULL, name_things, (void *)(uintptr_t)i);
    for (int i = 0; i < count; i++) {
        void *bad;
        pthread_join(threads[i], &bad);
        if (bad) _exit(1);
    }
    (void)memory;
}

TEST_WITHIN(threads_that_fight_for_names_see_only_whole_memory, 120) {
    for (int i = 0; i < 2; i++) {
        kill_join(kill_start(fight, NULL), 100);
        for (int name = 0; name < 3; name++) wait_until_gone(numbered("stress", name));
    }
}
