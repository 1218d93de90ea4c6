/* Many processes that put and get messages of all sizes in all ways, and are killed at random: each message
 * comes out once, whole and in order, but for what the dead had in hand. */
#include "messages.h"
#include "support/kill.h"
#include "support/test.h"

#include <base/atomic.h>
#include <plait.h>
#include <stdio.h>
#include <unistd.h>

enum {
    RING = 1 << 14,
    WRITERS = 3,
    READERS = 3,
    CHILDREN = WRITERS + READERS,
    MOST = 1 << 20,
    LONGEST = 3 * RING
};

struct book {
    uint32_t stop; /* atomic, as all here */
    uint32_t begun[WRITERS];
    uint32_t wrong;                  /* a reader has found something */
    uint8_t finished[WRITERS][MOST]; /* the put has returned */
    uint8_t received[WRITERS][MOST];
};

static plait_message_queue *queue;
static unsigned stream; /* of random numbers; another for each process */
static bool only_small;

static uint64_t number_of(uint32_t writer, uint32_t count) {
    return (uint64_t)writer << 32 | count;
}

static size_t random_size(struct stress_random *random) {
    uint32_t kind = stress_random_below(random, 100);
    if (only_small || kind < 70) return 8 + stress_random_below(random, 100);
    if (kind < 90) return 8 + stress_random_below(random, 4000);
    if (kind < 97) return 8 + stress_random_below(random, RING);
    return 8 + stress_random_below(random, LONGEST);
}

/* ---- writers ---- */

static plait_status write_in_place(struct stress_random *random, size_t size, uint64_t number) {
    plait_message message, taken_back;
    if (stress_random_below(random, 10) == 0) {
        plait_status status = plait_message_queue_reserve(queue, 100, &taken_back);
        if (status == PLAIT_OK) status = plait_message_queue_abandon(queue, &taken_back);
        if (status != PLAIT_OK) return status;
    }
    plait_status status = plait_message_queue_reserve(queue, size + stress_random_below(random, 50),
                                                      &message);
    if (status != PLAIT_OK) return status;
    message_fill(message.data, size, number);
    return plait_message_queue_commit(queue, &message, size);
}

static void writer(struct book *book, uint32_t which) {
    static char data[LONGEST + 8];
    struct stress_random random = stress_random_stream(stream);
    while (!plait__load_acquire(&book->stop) && book->begun[which] + 1 < MOST) {
        uint32_t count = plait__add(&book->begun[which], 1) + 1;
        uint64_t number = number_of(which, count);
        size_t size = random_size(&random);
        plait_status status;
        if (size < RING / 2 && stress_random_below(&random, 3) == 0) {
            status = write_in_place(&random, size, number);
        } else {
            message_fill(data, size, number);
            status = plait_message_queue_put(queue, data, size);
        }
        if (status != PLAIT_OK) abort();
        plait__store_release(&book->finished[which][count], 1);
    }
}

/* ---- readers ---- */

static void receive(struct book *book, const void *data, size_t size, uint32_t last[WRITERS]) {
    uint64_t number = message_number(data);
    uint32_t which = (uint32_t)(number >> 32), count = (uint32_t)number;
    bool right = size >= 8 && which < WRITERS && count < MOST && message_whole(data, size, number);
    if (right) plait__add(&book->received[which][count], 1);
    if (!right || count <= last[which]) plait__store(&book->wrong, 1);
    if (right) last[which] = count;
}

static void reader(struct book *book) {
    static char data[LONGEST + 8];
    struct stress_random random = stress_random_stream(stream);
    uint32_t last[WRITERS] = {0};
    for (;;) {
        size_t size;
        plait_message message;
        plait_status status;
        if (stress_random_below(&random, 2)) {
            status = plait_message_queue_get(queue, data, sizeof data, &size);
            if (status == PLAIT_OK) receive(book, data, size, last);
        } else {
            status = plait_message_queue_borrow(queue, &message);
            if (status == PLAIT_OK) {
                receive(book, message.data, message.size, last);
                status = plait_message_queue_give_back(queue, &message);
            }
        }
        if (status == PLAIT_SHUTDOWN) return;
        if (status != PLAIT_OK) abort();
    }
}

/* ---- all of them ---- */

static void child(void *memory) {
    uint32_t which = stream % CHILDREN;
    if (which < WRITERS)
        writer(memory, which);
    else
        reader(memory);
}

static pid_t start(struct book *book, unsigned which, unsigned generation) {
    stream = generation * CHILDREN + which;
    return kill_start(child, book);
}

static void check_books(const struct book *book, int readers_killed) {
    int missing = 0, twice = 0;
    ck_assert_uint_eq(book->wrong, 0);
    for (uint32_t w = 0; w < WRITERS; w++)
        for (uint32_t i = 1; i <= book->begun[w]; i++) {
            if (book->received[w][i] > 1) twice++;
            if (book->finished[w][i] && !book->received[w][i]) missing++;
        }
    ck_assert_int_eq(twice, 0);
    ck_assert_int_le(missing, readers_killed);
}

/* One queue for a second at most: the books have so many pages. Returns how many were killed. */
static int storm_once(struct book *book, struct stress_random *random, bool kills) {
    static unsigned generation;
    pid_t children[CHILDREN];
    int readers_killed = 0, killed = 0;
    plait_deadline end = plait_after(1);
    memset(book, 0, sizeof *book);
    queue = plait_message_queue_new(RING);
    ck_assert_ptr_nonnull(queue);
    for (unsigned i = 0; i < CHILDREN; i++) children[i] = start(book, i, ++generation);
    while (stress_goes_on() && !plait_passed(end)) {
        kill_linger(random, 4000);
        if (!kills) continue;
        unsigned which = stress_random_below(random, CHILDREN);
        kill_now(children[which]);
        killed++;
        if (which >= WRITERS) readers_killed++;
        children[which] = start(book, which, ++generation);
    }
    plait__store_release(&book->stop, 1);
    for (unsigned i = 0; i < WRITERS; i++) kill_join(children[i], 20);
    ck_assert_ok(plait_message_queue_shutdown(queue, false));
    for (unsigned i = WRITERS; i < CHILDREN; i++) kill_join(children[i], 20);
    check_books(book, readers_killed);
    ck_assert_uint_eq(plait_message_queue_qsize(queue), 0);
    size_t size;
    char nothing[1];
    ck_assert_status(plait_message_queue_get(queue, nothing, 1, &size), PLAIT_SHUTDOWN);
    plait_message_queue_free(queue);
    return killed;
}

static void storm(bool kills) {
    struct book *book = kill_memory(sizeof *book);
    struct stress_random random = stress_random_stream(1000);
    uint64_t messages = 0;
    int killed = 0;
    kill_nothing_left_begin();
    do {
        killed += storm_once(book, &random, kills);
        for (int w = 0; w < WRITERS; w++) messages += book->begun[w];
    } while (stress_goes_on());
    fprintf(stderr, "# %llu messages, %d killed\n", (unsigned long long)messages, killed);
    kill_nothing_left(NULL);
}

TEST(every_message_comes_out_once) {
    storm(false);
}

TEST(every_small_message_comes_out_once) {
    only_small = true;
    storm(false);
}

TEST(the_killed_lose_what_they_had_in_hand_and_no_more) {
    storm(true);
}

TEST(the_killed_lose_no_more_of_small_messages) {
    only_small = true;
    storm(true);
}
