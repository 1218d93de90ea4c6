/* child.c - the process in which the test runs, from both sides.
 *
 * It may crash, exit, hang in a system call or compute for ever. All that must reach the other side is in
 * shared memory before it can happen. Who waits looks ten times a second whether points still go by; if none
 * has for long, the thread whose turn it is sleeps outside plait, or computes without a call of plait. Neither
 * can be scheduled; the run is given up and that is said, so that nothing ever hangs.
 */
#include <base/os.h>
#include <check/child.h>
#include <check/control.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#define LOOK_MS 100
#define ASLEEP_FOR INT64_C(2000000000) /* ns without a point, when the thread sleeps outside plait */
#define AWAKE_FOR INT64_C(20000000000) /* and when it computes */

/* ---- shared memory ---- */

static void *share(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                        0);
    return memory == MAP_FAILED ? NULL : memory;
}

bool plait__exploration_new(struct plait__exploration *exploration) {
    exploration->run = share(sizeof *exploration->run);
    exploration->search = share(plait__search_size());
    return exploration->run && exploration->search;
}

void plait__exploration_end(struct plait__exploration *exploration) {
    if (exploration->run) munmap(exploration->run, sizeof *exploration->run);
    if (exploration->search) munmap(exploration->search, plait__search_size());
}

/* ---- in the child ---- */

static const char *name_of(int signal) {
    switch (signal) {
    case SIGSEGV:
        return "SIGSEGV";
    case SIGBUS:
        return "SIGBUS";
    case SIGFPE:
        return "SIGFPE";
    case SIGILL:
        return "SIGILL";
    default:
        return "SIGABRT";
    }
}

/* Where the thread was when the signal came; 0 where that is not known. */
static uintptr_t place_of(const void *context) {
    const ucontext_t *user = context;
#if defined(__x86_64__)
    return (uintptr_t)user->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return (uintptr_t)user->uc_mcontext.pc;
#else
    (void)user;
    return 0;
#endif
}

/* The first frame that is neither plait's nor the C library's: what the program has called, or where it crashed
 * itself. As for calls, the place is that of the instruction after. */
static _Unwind_Reason_Code find_program(struct _Unwind_Context *context, void *place) {
    Dl_info info, c_library;
    int exact = 0;
    uintptr_t at = (uintptr_t)_Unwind_GetIPInfo(context, &exact);
    if (!at) return _URC_END_OF_STACK;
    bool unknown = !dladdr((void *)at, &info) || !dladdr((void *)(uintptr_t)&read, &c_library);
    if (unknown || plait__state_is_code(at) || info.dli_fbase == c_library.dli_fbase) return _URC_NO_REASON;
    *(uintptr_t *)place = at + (exact != 0);
    return _URC_END_OF_STACK;
}

static void crash(int signal, siginfo_t *info, void *context) {
    if (!plait__acting || plait__control->ending) {
        (void)raise(signal); /* by default now: see SA_RESETHAND */
        return;
    }
    const void *gone = plait__heap_spoilt(info->si_addr);
    if (gone)
        plait__run_fails(PLAIT_CHECK_USE_AFTER_FREE, gone, "an object was used after it had been freed");
    plait__control->run->end.status = signal;
    uintptr_t place = 0;
    (void)_Unwind_Backtrace(find_program, &place);
    if (!place) place = place_of(context) + 1;
    plait__call_begins(NULL, (const void *)place);
    if (signal == SIGABRT) plait__run_fails(PLAIT_CHECK_ASSERTION, NULL, "abort was called");
    plait__run_fails(PLAIT_CHECK_CRASH, info->si_addr, "%s at address %p", name_of(signal), info->si_addr);
}

/* The watchdog asks the thread that does not come back where it is. */
static void stuck(int signal) {
    (void)signal;
    if (!plait__acting || plait__control->ending) return;
    char words[sizeof plait__control->run->end.words];
    memcpy(words, plait__control->run->end.words, sizeof words);
    uintptr_t place = 0;
    (void)_Unwind_Backtrace(find_program, &place);
    if (place) plait__call_begins(NULL, (const void *)place);
    plait__run_fails(PLAIT_CHECK_UNCONTROLLED, NULL, "%s", words);
}

int plait__child_signal(void) {
    return SIGRTMAX - 1;
}

static void catch_the_watchdog(void) {
    struct sigaction action = {.sa_handler = stuck};
    sigemptyset(&action.sa_mask);
    (void)sigaction(plait__child_signal(), &action, NULL);
}

static void catch_crashes(void) {
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    struct sigaction action = {.sa_sigaction = crash,
                               .sa_flags = SA_SIGINFO | (int)SA_RESETHAND | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) (void)sigaction(signals[i], &action, NULL);
}

/* Switching between threads on one CPU is several times as fast as between two. */
static void stay_on_this_cpu(void) {
    cpu_set_t set;
    int cpu = sched_getcpu();
    if (cpu < 0) return;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    (void)sched_setaffinity(0, sizeof set, &set);
}

static void put_at(int descriptor, const char *path, int how) {
    int file = open(path, how | O_CLOEXEC);
    if (file >= 0 && file != descriptor) {
        (void)dup2(file, descriptor);
        (void)close(file);
    }
}

/* Each run reads the same: a file from its beginning, and of anything else nothing. */
static void read_anew(void) {
    struct stat input;
    bool file = fstat(STDIN_FILENO, &input) == 0 && S_ISREG(input.st_mode);
    put_at(STDIN_FILENO, file ? "/proc/self/fd/0" : "/dev/null", O_RDONLY);
}

static void be_quiet(void) {
    put_at(STDOUT_FILENO, "/dev/null", O_WRONLY);
    put_at(STDERR_FILENO, "/dev/null", O_WRONLY);
}

void plait__child_begin(const struct plait__run *run) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    stay_on_this_cpu();
    read_anew();
    if (!run->loud) be_quiet();
    catch_crashes();
    catch_the_watchdog();
}

/* ---- in the parent ---- */

struct watch {
    uint64_t progress;
    int64_t since;
};

/* The state of the thread whose turn it is, as in /proc: 'R', 'S', 'D', ...; 0: not to be seen. */
static char state_of(pid_t child, uint32_t thread) {
    char path[64], text[256];
    snprintf(path, sizeof path, "/proc/%d/task/%u/stat", (int)child, thread);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0) (void)close(file);
    if (length <= 0) return 0;
    text[length] = 0;
    const char *after = strrchr(text, ')');
    return after && after[1] ? after[2] : 0;
}

static const struct {
    long number;
    const char *words;
} calls[] = {
    {SYS_read, "read"},
    {SYS_write, "write"},
    {SYS_futex, "a mutex, a condition or a join of pthreads"},
#ifdef SYS_poll
    {SYS_poll, "poll"},
#endif
#ifdef SYS_select
    {SYS_select, "select"},
#endif
#ifdef SYS_epoll_wait
    {SYS_epoll_wait, "epoll_wait"},
#endif
    {SYS_ppoll, "ppoll"},
    {SYS_pselect6, "select"},
    {SYS_epoll_pwait, "epoll_wait"},
    {SYS_nanosleep, "nanosleep"},
    {SYS_clock_nanosleep, "sleep"},
    {SYS_accept, "accept"},
    {SYS_accept4, "accept"},
    {SYS_connect, "connect"},
    {SYS_recvfrom, "recv"},
    {SYS_recvmsg, "recvmsg"},
    {SYS_sendto, "send"},
    {SYS_wait4, "waitpid"},
    {SYS_waitid, "waitid"},
    {SYS_rt_sigtimedwait, "sigwait"},
    {SYS_rt_sigsuspend, "sigsuspend"},
#ifdef SYS_pause
    {SYS_pause, "pause"},
#endif
    {SYS_flock, "flock"},
};

/* The system call that the thread sleeps in, for people. */
static const char *call_of(pid_t child, uint32_t thread) {
    char path[64];
    long number = -1;
    snprintf(path, sizeof path, "/proc/%d/task/%u/syscall", (int)child, thread);
    FILE *file = fopen(path, "re");
    if (file) {
        if (fscanf(file, "%ld", &number) != 1) number = -1;
        (void)fclose(file);
    }
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (calls[i].number == number) return calls[i].words;
    return "a system call";
}

/* True: given up. */
static bool is_stuck(struct plait__exploration *exploration, pid_t child, struct watch *watch) {
    struct plait__run *run = exploration->run;
    uint64_t progress = atomic_load_explicit(&run->progress, memory_order_relaxed);
    int64_t now = plait__os_clock();
    if (progress != watch->progress) {
        *watch = (struct watch){progress, now};
        return false;
    }
    uint32_t thread = run->running;
    char state = state_of(child, thread);
    if (state == 't' || state == 'T') watch->since = now; /* a debugger holds it */
    bool sleeps = state == 'S' || state == 'D';
    if (now - watch->since < (sleeps ? ASLEEP_FOR : AWAKE_FOR)) return false;
    run->end = (struct plait__end){.outcome = PLAIT_CHECK_UNCONTROLLED};
    if (sleeps)
        snprintf(run->end.words, sizeof run->end.words,
                 "a thread blocks outside plait, in %s, where its wait cannot be controlled",
                 call_of(child, thread));
    else
        snprintf(run->end.words, sizeof run->end.words, "a thread computes for %d s without a call of plait",
                 (int)(AWAKE_FOR / 1000000000));
    return true;
}

/* So that it can tell what it was doing; false: it does not end by that. */
static bool asks_where(const struct plait__run *run, pid_t child, struct pollfd *ended) {
    if (syscall(SYS_tgkill, child, run->running, plait__child_signal()) != 0) return false;
    return ended->fd >= 0 && poll(ended, 1, 10 * LOOK_MS) == 1;
}

static bool has_ended(pid_t child, int *status, int options) {
    pid_t ended;
    while ((ended = waitpid(child, status, options)) < 0 && errno == EINTR) {}
    return ended != 0;
}

/* What it could not write down itself. */
static void note_end(const struct plait__exploration *exploration, int status) {
    struct plait__run *run = exploration->run;
    if (run->end.outcome != PLAIT_CHECK_PASSED) return;
    if (WIFSIGNALED(status)) {
        run->end.outcome = PLAIT_CHECK_CRASH;
        run->end.status = WTERMSIG(status);
        snprintf(run->end.words, sizeof run->end.words, "killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    } else if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
        run->end.outcome = PLAIT_CHECK_EXIT;
        run->end.status = WEXITSTATUS(status);
        snprintf(run->end.words, sizeof run->end.words,
                 exploration->program
                     ? "the program ended with status %d; `plait replay` shows what it prints"
                     : "the test ended the process with status %d",
                 WEXITSTATUS(status));
    }
}

void plait__child_await(struct plait__exploration *exploration, pid_t child) {
    struct watch watch = {0, plait__os_clock()};
    int status = 0, handle = (int)syscall(SYS_pidfd_open, child, 0);
    struct pollfd ended = {.fd = handle, .events = POLLIN};
    while (!has_ended(child, &status, WNOHANG)) {
        if (poll(&ended, 1, handle < 0 ? 1 : LOOK_MS) == 1) continue;
        plait__explore_look(exploration);
        if (!is_stuck(exploration, child, &watch)) continue;
        if (asks_where(exploration->run, child, &ended)) continue;
        (void)kill(child, SIGKILL);
        (void)has_ended(child, &status, 0);
        break;
    }
    if (handle >= 0) (void)close(handle);
    note_end(exploration, status);
}
