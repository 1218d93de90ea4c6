/* pipe.c - the two ends of a pipe: two rings of messages, and who is there.
 *
 * Each end has a FIFO that it holds open for writing and the other end for reading (os_fifo.h). When no
 * process has an end any more, closed or killed, its FIFO hangs up; that is looked at before each sleep. So
 * that a sleeper hears it at once, the first sleep has the service thread watch the FIFO, which wakes all who
 * sleep on this end. Whoever finds that the other end is gone shuts both rings, for everybody: sends are
 * refused, and receives when nothing is left.
 *
 * A close in this process alone is `closed`: those who sleep here are woken and see it. The FIFO for writing
 * is closed there and then. The one for reading may be looked at by them and stays until the handle is freed.
 */
#include <base/memory.h>
#include <base/os_fifo.h>
#include <base/status.h>
#include <errno.h>
#include <plait/pipe.h>
#include <poll.h>
#include <shared/message_file.h>
#include <shared/shared.h>
#include <thread/service.h>

enum { RINGS = 2, DEFAULT_CAPACITY = 1 << 16 };

struct plait_pipe {
    struct plait__traveller traveller; /* its detail: which end; it sends by the ring of that number */
    struct plait__message_ring ring[RINGS];
    int mine, theirs;          /* the FIFOs; `mine` is -1 when closed. Atomic */
    uint32_t closed;           /* atomic */
    uint32_t watched;          /* 0, or one more than the generation of forks in which it is. Atomic */
    struct plait__watch watch; /* whoever makes `watched` what it is */
};

static struct plait__message_ring *ring_out(plait_pipe *end) {
    return &end->ring[end->traveller.detail];
}
static struct plait__message_ring *ring_in(plait_pipe *end) {
    return &end->ring[1 - end->traveller.detail];
}

/* ---- who is there ---- */

static void wake_all(plait_pipe *end) {
    for (int i = 0; i < RINGS; i++) {
        plait__side_wake_all(&end->ring[i].shared->getters);
        plait__side_wake_all(&end->ring[i].shared->putters);
    }
}

static void shut_both(plait_pipe *end) {
    for (int i = 0; i < RINGS; i++) plait__message_shut(&end->ring[i], PLAIT__SHUT);
}

/* On the service thread, which must not wait for a lock: those whom it wakes see for themselves. */
static void hung_up(struct plait__watch *watch, int found) {
    plait_pipe *end = (plait_pipe *)((char *)watch - offsetof(plait_pipe, watch));
    (void)found;
    plait__service_unwatch(watch);
    wake_all(end);
}

/* Without the service thread a sleeper finds out all the same, when it looks by itself. */
static void watch(plait_pipe *end) {
    uint32_t now = plait__generation() + 1, before = plait__load(&end->watched);
    if (plait__likely(before == now) || !plait__cas(&end->watched, &before, now)) return;
    end->watch = (struct plait__watch){.descriptor = end->theirs, .ready = hung_up};
    if (plait__service_watch(&end->watch) != PLAIT_OK) plait__store_release(&end->watched, 0);
}

/* Before a sleep. */
static plait_status look_around(const struct plait__message_ring *ring) {
    plait_pipe *end = (plait_pipe *)ring->object;
    if (plait__load_acquire(&end->closed)) return PLAIT_SHUTDOWN;
    if (plait__os_fifo_hung_up(end->theirs)) {
        shut_both(end);
        return PLAIT_OK;
    }
    watch(end);
    return PLAIT_BUSY;
}

plait_status plait_pipe_close(plait_pipe *end) {
    if (!end) return PLAIT_INVALID;
    if (plait__exchange(&end->closed, 1)) return PLAIT_OK;
    int mine = plait__exchange(&end->mine, -1);
    if (mine >= 0 && plait__os_fifo_close_writer(mine))
        shut_both(end);
    else
        wake_all(end);
    return PLAIT_OK;
}

/* ---- handles ---- */

static void free_end(void *object) {
    plait_pipe *end = object;
    if (plait__load(&end->watched) == plait__generation() + 1) plait__service_unwatch(&end->watch);
    (void)plait_pipe_close(end);
    plait__os_fifo_close(end->theirs);
    plait__message_file_unmap(RINGS, end->ring);
    plait_shared_free(end->traveller.memory);
    plait__release(end);
}

static void pack(const void *object, struct plait__travelled *record) {
    const plait_pipe *end = object;
    record->more[0] = plait__load(&end->mine);
    record->more[1] = end->theirs;
}

/* Which FIFO is whose is written in the memory. */
static uint64_t *fifo_number(plait_shared *memory, uint32_t end) {
    struct plait__message_file *file = plait_shared_address(memory);
    return &file->fifo[end];
}

/* A handle without its FIFOs. */
static plait_pipe *new_end(plait_shared *memory, uint32_t which, struct plait__words *why) {
    plait_pipe *end = plait__allocate(sizeof *end);
    if (!end) return NULL;
    plait_status status = plait__message_file_map(memory, RINGS, end->ring, why);
    if (status != PLAIT_OK) {
        plait__release(end);
        plait__set_last_error(status);
        return NULL;
    }
    for (int i = 0; i < RINGS; i++) {
        end->ring[i].object = end;
        end->ring[i].look_around = look_around;
    }
    end->mine = end->theirs = -1;
    plait__traveller_init(&end->traveller, &plait__pipe_kind, plait_shared_keep(memory), which);
    return end;
}

static void *attach(plait_shared *memory, const struct plait__travelled *record, struct plait__words *why) {
    if (record->detail >= RINGS) {
        plait__put_words(why, "a pipe has no end %u", (unsigned)record->detail);
        plait__set_last_error(PLAIT_INVALID);
        return NULL;
    }
    plait_pipe *end = new_end(memory, record->detail, why);
    if (!end) return NULL;
    int failed = plait__os_fifo_borrow(record->process, record->more[0], *fifo_number(memory, record->detail),
                                       true, &end->mine);
    if (!failed)
        failed = plait__os_fifo_borrow(record->process, record->more[1],
                                       *fifo_number(memory, 1 - record->detail), false, &end->theirs);
    if (!failed) return end;
    bool missing = failed == ENOENT || failed == ESRCH;
    plait__put_words(why, missing ? "the end of a pipe was closed by who sent it"
                                  : "no descriptors for the end of a pipe");
    plait__traveller_drop(end);
    errno = failed;
    plait__set_last_error(missing ? PLAIT_MISSING : PLAIT_ERRNO);
    return NULL;
}

/* Not kept by a receiver when nobody uses it: it would be an end that is there. */
const struct plait__traveller_kind plait__pipe_kind = {
    .number = PLAIT__TRAVELS_PIPE,
    .kept = false,
    .name = "plait_pipe",
    .attach = attach,
    .end = free_end,
    .pack = pack,
};

static plait_status begin_ends(plait_shared *memory, plait_pipe *ends[RINGS]) {
    for (uint32_t i = 0; i < RINGS; i++) {
        ends[i] = new_end(memory, i, NULL);
        if (!ends[i]) return plait_last_error();
    }
    for (uint32_t i = 0; i < RINGS; i++) {
        int failed = plait__os_fifo_new(&ends[1 - i]->theirs, &ends[i]->mine);
        if (failed) {
            errno = failed;
            return PLAIT_ERRNO;
        }
        *fifo_number(memory, i) = plait__os_fifo_number(ends[i]->mine);
    }
    return PLAIT_OK;
}

plait_status plait_pipe_new(size_t capacity, plait_pipe **one, plait_pipe **other) {
    uint32_t units = plait__message_units(capacity ? capacity : DEFAULT_CAPACITY);
    plait_pipe *ends[RINGS] = {NULL, NULL};
    if (!units || !one || !other) return PLAIT_INVALID;
    plait_shared *memory = plait_shared_new(plait__message_file_size(RINGS, units));
    if (!memory) return plait_last_error();
    plait__message_file_begin(memory, RINGS, units, 0);
    plait_status status = begin_ends(memory, ends);
    plait_shared_free(memory);
    if (status != PLAIT_OK) {
        int kept = errno;
        for (uint32_t i = 0; i < RINGS; i++) plait__traveller_drop(ends[i]);
        errno = kept;
        return status;
    }
    *one = ends[0];
    *other = ends[1];
    return PLAIT_OK;
}

void plait_pipe_free(plait_pipe *end) {
    plait__traveller_drop(end);
}

plait_pipe *plait_pipe_keep(plait_pipe *end) {
    return end ? plait__traveller_keep(end) : NULL;
}

/* ---- verbs ---- */

static bool usable(plait_pipe *end, plait_status *status) {
    *status = !end ? PLAIT_INVALID : plait__load_acquire(&end->closed) ? PLAIT_SHUTDOWN : PLAIT_OK;
    return *status == PLAIT_OK;
}

static plait_status send(plait_pipe *end, struct plait__message_call call, const void *data, size_t size) {
    plait_status status;
    if (size && !data) return PLAIT_INVALID;
    if (!usable(end, &status)) return status;
    call.data = (char *)data; /* which is only read */
    call.size = size;
    return plait__message_put(&call);
}

plait_status plait_pipe_send_until(plait_pipe *end, const void *data, size_t size, plait_deadline deadline) {
    if (!end) return PLAIT_INVALID;
    return send(end, plait__message_call(ring_out(end), "pipe.send", deadline), data, size);
}

plait_status plait_pipe_send(plait_pipe *end, const void *data, size_t size) {
    return plait_pipe_send_until(end, data, size, PLAIT_FOREVER);
}

plait_status plait_pipe_send_nowait(plait_pipe *end, const void *data, size_t size) {
    if (!end) return PLAIT_INVALID;
    plait_status status = send(end, plait__message_call_nowait(ring_out(end), "pipe.send"), data, size);
    return plait__message_not_now(status, PLAIT_FULL);
}

static plait_status recv(plait_pipe *end, struct plait__message_call call, void *buffer, size_t room,
                         size_t *size) {
    plait_status status;
    if (!size || (room && !buffer)) return PLAIT_INVALID;
    if (!usable(end, &status)) return status;
    call.data = buffer;
    call.size = room;
    call.needed = size;
    return plait__message_get(&call);
}

plait_status plait_pipe_recv_until(plait_pipe *end, void *buffer, size_t room, size_t *size,
                                   plait_deadline deadline) {
    if (!end) return PLAIT_INVALID;
    return recv(end, plait__message_call(ring_in(end), "pipe.recv", deadline), buffer, room, size);
}

plait_status plait_pipe_recv(plait_pipe *end, void *buffer, size_t room, size_t *size) {
    return plait_pipe_recv_until(end, buffer, room, size, PLAIT_FOREVER);
}

plait_status plait_pipe_recv_nowait(plait_pipe *end, void *buffer, size_t room, size_t *size) {
    if (!end) return PLAIT_INVALID;
    plait_status status = recv(end, plait__message_call_nowait(ring_in(end), "pipe.recv"), buffer, room,
                               size);
    return plait__message_not_now(status, PLAIT_EMPTY);
}

plait_status plait_pipe_poll_until(plait_pipe *end, plait_deadline deadline) {
    plait_status status;
    if (!usable(end, &status)) return status;
    struct plait__message_call call = plait__message_call(ring_in(end), "pipe.poll", deadline);
    return plait__message_poll(&call);
}

plait_status plait_pipe_poll_nowait(plait_pipe *end) {
    plait_status status;
    if (!usable(end, &status)) return status;
    struct plait__message_call call = plait__message_call_nowait(ring_in(end), "pipe.poll");
    return plait__message_not_now(plait__message_poll(&call), PLAIT_EMPTY);
}
