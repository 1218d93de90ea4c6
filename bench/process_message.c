/* process_message.c - messages from one process to another: a mebibyte at a time, and 64 bytes at a time.
 *
 * Copied: the sender has the message in memory of its own and wants it in the receiver's. memcpy is the yardstick: one
 * copy, from memory of its own into a ring as large as plait's, in one process. In place: the sender writes the
 * message where the receiver reads it; the yardstick is one process that does both.
 */
#include "parts.h"
#include "peers.h"
#include "process_side.h"
#include "program.h"

#include <plait/message_queue.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LARGE = 1 << 20, SMALL = 64, RING = 4 * LARGE, LARGE_COUNT = 200, SMALL_COUNT = 50000, ROUNDS = 11 };
enum { PYTHON_FRACTION = 4 };

struct kind {
    const char *program;
    const char *name;
    void (*make)(void);
    void (*send)(size_t size);    /* one message */
    void (*receive)(size_t size); /* NULL: send does all, in one process */
};

static char *own; /* LARGE bytes that each process has for itself */

/* As fast as memory can be read: eight sums that do not wait for each other. */
static void read_over(const void *memory, size_t size) {
    const uint64_t *words = memory;
    uint64_t sums[8] = {0};
    for (size_t i = 0; i < size / sizeof *words; i += 8)
        for (size_t lane = 0; lane < 8; lane++) sums[lane] += words[i + lane];
    for (size_t lane = 0; lane < 8; lane++) __asm__ __volatile__("" : : "r"(sums[lane]));
}

static void write_over(void *memory, size_t size) {
    static unsigned char value;
    memset(memory, ++value, size);
}

/* ---- what memory gives ---- */

static char *ring;
static size_t next_place;

static void ring_make(void) {
    ring = side_memory(RING);
    memset(ring, 1, RING);
}

static char *ring_place(size_t size) {
    char *place = ring + next_place;
    next_place = (next_place + size) % RING;
    return place;
}

static void memcpy_send(size_t size) {
    memcpy(ring_place(size), own, size);
}

static void in_place_send(size_t size) {
    char *place = ring_place(size);
    write_over(place, size);
    read_over(place, size);
}

static const struct kind memcpy_kind = {.make = ring_make, .send = memcpy_send};
static const struct kind in_place_kind = {.make = ring_make, .send = in_place_send};

/* ---- what the system gives ---- */

static int ends[2]; /* the reader's and the writer's */

static void pipe_make(void) {
    if (pipe(ends)) bench_fail("no pipe to be had");
}

static void packets_make(void) {
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends)) bench_fail("no sockets to be had");
}

static void stream_make(void) {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) bench_fail("no sockets to be had");
}

static void descriptor_send(size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t count = write(ends[1], own + done, size - done);
        if (count <= 0) bench_fail("a pipe or socket failed");
        done += (size_t)count;
    }
}

static void descriptor_receive(size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t count = read(ends[0], own + done, size - done);
        if (count <= 0) bench_fail("a pipe or socket failed");
        done += (size_t)count;
    }
}

static const struct kind pipe_kind = {NULL, NULL, pipe_make, descriptor_send, descriptor_receive};
static const struct kind packets_kind = {NULL, NULL, packets_make, descriptor_send, descriptor_receive};
static const struct kind stream_kind = {NULL, NULL, stream_make, descriptor_send, descriptor_receive};
/* ---- plait ---- */

static plait_message_queue *queue;

static void our_make(void) {
    queue = plait_message_queue_new(RING);
    if (!queue) bench_fail("no queue of messages to be had");
}

static void our_send(size_t size) {
    if (plait_message_queue_put(queue, own, size)) bench_fail("plait_message_queue_put failed");
}

static void our_receive(size_t size) {
    size_t got = 0;
    if (plait_message_queue_get(queue, own, size, &got) || got != size)
        bench_fail("plait_message_queue_get failed");
}

static void our_send_in_place(size_t size) {
    plait_message message;
    if (plait_message_queue_reserve(queue, size, &message)) bench_fail("plait_message_queue_reserve failed");
    write_over(message.data, size);
    if (plait_message_queue_commit(queue, &message, size)) bench_fail("plait_message_queue_commit failed");
}

static void our_receive_in_place(size_t size) {
    plait_message message;
    if (plait_message_queue_borrow(queue, &message) || message.size != size)
        bench_fail("plait_message_queue_borrow failed");
    read_over(message.data, size);
    if (plait_message_queue_give_back(queue, &message)) bench_fail("plait_message_queue_give_back failed");
}

static const struct kind our_kind = {NULL, NULL, our_make, our_send, our_receive};
static const struct kind our_kind_in_place = {NULL, NULL, our_make, our_send_in_place, our_receive_in_place};

/* ---- one run ---- */

static const struct kind python_queue = {.program = BENCH_PYTHON, .name = "queue"};
static const struct kind python_pipe = {.program = BENCH_PYTHON, .name = "pipe"};

struct setting {
    size_t size;
    size_t count;
};

struct job {
    const struct kind *kind;
    size_t size, count;
};

static void send_all(void *argument) {
    const struct job *job = argument;
    memset(own, 1, LARGE); /* a copy of its own */
    for (size_t i = 0; i < job->count; i++) job->kind->send(job->size);
}

static void receive_some(const struct job *job, size_t count) {
    for (size_t i = 0; i < count; i++) job->kind->receive(job->size);
}

static void make_own(void) {
    own = aligned_alloc(64, LARGE);
    if (!own) bench_fail("no memory");
    memset(own, 1, LARGE);
}

/* The first tenth of the messages is warming up. */
static void run(const void *what, const void *detail, double *figures) {
    const struct kind *kind = what;
    const struct setting *setting = detail;
    size_t count = bench_amount(setting->count);
    size_t warm_up = count / 10 + 1;
    if (kind->program) {
        program_run(kind->program, figures, "messages %s %zu %zu", kind->name, setting->size,
                    count / PYTHON_FRACTION + 1);
        return;
    }
    struct job job = {kind, setting->size, count + warm_up};
    struct side sender;
    make_own();
    kind->make();
    if (kind->receive) {
        side_start(&sender, false, send_all, &job);
        receive_some(&job, warm_up);
    } else {
        for (size_t i = 0; i < warm_up; i++) kind->send(setting->size);
    }
    uint64_t start = bench_now();
    if (kind->receive) {
        receive_some(&job, count);
    } else {
        for (size_t i = 0; i < count; i++) kind->send(setting->size);
    }
    figures[0] = (double)(bench_now() - start) / (double)count;
    if (kind->receive) side_join(&sender);
}

/* ---- shapes ---- */

static const struct bench_contestant copied[] = {
    {.who = "memcpy", .what = &memcpy_kind},     {.who = "pipe", .what = &pipe_kind},
    {.who = "socketpair", .what = &stream_kind}, PEER_PYTHON("mp.Queue", python_queue),
    PEER_PYTHON("mp.Pipe", python_pipe),         {.who = "plait", .ours = true, .what = &our_kind},
};

static const struct bench_contestant in_place[] = {
    {.who = "one write, one read", .what = &in_place_kind},
    {.who = "plait", .ours = true, .what = &our_kind_in_place},
};

static const struct bench_contestant small[] = {
    {.who = "socketpair of packets", .what = &packets_kind},
    PEER_PYTHON("mp.Queue", python_queue),
    PEER_PYTHON("mp.Pipe", python_pipe),
    {.who = "plait", .ours = true, .what = &our_kind},
};

static const char *const told[] = {"ns_per_item", NULL};
static const struct setting large_messages = {LARGE, LARGE_COUNT};
static const struct setting small_messages = {SMALL, SMALL_COUNT};

static const struct bench_shape shapes[] = {
    {"messages of 1 MiB, copied", told, run, &large_messages, copied, LENGTH(copied), ROUNDS, .apart = true},
    {"messages of 1 MiB, in place", told, run, &large_messages, in_place, LENGTH(in_place), ROUNDS,
     .apart = true},
    {"messages of 64 bytes", told, run, &small_messages, small, LENGTH(small), ROUNDS, .apart = true},
};

void compare_process_messages(void) {
    for (int i = 0; i < LENGTH(shapes); i++) bench_compare(&shapes[i]);
}
