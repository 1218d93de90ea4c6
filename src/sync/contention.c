/* contention.c - the table of watched objects.
 *
 * Objects of a few bytes have no room for counters, so what is watched has an entry here, found by its
 * address. Each bucket's mutex guards its chain and the entries on it; it is taken by threads that have
 * waited, for a few instructions, and never while another lock of plait is held, so watching disturbs
 * little and cannot deadlock. In the child of a fork a bucket whose mutex a vanished thread held is lost:
 * its objects count as not watched.
 */
#include <base/memory.h>
#include <sync/contention.h>
#include <wait/mutex.h>

enum { BUCKET_BITS = 6 };

struct entry {
    struct entry *next;
    const void *object;
    uint64_t waits;
    int64_t waited; /* ns */
    int64_t longest;
};

static struct bucket {
    _Alignas(64) struct plait__mutex mutex;
    struct entry *first;
} buckets[1 << BUCKET_BITS];

uint32_t plait__watched;

static struct bucket *bucket_of(const void *object) {
    return &buckets[((uint64_t)(uintptr_t)object * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - BUCKET_BITS)];
}

/* The link that points to the object's entry, or to the chain's end. Bucket locked. */
static struct entry **find(struct bucket *bucket, const void *object) {
    struct entry **link = &bucket->first;
    while (*link && (*link)->object != object) link = &(*link)->next;
    return link;
}

void plait__contention_count(const void *object, int64_t ns) {
    struct bucket *bucket = bucket_of(object);
    if (!plait__mutex_lock(&bucket->mutex)) return;
    struct entry *entry = *find(bucket, object);
    if (entry) {
        entry->waits++;
        entry->waited += ns;
        if (ns > entry->longest) entry->longest = ns;
    }
    plait__mutex_unlock(&bucket->mutex);
}

/* Puts the entry there unless the object has one already: then that begins anew. What is left over. */
static struct entry *put(struct bucket *bucket, struct entry *fresh) {
    struct entry **link = find(bucket, fresh->object);
    struct entry *before = *link;
    if (before) fresh->next = before->next;
    *link = fresh;
    if (!before) plait__add_relaxed(&plait__watched, 1);
    return before;
}

plait_status plait_contention_watch(const void *object) {
    if (!object) return PLAIT_INVALID;
    struct entry *fresh = plait__allocate(sizeof *fresh);
    if (!fresh) return PLAIT_NO_MEMORY;
    fresh->object = object;
    struct bucket *bucket = bucket_of(object);
    if (!plait__mutex_lock(&bucket->mutex)) {
        plait__release(fresh);
        return PLAIT_BROKEN;
    }
    struct entry *before = put(bucket, fresh);
    plait__mutex_unlock(&bucket->mutex);
    plait__release(before);
    return PLAIT_OK;
}

plait_status plait_contention_read(const void *object, plait_contention *out) {
    if (!object || !out) return PLAIT_INVALID;
    struct bucket *bucket = bucket_of(object);
    if (!plait__mutex_lock(&bucket->mutex)) return PLAIT_BROKEN;
    const struct entry *entry = *find(bucket, object);
    if (entry)
        *out = (plait_contention){entry->waits, (double)entry->waited / 1e9, (double)entry->longest / 1e9};
    plait__mutex_unlock(&bucket->mutex);
    return entry ? PLAIT_OK : PLAIT_INVALID;
}

plait_status plait_contention_unwatch(const void *object) {
    if (!object) return PLAIT_INVALID;
    struct bucket *bucket = bucket_of(object);
    if (!plait__mutex_lock(&bucket->mutex)) return PLAIT_BROKEN;
    struct entry **link = find(bucket, object);
    struct entry *entry = *link;
    if (entry) {
        *link = entry->next;
        plait__sub(&plait__watched, 1);
    }
    plait__mutex_unlock(&bucket->mutex);
    plait__release(entry);
    return PLAIT_OK;
}
