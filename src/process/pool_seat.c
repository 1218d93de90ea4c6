/* pool_seat.c - a thread that waits for something in a pool of processes collects for all; see pool_memory.h.
 *
 * Who waits for a result sits down, if the seat is free: it sleeps on the finished list's word itself, so a worker's push
 * wakes it and nobody else, and a task costs one wake for each direction. It stands in the parking table as well, like any
 * who waits for a future, for its own may be made done by others: a cancel, the keeper. Others who wait meanwhile
 * stand: who sits makes their futures done, too. When it has what it waited for it gets up, rings for the keeper if more
 * has been finished, and gives the seat to one of those who stand: the keeper may be busy with somebody's callback for a
 * long time.
 *
 * Who stands has two nodes: one at the address, and one on the pool's list of those who stand, under the pool's mutex. It
 * counts itself in `standing` and then looks at the seat, and whoever leaves the seat empties it and then looks at
 * `standing`, all sequentially consistent: so it either sees that the seat is free, or is seen. A claim by the second node
 * is an offer of the seat; who has it and does not want it any more offers it to the next.
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

/* The seat is free: one of those who stand may have it. */
static void offer_seat(struct plait__process_pool *pool) {
    struct plait__wakes wakes;
    struct plait__link *link;
    bool taken = false;
    wakes.count = 0;
    if (!plait__load_seq(&pool->standing) || !plait__process_pool_lock(pool)) return;
    while (!taken && (link = plait__list_first(&pool->standers)) != NULL)
        taken = plait__claim(plait__of_link(link, struct plait__node, link), 0, &wakes);
    plait__mutex_unlock(&pool->mutex);
    plait__wakes_send(&wakes);
}

static void get_up(struct plait__process_pool *pool) {
    (void)plait__exchange_seq(&pool->memory->seat, PLAIT__SEAT_EMPTY);
    if (plait__load_seq(&pool->memory->finished)) plait__keeper_ring(pool);
    offer_seat(pool);
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

/* Under the pool's mutex, which all who change the number hold. */
static void count_standing(struct plait__process_pool *pool, int more) {
    plait__store_seq(&pool->standing, plait__load(&pool->standing) + (uint32_t)more);
}

/* Until the wish is over, or the seat is free: then PLAIT_OK. */
static plait_status stand(struct plait__process_pool *pool, const struct wish *wish) {
    struct plait__wait_list *list = plait__parking(wish->address);
    struct plait__waiter waiter;
    struct plait__node parked, standing;
    plait__waiter_init(&waiter, wish->kind, wish->address);
    plait__node_init(&parked, &waiter, wish->address, 0);
    plait__node_init(&standing, &waiter, pool, 1);
    plait__mutex_lock(&list->mutex);
    bool over = wish->over(wish->context);
    if (!over) plait__list_append(&list->nodes, &parked.link);
    plait__mutex_unlock(&list->mutex);
    if (over) return PLAIT_OK;
    plait__mutex_lock(&pool->mutex);
    plait__list_append(&pool->standers, &standing.link);
    count_standing(pool, 1);
    plait__mutex_unlock(&pool->mutex);
    uint32_t claim = PLAIT__LOOK;
    if (plait__load_seq(&pool->memory->seat) != PLAIT__SEAT_EMPTY)
        claim = plait__wait(&waiter, wish->deadline, wish->cancellable);
    plait__mutex_lock(&list->mutex);
    if (plait__linked(&parked.link)) plait__list_remove(&parked.link);
    plait__mutex_unlock(&list->mutex);
    plait__mutex_lock(&pool->mutex);
    if (plait__linked(&standing.link)) plait__list_remove(&standing.link);
    count_standing(pool, -1);
    plait__mutex_unlock(&pool->mutex);
    return plait__claim_status(claim);
}

static plait_status sit_and_get_up(struct plait__process_pool *pool, const struct wish *wish) {
    struct plait__self *self = plait__self();
    plait__wait_enter(self);
    plait_status status = sit(pool, wish);
    plait__wait_leave(self);
    get_up(pool);
    return status;
}

plait_status plait__process_pool_wait(struct plait__process_pool *pool, const char *kind, const void *address,
                                      bool (*over)(const void *context), const void *context,
                                      plait_deadline deadline, bool cancellable) {
    struct wish wish = {kind, address, over, context, deadline, cancellable};
    if (pool->generation != plait__generation()) return PLAIT_BROKEN;
    while (!sit_down(pool)) {
        plait_status status = stand(pool, &wish);
        bool is = is_over(&wish);
        if (!is && status == PLAIT_OK) continue;
        if (plait__load_seq(&pool->memory->seat) == PLAIT__SEAT_EMPTY) offer_seat(pool);
        return is ? PLAIT_OK : status;
    }
    return sit_and_get_up(pool, &wish);
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
