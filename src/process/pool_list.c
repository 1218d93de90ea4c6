/* pool_list.c - the list of all pools of processes: how a pool is found by a future, which only knows its address, and by
 * whoever cancels.
 *
 * A future may outlive its pool. Who wants to use the pool looks for its address here and takes a reference under the list's
 * mutex; the last reference goes under it, together with the pool's place. So what is found lives.
 */
#include <base/memory.h>
#include <base/os_file.h>
#include <process/pool.h>
#include <wait/token.h>

static struct plait__mutex mutex;
static struct plait__list pools;

static struct plait__process_pool *first(void) {
    struct plait__link *link = plait__list_first(&pools);
    return link ? plait__of_link(link, struct plait__process_pool, listed) : NULL;
}

static struct plait__process_pool *after(struct plait__process_pool *pool) {
    struct plait__link *link = plait__list_after(&pools, &pool->listed);
    return link ? plait__of_link(link, struct plait__process_pool, listed) : NULL;
}

struct plait__process_pool *plait__process_pool_find(const plait_pool *pool) {
    if (!plait__mutex_lock(&mutex)) return NULL; /* a fork while it was held */
    struct plait__process_pool *found = first();
    while (found && &found->pool != pool) found = after(found);
    if (found) plait__add_relaxed(&found->references, 1);
    plait__mutex_unlock(&mutex);
    return found;
}

static void end(struct plait__process_pool *pool) {
    plait__os_unmap(pool->memory, sizeof *pool->memory);
    plait__os_close(pool->file);
    plait__os_close(pool->bell);
    plait__release(pool->pool.words);
    plait__release(pool->name);
    plait__release(pool->cases);
    plait__release(pool);
}

void plait__process_pool_drop(struct plait__process_pool *pool) {
    uint32_t references = plait__load(&pool->references);
    while (references > 1)
        if (plait__cas(&pool->references, &references, references - 1)) return;
    if (!plait__mutex_lock(&mutex)) return;
    bool last = plait__sub(&pool->references, 1) == 1;
    if (last && plait__linked(&pool->listed)) plait__list_remove(&pool->listed);
    plait__mutex_unlock(&mutex);
    if (last) end(pool);
}

/* Perhaps with a lock of the parking table held. */
static void tell_keepers(void) {
    if (!plait__mutex_lock(&mutex)) return;
    for (struct plait__process_pool *pool = first(); pool; pool = after(pool)) {
        if (pool->generation != plait__generation()) continue;
        plait__store_seq(&pool->look_at_tokens, true);
        plait__keeper_ring(pool);
    }
    plait__mutex_unlock(&mutex);
}

void plait__process_pool_list(struct plait__process_pool *pool) {
    (void)plait__mutex_lock(&mutex);
    plait__list_append(&pools, &pool->listed);
    plait__mutex_unlock(&mutex);
    plait__store_release(&plait__cancelled_elsewhere, tell_keepers);
}

void plait__process_pool_unlist(struct plait__process_pool *pool) {
    (void)plait__mutex_lock(&mutex);
    plait__list_remove(&pool->listed);
    plait__mutex_unlock(&mutex);
}
