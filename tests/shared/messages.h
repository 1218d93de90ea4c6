/* What the tests of messages share: messages that show whether they are whole. */
#ifndef PLAIT_TEST_SHARED_MESSAGES_H
#define PLAIT_TEST_SHARED_MESSAGES_H

#include <plait/message_queue.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Fills so many bytes with what only this number makes. From 8 bytes on the number can be read from it. */
static inline void message_fill(void *data, size_t size, uint64_t number) {
    unsigned char *bytes = data;
    uint64_t state = (number + 1) * UINT64_C(0x9e3779b97f4a7c15) + size;
    size_t i = 0;
    if (size >= 8) {
        memcpy(bytes, &number, 8);
        i = 8;
    }
    for (; i < size; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        bytes[i] = (unsigned char)(state >> 56);
    }
}

static inline uint64_t message_number(const void *data) {
    uint64_t number;
    memcpy(&number, data, sizeof number);
    return number;
}

static inline bool message_whole(const void *data, size_t size, uint64_t number) {
    unsigned char *expected = malloc(size ? size : 1);
    message_fill(expected, size, number);
    bool same = !size || memcmp(data, expected, size) == 0;
    free(expected);
    return same;
}

#endif
