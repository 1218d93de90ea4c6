/* message_queue.c - the handle of a queue of messages, and its verbs; what they do is in message_ring.h. */
#include <base/memory.h>
#include <base/status.h>
#include <plait/message_queue.h>
#include <shared/message_file.h>
#include <shared/shared.h>

struct plait_message_queue {
    struct plait__traveller traveller;
    struct plait__message_ring ring;
};

/* ---- handles ---- */

static void *attach(plait_shared *memory, const struct plait__travelled *record, struct plait__words *why) {
    (void)record;
    plait_message_queue *queue = plait__allocate(sizeof *queue);
    if (!queue) return NULL;
    plait_status status = plait__message_file_map(memory, 1, &queue->ring, why);
    if (status != PLAIT_OK) {
        plait__release(queue);
        plait__set_last_error(status);
        return NULL;
    }
    queue->ring.object = queue;
    plait__traveller_init(&queue->traveller, &plait__message_queue_kind, plait_shared_keep(memory), 0);
    return queue;
}

static void free_queue(void *object) {
    plait_message_queue *queue = object;
    plait__message_file_unmap(1, &queue->ring);
    plait_shared_free(queue->traveller.memory);
    plait__release(queue);
}

const struct plait__traveller_kind plait__message_queue_kind = {
    .number = PLAIT__TRAVELS_MESSAGES,
    .kept = true,
    .name = "plait_message_queue",
    .attach = attach,
    .end = free_queue,
};

/* The handle has a reference of its own. */
static plait_message_queue *attach_words(plait_shared *memory) {
    struct plait__words why = {""};
    plait_message_queue *queue = attach(memory, NULL, &why);
    if (!queue && why.at[0]) (void)plait__refuse(plait_last_error(), "%s", why.at);
    plait_shared_free(memory);
    return queue;
}

static plait_message_queue *refuse(plait_status status) {
    plait__set_last_error(status);
    return NULL;
}

static plait_message_queue *refuse_capacity(size_t capacity) {
    (void)plait__refuse(PLAIT_INVALID, "no queue can hold %zu bytes of messages", capacity);
    return NULL;
}

plait_message_queue *plait_message_queue_new_with(const plait_message_queue_options *options) {
    const plait_message_queue_options none = {0};
    if (!options) options = &none;
    uint32_t units = plait__message_units(options->capacity);
    if (!units) return refuse_capacity(options->capacity);
    plait_shared *memory = plait_shared_new(plait__message_file_size(1, units));
    if (!memory) return NULL;
    plait__message_file_begin(memory, 1, units, options->max_message);
    return attach_words(memory);
}

plait_message_queue *plait_message_queue_new(size_t capacity) {
    const plait_message_queue_options options = {.capacity = capacity};
    return plait_message_queue_new_with(&options);
}

plait_message_queue *plait_message_queue_create(const char *name,
                                                const plait_message_queue_options *options) {
    const plait_message_queue_options none = {0};
    if (!options) options = &none;
    uint32_t units = plait__message_units(options->capacity);
    if (!units) return refuse_capacity(options->capacity);
    plait_shared *memory = plait__shared_new_nameable(plait__message_file_size(1, units));
    if (!memory) return NULL;
    plait__message_file_begin(memory, 1, units, options->max_message);
    plait_message_queue *queue = attach_words(plait_shared_keep(memory));
    plait_status status = queue ? plait__shared_publish(memory, name) : PLAIT_OK;
    plait_shared_free(memory);
    if (status == PLAIT_OK) return queue;
    plait_message_queue_free(queue);
    return refuse(status);
}

plait_message_queue *plait_message_queue_attach(const char *name) {
    plait_shared *memory = plait_shared_attach(name);
    return memory ? attach_words(memory) : NULL;
}

plait_status plait_message_queue_unlink(const char *name) {
    return plait_shared_unlink(name);
}

const char *plait_message_queue_name(const plait_message_queue *queue) {
    return queue ? plait_shared_name(queue->traveller.memory) : NULL;
}

void plait_message_queue_free(plait_message_queue *queue) {
    plait__traveller_drop(queue);
}

plait_message_queue *plait_message_queue_keep(plait_message_queue *queue) {
    return queue ? plait__traveller_keep(queue) : NULL;
}

/* ---- putting ---- */

static const char put_kind[] = "message_queue.put", reserve_kind[] = "message_queue.reserve";

static bool valid_put(const plait_message_queue *queue, const void *data, size_t size) {
    return queue && (data || !size);
}

static plait_status put(struct plait__message_call *call, const void *data, size_t size) {
    call->data = (char *)data; /* which is only read */
    call->size = size;
    return plait__message_put(call);
}

plait_status plait_message_queue_put_until(plait_message_queue *queue, const void *data, size_t size,
                                           plait_deadline deadline) {
    if (!valid_put(queue, data, size)) return PLAIT_INVALID;
    struct plait__message_call call = plait__message_call(&queue->ring, put_kind, deadline);
    return put(&call, data, size);
}

plait_status plait_message_queue_put(plait_message_queue *queue, const void *data, size_t size) {
    return plait_message_queue_put_until(queue, data, size, PLAIT_FOREVER);
}

plait_status plait_message_queue_put_nowait(plait_message_queue *queue, const void *data, size_t size) {
    if (!valid_put(queue, data, size)) return PLAIT_INVALID;
    struct plait__message_call call = plait__message_call_nowait(&queue->ring, put_kind);
    return plait__message_not_now(put(&call, data, size), PLAIT_FULL);
}

static plait_status reserve(struct plait__message_call *call, size_t size, plait_message *message) {
    call->size = size;
    call->message = message;
    return plait__message_reserve(call);
}

plait_status plait_message_queue_reserve_until(plait_message_queue *queue, size_t size,
                                               plait_message *message, plait_deadline deadline) {
    if (!queue || !message) return PLAIT_INVALID;
    struct plait__message_call call = plait__message_call(&queue->ring, reserve_kind, deadline);
    return reserve(&call, size, message);
}

plait_status plait_message_queue_reserve(plait_message_queue *queue, size_t size, plait_message *message) {
    return plait_message_queue_reserve_until(queue, size, message, PLAIT_FOREVER);
}

plait_status plait_message_queue_reserve_nowait(plait_message_queue *queue, size_t size,
                                                plait_message *message) {
    if (!queue || !message) return PLAIT_INVALID;
    struct plait__message_call call = plait__message_call_nowait(&queue->ring, reserve_kind);
    return plait__message_not_now(reserve(&call, size, message), PLAIT_FULL);
}

plait_status plait_message_queue_commit(plait_message_queue *queue, plait_message *message, size_t size) {
    if (!queue || !message) return PLAIT_INVALID;
    return plait__message_commit(&queue->ring, message, size, false);
}

plait_status plait_message_queue_abandon(plait_message_queue *queue, plait_message *message) {
    if (!queue || !message) return PLAIT_INVALID;
    return plait__message_commit(&queue->ring, message, 0, true);
}

/* ---- getting ---- */

static const char get_kind[] = "message_queue.get", borrow_kind[] = "message_queue.borrow";

static bool valid_get(const plait_message_queue *queue, const void *buffer, size_t room, const size_t *size) {
    return queue && size && (buffer || !room);
}

static plait_status get(struct plait__message_call *call, void *buffer, size_t room, size_t *size) {
    call->data = buffer;
    call->size = room;
    call->needed = size;
    return plait__message_get(call);
}

plait_status plait_message_queue_get_until(plait_message_queue *queue, void *buffer, size_t room,
                                           size_t *size, plait_deadline deadline) {
    if (!valid_get(queue, buffer, room, size)) return PLAIT_INVALID;
    struct plait__message_call call = plait__message_call(&queue->ring, get_kind, deadline);
    return get(&call, buffer, room, size);
}

plait_status plait_message_queue_get(plait_message_queue *queue, void *buffer, size_t room, size_t *size) {
    return plait_message_queue_get_until(queue, buffer, room, size, PLAIT_FOREVER);
}

plait_status plait_message_queue_get_nowait(plait_message_queue *queue, void *buffer, size_t room,
                                            size_t *size) {
    if (!valid_get(queue, buffer, room, size)) return PLAIT_INVALID;
    struct plait__message_call call = plait__message_call_nowait(&queue->ring, get_kind);
    return plait__message_not_now(get(&call, buffer, room, size), PLAIT_EMPTY);
}

plait_status plait_message_queue_borrow_until(plait_message_queue *queue, plait_message *message,
                                              plait_deadline deadline) {
    if (!queue || !message) return PLAIT_INVALID;
    struct plait__message_call call = plait__message_call(&queue->ring, borrow_kind, deadline);
    call.message = message;
    return plait__message_borrow(&call);
}

plait_status plait_message_queue_borrow(plait_message_queue *queue, plait_message *message) {
    return plait_message_queue_borrow_until(queue, message, PLAIT_FOREVER);
}

plait_status plait_message_queue_borrow_nowait(plait_message_queue *queue, plait_message *message) {
    if (!queue || !message) return PLAIT_INVALID;
    struct plait__message_call call = plait__message_call_nowait(&queue->ring, borrow_kind);
    call.message = message;
    return plait__message_not_now(plait__message_borrow(&call), PLAIT_EMPTY);
}

plait_status plait_message_queue_give_back(plait_message_queue *queue, plait_message *message) {
    if (!queue || !message) return PLAIT_INVALID;
    return plait__message_give_back(&queue->ring, message);
}

/* ---- all else ---- */

size_t plait_message_queue_qsize(const plait_message_queue *queue) {
    return queue ? plait__message_count(&queue->ring) : 0;
}

bool plait_message_queue_empty(const plait_message_queue *queue) {
    return plait_message_queue_qsize(queue) == 0;
}

size_t plait_message_queue_capacity(const plait_message_queue *queue) {
    return queue ? (size_t)queue->ring.units * PLAIT__UNIT : 0;
}

size_t plait_message_queue_most_in_place(const plait_message_queue *queue) {
    if (!queue) return 0;
    size_t most = plait__most_in_place(&queue->ring), limit = (size_t)queue->ring.shared->max_message;
    return limit && limit < most ? limit : most;
}

plait_status plait_message_queue_task_done(plait_message_queue *queue) {
    return queue ? plait__message_task_done(&queue->ring) : PLAIT_INVALID;
}

plait_status plait_message_queue_join_until(plait_message_queue *queue, plait_deadline deadline) {
    if (!queue) return PLAIT_INVALID;
    struct plait__message_call call = plait__message_call(&queue->ring, "message_queue.join", deadline);
    return plait__message_join(&call);
}

plait_status plait_message_queue_join(plait_message_queue *queue) {
    return plait_message_queue_join_until(queue, PLAIT_FOREVER);
}

plait_status plait_message_queue_shutdown(plait_message_queue *queue, bool immediate) {
    if (!queue) return PLAIT_INVALID;
    plait__message_shut(&queue->ring, immediate ? PLAIT__SHUT_AT_ONCE : PLAIT__SHUT);
    return PLAIT_OK;
}
