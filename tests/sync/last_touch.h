/* Memory that goes away at once: two threads meet at an object, and as soon as one gets what it waits for there it
 * unmaps the page that the object lies in, while the other may still be in the call that let it go on. Any touch
 * after the last one allowed is a crash. Several pairs do so at once, so that threads lose their CPU at any point. */
#ifndef PLAIT_TEST_SYNC_LAST_TOUCH_H
#define PLAIT_TEST_SYNC_LAST_TOUCH_H

#include "crew.h"
#include "support/stress.h"

#include <sched.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <time.h>

/* What is done with the object, which is zeroed at first. The opener begins; the closer waits until it is let go on,
 * and does not touch the object after. */
struct last_touch {
    void (*begin)(void *object);
    void (*wait)(void *object);
    void (*let_go)(void *object);
    void *object;
    sem_t begun, gone;
    bool there; /* the closer has come, and will wait any moment now */
    bool over;
    unsigned pair;
};

enum { LAST_TOUCH_PAIRS = 4 };

/* Now and then longer than a millisecond, after which a release hands over. */
static inline void last_touch_delay(struct stress_random *random) {
    struct timespec while_parked = {0, 1200000};
    if (stress_random_below(random, 50) == 0) nanosleep(&while_parked, NULL);
    uint32_t turns = stress_random_below(random, 2) ? stress_random_below(random, 10000) : 0;
    for (volatile uint32_t i = 0; i < turns; i++) {}
}

static inline void *last_touch_closer(void *arg) {
    struct last_touch *meeting = arg;
    struct stress_random random = stress_random_stream(2 * meeting->pair + 1);
    for (;;) {
        while (sem_wait(&meeting->begun) != 0) {}
        if (meeting->over) return NULL;
        __atomic_store_n(&meeting->there, true, __ATOMIC_RELAXED);
        last_touch_delay(&random);
        meeting->wait(meeting->object);
        munmap(meeting->object, 4096);
        sem_post(&meeting->gone);
    }
}

static inline void *last_touch_opener(void *arg) {
    struct last_touch *meeting = arg;
    struct stress_random random = stress_random_stream(2 * meeting->pair);
    while (stress_goes_on()) {
        meeting->object = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        must(meeting->object != MAP_FAILED);
        meeting->begin(meeting->object);
        sem_post(&meeting->begun);
        while (!__atomic_exchange_n(&meeting->there, false, __ATOMIC_RELAXED)) sched_yield();
        last_touch_delay(&random);
        meeting->let_go(meeting->object);
        while (sem_wait(&meeting->gone) != 0) {}
    }
    meeting->over = true;
    sem_post(&meeting->begun);
    return NULL;
}

static inline void last_touch_check(void (*begin)(void *), void (*wait)(void *), void (*let_go)(void *)) {
    static struct last_touch meetings[LAST_TOUCH_PAIRS];
    struct crew crew = {.count = 0};
    for (unsigned i = 0; i < LAST_TOUCH_PAIRS; i++) {
        meetings[i] = (struct last_touch){.begin = begin, .wait = wait, .let_go = let_go, .pair = i};
        sem_init(&meetings[i].begun, 0, 0);
        sem_init(&meetings[i].gone, 0, 0);
        crew_add(&crew, last_touch_closer, &meetings[i]);
        crew_add(&crew, last_touch_opener, &meetings[i]);
    }
    crew_join(&crew);
}

#endif
