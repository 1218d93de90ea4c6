/* message_get.c - getting messages out of a ring; the protocol is in message_ring.h. */
#include <base/memory.h>
#include <shared/message_ring.h>
#include <string.h>

/* Copies of more bytes than this are made outside the lane, so that others get meanwhile. */
enum { COPIED_UNDER_LOCK = 1 << 14 };
/* How long each piece of a stream has to come. */
static const double piece_s = 1;

/* In plait__place: a message in memory of its own. */
static const uint64_t on_heap = UINT64_C(2) << 32;

static bool records_for_gets(const void *context) {
    const struct plait__message_ring *ring = context;
    const struct plait__message_shared *shared = ring->shared;
    return plait__load(&shared->shut) != PLAIT__OPEN ||
           plait__load_acquire(&shared->get.index) != plait__load_acquire(&shared->put.index);
}

/* ---- the head ---- */

/* Under the lane's lock: moves the head past the record there. */
static void pass(const struct plait__message_ring *ring, const struct plait__record *record,
                 uint32_t messages) {
    uint64_t *head = &ring->shared->get.index;
    plait__store_for_sleepers(head, plait__index_after(*head, record->units, messages));
}

/* Under the lane's lock: whether there is no record. */
static bool at_end(const struct plait__message_ring *ring) {
    struct plait__message_lane *get = &ring->shared->get;
    if (plait__position(get->index) != get->seen) return false;
    get->seen = plait__position(plait__load_acquire(&ring->shared->put.index));
    return plait__position(get->index) == get->seen;
}

/* At the end: what there is to say. A ring was shut under the put lane's lock, so a look at the tail after
 * that is the last one needed. */
static plait_status nothing(struct plait__message_call *call) {
    const struct plait__message_ring *ring = call->ring;
    bool shut = plait__load_acquire(&ring->shared->shut) != PLAIT__OPEN;
    if (!at_end(ring)) return PLAIT_OK;
    return shut ? PLAIT_SHUTDOWN
                : plait__message_stuck(call, &ring->shared->put.index, ring->shared->get.index);
}

static bool begins_stream(const struct plait__record *record) {
    return plait__record_state(plait__load(&record->word)) == PLAIT__RECORD_FIRST;
}

static size_t whole_size(struct plait__record *record) {
    struct plait__stream_head head;
    if (!begins_stream(record)) return record->size;
    memcpy(&head, plait__record_bytes(record), sizeof head);
    return (size_t)head.total;
}

/* Whether the rest of the stream that begins at the head will never come: its writer has given up, or is dead. */
static bool is_given_up(struct plait__message_call *call, struct plait__record *first) {
    struct plait__message_shared *shared = call->ring->shared;
    if (plait__load_acquire(&shared->put.through) == shared->get.index + 1) {
        call->hindered = true;
        if (!call->look || plait__process_alive(plait__load(&shared->put.through_for))) return false;
    }
    uint32_t tail = plait__position(plait__load_acquire(&shared->put.index));
    uint32_t at = plait__position(shared->get.index) + first->units;
    size_t rest = whole_size(first) - (first->size - sizeof(struct plait__stream_head));
    while (rest && at != tail) {
        struct plait__record *record = plait__record_at(call->ring, at);
        bool more = plait__record_state(plait__load_acquire(&record->word)) == PLAIT__RECORD_MORE;
        if (!more || !record->size || record->size > rest) break;
        rest -= record->size;
        at += record->units;
    }
    return rest > 0;
}

enum finding { TAKE, PASS_OVER, PASS_OVER_PIECE, WAIT_FOR_IT, BROKEN };

/* What to do with the record at the head, which nobody else moves. */
static enum finding examine(struct plait__message_call *call, struct plait__record *record) {
    uint64_t word = plait__load_acquire(&record->word);
    if (plait__unlikely(!record->units || record->units > call->ring->units)) return BROKEN;
    switch (plait__record_state(word)) {
    case PLAIT__RECORD_READY:
        return TAKE;
    case PLAIT__RECORD_FIRST:
        return is_given_up(call, record) ? PASS_OVER : TAKE;
    case PLAIT__RECORD_BORROWED: /* and the head was not moved */
        plait__store(&record->word, PLAIT__RECORD_READY);
        return TAKE;
    case PLAIT__RECORD_MORE: /* nobody has its FIRST any more */
        return PASS_OVER_PIECE;
    case PLAIT__RECORD_ABANDONED:
        return PASS_OVER;
    case PLAIT__RECORD_RESERVED:
        if (call->look && !plait__process_alive(plait__record_owner(word))) {
            plait__store(&record->word, PLAIT__RECORD_ABANDONED);
            return PASS_OVER;
        }
        call->hindered = true;
        (void)plait__message_stuck(call, &record->word, word);
        return WAIT_FOR_IT;
    default:
        return BROKEN;
    }
}

plait_status plait__message_find(struct plait__message_call *call, struct plait__record **found,
                                 bool *passed) {
    const struct plait__message_ring *ring = call->ring;
    struct plait__message_lane *get = &ring->shared->get;
    if (plait__unlikely(plait__load(&ring->shared->shut) == PLAIT__SHUT_AT_ONCE)) return PLAIT_SHUTDOWN;
    if (plait__unlikely(plait__message_taken(call, get)))
        return plait__message_stuck(call, &get->through, get->through);
    for (;;) {
        if (at_end(ring)) {
            plait_status status = nothing(call);
            if (status != PLAIT_OK) return status;
        }
        struct plait__record *record = plait__record_at(ring, plait__position(get->index));
        enum finding finding = examine(call, record);
        if (finding == TAKE) *found = record;
        if (finding != PASS_OVER && finding != PASS_OVER_PIECE)
            return finding == TAKE ? PLAIT_OK : finding == BROKEN ? PLAIT_BROKEN : PLAIT_BUSY;
        pass(ring, record, finding == PASS_OVER);
        *passed = true;
    }
}

/* Takes the get lane and finds the record to be taken, or says why not, without the lane. */
static plait_status begin_get(struct plait__message_call *call, struct plait__record **record) {
    struct plait__message_shared *shared = call->ring->shared;
    bool passed = false;
    plait_status status = plait__message_lock(call, &shared->get);
    if (plait__unlikely(status != PLAIT_OK)) return status;
    status = plait__message_find(call, record, &passed);
    if (plait__unlikely(passed)) plait__side_wake(&shared->putters);
    if (plait__unlikely(passed)) plait__side_wake(&shared->joiners);
    if (plait__unlikely(status != PLAIT_OK)) plait__message_unlock(&shared->get);
    return status;
}

static void end_get(struct plait__message_call *call) {
    struct plait__message_shared *shared = call->ring->shared;
    plait__message_unlock(&shared->get);
    plait__side_wake(&shared->putters);
}

/* Under the lane's lock: the record is out of the queue, and its bytes are this process's until they are
 * given back. */
static void borrow_record(struct plait__message_call *call, struct plait__record *record) {
    struct plait__message_shared *shared = call->ring->shared;
    uint32_t position = plait__position(shared->get.index);
    if (!plait__load(&shared->borrows)) plait__store(&shared->borrows, 1); /* before the head is stored */
    plait__store(&record->word, plait__record_word(PLAIT__RECORD_BORROWED, plait__process_self()));
    *call->message = (plait_message){plait__record_bytes(record), record->size, UINT64_C(1) << 32 | position};
    plait__message_got(call->ring, 1);
    pass(call->ring, record, 1);
}

plait_status plait__message_give_back(struct plait__message_ring *ring, plait_message *message) {
    if (message->plait__place == on_heap) {
        plait__release(message->data);
    } else {
        if (message->plait__place >> 32 != 1) return PLAIT_INVALID;
        struct plait__record *record = plait__record_at(ring, (uint32_t)message->plait__place);
        uint64_t word = plait__load(&record->word);
        if (plait__record_state(word) != PLAIT__RECORD_BORROWED) return PLAIT_INVALID;
        if (plait__record_owner(word) != plait__process_self()) return PLAIT_NOT_OWNER;
        plait__store_for_sleepers(&record->word, (uint64_t)PLAIT__RECORD_DONE);
        plait__side_wake(&ring->shared->putters);
    }
    *message = (plait_message){NULL, 0, 0};
    return PLAIT_OK;
}

/* ---- streams ---- */

/* Under the lane's lock: takes the first piece, and the lane for itself until it has the last. */
static void begin_stream(struct plait__message_call *call, struct plait__record *record) {
    struct plait__message_lane *get = &call->ring->shared->get;
    size_t skip = sizeof(struct plait__stream_head), whole = whole_size(record), piece = record->size - skip;
    memcpy(call->data, plait__record_bytes(record) + skip, piece);
    call->size = whole;
    call->rest = whole - piece;
    plait__message_take(call, get, get->index + 1);
    plait__message_got(call->ring, 1);
    pass(call->ring, record, 1);
}

/* The writer is gone, or has given up: what this process has of the message is nothing. */
static plait_status forget_stream(struct plait__message_call *call, plait_status status) {
    plait__message_got(call->ring, -1);
    plait__store_for_sleepers(&call->ring->shared->get.through, 0);
    return status;
}

/* PLAIT_FAILED: the rest will never come. */
static plait_status next_piece(struct plait__message_call *call) {
    const struct plait__message_ring *ring = call->ring;
    struct plait__message_lane *get = &ring->shared->get, *put = &ring->shared->put;
    if (plait__load(&ring->shared->shut) == PLAIT__SHUT_AT_ONCE) return forget_stream(call, PLAIT_SHUTDOWN);
    if (at_end(ring)) {
        bool goes_on = plait__load_acquire(&put->through) == call->through;
        if (goes_on && call->look) goes_on = plait__process_alive(plait__load(&put->through_for));
        if (at_end(ring)) {
            if (!goes_on) return forget_stream(call, PLAIT_FAILED);
            call->hindered = true;
            return plait__message_stuck(call, &put->index, get->index);
        }
    }
    struct plait__record *record = plait__record_at(ring, plait__position(get->index));
    if (plait__record_state(plait__load_acquire(&record->word)) != PLAIT__RECORD_MORE ||
        record->size > call->rest)
        return forget_stream(call, PLAIT_FAILED);
    memcpy(call->data + (call->size - call->rest), plait__record_bytes(record), record->size);
    call->rest -= record->size;
    pass(ring, record, 0);
    if (!call->rest) plait__store_for_sleepers(&get->through, 0);
    return PLAIT_OK;
}

static plait_status attempt_piece(struct plait__message_call *call) {
    struct plait__message_lane *get = &call->ring->shared->get;
    plait_status status = plait__message_lock(call, get);
    if (status != PLAIT_OK) return status;
    status = next_piece(call);
    end_get(call);
    return status;
}

/* The rest has not come in time, and is nobody's when it comes. */
static void leave_stream(struct plait__message_call *call) {
    struct plait__message_shared *shared = call->ring->shared;
    if (!plait__message_lock_surely(call->ring, call->wait.kind, &shared->get)) return;
    if (shared->get.through == call->through) (void)forget_stream(call, PLAIT_OK);
    plait__message_unlock(&shared->get);
}

/* The rest of a stream whose first piece was taken. PLAIT_FAILED: it was none. */
static plait_status finish_stream(struct plait__message_call *call) {
    struct plait__message_shared *shared = call->ring->shared;
    struct plait__message_call piece = *call;
    plait_status status = PLAIT_OK;
    piece.nowait = piece.wait.cancellable = false;
    while (status == PLAIT_OK && piece.rest) {
        plait_deadline least = plait_after(piece_s);
        piece.wait.deadline = call->wait.deadline.ns > least.ns && !call->nowait ? call->wait.deadline
                                                                                 : least;
        status = plait__message_run(&piece, attempt_piece, &shared->getters, records_for_gets);
    }
    if (status != PLAIT_OK) leave_stream(&piece);
    plait__side_wake(&shared->getters);
    if (status != PLAIT_OK) plait__side_wake(&shared->joiners);
    call->through = 0;
    return status;
}

/* ---- the verbs ---- */

static plait_status attempt_get(struct plait__message_call *call) {
    struct plait__record *record;
    plait_status status = begin_get(call, &record);
    if (plait__unlikely(status != PLAIT_OK)) return status;
    size_t size = whole_size(record);
    *call->needed = size;
    if (plait__unlikely(size > call->size)) {
        plait__message_unlock(&call->ring->shared->get);
        return PLAIT_TOO_LARGE;
    }
    if (plait__unlikely(begins_stream(record))) {
        begin_stream(call, record);
    } else if (plait__unlikely(size > COPIED_UNDER_LOCK)) {
        borrow_record(call, record);
    } else {
        if (size) memcpy(call->data, plait__record_bytes(record), size);
        plait__message_got(call->ring, 1);
        pass(call->ring, record, 1);
    }
    end_get(call);
    return PLAIT_OK;
}

static plait_status run_get(struct plait__message_call *call,
                            plait_status (*attempt)(struct plait__message_call *call)) {
    return plait__message_run(call, attempt, &call->ring->shared->getters, records_for_gets);
}

plait_status plait__message_get(struct plait__message_call *call) {
    const size_t room = call->size;
    for (;;) {
        plait_message message = {NULL, 0, 0};
        call->message = &message; // cppcheck-suppress autoVariables
        call->size = room;
        plait_status status = run_get(call, attempt_get);
        if (plait__likely(status != PLAIT_OK || (!message.data && !call->through))) return status;
        if (message.data) {
            memcpy(call->data, message.data, message.size);
            return plait__message_give_back(call->ring, &message);
        }
        status = finish_stream(call);
        if (status != PLAIT_FAILED) return status;
    }
}

/* PLAIT_TOO_LARGE, with what is needed: it must be had in memory of its own. */
static plait_status attempt_borrow(struct plait__message_call *call) {
    struct plait__record *record;
    plait_status status = begin_get(call, &record);
    if (status != PLAIT_OK) return status;
    size_t size = whole_size(record);
    if (!begins_stream(record)) {
        borrow_record(call, record);
    } else if (size <= call->size) {
        begin_stream(call, record);
    } else {
        status = PLAIT_TOO_LARGE;
        call->rest = size;
    }
    end_get(call);
    return status;
}

/* Memory is got without the lane; meanwhile another may have come to the head. */
plait_status plait__message_borrow(struct plait__message_call *call) {
    size_t room = call->size = 0;
    call->data = NULL;
    for (;;) {
        call->size = room;
        plait_status status = run_get(call, attempt_borrow);
        if (status == PLAIT_OK && call->through) {
            status = finish_stream(call);
            if (status == PLAIT_OK) *call->message = (plait_message){call->data, call->size, on_heap};
            if (status == PLAIT_OK) return PLAIT_OK;
            if (status == PLAIT_FAILED) continue;
        }
        if (status != PLAIT_TOO_LARGE) {
            plait__release(call->data);
            return status;
        }
        plait__release(call->data);
        call->data = plait__allocate_unset(room = call->rest);
        if (!call->data) return PLAIT_NO_MEMORY;
    }
}

static plait_status attempt_poll(struct plait__message_call *call) {
    struct plait__record *record;
    plait_status status = begin_get(call, &record);
    if (status == PLAIT_OK) plait__message_unlock(&call->ring->shared->get);
    return status == PLAIT_SHUTDOWN ? PLAIT_OK : status;
}

plait_status plait__message_poll(struct plait__message_call *call) {
    return run_get(call, attempt_poll);
}
