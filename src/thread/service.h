/* service.h - the one thread that plait runs for itself: alarms, and descriptors that become ready.
 *
 * It is started by the first use and is on nobody's list of threads. Its callbacks run one after the
 * other, with no lock of plait held, and must not block: everything else here waits for them.
 */
#ifndef PLAIT__SERVICE_H
#define PLAIT__SERVICE_H

#include <base/list.h>
#include <plait/deadline.h>
#include <plait/status.h>
#include <thread/alarms.h>
#include <wait/mutex.h>

/* Something to be done at a point in time. Embedded in whatever wants it; zeroed before its first use. */
struct plait__job {
    struct plait__alarm alarm;
    void (*run)(struct plait__job *job);    /* on the service thread; the job may be gone when it returns */
    void (*forget)(struct plait__job *job); /* in a forked child: it will not run; must not use the service */
};

/* Runs the job when the deadline has passed (never, for PLAIT_FOREVER). It must not be set already.
 * PLAIT_NO_MEMORY or PLAIT_ERRNO when the service thread cannot be started. */
plait_status plait__service_set(struct plait__job *job, plait_deadline deadline);
/* True if the job was set and will not run now. */
bool plait__service_clear(struct plait__job *job);

/* A descriptor to be looked at. Embedded; zeroed before its first use. */
struct plait__watch {
    struct plait__link link; /* the service's mutex */
    int descriptor;
    int events;                                           /* of poll(2) */
    bool bell;                                            /* rung by signal handlers alone */
    void (*ready)(struct plait__watch *watch, int found); /* on the service thread, each time */
};

/* Calls ready() whenever the descriptor is. Also PLAIT_NO_MEMORY, PLAIT_ERRNO. After a fork nothing is
 * watched in the child. */
plait_status plait__service_watch(struct plait__watch *watch);
/* No more. When it returns ready() is not running, unless that is who calls. */
void plait__service_unwatch(struct plait__watch *watch);

/* A bell for a signal handler, which may ring it from now on: makes it, stores it in *bell, and has it watched. Nothing
 * if *bell is one already. Also PLAIT_ERRNO. */
plait_status plait__service_hang_bell(struct plait__watch *watch, int *bell,
                                      void (*ready)(struct plait__watch *watch, int found));

/* The ident of its thread, 0 if it does not run. */
uint32_t plait__service_ident(void);
/* Whether it will do something by itself: at a point in time, or because of a descriptor that is no bell. */
bool plait__service_may_act(void);

struct plait__mutex *plait__service_mutex(void);
/* In the forked child, with the mutex held. */
void plait__service_after_fork(void);

#endif
