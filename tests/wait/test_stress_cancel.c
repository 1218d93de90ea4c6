/* Deadlines and cancellation racing: threads sleep and select with random deadlines of 0 to 4 ms while others cancel
 * their tokens at random moments. A wait must end for one of its reasons, and a lost wake-up would leave it asleep for
 * good. */
#include "support/stress.h"
#include "support/test.h"

#include <plait/cancel.h>
#include <plait/select.h>
#include <plait/sleep.h>

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

struct worker {
    pthread_t thread;
    unsigned number;
    int never_ready;       /* a descriptor */
    pthread_mutex_t guard; /* of the token: it is cancelled only while its thread has it */
    plait_token *token;
    _Atomic bool finished;
    long cancelled, in_time;
};

/* A quarter of the waits have only the token to end them. */
static plait_status wait_once(const struct worker *worker, struct stress_random *random) {
    uint32_t choice = stress_random_below(random, 4);
    plait_deadline soon = plait_after(stress_random_below(random, 4000) * 1e-6);
    plait_case cases[] = {plait_case_deadline(choice == 0 ? PLAIT_FOREVER : soon),
                          plait_case_descriptor(worker->never_ready, POLLIN)};
    if (choice == 1) return plait_sleep_until(soon);
    return plait_select(cases, choice == 2 ? 1 : 2, NULL);
}

static void show_token(struct worker *worker, plait_token *token) {
    pthread_mutex_lock(&worker->guard);
    worker->token = token;
    pthread_mutex_unlock(&worker->guard);
}

static void *wait_again_and_again(void *argument) {
    struct worker *worker = argument;
    struct stress_random random = stress_random_stream(worker->number);
    while (stress_goes_on()) {
        plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
        plait_token *before = plait_token_enter(token);
        show_token(worker, token);
        plait_status status = wait_once(worker, &random);
        show_token(worker, NULL);
        plait_token_leave(before);
        plait_token_free(token);
        worker->cancelled += status == PLAIT_CANCELLED;
        worker->in_time += status == PLAIT_OK;
    }
    atomic_store(&worker->finished, true);
    return NULL;
}

static void cancel_somebody(struct worker *worker) {
    pthread_mutex_lock(&worker->guard);
    if (worker->token) ck_assert_ok(plait_cancel(worker->token));
    pthread_mutex_unlock(&worker->guard);
}

static bool all_finished(struct worker *workers, int count) {
    for (int i = 0; i < count; i++) {
        if (!atomic_load(&workers[i].finished)) return false;
    }
    return true;
}

TEST(every_wait_ends) {
    int count = stress_threads(4), ends[2];
    struct worker *workers = calloc((size_t)count, sizeof *workers);
    struct stress_random random = stress_random_stream(0);
    ck_assert_int_eq(pipe(ends), 0);
    for (int i = 0; i < count; i++) {
        workers[i].number = (unsigned)i + 1;
        workers[i].never_ready = ends[0];
        pthread_mutex_init(&workers[i].guard, NULL);
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, wait_again_and_again, &workers[i]), 0);
    }
    /* Cancelling goes on until the last has left its last wait. */
    while (!all_finished(workers, count)) {
        cancel_somebody(&workers[stress_random_below(&random, (uint32_t)count)]);
        ck_assert_ok(plait_sleep(stress_random_below(&random, 500) * 1e-6));
    }
    long cancelled = 0, in_time = 0;
    for (int i = 0; i < count; i++) {
        pthread_join(workers[i].thread, NULL);
        pthread_mutex_destroy(&workers[i].guard);
        cancelled += workers[i].cancelled;
        in_time += workers[i].in_time;
    }
    ck_assert_int_gt(cancelled, 0);
    ck_assert_int_gt(in_time, 0);
    free(workers);
    close(ends[0]);
    close(ends[1]);
}
