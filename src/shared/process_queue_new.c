/* process_queue_new.c - how queues between processes begin and end: memory, handles, shutdown, free. */
#include <base/memory.h>
#include <base/status.h>
#include <shared/process_queue.h>
#include <shared/shared.h>
#include <wait/name.h>

static const uint64_t magic = UINT64_C(0x706c616974517565); /* "plaitQue": version 1 of what lies there */

enum { MANY = 32768, LEAST = 64, MANY_BYTES = 16 * 1024 * 1024 };

/* ---- the memory ---- */

/* Whether so many items of that size can be; how many there is room for, a power of two; and how many bytes
 * it takes. */
static bool measure(uint64_t item_size, uint64_t maxsize, uint64_t *capacity, uint64_t *bytes) {
    static const uint64_t most = PTRDIFF_MAX / 2;
    if (!item_size || item_size > most || !maxsize || maxsize > most) return false;
    *capacity = 1;
    while (*capacity < maxsize) *capacity *= 2;
    if (__builtin_mul_overflow(*capacity, item_size, bytes) || *bytes > most) return false;
    *bytes += sizeof(struct plait__process_queue_memory);
    return true;
}

static uint64_t some_maxsize(uint64_t item_size) {
    uint64_t fit = item_size ? MANY_BYTES / item_size : 0;
    return fit > MANY ? MANY : fit < LEAST ? LEAST : fit;
}

/* Nobody else sees it yet. */
static void begin(plait_shared *shared, uint64_t item_size, uint64_t maxsize, uint64_t capacity) {
    struct plait__process_queue_memory *memory = plait_shared_address(shared);
    memory->magic = magic;
    memory->item_size = item_size;
    memory->maxsize = maxsize;
    memory->capacity = capacity;
}

/* Whoever has given it to us may have made a mistake. */
static bool is_queue(const plait_shared *shared) {
    const struct plait__process_queue_memory *memory = plait_shared_address(shared);
    uint64_t capacity, bytes;
    return plait_shared_size(shared) >= sizeof *memory && memory->magic == magic &&
           measure(memory->item_size, memory->maxsize, &capacity, &bytes) && capacity == memory->capacity &&
           bytes <= plait_shared_size(shared);
}

/* ---- handles ---- */

/* Takes over the reference to the memory, also when it fails. */
static plait_process_queue *handle_of(plait_shared *shared) {
    plait_process_queue *queue = plait__allocate(sizeof *queue);
    if (!queue) {
        plait_shared_free(shared);
        return NULL;
    }
    plait__traveller_init(&queue->traveller, &plait__process_queue_kind, shared, 0);
    queue->memory = plait_shared_address(shared);
    queue->items = queue->memory->items;
    queue->item_size = queue->memory->item_size;
    queue->maxsize = queue->memory->maxsize;
    queue->mask = queue->memory->capacity - 1;
    return queue;
}

static void *attach(plait_shared *shared, const struct plait__travelled *record, struct plait__words *why) {
    (void)record;
    if (is_queue(shared)) return handle_of(plait_shared_keep(shared));
    plait__put_words(why, "the memory holds no queue between processes");
    plait__set_last_error(PLAIT_INVALID);
    return NULL;
}

static void free_handle(void *object) {
    plait_process_queue *queue = object;
    plait__name_forget(queue);
    plait_shared_free(queue->traveller.memory);
    plait__release(queue);
}

const struct plait__traveller_kind plait__process_queue_kind = {
    .number = PLAIT__TRAVELS_QUEUE,
    .kept = true,
    .name = "plait_process_queue",
    .attach = attach,
    .end = free_handle,
};

/* ---- constructors ---- */

static plait_process_queue *make(size_t item_size, size_t maxsize, bool named, const char *name) {
    uint64_t capacity, bytes, most = maxsize ? maxsize : some_maxsize(item_size);
    if (!measure(item_size, most, &capacity, &bytes)) {
        plait__refuse(PLAIT_INVALID, "no queue can hold %zu items of %zu bytes", maxsize, item_size);
        return NULL;
    }
    plait_shared *shared = named ? plait__shared_new_nameable(bytes) : plait_shared_new(bytes);
    if (!shared) return NULL;
    begin(shared, item_size, most, capacity);
    plait_process_queue *queue = handle_of(shared);
    if (!queue || !named || plait__shared_publish(shared, name) == PLAIT_OK) return queue;
    free_handle(queue);
    return NULL;
}

plait_process_queue *plait_process_queue_new(size_t item_size, size_t maxsize) {
    return make(item_size, maxsize, false, NULL);
}

plait_process_queue *plait_process_queue_create(const char *name, size_t item_size, size_t maxsize) {
    return make(item_size, maxsize, true, name);
}

plait_process_queue *plait_process_queue_attach(const char *name, size_t item_size) {
    plait_shared *shared = plait_shared_attach(name);
    if (!shared) return NULL;
    const struct plait__process_queue_memory *memory = plait_shared_address(shared);
    if (is_queue(shared) && memory->item_size == item_size) return handle_of(shared);
    if (is_queue(shared))
        plait__refuse(PLAIT_INVALID, "the items of '%.60s' have %zu bytes, not %zu", name,
                      (size_t)memory->item_size, item_size);
    else
        plait__refuse(PLAIT_INVALID, "what has the name '%.60s' is no queue between processes", name);
    plait_shared_free(shared);
    return NULL;
}

plait_status plait_process_queue_unlink(const char *name) {
    return plait_shared_unlink(name);
}

const char *plait_process_queue_name(const plait_process_queue *queue) {
    return queue ? plait_shared_name(queue->traveller.memory) : NULL;
}

/* ---- the end ---- */

/* The child of a fork has none of the parent's threads. */
void plait__process_queue_enter(plait_process_queue *queue) {
    uint64_t seen = plait__load(&queue->inside), forks = (uint64_t)plait__generation() << 32;
    while (!plait__cas(&queue->inside, &seen, (seen >> 32 == forks >> 32 ? seen : forks) + 1)) {}
}

void plait__process_queue_leave(plait_process_queue *queue) {
    plait__sub(&queue->inside, 1);
}

static bool is_used(const plait_process_queue *queue) {
    uint64_t inside = plait__load_acquire(&queue->inside);
    return inside >> 32 == plait__generation() && (uint32_t)inside;
}

plait_process_queue *plait_process_queue_keep(plait_process_queue *queue) {
    return plait__traveller_keep(queue);
}

plait_status plait_process_queue_free(plait_process_queue *queue) {
    if (!queue) return PLAIT_OK;
    if (plait__load_acquire(&queue->traveller.references) == 1 && is_used(queue)) {
        PLAIT__MISUSE("a queue is freed while a thread waits in it", queue);
        return PLAIT_BUSY;
    }
    plait__traveller_drop(queue);
    return PLAIT_OK;
}

/* The put lane first: from then on nothing comes, so what getters see is all there will be. */
plait_status plait_process_queue_shutdown(plait_process_queue *queue, bool immediate) {
    if (!queue) return PLAIT_INVALID;
    struct plait__shared_lane_call call = plait__process_queue_patient(queue, "process_queue.shutdown");
    plait_status status = plait__shared_lane_close(&queue->memory->put, &call);
    if (status == PLAIT_OK) status = plait__shared_lane_close(&queue->memory->get, &call);
    if (status == PLAIT_OK && immediate) status = plait__process_queue_discard(queue, &call);
    return status;
}
