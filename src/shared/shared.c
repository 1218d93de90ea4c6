/* shared.c - memory that processes share: handles, names, and what goes wrong with them in words. */
#include <base/atomic.h>
#include <base/memory.h>
#include <base/status.h>
#include <errno.h>
#include <shared/shared.h>
#include <shared/tracker.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <thread/task_frame.h>
#include <unistd.h>
#include <wait/name.h>
#include <wait/self.h>

plait_status plait__refuse(plait_status status, const char *format, ...) {
    struct plait__words words;
    int kept = errno;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(words.at, sizeof words.at, format, arguments);
    va_end(arguments);
    plait__set_last_error(status);
    plait__set_last_message(words.at);
    errno = kept;
    return status;
}

/* ---- what fails ---- */

static plait_status status_of(int error) {
    switch (error) {
    case ENOMEM:
    case ENOSPC:
        return PLAIT_NO_MEMORY;
    case EEXIST:
        return PLAIT_EXISTS;
    case ENOENT:
        return PLAIT_MISSING;
    case EINVAL:
    case ELOOP:
    case ENXIO:
    case EISDIR:
        return PLAIT_INVALID;
    default:
        return PLAIT_ERRNO;
    }
}

/* Refuses memory of this size. */
static plait_status refuse_size(int error, size_t size) {
    char reason[80];
    const char *words = strerror_r(error, reason, sizeof reason);
    errno = error;
    plait_status status = status_of(error);
    if (status == PLAIT_INVALID || status == PLAIT_MISSING)
        status = PLAIT_ERRNO; /* /dev/shm is not what it should be */
    if (error == ENOSPC) words = "/dev/shm is full";
    return plait__refuse(status, "no shared memory of %zu bytes: %s", size, words);
}

static plait_status refuse_name(int error, const char *name) {
    char reason[80];
    errno = error;
    switch (status_of(error)) {
    case PLAIT_EXISTS:
        return plait__refuse(PLAIT_EXISTS, "the name '%.60s' is taken", name);
    case PLAIT_MISSING:
        return plait__refuse(PLAIT_MISSING, "there is no shared memory '%.60s'", name);
    case PLAIT_INVALID:
        return plait__refuse(PLAIT_INVALID, "'%.60s' is no shared memory", name);
    default:
        return plait__refuse(status_of(error), "shared memory '%.50s': %s", name,
                             strerror_r(error, reason, sizeof reason));
    }
}

static plait_status refuse_tracker(plait_status status) {
    if (status == PLAIT_NO_MEMORY) return plait__refuse(status, "no memory to keep track of names");
    if (status == PLAIT_BROKEN)
        return plait__refuse(status, "a thread that vanished in a fork was naming memory");
    return plait__refuse(status, "no process can be started to take names off in the end");
}

static bool is_name(const char *name) {
    if (!name) return false;
    size_t length = strnlen(name, PLAIT__NAME_MOST + 1);
    return length > 0 && length <= PLAIT__NAME_MOST && !strchr(name, '/') && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

static plait_status refuse_no_name(const char *name) {
    return plait__refuse(PLAIT_INVALID, "'%.60s' is no name for shared memory: 1 to %d bytes, no slash",
                         name ? name : "", PLAIT__NAME_MOST);
}

/* ---- handles ---- */

static void shared_free(void *object) {
    plait_shared *shared = object;
    plait__name_forget(shared);
    if (shared->address) plait__os_memory_unmap(shared->address, (size_t)shared->file.size);
    plait__os_memory_close(shared->descriptor);
    plait__release(shared);
}

/* The handle is the memory. */
static void *shared_attach(plait_shared *memory, const struct plait__travelled *record,
                           struct plait__words *why) {
    (void)record, (void)why;
    return plait_shared_keep(memory);
}

const struct plait__traveller_kind plait__shared_kind = {
    .number = PLAIT__TRAVELS_SHARED,
    .kept = true,
    .name = "plait_shared",
    .attach = shared_attach,
    .end = shared_free,
};

plait_shared *plait__shared_adopt(int descriptor, int *error) {
    plait_shared *shared = plait__allocate(sizeof *shared);
    if (!shared) {
        plait__os_memory_close(descriptor);
        *error = ENOMEM;
        return NULL;
    }
    plait__traveller_init(&shared->traveller, &plait__shared_kind, shared, 0);
    shared->descriptor = descriptor;
    *error = plait__os_memory_identify(descriptor, &shared->file);
    if (!*error) *error = plait__os_memory_map(descriptor, (size_t)shared->file.size, &shared->address);
    if (!*error) return shared;
    plait_shared_free(shared);
    return NULL;
}

static plait_shared *make(size_t size, bool nameable) {
    int descriptor;
    if (!size) {
        plait__refuse(PLAIT_INVALID, "shared memory of no bytes");
        return NULL;
    }
    plait_status status = nameable ? plait__tracker_prepare() : PLAIT_OK;
    if (status != PLAIT_OK) {
        refuse_tracker(status);
        return NULL;
    }
    int error = plait__os_memory_new(size, nameable, &descriptor);
    plait_shared *shared = error ? NULL : plait__shared_adopt(descriptor, &error);
    if (!shared) refuse_size(error, size);
    return shared;
}

plait_shared *plait_shared_new(size_t size) {
    return make(size, false);
}

plait_shared *plait__shared_new_nameable(size_t size) {
    return make(size, true);
}

plait_shared *plait_shared_attach(const char *name) {
    int descriptor;
    if (!is_name(name)) {
        refuse_no_name(name);
        return NULL;
    }
    int error = plait__os_memory_open(name, &descriptor);
    plait_shared *shared = error ? NULL : plait__shared_adopt(descriptor, &error);
    if (shared)
        memcpy(shared->name, name, strlen(name));
    else
        refuse_name(error, name);
    return shared;
}

plait_shared *plait_shared_keep(plait_shared *shared) {
    return plait__traveller_keep(shared);
}

void plait_shared_free(plait_shared *shared) {
    plait__traveller_drop(shared);
}

void *plait_shared_address(const plait_shared *shared) {
    return shared ? shared->address : NULL;
}

size_t plait_shared_size(const plait_shared *shared) {
    return shared ? (size_t)shared->file.size : 0;
}

const char *plait_shared_name(const plait_shared *shared) {
    return shared && shared->name[0] ? shared->name : NULL;
}

/* ---- names ---- */

static plait_status give_name(plait_shared *shared, const char *name) {
    int error;
    plait_status status = plait__name_give(shared->descriptor, &shared->file, name, &error);
    if (error) return refuse_name(error, name);
    if (status != PLAIT_OK) return refuse_tracker(status);
    memcpy(shared->name, name, strlen(name));
    return PLAIT_OK;
}

static plait_status make_up_name(plait_shared *shared) {
    char name[40];
    plait_status status;
    do {
        uint32_t one = plait__random(plait__self()), other = plait__random(plait__self());
        (void)snprintf(name, sizeof name, "plait-%d-%08x%08x", (int)getpid(), (unsigned)one, (unsigned)other);
        status = give_name(shared, name);
    } while (status == PLAIT_EXISTS);
    return status;
}

plait_status plait__shared_publish(plait_shared *shared, const char *name) {
    if (!name) return make_up_name(shared);
    return is_name(name) ? give_name(shared, name) : refuse_no_name(name);
}

plait_shared *plait_shared_create(const char *name, size_t size) {
    if (name && !is_name(name)) { /* before so much is written */
        refuse_no_name(name);
        return NULL;
    }
    plait_shared *shared = make(size, true);
    if (!shared || plait__shared_publish(shared, name) == PLAIT_OK) return shared;
    plait_shared_free(shared);
    return NULL;
}

plait_status plait_shared_unlink(const char *name) {
    if (!is_name(name)) return refuse_no_name(name);
    int error = plait__name_take(name);
    return error ? refuse_name(error, name) : PLAIT_OK;
}
