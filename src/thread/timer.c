/* timer.c - timers: jobs of the service thread with a handle.
 *
 * Two references: the handle's, and one that belongs to the call to come. That second one is given back by
 * whoever takes the job off the service: the service thread after the call, or the canceller.
 */
#include <base/atomic.h>
#include <base/memory.h>
#include <base/status.h>
#include <plait/timer.h>
#include <pthread.h>
#include <thread/service.h>
#include <thread/task_frame.h>
#include <wait/name.h>

struct plait_timer {
    struct plait__job job;
    uint32_t references;
    void (*function)(void *argument);
    void *argument;
};

static plait_timer *of_job(struct plait__job *job) {
    return plait__of_link(job, plait_timer, job);
}

void plait_timer_free(plait_timer *timer) {
    if (!timer || plait__sub(&timer->references, 1) != 1) return;
    plait__name_forget(timer);
    plait__release(timer);
}

static void forget(struct plait__job *job) {
    plait_timer_free(of_job(job));
}

struct call {
    plait_timer *timer;
    struct plait__frame frame;
};

static void finish(void *argument) {
    struct call *call = argument;
    plait_status status = plait__frame_end(&call->frame);
    if (status) plait__failure_unread(status, call->frame.message, "timer", "plait-service");
    plait__frame_clear(&call->frame);
    plait_timer_free(call->timer);
}

static void run(struct plait__job *job) {
    struct call call = {.timer = of_job(job)};
    plait__frame_begin(&call.frame, "timer");
    pthread_cleanup_push(finish, &call); /* should it call pthread_exit */
    call.timer->function(call.timer->argument);
    pthread_cleanup_pop(1);
}

plait_timer *plait_timer_start(plait_deadline when, void (*function)(void *), void *argument) {
    if (!function) {
        plait__set_last_error(PLAIT_INVALID);
        return NULL;
    }
    plait_timer *timer = plait__allocate(sizeof *timer);
    if (!timer) return NULL;
    *timer = (plait_timer){{.run = run, .forget = forget}, 2, function, argument};
    plait_status status = plait__service_set(&timer->job, when);
    if (status == PLAIT_OK) return timer;
    plait__release(timer);
    plait__set_last_error(status);
    return NULL;
}

bool plait_timer_cancel(plait_timer *timer) {
    if (!timer || !plait__service_clear(&timer->job)) return false;
    plait_timer_free(timer); /* the call that will not come */
    return true;
}
