/* imap.c - making an imap, reading its input, giving out its results; who runs it stands in imap_work.c and
 * imap.h. */
#include <base/memory.h>
#include <base/status.h>
#include <pool/imap.h>
#include <pool/map.h>
#include <string.h>
#include <thread/task_frame.h>
#include <wait/token.h>

enum {
    ALIGNMENT = 16,
    CHUNK_US = 20,
    GROWTH = 8,
    MOST_IN_CHUNK = 256,
    BYTES_IN_CHUNK = 16384,
    MOST_SLOTS = 512
};

/* ---- making one ---- */

static size_t aligned(size_t size) {
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* How many slots, and items in each. */
struct plan {
    size_t slots, room;
};

static size_t at_most(size_t number, size_t most) {
    return number < most ? number : most;
}

static size_t at_least(size_t number, size_t least) {
    return number > least ? number : least;
}

/* With a read-ahead it must be possible to reach it one by one, for slow items; else two chunks for each
 * worker, and two for the consumer. */
static struct plan make_plan(const plait_imap *imap, size_t item_size) {
    const plait_imap_options *options = &imap->options;
    size_t shares = 2 * ((size_t)imap->workers + 1),
           limit = at_least(at_most(options->read_ahead, imap->left), 1);
    size_t room = at_least(at_most(MOST_IN_CHUNK, BYTES_IN_CHUNK / item_size), 1);
    if (!options->read_ahead) {
        room = at_most(room, imap->left / shares + 1);
        if (options->chunk) room = at_least(at_most(options->chunk, imap->left), 1);
        return (struct plan){at_most(shares, MOST_SLOTS), room};
    }
    if (options->chunk)
        room = at_most(options->chunk, limit);
    else
        room = at_most(room, limit / shares + 1);
    return (struct plan){at_most(options->chunk ? limit / room + (limit % room != 0) : limit, MOST_SLOTS),
                         room};
}

/* An item has failed, in whatever thread runs the slot; takes over the message. */
static void item_failed(struct plait__range *range, size_t item, plait_status status, char *message) {
    struct plait__imap_slot *slot = plait__of_link(range, struct plait__imap_slot, range);
    if (!slot->failed) memset(slot->failures, 0, slot->count * sizeof *slot->failures);
    slot->failed = true;
    slot->failures[item] = (struct plait__imap_failure){status, message};
}

static void lay_out(plait_imap *imap, const struct plan *plan, char *room, size_t item_size) {
    struct plait__imap_slot *slots = (struct plait__imap_slot *)(void *)room;
    room += aligned(plan->slots * sizeof *slots);
    for (size_t i = 0; i < plan->slots; i++) {
        struct plait__imap_slot *slot = &slots[i];
        slot->imap = imap;
        slot->failures = (struct plait__imap_failure *)(void *)room;
        room += aligned(plan->room * sizeof *slot->failures);
        slot->items = room;
        room += aligned(plan->room * item_size);
        slot->range = (struct plait__range){imap->task, slot->columns, room, item_failed};
        room += aligned(plan->room * imap->task->result_size);
        plait__list_append(&imap->free, &slot->link);
    }
}

static plait_imap *fail(plait_status status) {
    plait__set_last_error(status);
    return NULL;
}

/* `like` has what the caller wants; item_size is of items that a function supplies. */
static plait_imap *make(const plait_imap *like, size_t item_size) {
    size_t each = item_size + like->task->result_size + sizeof(struct plait__imap_failure);
    struct plan plan = make_plan(like, each);
    if (plan.room > PTRDIFF_MAX / each / MOST_SLOTS / 2) return fail(PLAIT_NO_MEMORY);
    /* Far away its items are stopped by a token of its own when it is freed. */
    plait_token *token = like->far ? plait_token_new(NULL, PLAIT_FOREVER)
                                   : plait__token_keep(plait_token_current());
    if (like->far && !token) return NULL;
    size_t slot_size = sizeof(struct plait__imap_slot) + aligned(plan.room * item_size) +
                       aligned(plan.room * like->task->result_size) +
                       aligned(plan.room * sizeof(struct plait__imap_failure));
    plait_imap *imap = plait__allocate(aligned(sizeof *imap) + plan.slots * slot_size + ALIGNMENT);
    if (!imap) {
        plait_token_free(token);
        return NULL;
    }
    *imap = *like;
    imap->references = 1;
    imap->generation = plait__generation();
    imap->token = token;
    imap->shielded = plait__self()->shields;
    imap->room = plan.room;
    imap->chunk = imap->options.chunk ? plan.room : 1;
    imap->told_index = SIZE_MAX;
    if (!imap->options.read_ahead) imap->options.read_ahead = SIZE_MAX;
    lay_out(imap, &plan, (char *)imap + aligned(sizeof *imap), item_size);
    return imap;
}

static plait_imap begin(plait_pool *pool, const plait_imap_options *options, const plait_task *task) {
    plait_imap like = {.pool = pool,
                       .task = task,
                       .workers = pool->operations->workers(pool),
                       .far = pool->operations->chunk != NULL};
    if (options) like.options = *options;
    return like;
}

plait_imap *plait_pool_imap(plait_pool *pool, const plait_imap_options *options, const plait_task *task,
                            const void *columns, size_t n) {
    if (!plait__map_makes_sense(pool, task, columns, n) || task->count > PLAIT__IMAP_COLUMNS)
        return fail(PLAIT_INVALID);
    plait_imap like = begin(pool, options, task);
    like.left = n;
    if (task->count) memcpy(like.columns, plait__columns_in(columns), task->count * sizeof(plait_column));
    return make(&like, 0);
}

plait_imap *plait_pool_imap_from(plait_pool *pool, const plait_imap_options *options, const plait_task *task,
                                 bool (*next)(void *item, void *context), void *context) {
    static const plait_column from_function;
    if (!next || !plait__map_makes_sense(pool, task, &from_function, 0) || task->count != 1)
        return fail(PLAIT_INVALID);
    plait_imap like = begin(pool, options, task);
    like.left = SIZE_MAX;
    like.next = next;
    like.context = context;
    return make(&like, task->parameters[0].size);
}

/* ---- reading ---- */

/* Up to so many items; the slot has fewer if the input ends. */
static void read_items(plait_imap *imap, struct plait__imap_slot *slot, size_t most) {
    size_t size = imap->task->parameters[0].size;
    slot->columns[0] = (plait_column){slot->items, size};
    for (slot->count = 0; slot->count < most; slot->count++)
        if (!imap->next(slot->items + slot->count * size, imap->context)) {
            imap->left = 0;
            return;
        }
}

static void take_items(plait_imap *imap, struct plait__imap_slot *slot, size_t most) {
    slot->count = at_most(most, imap->left);
    imap->left -= slot->count;
    for (uint32_t i = 0; i < imap->task->count; i++)
        slot->columns[i] = (plait_column){plait__cell(&imap->columns[i], imap->read),
                                          imap->columns[i].stride};
}

/* False: the input has ended, the read-ahead is reached, or all slots are full. */
static bool read_chunk(plait_imap *imap) {
    struct plait__link *link = plait__list_first(&imap->free);
    if (!link || !imap->left || imap->ahead >= imap->options.read_ahead) return false;
    struct plait__imap_slot *slot = plait__of_link(link, struct plait__imap_slot, link);
    size_t most = at_most(imap->chunk, imap->options.read_ahead - imap->ahead);
    slot->first = imap->read;
    if (imap->next)
        read_items(imap, slot, most);
    else
        take_items(imap, slot, most);
    if (!slot->count) return false;
    imap->read += slot->count;
    imap->ahead += slot->count;
    plait__list_remove(link);
    plait__imap_put(imap, slot);
    return true;
}

/* All that may be read; but a function that takes its time is not called again when the wanted slot is there,
 * once one chunk has been read. */
static void read_ahead(plait_imap *imap) {
    uint64_t begun = plait__os_ticks(), patience = CHUNK_US * plait__os_ticks_per_us();
    while (read_chunk(imap))
        if (imap->next && plait__os_ticks() - begun > patience && plait__imap_ready(imap)) return;
}

/* ---- giving out ---- */

/* Chunks of items that take long have one, others so many that taking one is worth it. */
static void adapt(plait_imap *imap, const struct plait__imap_slot *slot) {
    uint64_t most = CHUNK_US * plait__os_ticks_per_us();
    imap->each = slot->ticks / slot->count + 1;
    if (imap->options.chunk) return;
    size_t chunk = slot->ticks < most / GROWTH ? slot->count * GROWTH : (size_t)(most / imap->each);
    imap->chunk = at_most(at_least(chunk, 1), imap->room);
}

/* What a result from another process points at is the consumer's, or nobody's. */
static void destroy_far(const plait_imap *imap, void *result) {
    if (imap->task->result_kind == PLAIT_KIND_STRING)
        plait__release(plait__take_back(*(void **)result));
    else if (imap->task->result_kind == PLAIT_KIND_BYTES)
        plait__release(plait__take_back((void *)(uintptr_t)((plait_bytes *)result)->data));
}

static void destroy(plait_imap *imap, struct plait__imap_slot *slot, size_t item) {
    void *result = slot->range.out + item * imap->task->result_size;
    if (imap->options.destroy)
        imap->options.destroy(result, imap->options.context);
    else if (imap->far)
        destroy_far(imap, result);
}

static plait_status give(plait_imap *imap, struct plait__imap_slot *slot, size_t item, void *out) {
    size_t size = imap->task->result_size;
    imap->ahead--;
    imap->told_index = slot->first + item;
    if (plait__unlikely(slot->failed)) {
        imap->told_status = slot->failures[item].status;
        imap->told_message = slot->failures[item].message;
        if (imap->told_status != PLAIT_OK) return imap->told_status;
    }
    if (out)
        memcpy(out, slot->range.out + item * size, size);
    else
        destroy(imap, slot, item);
    return PLAIT_OK;
}

/* The current slot's results have all been given out. */
static void retire(plait_imap *imap) {
    struct plait__imap_slot *slot = imap->current;
    imap->current = NULL;
    adapt(imap, slot);
    plait__list_prepend(&imap->free, &slot->link);
}

static void forget_told(plait_imap *imap) {
    plait__release(imap->told_message);
    imap->told_message = NULL;
    imap->told_status = PLAIT_OK;
    imap->told_index = SIZE_MAX;
}

plait_status plait_imap_next_sized(plait_imap *imap, void *out, size_t size, plait_deadline deadline) {
    if (!imap) return PLAIT_INVALID;
    forget_told(imap);
    if (out && size && size != imap->task->result_size) return PLAIT_INVALID;
    if (imap->generation != plait__generation()) return PLAIT_BROKEN;
    if (!imap->current) {
        read_ahead(imap);
        if (!imap->ahead) return PLAIT_EMPTY;
        plait_status status = plait__imap_await(imap, deadline, &imap->current);
        if (status != PLAIT_OK) return status;
        imap->at = 0;
    }
    plait_status status = give(imap, imap->current, imap->at++, out);
    if (imap->at == imap->current->count) retire(imap);
    return status;
}

const char *plait_imap_message(const plait_imap *imap, size_t *index) {
    if (index) *index = imap ? imap->told_index : SIZE_MAX;
    if (!imap || imap->told_status == PLAIT_OK) return "";
    return plait__failure_words(imap->told_status, imap->told_message);
}

/* ---- the end ---- */

/* Nobody will take what is left in this slot, from this item on. */
static void discard(plait_imap *imap, struct plait__imap_slot *slot, size_t item) {
    for (; item < slot->count; item++) {
        struct plait__imap_failure none = {0}, *failure = slot->failed ? &slot->failures[item] : &none;
        if (failure->status == PLAIT_OK)
            destroy(imap, slot, item);
        else if (failure->status != PLAIT_CANCELLED)
            plait__failure_unread(failure->status, failure->message, imap->task->name, "(imap)");
        plait__release(failure->message);
    }
}

static void discard_all(plait_imap *imap) {
    if (imap->current) discard(imap, imap->current, imap->at);
    struct plait__link *link = plait__list_first(&imap->out);
    for (; link; link = plait__list_after(&imap->out, link)) {
        struct plait__imap_slot *slot = plait__of_link(link, struct plait__imap_slot, out);
        if (slot->done) discard(imap, slot, 0);
    }
}

void plait_imap_free(plait_imap *imap) {
    if (!imap) return;
    if (imap->generation == plait__generation()) {
        plait__imap_stop(imap);
        discard_all(imap);
        plait__imap_drop(imap);
    }
}
