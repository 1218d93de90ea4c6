/* Random deadlines and random cancels for the stress tests of this room: what a wait is given so that it may end by
 * itself at any moment, and the thread that cancels. */
#ifndef PLAIT_TEST_SYNC_IMPATIENCE_H
#define PLAIT_TEST_SYNC_IMPATIENCE_H

#include "crew.h"
#include "support/stress.h"

#include <plait/cancel.h>
#include <plait/deadline.h>
#include <plait/sleep.h>

/* 0 to 4 ms. */
static inline plait_deadline impatience_deadline(struct stress_random *random) {
    return plait_after(stress_random_below(random, 4000) / 1e6);
}

/* A token of one thread, which the canceller may cancel at any time. */
struct impatience {
    pthread_mutex_t mutex;
    plait_token *token, *before;
};

static inline void impatience_begin(struct impatience *impatience, struct stress_random *random) {
    plait_token *token = plait_token_new(NULL, stress_random_below(random, 2) ? PLAIT_FOREVER
                                                                              : impatience_deadline(random));
    must(token);
    impatience->before = plait_token_enter(token);
    pthread_mutex_lock(&impatience->mutex);
    impatience->token = token;
    pthread_mutex_unlock(&impatience->mutex);
}

static inline void impatience_end(struct impatience *impatience) {
    pthread_mutex_lock(&impatience->mutex);
    plait_token *token = impatience->token;
    impatience->token = NULL;
    pthread_mutex_unlock(&impatience->mutex);
    plait_token_leave(impatience->before);
    plait_token_free(token);
}

/* Cancels the token that this thread has just now, if it has one. */
static inline void impatience_cancel(struct impatience *impatience) {
    pthread_mutex_lock(&impatience->mutex);
    if (impatience->token) (void)plait_cancel(impatience->token);
    pthread_mutex_unlock(&impatience->mutex);
}

/* Cancels one of them after the other, until the stress is over. */
static inline void impatience_cancel_all(struct impatience *impatience, int count) {
    struct stress_random random = stress_random_stream(1000);
    for (int i = 0; stress_goes_on(); i = (i + 1) % count) {
        impatience_cancel(&impatience[i]);
        (void)plait_sleep(stress_random_below(&random, 300) / 1e6);
    }
}

#endif
