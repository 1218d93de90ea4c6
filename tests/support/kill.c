/* Killing processes (kill.h). On a CPU whose atomic operations are loops of load-linked and store-conditional stepping
 * would not end, so there they are killed at random.
 *
 * Tracer and victim are kept on one CPU: a step is two switches between them, and twice as fast there. */
#include "kill.h"
#include "test.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MS = 10, ASLEEP_MS = 500, CHECK_SECONDS = 10, STEPS_A_SECOND = 100000 };
/* Where nothing can be stepped. */
enum { RANDOM_INSTEAD = 50, RANDOM_INSTEAD_US = 200 };

/* What victim and test tell each other. */
struct control {
    int traced;
    volatile int begun, finished;
};

static struct control *control;
static char place[300]; /* where the victim was killed, for messages */
static volatile sig_atomic_t ticks;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void rest(void) {
    struct timespec little = {0, 200000};
    nanosleep(&little, NULL);
}

void *kill_memory(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_msg(memory != MAP_FAILED, "no memory to share");
    return memory;
}

pid_t kill_start(void (*body)(void *memory), void *memory) {
    pid_t parent = getpid(), child = fork();
    ck_assert_msg(child >= 0, "no process: %s", strerror(errno));
    if (child > 0) return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(2);
    body(memory);
    _exit(0);
}

static int reap(pid_t process, int options) {
    int status = 0;
    while (waitpid(process, &status, options) < 0) ck_assert_msg(errno == EINTR, "no such process");
    return status;
}

void kill_now(pid_t process) {
    ck_assert_msg(process > 1, "no process to be killed: %d", (int)process); /* -1 is all there are */
    kill(process, SIGKILL);
    int status;
    do {
        status = reap(process, __WALL);
        ck_assert_msg(!WIFEXITED(status), "process %d ended by itself with status %d", (int)process,
                      WEXITSTATUS(status));
    } while (!WIFSIGNALED(status));
    ck_assert_msg(WTERMSIG(status) == SIGKILL, "process %d was ended by signal %d", (int)process,
                  WTERMSIG(status));
}

void kill_join(pid_t process, double seconds) {
    double end = now() + seconds * test_time_scale();
    int status = 0;
    pid_t ended;
    while ((ended = waitpid(process, &status, WNOHANG)) == 0 && now() < end) rest();
    if (ended == 0) kill_now(process);
    ck_assert_msg(ended == process, "process %d has not ended after %g seconds", (int)process, seconds);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "process %d ended with %s %d", (int)process,
                  WIFSIGNALED(status) ? "signal" : "status",
                  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

/* ---- in the victim ---- */

/* A bare system call, so that few instructions lie between the mark and what is marked. */
static void stop(void) {
    syscall(SYS_kill, syscall(SYS_getpid), SIGSTOP);
}

void kill_from_here(void) {
    control->begun = 1;
    if (control->traced) stop();
}

void kill_to_here(void) {
    control->finished = 1;
    if (control->traced) stop();
}

bool kill_finished(void) {
    return control->finished;
}

struct cast {
    const struct kill_scenario *scenario;
    void *memory;
};

static void play(void *context) {
    const struct cast *cast = context;
    if (control->traced && ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0) _exit(3);
    cast->scenario->victim(cast->memory);
}

static pid_t start_victim(struct cast *cast, int traced) {
    *control = (struct control){.traced = traced};
    memset(cast->memory, 0, cast->scenario->size);
    if (cast->scenario->prepare) cast->scenario->prepare(cast->memory);
    return kill_start(play, cast);
}

/* ---- checks and their time ---- */

static void check_hangs(int signal) {
    (void)signal;
    static const char words[] = "# the check hangs; the victim was ";
    if (write(STDERR_FILENO, words, sizeof words - 1) < 0 || write(STDERR_FILENO, place, strlen(place)) < 0 ||
        write(STDERR_FILENO, "\n", 1) < 0)
        _exit(4);
    abort();
}

/* Without a restart a waiting ptrace would not see its ticks; with one a check's own waits are not disturbed. */
static void start_timer(void (*handler)(int), int flags, long first_ms, long interval_ms) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    struct itimerval timer = {{interval_ms / 1000, interval_ms % 1000 * 1000},
                              {first_ms / 1000, first_ms % 1000 * 1000}};
    const struct itimerval none = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &none, NULL); /* so that none comes before its handler, or after it */
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
}

/* First the timer, so that its last signal still finds the handler. */
static void stop_timer(void) {
    struct itimerval none = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &none, NULL);
    signal(SIGALRM, SIG_DFL);
}

static void run_check(const struct cast *cast) {
    start_timer(check_hangs, SA_RESTART, (long)(CHECK_SECONDS * 1000 * test_time_scale()), 0);
    const char *wrong = cast->scenario->check(cast->memory);
    stop_timer();
    ck_assert_msg(!wrong, "does not hold: %s; the victim was %s", wrong, place);
}

/* ---- stepping ---- */

/* Under the thread sanitizer an instruction becomes fifty, nearly all of them its own. */
#if (defined(__x86_64__) || defined(__i386__)) && !defined(__SANITIZE_THREAD__)

static void count_tick(int signal) {
    (void)signal;
    ticks++;
}

/* The next stop of the victim, or 0 when it rests for so many ticks. */
static int next_stop(pid_t victim, int patience) {
    int status, begun = ticks;
    while (waitpid(victim, &status, __WALL) < 0) {
        ck_assert_msg(errno == EINTR, "the victim is lost: %s", strerror(errno));
        if (ticks - begun > patience) return 0;
    }
    ck_assert_msg(WIFSTOPPED(status), "the victim ended by itself, with %s %d",
                  WIFSIGNALED(status) ? "signal" : "status",
                  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return WSTOPSIG(status);
}

static void describe_place(pid_t victim, long steps, const char *why) {
    struct user_regs_struct registers;
    struct iovec view = {&registers, sizeof registers};
    Dl_info info = {0};
#if defined(__x86_64__)
#define INSTRUCTION rip
#else
#define INSTRUCTION eip
#endif
    unsigned long at = 0;
    if (ptrace(PTRACE_GETREGSET, victim, (void *)1 /* NT_PRSTATUS */, &view) == 0) at = registers.INSTRUCTION;
    int found = at && dladdr((void *)at, &info); /* NOLINT(performance-no-int-to-ptr) */
    snprintf(place, sizeof place, "killed after instruction %ld (%s), before %s+%#lx, near %s", steps, why,
             found ? info.dli_fname : "?", found ? at - (unsigned long)info.dli_fbase : at,
             found && info.dli_sname ? info.dli_sname : "?");
}

/* What ended a run of at most `wanted` steps. */
struct stepped {
    long steps;
    bool over; /* there is no instruction after these */
};

static struct stepped step(pid_t victim, long wanted, int patience) {
    struct stepped stepped = {0, false};
    while (stepped.steps < wanted) {
        ptrace(PTRACE_SINGLESTEP, victim, NULL, NULL);
        int signal = next_stop(victim, patience);
        if (signal == 0) { /* it cannot be asked where it is */
            snprintf(place, sizeof place, "killed asleep, after instruction %ld", stepped.steps);
            stepped.over = true;
            return stepped;
        }
        if (signal == SIGSTOP) break;
        ck_assert_msg(signal == SIGTRAP, "the victim met signal %d after instruction %ld", signal,
                      stepped.steps);
        stepped.steps++;
    }
    stepped.over = control->finished && stepped.steps < wanted;
    describe_place(victim, stepped.steps, stepped.over ? "at its end" : "on its way");
    return stepped;
}

static struct stepped step_and_kill(struct cast *cast, long steps) {
    int asleep_ms = cast->scenario->asleep_ms ? cast->scenario->asleep_ms : ASLEEP_MS;
    int patience = (int)(asleep_ms * (test_time_scale() > 1 ? test_time_scale() : 1) / TICK_MS);
    pid_t victim = start_victim(cast, 1);
    start_timer(count_tick, 0, TICK_MS, TICK_MS);
    while (next_stop(victim, 100 * patience) != SIGSTOP || !control->begun) {
        ck_assert_msg(!control->finished, "no kill_from_here");
        ptrace(PTRACE_CONT, victim, NULL, NULL);
    }
    struct stepped stepped = step(victim, steps, patience);
    stop_timer();
    kill_now(victim);
    run_check(cast);
    return stepped;
}

static bool may_trace(void) {
    pid_t child = fork();
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0) _exit(1);
        stop();
        _exit(0);
    }
    int status = child < 0 ? 0 : reap(child, __WALL);
    bool may = child > 0 && WIFSTOPPED(status);
    if (may) kill_now(child);
    if (!may) fprintf(stderr, "# SKIP killing at every instruction: processes may not be traced here\n");
    return may;
}

/* Keeps this process, and those that it starts, on the CPU where it is; says where it was allowed before. */
static cpu_set_t stay_on_one_cpu(void) {
    cpu_set_t before, one;
    CPU_ZERO(&before);
    CPU_ZERO(&one);
    sched_getaffinity(0, sizeof before, &before);
    int cpu = sched_getcpu();
    CPU_SET(cpu < 0 ? 0u : (unsigned)cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
    return before;
}

/* So far apart that the steps of all runs together stay in the budget. */
static long stride_for(long length, double budget) {
    double all = (double)length * (double)length / 2;
    return all <= budget ? 1 : (long)(all / budget) + 1;
}

/* So far apart that there are no more kills than asked for. */
static long stride_by_number(long length) {
    const char *most = getenv("PLAIT_TEST_KILLS");
    long kills = most ? strtol(most, NULL, 10) : 0;
    return kills > 0 ? length / kills + 1 : 1;
}

long kill_at_each_nth_instruction(const struct kill_scenario *scenario, int n) {
    if (!may_trace()) return 0;
    struct cast cast = {scenario, kill_memory(scenario->size)};
    control = kill_memory(sizeof *control);
    cpu_set_t before = stay_on_one_cpu();
    struct stress_random random = stress_random_stream(0);
    long length = step_and_kill(&cast, LONG_MAX).steps, killed = 1;
    long stride = stride_for(length, STEPS_A_SECOND * 4 * stress_seconds());
    if (stride < stride_by_number(length)) stride = stride_by_number(length);
    long asked = (long)((double)n / stress_seconds());
    if (n > 1 && stride < asked) stride = asked;
    for (long k = 1 + stress_random_below(&random, (uint32_t)stride);; k += stride, killed++)
        if (step_and_kill(&cast, k).over) break;
    sched_setaffinity(0, sizeof before, &before);
    munmap(cast.memory, scenario->size);
    fprintf(stderr, "# killed at %ld of %ld instructions\n", killed, length + 1);
    return killed;
}

#else

long kill_at_each_nth_instruction(const struct kill_scenario *scenario, int n) {
    (void)n;
    kill_at_random(scenario, RANDOM_INSTEAD, RANDOM_INSTEAD_US);
    return 0;
}

#endif

long kill_at_every_instruction(const struct kill_scenario *scenario) {
    return kill_at_each_nth_instruction(scenario, 1);
}

/* ---- at random ---- */

void kill_linger(struct stress_random *random, unsigned longest_us) {
    double end = now() + stress_random_below(random, longest_us + 1) / 1e6;
    bool alone = stress_threads(1) < 2; /* the victim needs this CPU, too */
    while (now() < end)
        if (alone) sched_yield();
}

/* And is still to be waited for. */
static bool has_ended(pid_t process) {
    siginfo_t info = {.si_pid = 0};
    return waitid(P_PID, (id_t)process, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
}

void kill_at_random(const struct kill_scenario *scenario, int times, unsigned longest_us) {
    struct cast cast = {scenario, kill_memory(scenario->size)};
    control = kill_memory(sizeof *control);
    struct stress_random random = stress_random_stream(1);
    for (int i = 0; i < times; i++) {
        pid_t victim = start_victim(&cast, 0);
        while (!control->begun && !has_ended(victim)) sched_yield();
        kill_linger(&random, longest_us);
        kill(victim, SIGKILL);
        int status = reap(victim, 0);
        bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        ck_assert_msg(killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0),
                      "the victim ended by itself, with %s %d", WIFSIGNALED(status) ? "signal" : "status",
                      WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        snprintf(place, sizeof place, "killed at random, the %d. time", i + 1);
        run_check(&cast);
    }
    munmap(cast.memory, scenario->size);
}

/* ---- what is left ---- */

static bool name_is_left(const char *names, char *found, size_t size) {
    DIR *directory = names ? opendir("/dev/shm") : NULL;
    if (!directory) return false;
    bool left = false;
    const struct dirent *entry;
    while (!left && (entry = readdir(directory)) != NULL) {
        left = strstr(entry->d_name, names) != NULL;
        if (left) snprintf(found, size, "%s", entry->d_name);
    }
    closedir(directory);
    return left;
}

/* Those whose parents have died become this process's children, so that it hears of all of them. */
void kill_nothing_left_begin(void) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* What a process left to us has died of is not asked: orphans may be killed, and nobody else waits for them. Our own
 * children were waited for by name before. */
void kill_nothing_left(const char *names) {
    char found[256] = "";
    double end = now() + 10 * test_time_scale();
    pid_t process;
    do {
        while ((process = waitpid(-1, NULL, WNOHANG)) > 0) {}
        if (process < 0 && !name_is_left(names, found, sizeof found)) return;
        rest();
    } while (now() < end);
    ck_assert_msg(process < 0, "a process is left");
    ck_abort_msg("left in /dev/shm: %s", found);
}
