/* Threads for the tests of this room, started with one line and joined with one. */
#ifndef PLAIT_TEST_SYNC_CREW_H
#define PLAIT_TEST_SYNC_CREW_H

#include "support/test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct crew {
    pthread_t threads[256];
    int count;
};

static inline void crew_add(struct crew *crew, void *(*body)(void *), void *arg) {
    ck_assert_int_eq(pthread_create(&crew->threads[crew->count++], NULL, body, arg), 0);
}

static inline void crew_join(struct crew *crew) {
    while (crew->count > 0) ck_assert_int_eq(pthread_join(crew->threads[--crew->count], NULL), 0);
}

/* A check for other threads than the test's first, where libcheck's may not be used. */
#define must(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
            abort(); \
        } \
    } while (0)

#endif
