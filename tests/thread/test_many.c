/* Ten thousand threads asleep at once, and the memory that each needs. */
#include "support/test.h"

#include <limits.h>
#include <plait.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MANY = 10000 };

static plait_event wake;
static plait_semaphore asleep;
static plait_thread *threads[MANY];

PLAIT_TASK(void, sleep_until_woken) {
    plait_semaphore_release(&asleep, 1);
    plait_event_wait(&wake);
}

/* Resident memory of the process, in bytes. */
static long resident(void) {
    long total = 0, pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%ld %ld", &total, &pages), 2);
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

static long number_in(const char *path) {
    long number = LONG_MAX;
    FILE *file = fopen(path, "re");
    if (!file) return number;
    if (fscanf(file, "%ld", &number) != 1) number = LONG_MAX;
    fclose(file);
    return number;
}

/* What the limits of this machine let a process have; each thread has two memory mappings. */
static long most_threads(void) {
    struct rlimit limit;
    long most = number_in("/sys/fs/cgroup/pids.max"), maps = number_in("/proc/sys/vm/max_map_count") / 2;
    if (getrlimit(RLIMIT_NPROC, &limit) == 0 && geteuid() != 0 && (long)limit.rlim_cur > 0 &&
        (long)limit.rlim_cur < most)
        most = (long)limit.rlim_cur;
    if (maps < most) most = maps;
    long system = number_in("/proc/sys/kernel/threads-max");
    return system < most ? system : most;
}

/* The sanitizers' own memory per thread is a hundred times plait's; there a tenth will do. */
static int how_many(void) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    return MANY / 10;
#else
    return MANY;
#endif
}

TEST_WITHIN(ten_thousand_threads_asleep, 180) {
    int many = how_many();
    if (most_threads() < many + 500) {
        fprintf(stderr, "skipped: this machine allows only %ld threads\n", most_threads());
        return;
    }
    plait_thread_options options = {.name = "sleeper", .stack_size = 4 * (size_t)PTHREAD_STACK_MIN};
    long before = resident();
    for (int i = 0; i < many; i++) {
        threads[i] = plait_start_with(&options, sleep_until_woken);
        ck_assert_msg(threads[i] != NULL, "thread %d: %s", i, plait_status_name(plait_last_error()));
    }
    for (int i = 0; i < many; i++) ck_assert_ok(plait_semaphore_acquire(&asleep));
    ck_assert_uint_eq(plait_thread_active_count(), (size_t)many + 1);
    fprintf(stderr, "%d threads asleep: %ld bytes of memory each\n", many, (resident() - before) / many);
    plait_event_set(&wake);
    for (int i = 0; i < many; i++) {
        ck_assert_ok(plait_thread_result(threads[i], NULL));
        plait_thread_free(threads[i]);
    }
    ck_assert_uint_eq(plait_thread_active_count(), 1);
}
