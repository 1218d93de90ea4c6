/* plait/check.h - prove it, or see it fail: a test run through the interleavings that no ordinary test meets.
 *
 * plait_check_run calls a function again and again, each time under another order of its threads. One
 * thread runs at a time; at every wait, wake, start, end and atomic operation of plait a scheduler decides
 * who goes on. When a run fails (a deadlock, a lost wake-up, a failed assertion, a crash, a data race, ...) the
 * order is made as short as it can be, and a report says what happened, line by line, with a token that
 * replays it. When nothing fails the result says how much was tried; a bounded exhaustive search that
 * passes is a proof for this function, within its bound, under sequential consistency.
 *
 * It needs the checking library: link the test with `pkg-config --libs plait-check`, or run the program under
 * `plait check ./program`, which needs no rebuilding and treats the whole program as the test. With the
 * plain library plait_check_run runs the function once and says so; the macros below cost a load and a branch.
 *
 * The function must start from nothing each time: it resets the variables that it uses (`static plait_lock`
 * ones, too), starts its threads, and joins them. The clock is virtual there: plait_sleep(3600) takes no
 * time. Memory of the program's own is watched where it is used through plait_read and plait_write.
 *
 * Example:
 *     #include <plait.h>
 *
 *     static plait_lock lock;
 *     static int balance;
 *
 *     PLAIT_TASK(void, deposit, (int, amount)) {
 *         plait_hold(&lock);
 *         int before = plait_read(balance);
 *         plait_write(balance) = before + amount;
 *     }
 *
 *     static void two_deposits(void *arg) {
 *         (void)arg;
 *         lock = (plait_lock)PLAIT_LOCK_INIT;
 *         balance = 0;
 *         plait_thread *one = plait_start(deposit, 10), *other = plait_start(deposit, 20);
 *         plait_thread_join(one);
 *         plait_thread_join(other);
 *         plait_check_that(balance == 30);
 *         plait_thread_free(one);
 *         plait_thread_free(other);
 *     }
 *
 *     int main(void) {
 *         plait_check_result *result = plait_check_run(two_deposits, NULL, NULL);
 *         bool passed = result && result->outcome == PLAIT_CHECK_PASSED;
 *         plait_check_free(result);
 *         return passed ? 0 : 1;
 *     }
 */
#ifndef PLAIT_CHECK_H
#define PLAIT_CHECK_H

#include <plait/api.h>
#include <plait/status.h>

PLAIT_BEGIN

/* How the next order is chosen. AUTO takes turns among the others and is the best when nothing is known.
 * RANDOM: at each point somebody at random, more or less eagerly. PCT: random priorities with `depth - 1` random
 * changes; finds a bug that needs d ordered events with probability of at least 1/(n k^(d-1)) a run
 * (Burckhardt et al. 2010). DELAY: everybody runs until blocked, but for at most `bound` delays (Emmi et
 * al. 2011). DFS: all orders with at most `bound` preemptions, one after the other (Musuvathi, Qadeer 2007). */
typedef enum plait_check_strategy {
    PLAIT_CHECK_AUTO,
    PLAIT_CHECK_RANDOM,
    PLAIT_CHECK_PCT,
    PLAIT_CHECK_DELAY,
    PLAIT_CHECK_DFS
} plait_check_strategy;

/* What the checker may do besides choosing the order. */
enum {
    PLAIT_CHECK_TIMEOUTS = 1, /* any wait with a deadline may time out, as if that much time had passed */
    PLAIT_CHECK_SPURIOUS = 2, /* a sleep may end for no reason */
    PLAIT_CHECK_MEMORY = 4,   /* an allocation of plait's may fail */
    PLAIT_CHECK_NOTHING = 8
};

typedef enum plait_check_outcome {
    PLAIT_CHECK_PASSED,
    PLAIT_CHECK_DEADLOCK,     /* nobody can go on */
    PLAIT_CHECK_LOST_WAKEUP,  /* nobody can go on, and the wake-up that one waits for came before its wait */
    PLAIT_CHECK_ASSERTION,    /* plait_check_that, or assert and abort */
    PLAIT_CHECK_CRASH,        /* a signal */
    PLAIT_CHECK_EXIT,         /* the program ended with a status other than 0 */
    PLAIT_CHECK_LEFT_RUNNING, /* a thread that is no daemon cannot end once the test has */
    PLAIT_CHECK_MISUSE,       /* released by another thread, joined twice, ... */
    PLAIT_CHECK_USE_AFTER_FREE,     /* an object of plait's was used after it had been freed */
    PLAIT_CHECK_LIVELOCK,           /* more points than `steps` */
    PLAIT_CHECK_TASK_FAILED,        /* a task failed and nobody asked for its result */
    PLAIT_CHECK_RACE,               /* two accesses, one a write, that nothing orders */
    PLAIT_CHECK_UNCONTROLLED,       /* a thread blocks, or computes for long, outside plait */
    PLAIT_CHECK_NOT_DETERMINISTIC,  /* the same order gave another course */
    PLAIT_CHECK_NOTHING_CONTROLLED, /* no point was met in which somebody could choose */
    PLAIT_CHECK_REFUSED             /* bad options, not the checking library, a token of another program */
} plait_check_outcome;

/* Zero means the default everywhere. */
typedef struct plait_check_options {
    uint64_t schedules;            /* at most so many; 10,000 */
    double seconds;                /* at most so long; no limit */
    plait_check_strategy strategy; /* PLAIT_CHECK_AUTO */
    unsigned depth;                /* of PCT; 3 */
    unsigned bound;                /* of DELAY and DFS; 2 */
    unsigned inject;               /* PLAIT_CHECK_TIMEOUTS | PLAIT_CHECK_SPURIOUS */
    uint64_t steps;                /* points in a run before it counts as a livelock; 100,000 */
    uint64_t seed;                 /* the same seed gives the same orders; 1 */
    bool inside;        /* also switch in the middle of plait's own operations: for plait's tests */
    const char *replay; /* a token: only that order */
} plait_check_options;

typedef struct plait_check_result {
    plait_check_outcome outcome;
    uint64_t schedules; /* run */
    uint64_t orders; /* different ones among them: those that differ only in what does not matter are one */
    uint64_t points; /* scheduling points in all of them */
    double seconds;
    bool complete;      /* all orders within the bound were run */
    const char *token;  /* replays the failure; NULL if there is none */
    const char *report; /* for people; what went wrong line by line, or what was tried. Never NULL */
} plait_check_result;

/* Runs the test under many schedules, until one fails, or the limits of the options are reached (NULL: all
 * defaults). Blocks meanwhile; the test runs in a child process, so whatever it does, the caller goes on. A
 * failure is replayed twice before it is reported. NULL with plait_last_error() when memory is out, the
 * function is NULL, or no process can be started. Free the result with plait_check_free.
 * Thread-safe; not from inside a test. Like loom::model and shuttle::check. */
PLAIT_API plait_check_result *plait_check_run(void (*test)(void *arg), void *arg,
                                              const plait_check_options *options);
PLAIT_API void plait_check_free(plait_check_result *result);

/* The outcome in words, such as "deadlock"; never NULL, always static. */
PLAIT_API const char *plait_check_outcome_text(plait_check_outcome outcome);

/* One of 0 .. n-1, which the checker tries all of: for the test's own choices. Without the checker 0. */
PLAIT_API unsigned plait_choose(unsigned n);

/* An assertion of the test. Without the checker it works as assert does, whatever NDEBUG says. */
#define plait_check_that(condition) \
    ((condition) ? (void)0 : plait_check_failed("plait_check_that(" #condition ")", __FILE__, __LINE__))
PLAIT_API __attribute__((noreturn)) void plait_check_failed(const char *words, const char *file, int line);

/* Reads or writes a variable of the program, as x would: plait_write(x) = plait_read(x) + 1. Under the checker
 * each is a scheduling point, and two that no lock, queue, join or other wait orders, and one of them a write,
 * are reported as a data race, even if nothing went wrong in that run (happens-before by vector clocks, after
 * FastTrack: Flanagan, Freund 2009). An _Atomic variable (std::atomic in C++) is never raced for, and orders what
 * lies around it; use it as it is: atomic_compare_exchange_strong(&plait_write(top), &old, next). */
#define plait_read(x) PLAIT__ACCESS(x, 0)
#define plait_write(x) PLAIT__ACCESS(x, PLAIT__WRITES)

#define PLAIT__ACCESS(x, how) \
    (*(__typeof__(&(x)))plait__access(&(x), sizeof(x), (how) | PLAIT__ATOMIC_IF(x), #x, __FILE__, __LINE__))

enum { PLAIT__WRITES = 1, PLAIT__ATOMIC = 2 };

/* Whether this is a run of the checker's. Read it by plait_checking(). */
PLAIT_API extern bool plait__checking;
PLAIT_API void plait__check_access(const volatile void *address, size_t size, int how, const char *name,
                                   const char *file, int line);

PLAIT__INLINE void *plait__access(const volatile void *address, size_t size, int how, const char *name,
                                  const char *file, int line) {
    if (plait__checking) plait__check_access(address, size, how, name, file, line);
    return (void *)(uintptr_t)address;
}

static inline bool plait_checking(void) {
    return plait__checking;
}

PLAIT_END

/* Whether x is atomic: then its value is of another type than x, by more than const and volatile. */
#ifdef __cplusplus
template <class T> constexpr auto plait__atomic_if(const volatile T *x) -> decltype(x->is_lock_free(), 0) {
    return PLAIT__ATOMIC;
}
constexpr int plait__atomic_if(const volatile void *) {
    return 0;
}
#define PLAIT__ATOMIC_IF(x) plait__atomic_if(&(x))
#else
#define PLAIT__VALUE(x) __typeof__(((void)0, (x)))
#define PLAIT__IS(x, type) __builtin_types_compatible_p(__typeof__(&(x)), type *)
#define PLAIT__ATOMIC_IF(x) \
    (PLAIT__IS(x, PLAIT__VALUE(x)) || PLAIT__IS(x, const PLAIT__VALUE(x)) || \
             PLAIT__IS(x, volatile PLAIT__VALUE(x)) || PLAIT__IS(x, const volatile PLAIT__VALUE(x)) \
         ? 0 \
         : PLAIT__ATOMIC)
#endif

#endif
