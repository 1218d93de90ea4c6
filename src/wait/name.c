/* name.c - the table of names.
 *
 * A fixed number of lists, picked by the address, all under one mutex, for names are set and asked for rarely. Who
 * frees an object looks first, without the mutex, whether there are names at all, and whether there is one in its list:
 * whoever named the object did so before it could be freed, so its freer sees that. What lies in a list is read and
 * changed under the mutex; only whether a list is empty is read without.
 *
 * A fork waits for the mutex, so that the child finds the lists whole: it keeps the names.
 */
#include <base/memory.h>
#include <string.h>
#include <wait/fork.h>
#include <wait/mutex.h>
#include <wait/name.h>

enum { LISTS_BITS = 8, LISTS = 1 << LISTS_BITS };

struct name {
    struct name *next;
    const void *object;
    char words[];
};

static struct plait__mutex mutex;
static struct name *table[LISTS];
uint32_t plait__names;

static struct name **list_of(const void *object) {
    uint64_t hash = (uint64_t)(uintptr_t)object * UINT64_C(0x9e3779b97f4a7c15); /* Fibonacci hashing */
    return &table[hash >> (64 - LISTS_BITS)];
}

static void lock(void) {
    (void)plait__mutex_lock(&mutex);
}

static void unlock(void) {
    plait__mutex_unlock(&mutex);
}

void plait__names_before_fork(void) {
    lock();
}

void plait__names_after_fork(void) {
    unlock();
}

/* ---- under the mutex ---- */

static struct name *find(const void *object) {
    struct name *name = *list_of(object);
    while (name && name->object != object) name = name->next;
    return name;
}

static void add(struct name *name) {
    struct name **list = list_of(name->object);
    name->next = *list;
    plait__store(list, name);
    plait__store(&plait__names, plait__names + 1);
}

/* What is to be released; NULL: it has no name. */
static struct name *take(const void *object) {
    struct name **at = list_of(object);
    while (*at && (*at)->object != object) at = &(*at)->next;
    struct name *name = *at;
    if (!name) return NULL;
    plait__store(at, name->next);
    plait__store(&plait__names, plait__names - 1);
    return name;
}

/* ---- from outside ---- */

static struct name *make(const void *object, const char *words) {
    size_t size = strlen(words) + 1;
    struct name *name = plait__allocate(sizeof *name + size);
    if (!name) return NULL;
    name->object = object;
    memcpy(name->words, words, size);
    return name;
}

const char *plait__name_now(const void *object) {
    const struct name *name = find(object);
    return name ? name->words : NULL;
}

plait_status plait_set_name(const void *object, const char *words) {
    if (!object) return PLAIT_INVALID;
    struct name *made = words ? make(object, words) : NULL;
    if (words && !made) return PLAIT_NO_MEMORY;
    lock();
    struct name *before = take(object);
    if (made) add(made);
    unlock();
    plait__release(before);
    return PLAIT_OK;
}

size_t plait_get_name(const void *object, char *out, size_t room) {
    size_t length = 0;
    if (out && room) *out = '\0';
    if (!plait__load(&plait__names)) return 0;
    lock();
    const struct name *name = find(object);
    if (name) {
        length = strlen(name->words);
        size_t part = length < room ? length : room ? room - 1 : 0;
        if (out && room) {
            memcpy(out, name->words, part);
            out[part] = '\0';
        }
    }
    unlock();
    return length;
}

void plait__name_drop(const void *object) {
    if (!plait__load(list_of(object))) return;
    lock();
    struct name *name = take(object);
    unlock();
    plait__release(name);
}
