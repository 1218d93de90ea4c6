/* rooms.h - scenarios: small closed programs in which threads meet in one object of plait's, and which the
 * checker runs through many orders, switching in the midst of plait's own operations too.
 *
 *     SCENARIO(sync, event_is_seen) {
 *         static plait_event event;
 *         event = (plait_event)PLAIT_EVENT_INIT;
 *         ...
 *         together(2, (body *[]){wait_for_it, set_it}, &event);
 *     }
 *
 * A scenario begins from nothing, ends all that it has begun, and says by plait_check_that what must hold in
 * every order. Kept small: two or three threads, a few operations, for each thread more makes the orders many
 * times as many. tests/check/planted.py names scenarios that must fail once the library is broken on purpose.
 *
 * The exploration is sequentially consistent: every thread sees every store at once. What a weaker memory order
 * would break is the business of the thread sanitizer and of reading. */
#ifndef PLAIT_TEST_CHECK_ROOMS_H
#define PLAIT_TEST_CHECK_ROOMS_H

#include <plait.h>
#include <plait/check.h>

struct scenario {
    const char *room, *name;
    void (*run)(void *unused);
    unsigned inject; /* as in plait_check_options */
    unsigned bound;  /* all orders with so many preemptions are tried, too; 0: too many */
    struct scenario *next;
};

/* Puts a scenario on the list that main() runs; called before main() by what SCENARIO expands to. */
void scenario_register(struct scenario *scenario);

#define SCENARIO(room, name) SCENARIO_WITH(room, name, 0, 0)
/* Small enough for an exhaustive search. */
#define SCENARIO_BOUND(room, name, bound) SCENARIO_WITH(room, name, 0, bound)
#define SCENARIO_WITH(room, name, inject, bound) \
    static void scenario_##name(void *unused); \
    __attribute__((constructor)) static void scenario_register_##name(void) { \
        static struct scenario scenario = {#room, #name, scenario_##name, (inject), (bound), NULL}; \
        scenario_register(&scenario); \
    } \
    static void scenario_##name(void *unused __attribute__((unused)))

/* What a thread does. Its result is thrown away. */
typedef void body(void *argument);

/* Runs these side by side, the last one on the calling thread; returns when all have ended. */
void together(int count, body *const bodies[], void *argument);
/* The same in two steps. */
plait_thread *begin(body *run, void *argument);
void finish(plait_thread *thread);

/* Shuts the pool down, frees it, and waits for its workers' threads. */
void end_pool(plait_pool *pool);
/* How the future's task went; lets go of it. */
plait_status ask(plait_future *future);

/* A zeroed page, and the end of it: whoever touches it after that crashes. For objects that one thread may
 * free while another is about to leave them. One at a time. */
void *page_new(void);
void page_end(void);

/* So late that only an injected timeout, or nothing else to do, lets it pass. */
plait_deadline soon(void);
/* Lets more time pass than a lock, rwlock or semaphore serves those who run before those who wait. */
void let_time_pass(void);

#endif
