/* pool_memory.c - the steps of the protocol in pool_memory.h. */
#include <process/pool_memory.h>
#include <wait/shared.h>
#include <wait/spin.h>

static uint32_t entry_of(uint64_t ticket) {
    return (uint32_t)(ticket % PLAIT__CELLS);
}

/* The cell that the ring has for this ticket; whatever another process may have done to the ring, it is one. */
static struct plait__pool_cell *cell_at(struct plait__pool_memory *memory, uint64_t ticket,
                                        uint32_t *number) {
    *number = plait__load(&memory->ring[entry_of(ticket)]) % PLAIT__CELLS;
    return &memory->cells[*number];
}

static void pass(struct plait__pool_memory *memory, uint64_t head) {
    (void)plait__cas(&memory->head, &head, head + 1);
}

static bool is_queued(uint64_t word, uint64_t ticket) {
    return word == plait__cell_word(PLAIT__CELL_QUEUED, 0, ticket);
}

/* Whether anything is queued; passes over what is not any more. */
static bool anything_queued(struct plait__pool_memory *memory) {
    uint64_t head;
    while ((head = plait__load_seq(&memory->head)) != plait__load_seq(&memory->tail)) {
        uint32_t number;
        if (is_queued(plait__load_acquire(&cell_at(memory, head, &number)->word), head)) return true;
        pass(memory, head);
    }
    return false;
}

/* ---- the ring ---- */

void plait__pool_queue(struct plait__pool_memory *memory, uint32_t cell) {
    uint64_t tail = plait__load(&memory->tail);
    while (tail - plait__load_acquire(&memory->head) >= PLAIT__CELLS)
        if (anything_queued(memory)) break; /* cannot be: there are no more cells than entries */
    plait__store(&memory->ring[entry_of(tail)], cell);
    plait__store_release(&memory->cells[cell].word, plait__cell_word(PLAIT__CELL_QUEUED, 0, tail));
    (void)plait__exchange_seq(&memory->tail, tail + 1);
}

bool plait__pool_unqueue(struct plait__pool_memory *memory, uint32_t cell) {
    uint64_t *word = &memory->cells[cell].word, seen = plait__load_acquire(word);
    return plait__cell_state(seen) == PLAIT__CELL_QUEUED && plait__cas(word, &seen, PLAIT__CELL_FREE);
}

uint32_t plait__pool_queued(const struct plait__pool_memory *memory) {
    uint64_t head = plait__load_acquire(&memory->head), tail = plait__load_acquire(&memory->tail);
    return tail > head ? (uint32_t)(tail - head) : 0;
}

bool plait__pool_claim(struct plait__pool_memory *memory, uint32_t worker, uint32_t *cell) {
    uint64_t head;
    while ((head = plait__load_seq(&memory->head)) != plait__load_seq(&memory->tail)) {
        uint64_t *word = &cell_at(memory, head, cell)->word, seen = plait__load_acquire(word);
        bool mine = is_queued(seen, head) &&
                    plait__cas_seq(word, &seen, plait__cell_word(PLAIT__CELL_RUNNING, worker, head));
        pass(memory, head);
        if (mine) return true;
    }
    return false;
}

/* ---- who sleeps ---- */

static uint64_t bit_of(uint32_t worker) {
    return UINT64_C(1) << worker % 64;
}

static void set_bit(struct plait__pool_memory *memory, uint32_t worker) {
    uint64_t *word = &memory->idle[worker / 64], bits = plait__load(word);
    while (!plait__cas_seq(word, &bits, bits | bit_of(worker))) {}
}

/* Takes the worker's bit away; whether it was there. */
static bool take_bit(struct plait__pool_memory *memory, uint32_t worker) {
    uint64_t *word = &memory->idle[worker / 64];
    if (!(plait__load_seq(word) & bit_of(worker))) return false;
    return plait__and(word, ~bit_of(worker)) & bit_of(worker);
}

/* Some idle worker; false: none. */
static bool find_idle(const struct plait__pool_memory *memory, uint32_t *worker) {
    for (uint32_t i = 0; i < PLAIT__IDLE_WORDS; i++) {
        uint64_t bits = plait__load_seq(&memory->idle[i]);
        if (!bits) continue;
        *worker = i * 64 + (uint32_t)__builtin_ctzll(bits);
        return true;
    }
    return false;
}

static void wake(struct plait__pool_memory *memory, uint32_t worker) {
    uint32_t *word = &memory->slots[worker].word;
    plait__store_release(word, PLAIT__POOL_AWAKE);
    plait__wake_shared(word, 1);
}

static bool may_call(const struct plait__pool_memory *memory, uint32_t *worker) {
    return plait__load_seq(&memory->searching) == 0 && find_idle(memory, worker);
}

bool plait__pool_may_call(const struct plait__pool_memory *memory) {
    uint32_t worker;
    return may_call(memory, &worker) && plait__pool_queued(memory);
}

void plait__pool_call(struct plait__pool_memory *memory) {
    uint32_t worker, nobody;
    while (may_call(memory, &worker)) {
        nobody = 0;
        if (!plait__cas_seq(&memory->searching, &nobody, worker + 1)) return;
        if (take_bit(memory, worker)) {
            wake(memory, worker);
            return;
        }
        /* It is up already, and not on its way for us. Others have seen it there and rely on our look. */
        uint32_t mine = worker + 1;
        (void)plait__cas_seq(&memory->searching, &mine, 0);
        if (!anything_queued(memory)) return;
    }
}

/* It has arrived, or gives up. Whether it was the one on its way. */
static bool arrive(struct plait__pool_memory *memory, uint32_t worker) {
    uint32_t mine = worker + 1;
    return plait__load(&memory->searching) == mine && plait__cas_seq(&memory->searching, &mine, 0);
}

bool plait__pool_find(struct plait__pool_memory *memory, uint32_t worker, uint32_t *cell) {
    if (!plait__pool_claim(memory, worker, cell)) return false;
    if (arrive(memory, worker) && anything_queued(memory)) plait__pool_call(memory);
    return true;
}

/* At most one looks on, for about as long as a wake would take. True: there is something to do. */
bool plait__pool_linger(struct plait__pool_memory *memory, uint32_t worker) {
    struct plait__spin spin;
    uint32_t nobody = 0;
    if (plait__load(&memory->searching) != worker + 1 &&
        !plait__cas_seq(&memory->searching, &nobody, worker + 1))
        return false;
    if (!plait__spin_begin(&spin, PLAIT__SPIN_ON_SHARED)) return false;
    do {
        if (plait__load_acquire(&memory->tail) != plait__load(&memory->head)) return true;
    } while (plait__spin_again(&spin));
    return false;
}

static bool must_leave(const struct plait__pool_slot *slot) {
    return plait__load_seq(&slot->leave);
}

void plait__pool_rest(struct plait__pool_memory *memory, uint32_t worker) {
    struct plait__pool_slot *slot = &memory->slots[worker];
    plait__store_release(&slot->word, PLAIT__POOL_ASLEEP);
    set_bit(memory, worker);
    (void)arrive(memory, worker);
    if (!anything_queued(memory) && !must_leave(slot)) {
        struct plait__waiter waiter;
        plait__waiter_init(&waiter, "process pool", memory);
        waiter.looked = true;
        (void)plait__wait_beside(&waiter, &slot->word, PLAIT__POOL_ASLEEP, PLAIT_FOREVER, false);
    }
    (void)take_bit(memory, worker);
}

void plait__pool_leave(struct plait__pool_memory *memory, uint32_t worker) {
    if (arrive(memory, worker) && anything_queued(memory)) plait__pool_call(memory);
}

void plait__pool_bury(struct plait__pool_memory *memory, uint32_t worker) {
    (void)take_bit(memory, worker);
    uint32_t dead = worker + 1;
    (void)plait__cas_seq(&memory->searching, &dead, 0);
}

void plait__pool_wake_all(struct plait__pool_memory *memory, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        (void)take_bit(memory, i);
        wake(memory, i);
    }
}

/* ---- the finished list ---- */

void plait__pool_done(struct plait__pool_memory *memory, uint32_t cell) {
    uint64_t *word = &memory->cells[cell].word, seen = plait__load(word);
    plait__store_release(
        word, plait__cell_word(PLAIT__CELL_DONE, plait__cell_worker(seen), plait__cell_ticket(seen)));
}

bool plait__pool_push(struct plait__pool_memory *memory, uint32_t cell) {
    uint32_t *list = &memory->finished, next = plait__load(list);
    do plait__store(&memory->cells[cell].next, next);
    while (!plait__cas_seq(list, &next, cell + 1));
    if (next) return false;
    uint32_t seat = plait__load_seq(&memory->seat);
    if (seat == PLAIT__SEAT_ASLEEP) plait__wake_shared(list, 1);
    return seat == PLAIT__SEAT_EMPTY;
}

bool plait__pool_must_ring(struct plait__pool_memory *memory) {
    return plait__load_seq(&memory->finished) && plait__load_seq(&memory->seat) == PLAIT__SEAT_EMPTY &&
           !plait__load_seq(&memory->rung) && !plait__exchange_seq(&memory->rung, 1);
}

uint32_t plait__pool_take_finished(struct plait__pool_memory *memory) {
    return plait__load(&memory->finished) ? plait__exchange_seq(&memory->finished, 0) : 0;
}
