/* cells.c - blocks kept per thread, and the depot between the threads; what for stands in cells.h. */
#include <base/memory.h>
#include <wait/cells.h>
#include <wait/fork.h>
#include <wait/mutex.h>

/* A block is as large as malloc can make it with HEADER bytes of its own, and STEP bytes with them. */
enum { STEP = 32, HEADER = 8, LARGEST = STEP * PLAIT__CELL_CLASSES - HEADER, BATCH = 32, LIMIT = 2 << 20 };

/* A free block. */
struct plait__cell {
    struct plait__cell *next;  /* of the same batch */
    struct plait__cell *batch; /* the next batch, in the first block of each batch in a depot */
};

static struct depot {
    _Alignas(64) struct plait__mutex mutex;
    uint32_t count;              /* of batches */
    struct plait__cell *batches; /* written under the mutex; an empty depot is seen without it */
} depots[PLAIT__CELL_CLASSES];

static size_t class_of(size_t size) {
    return size ? (size + HEADER - 1) / STEP : 0;
}

static bool is_kept(size_t size) {
    return PLAIT__CELLS_KEPT && size <= LARGEST && !plait__memory_replaced;
}

static void release_all(struct plait__cell *cell) {
    for (struct plait__cell *next; cell; cell = next) {
        next = cell->next;
        plait__release(cell);
    }
}

static struct plait__cell *depot_take(struct depot *depot) {
    if (!plait__load(&depot->batches)) return NULL;
    plait__mutex_lock(&depot->mutex);
    struct plait__cell *batch = depot->batches;
    if (batch) {
        plait__store(&depot->batches, batch->batch);
        depot->count--;
    }
    plait__mutex_unlock(&depot->mutex);
    return batch;
}

static void depot_put(struct depot *depot, struct plait__cell *batch, size_t limit) {
    plait__mutex_lock(&depot->mutex);
    bool full = depot->count >= limit;
    if (!full) {
        batch->batch = depot->batches;
        plait__store(&depot->batches, batch);
        depot->count++;
    }
    plait__mutex_unlock(&depot->mutex);
    if (full) release_all(batch);
}

static void put_batch(size_t class, struct plait__cell *batch) {
    depot_put(&depots[class], batch, LIMIT / ((class + 1) * STEP * BATCH));
}

static void fetch_batch(struct plait__cells *kept, size_t class) {
    kept->loaded = kept->spare ? kept->spare : depot_take(&depots[class]);
    kept->spare = NULL;
    if (kept->loaded) kept->count = BATCH;
}

void *plait__cell_take(size_t size) {
    if (!is_kept(size)) return plait__allocate_unset(size);
    size_t class = class_of(size);
    struct plait__cells *kept = &plait__self()->cells[class];
    if (plait__unlikely(!kept->loaded)) {
        fetch_batch(kept, class);
        if (!kept->loaded) return plait__allocate_unset((class + 1) * STEP - HEADER);
    }
    struct plait__cell *cell = kept->loaded;
    kept->loaded = cell->next;
    kept->count--;
    __builtin_prefetch(kept->loaded, 1); /* another thread may have written to it last */
    __builtin_prefetch((char *)kept->loaded + 64, 1);
    return cell;
}

void plait__cell_give(void *memory, size_t size) {
    if (!memory) return;
    struct plait__self *self = plait__self();
    if (!is_kept(size) || !self->keeps_cells) {
        plait__release(memory);
        return;
    }
    size_t class = class_of(size);
    struct plait__cells *kept = &self->cells[class];
    struct plait__cell *cell = memory;
    if (plait__unlikely(kept->count == BATCH)) {
        if (kept->spare) put_batch(class, kept->spare);
        kept->spare = kept->loaded;
        kept->loaded = NULL;
        kept->count = 0;
    }
    cell->next = kept->loaded;
    kept->loaded = cell;
    kept->count++;
}

void plait__cells_end(struct plait__self *self) {
    self->keeps_cells = false;
    for (size_t class = 0; class < PLAIT__CELL_CLASSES; class ++) {
        struct plait__cells *kept = &self->cells[class];
        if (kept->spare) put_batch(class, kept->spare);
        release_all(kept->loaded);
        *kept = (struct plait__cells){0};
    }
}

void plait__cells_flush(void) {
    for (size_t class = 0; class < PLAIT__CELL_CLASSES; class ++) {
        struct plait__cells *kept = &plait__self()->cells[class];
        release_all(kept->loaded);
        release_all(kept->spare);
        *kept = (struct plait__cells){0};
        struct plait__cell *batch;
        while ((batch = depot_take(&depots[class])) != NULL) release_all(batch);
    }
}

void plait__cells_after_fork(void) {
    for (size_t class = 0; class < PLAIT__CELL_CLASSES; class ++) depots[class] = (struct depot){0};
}
