/* os_checked.c - what os.h marks with a star, under control: sleeping, waking, polling, starting, the time.
 *
 * A thread that is not under control (before the test, after it, in a watchdog) gets the real ones. Bells are
 * real descriptors; that one was rung is noted, so that those who poll are looked at.
 */
#include <base/atomic.h>
#include <check/control.h>
#include <unistd.h>

int64_t plait__os_clock(void) {
    struct plait__actor *me = plait__acting;
    if (!me) return plait__real_clock();
    plait__check_point(PLAIT__LOAD, &plait__control->now); /* who asks again and again makes time pass */
    return plait__control->now;
}

/* After a look at the words that changed nothing. */
static enum plait__slept fall_asleep(struct plait__actor *me, uint32_t *word, uint32_t *shared,
                                     int64_t until) {
    if (until <= plait__control->now) {
        plait__run_yield();
        return PLAIT__EXPIRED;
    }
    if (plait__control->run->recording) plait__record(me, PLAIT__EVENT_SLEEP, word, -1, 0, false);
    me->word = word;
    me->shared = shared;
    plait__actor_stands(me, PLAIT__ASLEEP, until);
    plait__run_block(me);
    return (enum plait__slept)me->slept;
}

enum plait__slept plait__os_sleep(uint32_t *word, uint32_t expected, int64_t until) {
    struct plait__actor *me = plait__acting;
    if (!me) return plait__real_sleep(word, expected, until);
    plait__check_point(PLAIT__LOAD, word);
    if (__atomic_load_n(word, __ATOMIC_RELAXED) != expected) return PLAIT__WOKEN;
    return fall_asleep(me, word, NULL, until);
}

/* Both words are compared in one step, as the kernel does it: there is no point between the two. */
enum plait__slept plait__os_sleep_shared(uint32_t *own, uint32_t own_expected, uint32_t *shared,
                                         uint32_t expected, int64_t until) {
    struct plait__actor *me = plait__acting;
    if (!me) return plait__real_sleep_shared(own, own_expected, shared, expected, until);
    plait__check_point(PLAIT__LOAD, shared);
    if (__atomic_load_n(own, __ATOMIC_RELAXED) != own_expected) return PLAIT__WOKEN;
    if (__atomic_load_n(shared, __ATOMIC_RELAXED) != expected) return PLAIT__WOKEN;
    return fall_asleep(me, own, shared, until);
}

/* In the order of the actors, which the kernel does not promise either. */
static void wake(uint32_t *word, bool shared, int count) {
    struct plait__control *control = plait__control;
    int woken = 0;
    for (uint32_t i = 0; i < control->count && woken < count; i++) {
        struct plait__actor *actor = &control->actors[i];
        if (actor->standing != PLAIT__ASLEEP || (shared ? actor->shared : actor->word) != word) continue;
        plait__actor_wakes(actor, PLAIT__WOKEN);
        woken++;
        if (control->run->recording)
            plait__record(plait__acting, PLAIT__EVENT_WAKE, word, actor->id, 0, false);
    }
}

void plait__os_wake(uint32_t *word, int count) {
    if (!plait__acting)
        plait__real_wake(word, count);
    else
        wake(word, false, count);
}

/* Other processes are not under control. */
void plait__os_wake_shared(uint32_t *shared, int count) {
    plait__real_wake_shared(shared, count);
    if (plait__acting) wake(shared, true, count);
}

int plait__os_poll(struct pollfd *descriptors, nfds_t count, int64_t until) {
    struct plait__actor *me = plait__acting;
    if (!me) return plait__real_poll(descriptors, count, until);
    plait__run_yield();
    for (;;) {
        int ready = poll(descriptors, count, 0);
        if (ready != 0) return ready;
        if (until <= plait__control->now) return 0;
        me->descriptors = descriptors;
        me->descriptor_count = count;
        if (plait__control->run->recording) plait__record(me, PLAIT__EVENT_SLEEP, descriptors, -1, 0, false);
        plait__actor_stands(me, PLAIT__POLLING, until);
        plait__run_block(me);
    }
}

void plait__os_bell_ring(int bell) {
    plait__real_bell_ring(bell);
    if (plait__control) plait__control->rung = true;
}

int plait__os_thread_start(pthread_t *thread, size_t stack_size, void *(*body)(void *), void *arg) {
    if (!plait__acting) return plait__real_thread_start(thread, stack_size, body, arg);
    struct plait__actor *actor = plait__actor_new();
    actor->of_plait = true;
    int failed = plait__actor_start(actor, stack_size, NULL, body, arg);
    if (failed)
        plait__actor_stands(actor, PLAIT__ENDED, INT64_MAX);
    else
        *thread = actor->pthread;
    return failed;
}

/* One thread runs at a time, and each switch is a barrier. */
bool plait__os_orders_all;
void plait__os_order_all(void) {}
