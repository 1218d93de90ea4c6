/* What a test may do that is not plait's: threads of pthreads, their ends and their own memory, exit, fork, malloc. */
#include "program.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static plait_lock lock;
static int counter;

static void *count(void *arg) {
    plait_lock_acquire(&lock);
    plait_write(counter) = plait_read(counter) + 1;
    plait_lock_release(&lock);
    return arg;
}

/* Two threads of this body, which are joined. */
static void run_two(void *(*body)(void *)) {
    pthread_t one, other;
    lock = (plait_lock)PLAIT_LOCK_INIT;
    counter = 0;
    ck_assert_int_eq(pthread_create(&one, NULL, body, NULL), 0);
    ck_assert_int_eq(pthread_create(&other, NULL, body, NULL), 0);
    pthread_join(one, NULL);
    pthread_join(other, NULL);
}

static void join(void *arg) {
    const struct variant *is = arg;
    pthread_t thread;
    lock = (plait_lock)PLAIT_LOCK_INIT;
    counter = 0;
    pthread_create(&thread, NULL, count, NULL);
    if (!is->right) (void)plait_read(counter);
    pthread_join(thread, NULL);
    plait_check_that(plait_read(counter) == 1);
}

FINDS(a_look_before_pthread_join, join, PLAIT_CHECK_RACE)
PASSES(a_look_after_pthread_join, join)

/* ---- ends ---- */

static void *count_and_exit(void *arg) {
    (void)count(arg);
    pthread_exit(arg);
}

static void exit_threads(void *arg) {
    (void)arg;
    run_two(count_and_exit);
    plait_check_that(plait_read(counter) == 2);
}

PASSES(threads_that_end_by_pthread_exit, exit_threads)

static void exit_early(void *arg) {
    const struct variant *is = arg;
    run_two(count);
    if (!is->right) exit(0);
}

static void exit_at_once(void *arg) {
    (void)arg;
    run_two(count);
    _exit(0);
}

FINDS(a_test_that_calls_exit, exit_early, PLAIT_CHECK_EXIT)
FINDS(a_test_that_calls__exit, exit_at_once, PLAIT_CHECK_EXIT)

/* ---- what is a thread's own ---- */

static __thread int own;

static void *count_own(void *arg) {
    own++;
    plait_check_that(own == 1);
    return count(arg);
}

static void begin_with_nothing(void *arg) {
    (void)arg;
    run_two(count_own);
}

PASSES(thread_local_variables_begin_anew, begin_with_nothing)

static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static int destroyed;

static void destroy(void *value) {
    (void)value;
    plait_lock_acquire(&lock);
    destroyed++;
    plait_lock_release(&lock);
}

static void make_key(void) {
    pthread_key_create(&key, destroy);
}

static void *set_value(void *arg) {
    plait_check_that(!pthread_getspecific(key));
    pthread_setspecific(key, &own);
    return count(arg);
}

static void destroy_values(void *arg) {
    (void)arg;
    pthread_once(&key_once, make_key);
    destroyed = 0;
    run_two(set_value);
    plait_check_that(destroyed == 2);
}

PASSES(destructors_run_under_control, destroy_values)

static void *wait_with_value(void *arg) {
    (void)set_value(arg);
    plait_sleep(3600);
    return arg;
}

/* The next run's thread finds nothing of its own there. */
static void leave_a_daemon(void *arg) {
    (void)arg;
    pthread_once(&key_once, make_key);
    lock = (plait_lock)PLAIT_LOCK_INIT;
    plait_thread_options options = {.daemon = true};
    plait_thread_free(plait_thread_new(&options, wait_with_value, NULL));
    (void)count(NULL);
}

PASSES(what_a_daemon_leaves_to_its_destructors, leave_a_daemon)

/* ---- memory ---- */

/* Too large for the caches of threads: it comes back to whoever asks next. */
struct parcel {
    int number;
    char rest[4000];
};

static plait_queue *parcels;

static void *consume(void *arg) {
    struct parcel *parcel;
    while (plait_queue_get(parcels, &parcel) == PLAIT_OK) {
        plait_check_that(plait_read(parcel->number) < 4);
        free(parcel);
    }
    return arg;
}

static void produce(void *arg) {
    (void)arg;
    pthread_t thread;
    parcels = plait_queue_new(sizeof(struct parcel *), 0);
    pthread_create(&thread, NULL, consume, NULL);
    for (int i = 0; i < 4; i++) {
        struct parcel *parcel = malloc(sizeof *parcel);
        plait_write(parcel->number) = i;
        plait_queue_put(parcels, &parcel);
    }
    plait_queue_shutdown(parcels, false);
    pthread_join(thread, NULL);
    plait_queue_free(parcels);
}

PASSES(memory_that_is_freed_and_used_again, produce)

/* ---- processes ---- */

static void fork_in_it(void *arg) {
    (void)arg;
    int status = -1;
    run_two(count);
    pid_t child = fork();
    if (child == 0) {
        run_two(count);
        exit(counter == 2 && !plait_checking() ? 7 : 8);
    }
    waitpid(child, &status, 0);
    plait_check_that(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

PASSES(a_test_that_forks, fork_in_it, .options = {.schedules = 300})

/* ---- too many ---- */

static plait_semaphore gate;

static void *pass_gate(void *arg) {
    plait_check_that(plait_semaphore_acquire(&gate) == PLAIT_OK);
    return arg;
}

static void start_many(void *arg) {
    (void)arg;
    pthread_t threads[300];
    plait_semaphore_init(&gate, 0);
    for (int i = 0; i < 300; i++) pthread_create(&threads[i], NULL, pass_gate, NULL);
    plait_semaphore_release(&gate, 300);
    for (int i = 0; i < 300; i++) pthread_join(threads[i], NULL);
}

FINDS(more_threads_than_can_be_controlled, start_many, PLAIT_CHECK_UNCONTROLLED,
      .words = {"more than 256 threads at once"}, .not_replayed = true)
