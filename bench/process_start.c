/* process_start.c - what it costs to start a process and to wait for its end.
 *
 * fork copies the page tables of the process that calls it, so it becomes slow with memory; vfork copies nothing, but the
 * child may do next to nothing, and its parent stands still until it ends. Both take part from a small process and
 * from one that holds a gigabyte of memory that it has written to.
 */
#include "parts.h"
#include "peers.h"
#include "program.h"
#include "work.h"

#include <plait/process.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STARTS = 100, WARM_UP = 3, ROUNDS = 7, PYTHON_FRACTION = 10 };
static const size_t HELD = (size_t)1 << 30;

struct kind {
    void (*start_and_join)(void);
    const char *program;
    bool small; /* holds no memory, whatever the shape says */
};

static void wait_for(pid_t pid) {
    int status = -1;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status) bench_fail("no process to be had");
}

static void fork_and_wait(void) {
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    wait_for(pid);
}

static void vfork_and_wait(void) {
    /* NOLINTNEXTLINE(clang-analyzer-security.insecureAPI.vfork): it is what is measured */
    pid_t pid = vfork();
    if (pid == 0) _exit(0);
    wait_for(pid);
}

static int end_well(void *unused) {
    (void)unused;
    return 0;
}

static void our_start_and_join(void) {
    plait_process *process = plait_process_new(NULL, end_well, NULL, 0);
    if (!process || plait_process_join(process)) bench_fail("plait_process_new failed");
    plait_process_free(process);
}

static const struct kind fork_kind = {.start_and_join = fork_and_wait};
static const struct kind small_fork_kind = {.start_and_join = fork_and_wait, .small = true};
static const struct kind vfork_kind = {.start_and_join = vfork_and_wait};
static const struct kind our_kind = {.start_and_join = our_start_and_join};
static const struct kind python_kind = {.program = BENCH_PYTHON};

/* Written to, page by page, so that it is there. */
static void hold(size_t size) {
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) bench_fail("no memory");
    memset(memory, 1, size);
}

static void run(const void *what, const void *detail, double *figures) {
    const struct kind *kind = what;
    const size_t *held = detail;
    size_t starts = bench_amount(STARTS);
    size_t bytes = *held ? bench_amount(*held) : 0;
    if (kind->program) {
        program_run(kind->program, figures, "start %zu %zu", starts / PYTHON_FRACTION + 1, bytes);
        return;
    }
    for (int i = 0; i < WARM_UP; i++)
        kind->start_and_join(); /* plait's server starts now, as with plait_process_setup */
    if (bytes && !kind->small) hold(bytes);
    uint64_t start = bench_now();
    for (size_t i = 0; i < starts; i++) kind->start_and_join();
    figures[0] = (double)(bench_now() - start) / (double)starts;
}

static const struct bench_contestant small[] = {
    {.who = "fork", .what = &fork_kind},
    {.who = "vfork", .what = &vfork_kind},
    PEER_PYTHON("mp.Process", python_kind),
    {.who = "plait", .ours = true, .what = &our_kind},
};

static const struct bench_contestant large[] = {
    {.who = "fork", .what = &fork_kind},
    {.who = "small fork", .what = &small_fork_kind},
    {.who = "vfork", .what = &vfork_kind},
    PEER_PYTHON("mp.Process", python_kind),
    {.who = "plait", .ours = true, .what = &our_kind},
};

static const char *const told[] = {"ns_per_op", NULL};
static const size_t nothing = 0;

static const struct bench_shape shapes[] = {
    {"start and join, small parent", told, run, &nothing, small, LENGTH(small), ROUNDS, .apart = true},
    {"start and join, parent holds 1 GiB", told, run, &HELD, large, LENGTH(large), ROUNDS, .apart = true},
};

void compare_process_starts(void) {
    for (int i = 0; i < LENGTH(shapes); i++) bench_compare(&shapes[i]);
}
