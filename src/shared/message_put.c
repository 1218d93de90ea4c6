/* message_put.c - putting messages into a ring; the protocol is in message_ring.h. */
#include <shared/message_ring.h>
#include <string.h>

/* Copies of more bytes than this are made outside the lane, so that others put meanwhile. */
enum { COPIED_UNDER_LOCK = 1 << 14 };
/* A piece of a stream, at most; and of the ring at most this part, so that writer and reader work at the same
 * time. */
enum { LONGEST_PIECE = 1 << 18, PIECES_IN_RING = 4 };
/* Who needs more than this part of the ring has the lane for itself until he has it. */
enum { MUCH_ROOM = 4 };

static bool room_for_puts(const void *context) {
    const struct plait__message_ring *ring = context;
    struct plait__message_shared *shared = ring->shared;
    return plait__load(&shared->shut) != PLAIT__OPEN || !plait__load(&shared->put.through);
}

/* ---- room ---- */

/* Whether a record behind the head is still in use. */
static bool in_use(struct plait__message_call *call, uint64_t word) {
    enum plait__record_state state = plait__record_state(word);
    if (state != PLAIT__RECORD_BORROWED && state != PLAIT__RECORD_RESERVED) return false;
    return !call->look || plait__process_alive(plait__record_owner(word));
}

/* PLAIT_OK: `free` is as far as it can be now; PLAIT_BROKEN. */
static plait_status reclaim(struct plait__message_call *call) {
    const struct plait__message_ring *ring = call->ring;
    struct plait__message_lane *put = &ring->shared->put;
    uint64_t *head = &ring->shared->get.index;
    uint64_t index = plait__load_acquire(head);
    (void)plait__message_stuck(call, head, index);
    if (!plait__load_acquire(&ring->shared->borrows)) {
        put->free = plait__position(index);
        return PLAIT_OK;
    }
    while (put->free != plait__position(index)) {
        struct plait__record *record = plait__record_at(ring, put->free);
        uint64_t word = plait__load_acquire(&record->word);
        if (in_use(call, word)) {
            call->hindered = true;
            (void)plait__message_stuck(call, &record->word, word);
            return PLAIT_OK;
        }
        if (!record->units || record->units > ring->units) return PLAIT_BROKEN;
        put->free += record->units;
    }
    return PLAIT_OK;
}

static bool fits(const struct plait__message_ring *ring, uint32_t units) {
    const struct plait__message_lane *put = &ring->shared->put;
    uint32_t used = plait__position(put->index) - put->free;
    return ring->units - used >= units;
}

/* Takes the put lane with room for so many units, or says why not, without it. */
static plait_status begin_put(struct plait__message_call *call, uint32_t units) {
    const struct plait__message_ring *ring = call->ring;
    struct plait__message_lane *put = &ring->shared->put;
    plait_status status = plait__message_lock(call, put);
    if (plait__unlikely(status != PLAIT_OK)) return status;
    if (plait__unlikely(plait__load(&ring->shared->shut) != PLAIT__OPEN)) {
        status = PLAIT_SHUTDOWN;
    } else if (plait__unlikely(plait__message_taken(call, put))) {
        status = plait__message_stuck(call, &put->through, put->through);
    } else if (plait__unlikely(!fits(ring, units))) {
        status = reclaim(call);
        if (status == PLAIT_OK && fits(ring, units)) return PLAIT_OK;
        if (status == PLAIT_OK) status = PLAIT_BUSY;
        if (status == PLAIT_BUSY && !call->nowait && !call->through && units > ring->units / MUCH_ROOM)
            plait__message_take(call, put, put->index + 1);
    } else {
        return PLAIT_OK;
    }
    plait__message_unlock(put);
    return status;
}

static struct plait__record *begin_record(struct plait__message_call *call, uint64_t word, uint32_t size) {
    const struct plait__message_ring *ring = call->ring;
    struct plait__record *record = plait__record_at(ring, plait__position(ring->shared->put.index));
    plait__store(&record->word, word);
    record->size = size;
    record->units = plait__units_for(size);
    return record;
}

/* The record counts from here on. A call that had the lane for itself gives it back to all, unless it goes
 * on. */
static void end_put(struct plait__message_call *call, const struct plait__record *record, uint32_t messages,
                    bool goes_on) {
    struct plait__message_shared *shared = call->ring->shared;
    bool gives_back = call->through && !goes_on;
    plait__store_for_sleepers(&shared->put.index,
                              plait__index_after(shared->put.index, record->units, messages));
    if (gives_back) {
        plait__store_for_sleepers(&shared->put.through, 0);
        call->through = 0;
    }
    plait__message_unlock(&shared->put);
    plait__side_wake(&shared->getters);
    if (gives_back) plait__side_wake(&shared->putters);
}

static plait_status run_put(struct plait__message_call *call,
                            plait_status (*attempt)(struct plait__message_call *call)) {
    struct plait__side *putters = &call->ring->shared->putters;
    plait_status status = plait__message_run(call, attempt, putters, room_for_puts);
    if (plait__unlikely(call->through) && status != PLAIT_OK)
        plait__message_end(call, &call->ring->shared->put, putters);
    return status;
}

/* ---- in place ---- */

static plait_status attempt_reserve(struct plait__message_call *call) {
    plait_status status = begin_put(call, plait__units_for(call->size));
    if (status != PLAIT_OK) return status;
    uint32_t position = plait__position(call->ring->shared->put.index);
    struct plait__record *record = begin_record(
        call, plait__record_word(PLAIT__RECORD_RESERVED, plait__process_self()), (uint32_t)call->size);
    *call->message = (plait_message){plait__record_bytes(record), call->size, UINT64_C(1) << 32 | position};
    end_put(call, record, 1, false);
    return PLAIT_OK;
}

static bool too_large(const struct plait__message_call *call) {
    uint64_t limit = call->ring->shared->max_message;
    return limit && call->size > limit;
}

plait_status plait__message_reserve(struct plait__message_call *call) {
    if (too_large(call) || call->size > plait__most_in_place(call->ring)) return PLAIT_TOO_LARGE;
    return run_put(call, attempt_reserve);
}

plait_status plait__message_commit(struct plait__message_ring *ring, plait_message *message, size_t size,
                                   bool abandon) {
    struct plait__message_shared *shared = ring->shared;
    if (message->plait__place >> 32 != 1) return PLAIT_INVALID;
    struct plait__record *record = plait__record_at(ring, (uint32_t)message->plait__place);
    uint64_t word = plait__load(&record->word);
    if (plait__record_state(word) != PLAIT__RECORD_RESERVED) return PLAIT_INVALID;
    if (plait__record_owner(word) != plait__process_self()) return PLAIT_NOT_OWNER;
    if (!abandon && size > record->size) return PLAIT_INVALID;
    bool late = plait__load(&shared->shut) == PLAIT__SHUT_AT_ONCE;
    if (!abandon) record->size = (uint32_t)size;
    message->plait__place = 0;
    plait__store_for_sleepers(&record->word,
                              (uint64_t)(abandon || late ? PLAIT__RECORD_ABANDONED : PLAIT__RECORD_READY));
    plait__side_wake(&shared->getters);
    if (abandon || late) plait__side_wake(&shared->joiners);
    return late && !abandon ? PLAIT_SHUTDOWN : PLAIT_OK;
}

/* ---- copies ---- */

static plait_status attempt_put(struct plait__message_call *call) {
    plait_status status = begin_put(call, plait__units_for(call->size));
    if (plait__unlikely(status != PLAIT_OK)) return status;
    struct plait__record *record = begin_record(call, PLAIT__RECORD_READY, (uint32_t)call->size);
    if (call->size) memcpy(plait__record_bytes(record), call->data, call->size);
    end_put(call, record, 1, false);
    return PLAIT_OK;
}

static plait_status put_in_place(struct plait__message_call *call) {
    plait_message message = {NULL, 0, 0};
    call->message = &message; // cppcheck-suppress autoVariables
    plait_status status = run_put(call, attempt_reserve);
    if (status != PLAIT_OK) return status;
    memcpy(message.data, call->data, call->size);
    return plait__message_commit(call->ring, &message, call->size, false);
}

/* ---- streams ---- */

static size_t piece_of(const struct plait__message_ring *ring) {
    size_t part = (size_t)ring->units / PIECES_IN_RING * PLAIT__UNIT - PLAIT__UNIT;
    return part < LONGEST_PIECE ? part : LONGEST_PIECE;
}

/* The head and the first piece; the lane is this call's until the last. */
static plait_status attempt_first(struct plait__message_call *call) {
    size_t piece = piece_of(call->ring);
    struct plait__message_lane *put = &call->ring->shared->put;
    struct plait__stream_head head = {.total = call->size};
    plait_status status = begin_put(call, plait__units_for(piece));
    if (status != PLAIT_OK) return status;
    struct plait__record *record = begin_record(call, PLAIT__RECORD_FIRST, (uint32_t)piece);
    memcpy(plait__record_bytes(record), &head, sizeof head);
    memcpy(plait__record_bytes(record) + sizeof head, call->data, piece - sizeof head);
    call->rest = call->size - (piece - sizeof head);
    plait__message_take(call, put, put->index + 1);
    end_put(call, record, 1, true);
    return PLAIT_OK;
}

static plait_status attempt_more(struct plait__message_call *call) {
    size_t piece = piece_of(call->ring);
    if (piece > call->rest) piece = call->rest;
    plait_status status = begin_put(call, plait__units_for(piece));
    if (status != PLAIT_OK) return status;
    struct plait__record *record = begin_record(call, PLAIT__RECORD_MORE, (uint32_t)piece);
    memcpy(plait__record_bytes(record), call->data + (call->size - call->rest), piece);
    call->rest -= piece;
    end_put(call, record, 0, call->rest > 0);
    return PLAIT_OK;
}

/* If it fails in the middle the lane is given back, and the reader finds that there is no more. */
static plait_status put_stream(struct plait__message_call *call) {
    if (call->nowait) return PLAIT_BUSY;
    plait_status status = run_put(call, attempt_first);
    while (status == PLAIT_OK && call->rest) status = run_put(call, attempt_more);
    if (status != PLAIT_OK) {
        plait__side_wake_all(&call->ring->shared->getters);
        plait__side_wake(&call->ring->shared->joiners);
    }
    return status;
}

/* Of messages that take more than half of the ring only one is in it at a time, and writer and reader would
 * wait for each other: such ones go in pieces, too, but where nobody may wait. */
static bool in_one_piece(const struct plait__message_call *call) {
    size_t most = plait__most_in_place(call->ring);
    return call->size <= (call->nowait ? most : most / 2);
}

plait_status plait__message_put(struct plait__message_call *call) {
    if (plait__unlikely(too_large(call))) return PLAIT_TOO_LARGE;
    if (plait__unlikely(!in_one_piece(call))) return put_stream(call);
    return call->size <= COPIED_UNDER_LOCK ? run_put(call, attempt_put) : put_in_place(call);
}
