/* Memory that goes away at once: two threads meet at an object, and as soon as one gets what it waits for there it
 * unmaps the page that the object lies in, while the other may still be in the call that let it go on. Any touch
 * after the last one allowed is a crash. */
#ifndef PLAIT_TEST_SYNC_LAST_TOUCH_H
#define PLAIT_TEST_SYNC_LAST_TOUCH_H

#include "crew.h"
#include "support/stress.h"

#include <semaphore.h>
#include <string.h>
#include <sys/mman.h>

/* What is done with the object, which is zeroed at first. The opener begins; the closer waits until it is let go on,
 * and does not touch the object after. */
struct last_touch {
    void (*begin)(void *object);
    void (*wait)(void *object);
    void (*let_go)(void *object);
    void *object;
    sem_t begun, gone;
    bool over;
};

static inline void last_touch_delay(struct stress_random *random) {
    uint32_t turns = stress_random_below(random, 2) ? stress_random_below(random, 3000) : 0;
    for (volatile uint32_t i = 0; i < turns; i++) {}
}

static inline void *last_touch_closer(void *arg) {
    struct last_touch *meeting = arg;
    struct stress_random random = stress_random_stream(1);
    for (;;) {
        while (sem_wait(&meeting->begun) != 0) {}
        if (meeting->over) return NULL;
        last_touch_delay(&random);
        meeting->wait(meeting->object);
        munmap(meeting->object, 4096);
        sem_post(&meeting->gone);
    }
}

static inline void last_touch_check(void (*begin)(void *), void (*wait)(void *), void (*let_go)(void *)) {
    struct last_touch meeting = {.begin = begin, .wait = wait, .let_go = let_go};
    struct stress_random random = stress_random_stream(0);
    struct crew crew = {.count = 0};
    sem_init(&meeting.begun, 0, 0);
    sem_init(&meeting.gone, 0, 0);
    crew_add(&crew, last_touch_closer, &meeting);
    while (stress_goes_on()) {
        meeting.object = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ck_assert(meeting.object != MAP_FAILED);
        meeting.begin(meeting.object);
        sem_post(&meeting.begun);
        last_touch_delay(&random);
        meeting.let_go(meeting.object);
        while (sem_wait(&meeting.gone) != 0) {}
    }
    meeting.over = true;
    sem_post(&meeting.begun);
    crew_join(&crew);
}

#endif
