/* traveller.c - references, records, and what a process keeps of what it was sent. */
#include <base/atomic.h>
#include <base/list.h>
#include <base/memory.h>
#include <base/status.h>
#include <errno.h>
#include <pthread.h>
#include <shared/message_file.h>
#include <shared/process_queue.h>
#include <shared/shared.h>
#include <string.h>
#include <unistd.h>
#include <wait/mutex.h>

static const struct plait__traveller_kind *const kinds[PLAIT__TRAVELS_END] = {
    [PLAIT__TRAVELS_SHARED] = &plait__shared_kind,
    [PLAIT__TRAVELS_QUEUE] = &plait__process_queue_kind,
    [PLAIT__TRAVELS_MESSAGES] = &plait__message_queue_kind,
    [PLAIT__TRAVELS_PIPE] = &plait__pipe_kind,
};

/* ---- references ---- */

void plait__traveller_init(struct plait__traveller *traveller, const struct plait__traveller_kind *kind,
                           plait_shared *memory, uint32_t detail) {
    *traveller = (struct plait__traveller){kind, memory, detail, 1};
}

void *plait__traveller_keep(void *object) {
    struct plait__traveller *traveller = object;
    if (traveller) plait__add_relaxed(&traveller->references, 1);
    return object;
}

void plait__traveller_drop(void *object) {
    struct plait__traveller *traveller = object;
    if (traveller && plait__sub(&traveller->references, 1) == 1) traveller->kind->end(object);
}

/* ---- what is kept ---- */

enum { MOST_KEPT = 64 };
static const uint64_t most_mapped = (uint64_t)64 << 20;

struct kept {
    struct plait__link link;
    struct plait__traveller *object; /* with a reference */
};

static struct plait__mutex mutex;    /* guards what follows */
static struct plait__list kept_ones; /* the newest last */
static uint32_t kept_count;
static uint64_t mapped; /* bytes, by all of them */
static bool watches_forks;

/* A vanished thread may have been changing the list: the child begins with none. */
static void forget_after_fork(void) {
    mutex = (struct plait__mutex){0};
    kept_ones = (struct plait__list){0};
    kept_count = 0;
    mapped = 0;
}

static bool is_what(const struct plait__traveller *object, const struct plait__travelled *record) {
    const struct plait__file *file = &object->memory->file;
    return object->kind->number == record->kind && object->detail == record->detail &&
           file->inode == record->inode && file->device == record->device;
}

/* All with the mutex. */
static struct kept *find(const struct plait__travelled *record) {
    for (struct plait__link *link = plait__list_first(&kept_ones); link;
         link = plait__list_after(&kept_ones, link)) {
        struct kept *kept = plait__of_link(link, struct kept, link);
        if (is_what(kept->object, record)) return kept;
    }
    return NULL;
}

static void take_out(struct kept *kept) {
    plait__list_remove(&kept->link);
    kept_count--;
    mapped -= kept->object->memory->file.size;
}

static void put_last(struct kept *kept) {
    plait__list_append(&kept_ones, &kept->link);
    kept_count++;
    mapped += kept->object->memory->file.size;
}

/* Moves those that nobody uses to another list, oldest first, until the rest is within the limits. Nobody can begin to
 * use one meanwhile: that goes by way of `find`. */
static void take_out_oldest(struct plait__list *out) {
    struct plait__link *link = plait__list_first(&kept_ones), *next;
    for (; link && (kept_count > MOST_KEPT || mapped > most_mapped); link = next) {
        struct kept *kept = plait__of_link(link, struct kept, link);
        next = plait__list_after(&kept_ones, link);
        if (!next || plait__load_acquire(&kept->object->references) != 1) continue;
        take_out(kept);
        plait__list_append(out, &kept->link);
    }
}

/* Without the mutex. */
static void free_all(struct plait__list *out) {
    struct plait__link *link;
    while ((link = plait__list_first(out)) != NULL) {
        struct kept *kept = plait__of_link(link, struct kept, link);
        plait__list_remove(link);
        plait__traveller_drop(kept->object);
        plait__release(kept);
    }
}

/* The object that the record stands for with another reference, if it is here; it then is the newest. */
static void *find_kept(const struct plait__travelled *record) {
    if (!plait__mutex_lock(&mutex)) return NULL;
    struct kept *kept = find(record);
    void *object = NULL;
    if (kept) {
        plait__list_remove(&kept->link);
        plait__list_append(&kept_ones, &kept->link);
        object = plait__traveller_keep(kept->object);
    }
    plait__mutex_unlock(&mutex);
    return object;
}

/* Keeps an object that has just come; without memory for that, or if another thread was faster, it goes with its user. */
static void keep(const struct plait__travelled *record, struct plait__traveller *object) {
    struct plait__list out = {0};
    struct kept *kept = plait__allocate(sizeof *kept);
    if (!kept) return;
    if (plait__mutex_lock(&mutex)) {
        if (!watches_forks) watches_forks = pthread_atfork(NULL, NULL, forget_after_fork) == 0;
        if (watches_forks && !find(record)) {
            kept->object = plait__traveller_keep(object);
            put_last(kept);
            kept = NULL;
            take_out_oldest(&out);
        }
        plait__mutex_unlock(&mutex);
    }
    plait__release(kept);
    free_all(&out);
}

/* ---- on the way ---- */

plait_status plait__traveller_pack(const void *object, struct plait__travelled *record,
                                   struct plait__words *why) {
    const struct plait__traveller *traveller = object;
    for (size_t i = 1; traveller && i < PLAIT__TRAVELS_END; i++) {
        if (!kinds[i] || traveller->kind != kinds[i]) continue;
        const plait_shared *memory = traveller->memory;
        *record = (struct plait__travelled){
            .kind = traveller->kind->number,
            .detail = traveller->detail,
            .process = (uint32_t)getpid(),
            .descriptor = memory->descriptor,
            .device = memory->file.device,
            .inode = memory->file.inode,
            .size = memory->file.size,
        };
        if (traveller->kind->pack) traveller->kind->pack(object, record);
        return PLAIT_OK;
    }
    plait__put_words(why, "it is no object that processes can share");
    return PLAIT_INVALID;
}

static plait_status refuse(const struct plait__travelled *record, int error, struct plait__words *why) {
    const char *name = kinds[record->kind]->name;
    char reason[80];
    switch (error) {
    case ENOENT:
    case ESRCH:
    case EINVAL:
    case ENXIO:
        plait__put_words(why, "the process %u that sent a %s has ended, or let go of it",
                         (unsigned)record->process, name);
        return PLAIT_MISSING;
    case ENOMEM:
        plait__put_words(why, "no memory for a %s of %llu bytes", name, (unsigned long long)record->size);
        return PLAIT_NO_MEMORY;
    default:
        plait__put_words(why, "a %s of process %u: %s", name, (unsigned)record->process,
                         strerror_r(error, reason, sizeof reason));
        errno = error;
        return PLAIT_ERRNO;
    }
}

/* The memory itself: what the sender has open there may be something else by now. */
static plait_shared *open_memory(const struct plait__travelled *record, int *error) {
    int descriptor;
    *error = plait__os_memory_borrow(record->process, record->descriptor, &descriptor);
    if (*error) return NULL;
    struct plait__file file;
    *error = plait__os_memory_identify(descriptor, &file);
    if (!*error && (file.device != record->device || file.inode != record->inode)) *error = ENOENT;
    if (!*error) return plait__shared_adopt(descriptor, error);
    plait__os_memory_close(descriptor);
    return NULL;
}

plait_status plait__traveller_unpack(const struct plait__travelled *record, void **object,
                                     struct plait__words *why) {
    *object = NULL;
    if (record->kind == 0 || record->kind >= PLAIT__TRAVELS_END || !kinds[record->kind]) {
        plait__put_words(why, "a shared object of an unknown kind, %u", (unsigned)record->kind);
        return PLAIT_INVALID;
    }
    const struct plait__traveller_kind *kind = kinds[record->kind];
    if (kind->kept) *object = find_kept(record);
    if (*object) return PLAIT_OK;
    int error;
    plait_shared *memory = open_memory(record, &error);
    if (!memory) return refuse(record, error, why);
    if (why) why->at[0] = '\0';
    *object = kind->attach(memory, record, why);
    plait_shared_free(memory);
    if (!*object) {
        plait_status status = plait_last_error();
        if (why && !why->at[0]) plait__put_words(why, "a %s: %s", kind->name, plait_status_text(status));
        return status;
    }
    if (kind->kept) keep(record, *object);
    return PLAIT_OK;
}
