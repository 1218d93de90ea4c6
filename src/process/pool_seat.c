/* pool_seat.c - a thread that waits for something in a pool of processes collects for all; see pool_memory.h.
 *
 * Who waits for a result sits down, if the seat is free: it sleeps on the finished list's word itself, so a worker's push
 * wakes it and nobody else, and a task costs one wake for each direction. It stands in the parking table as well, like any
 * who waits for a future, for its own may be made done by others: a cancel, the keeper. Others who wait meanwhile only
 * park; who sits makes their futures done, too. When it has what it waited for it gets up, and if more has been finished
 * it rings for the keeper.
 */
#include <process/pool.h>
#include <wait/parking.h>
#include <wait/shared.h>
#include <wait/spin.h>

/* What a thread waits for. */
struct wish {
    const char *kind;
    const void *address;
    bool (*over)(const void *context);
    const void *context;
    plait_deadline deadline;
    bool cancellable;
};

static bool sit_down(struct plait__process_pool *pool) {
    uint32_t seat = PLAIT__SEAT_EMPTY;
    return plait__load(&pool->memory->seat) == PLAIT__SEAT_EMPTY &&
           plait__cas_seq(&pool->memory->seat, &seat, PLAIT__SEAT_LOOKING);
}

static void get_up(struct plait__process_pool *pool) {
    (void)plait__exchange_seq(&pool->memory->seat, PLAIT__SEAT_EMPTY);
    if (plait__load_seq(&pool->memory->finished)) plait__keeper_ring(pool);
}

/* While it is seen to look, a push needs no system call. Mostly a worker had to be woken first, so it looks for as long as
 * two wakes take. */
static void look_on(const struct plait__pool_memory *memory) {
    struct plait__spin spin;
    if (!plait__spin_begin(&spin, PLAIT__SPIN_ON_SHARED)) return;
    spin.end += plait__spin_wake_cost();
    while (!plait__load_acquire(&memory->finished) && plait__spin_again(&spin)) {}
}

static bool is_over(const struct wish *wish) {
    struct plait__wait_list *list = plait__parking(wish->address);
    plait__mutex_lock(&list->mutex);
    bool over = wish->over(wish->context);
    plait__mutex_unlock(&list->mutex);
    return over;
}

/* Until something is finished, or the wish is over: then PLAIT_OK. */
static plait_status sleep_seated(struct plait__process_pool *pool, const struct wish *wish) {
    struct plait__pool_memory *memory = pool->memory;
    struct plait__wait_list *list = plait__parking(wish->address);
    struct plait__waiter waiter;
    struct plait__node node;
    plait__waiter_init(&waiter, wish->kind, wish->address);
    plait__node_init(&node, &waiter, wish->address, 0);
    waiter.looked = true;
    plait__mutex_lock(&list->mutex);
    bool over = wish->over(wish->context);
    if (!over) plait__list_append(&list->nodes, &node.link);
    plait__mutex_unlock(&list->mutex);
    if (over) return PLAIT_OK;
    (void)plait__exchange_seq(&memory->seat, PLAIT__SEAT_ASLEEP);
    uint32_t claim = PLAIT__LOOK;
    if (!plait__load_seq(&memory->finished))
        claim = plait__wait_beside(&waiter, &memory->finished, 0, wish->deadline, wish->cancellable);
    plait__store_seq(&memory->seat, PLAIT__SEAT_LOOKING);
    plait__mutex_lock(&list->mutex);
    if (plait__linked(&node.link)) plait__list_remove(&node.link);
    plait__mutex_unlock(&list->mutex);
    return plait__claim_status(claim);
}

/* For one who never sleeps because there is always something to collect for others. */
static plait_status must_end(const struct wish *wish) {
    if (wish->cancellable && plait_cancelled()) return PLAIT_CANCELLED;
    return plait_passed(wish->deadline) ? PLAIT_TIMEOUT : PLAIT_OK;
}

static plait_status sit(struct plait__process_pool *pool, const struct wish *wish) {
    plait_status status = PLAIT_OK;
    while (true) {
        if (!plait__load(&pool->memory->finished)) look_on(pool->memory);
        bool some = plait__process_pool_collect(pool, PLAIT__A_SITTER);
        if (some && is_over(wish)) return PLAIT_OK;
        if (some && status == PLAIT_OK) status = must_end(wish);
        if (status != PLAIT_OK) return is_over(wish) ? PLAIT_OK : status;
        if (some) continue;
        status = sleep_seated(pool, wish);
        if (status == PLAIT_OK && is_over(wish)) return PLAIT_OK;
    }
}

static plait_status park(const struct wish *wish) {
    struct plait__wait_list *list = plait__parking(wish->address);
    struct plait__park how = {
        .kind = wish->kind, .deadline = wish->deadline, .flags = wish->cancellable ? PLAIT__CANCELLABLE : 0};
    while (true) {
        plait__mutex_lock(&list->mutex);
        if (wish->over(wish->context)) break;
        uint32_t claim = plait__park(list, wish->address, &how);
        if (!plait__claimed_node(claim)) return is_over(wish) ? PLAIT_OK : plait__claim_status(claim);
    }
    plait__mutex_unlock(&list->mutex);
    return PLAIT_OK;
}

plait_status plait__process_pool_wait(struct plait__process_pool *pool, const char *kind, const void *address,
                                      bool (*over)(const void *context), const void *context,
                                      plait_deadline deadline, bool cancellable) {
    struct wish wish = {kind, address, over, context, deadline, cancellable};
    if (pool->generation != plait__generation()) return PLAIT_BROKEN;
    if (!sit_down(pool)) return park(&wish);
    struct plait__self *self = plait__self();
    plait__wait_enter(self);
    plait_status status = sit(pool, &wish);
    plait__wait_leave(self);
    get_up(pool);
    return status;
}

/* A worker that is woken may get the caller's CPU at once, and be done before the caller goes on to wait for the result. So
 * the caller sits for so long, and takes what has come, or the worker would ring for the keeper. */
void plait__process_pool_call(struct plait__process_pool *pool) {
    bool seated = sit_down(pool);
    plait__pool_call(pool->memory);
    if (!seated) return;
    (void)plait__process_pool_collect(pool, PLAIT__A_SITTER);
    get_up(pool);
}

/* ---- futures ---- */

/* The second look acquires what being done means. */
static bool is_done(const void *context) {
    plait_future *future = (plait_future *)(uintptr_t)context;
    return !plait__future_announce(future) && plait__future_phase(future) == PLAIT__DONE;
}

static plait_status wait_for(plait_future *future, plait_deadline deadline) {
    struct plait__process_pool *pool = plait__process_pool_find(future->pool);
    if (!pool) return plait__future_park(future, deadline); /* it is about to be done */
    plait_status status = plait__process_pool_wait(pool, "future", future, is_done, future, deadline, true);
    plait__process_pool_drop(pool);
    return status;
}

static bool cancel(plait_future *future) {
    struct plait__process_pool *pool = plait__process_pool_find(future->pool);
    if (!pool) return false;
    bool cancelled = plait__process_pool_cancel(pool, future);
    plait__process_pool_drop(pool);
    return cancelled;
}

static bool has_begun(const plait_future *future) {
    struct plait__process_pool *pool = plait__process_pool_find(future->pool);
    if (!pool) return false;
    bool begun = plait__process_pool_has_begun(pool, future);
    plait__process_pool_drop(pool);
    return begun;
}

void plait__process_pool_hook(void) {
    static const struct plait__remote hooks = {wait_for, cancel, has_begun};
    plait__store_release(&plait__remote, &hooks);
}
