/* Updates that get lost, and other steps that only look like one: counters, accounts, an initialisation, a stack. */
#include "program.h"

/* ---- a counter ---- */

static plait_lock lock;
static int counter;

PLAIT_TASK(void, count_one, (bool, right)) {
    if (right) plait_lock_acquire(&lock);
    int before = plait_read(counter);
    plait_write(counter) = before + 1;
    if (right) plait_lock_release(&lock);
}

static void count(void *arg) {
    const struct variant *is = arg;
    lock = (plait_lock)PLAIT_LOCK_INIT;
    counter = 0;
    plait_thread *one = plait_start(count_one, is->right), *other = plait_start(count_one, is->right);
    finish(one);
    finish(other);
    plait_check_that(counter == 2);
}

FINDS(a_counter_without_a_lock_is_a_race, count, PLAIT_CHECK_RACE, .words = {"counter"})
PASSES(a_counter_under_a_lock, count, .options = {.strategy = PLAIT_CHECK_DFS})

/* The same in atomic steps: not a race any more, and as wrong. */
static _Atomic int atomic_counter;

PLAIT_TASK(void, count_one_in_steps, (bool, right)) {
    if (right) {
        atomic_fetch_add(&plait_write(atomic_counter), 1);
    } else {
        int before = plait_read(atomic_counter);
        plait_write(atomic_counter) = before + 1;
    }
}

static void count_in_steps(void *arg) {
    const struct variant *is = arg;
    plait_thread *threads[8];
    atomic_counter = 0;
    for (int i = 0; i < is->n; i++) threads[i] = plait_start(count_one_in_steps, is->right);
    for (int i = 0; i < is->n; i++) finish(threads[i]);
    plait_check_that(atomic_counter == is->n);
}

FINDS(a_counter_loses_an_update, count_in_steps, PLAIT_CHECK_ASSERTION, .words = {"atomic_counter == is->n"},
      .n = 2)
FINDS(a_counter_of_eight_loses_an_update, count_in_steps, PLAIT_CHECK_ASSERTION, .n = 8)
PASSES(a_counter_in_one_step, count_in_steps, .n = 2, .options = {.strategy = PLAIT_CHECK_DFS, .bound = 3})
PASSES(a_counter_of_eight_in_one_step, count_in_steps, .n = 8, .options = {.schedules = 2000})

/* ---- accounts: each step is under a lock, but between two of them the balance changes ---- */

static struct account {
    plait_lock lock;
    int balance;
} accounts[2];

static int balance_of(struct account *account) {
    plait_hold(&account->lock);
    return plait_read(account->balance);
}

static void add_to(struct account *account, int amount) {
    plait_hold(&account->lock);
    plait_write(account->balance) = plait_read(account->balance) + amount;
}

PLAIT_TASK(void, withdraw, (bool, right), (int, amount)) {
    if (!right) {
        if (balance_of(&accounts[0]) >= amount) add_to(&accounts[0], -amount);
        return;
    }
    plait_hold(&accounts[0].lock);
    if (plait_read(accounts[0].balance) >= amount) plait_write(accounts[0].balance) -= amount;
}

static void open_accounts(void) {
    for (int i = 0; i < 2; i++) accounts[i] = (struct account){PLAIT_LOCK_INIT, 100};
}

static void two_withdrawals(void *arg) {
    const struct variant *is = arg;
    open_accounts();
    plait_thread *one = plait_start(withdraw, is->right, 70), *other = plait_start(withdraw, is->right, 60);
    finish(one);
    finish(other);
    plait_check_that(accounts[0].balance >= 0);
}

FINDS(an_account_is_overdrawn, two_withdrawals, PLAIT_CHECK_ASSERTION,
      .words = {"accounts[0].balance >= 0", "withdraw"})
PASSES(an_account_is_not_overdrawn, two_withdrawals, .options = {.strategy = PLAIT_CHECK_DFS})

/* A transfer takes both locks: in the order of its arguments, or always the same one first. */
PLAIT_TASK(void, transfer, (bool, right), (int, from), (int, to), (int, amount)) {
    int first = right && to < from ? to : from;
    plait_hold(&accounts[first].lock);
    plait_hold(&accounts[first == from ? to : from].lock);
    plait_write(accounts[from].balance) -= amount;
    plait_write(accounts[to].balance) += amount;
}

static void two_transfers(void *arg) {
    const struct variant *is = arg;
    open_accounts();
    plait_thread *there = plait_start(transfer, is->right, 0, 1, 10);
    plait_thread *back = plait_start(transfer, is->right, 1, 0, 20);
    finish(there);
    finish(back);
    plait_check_that(accounts[0].balance == 110 && accounts[1].balance == 90);
}

FINDS(two_transfers_wait_for_each_other, two_transfers, PLAIT_CHECK_DEADLOCK, .words = {"transfer", "lock"})
PASSES(two_transfers_in_one_order, two_transfers, .options = {.strategy = PLAIT_CHECK_DFS})

/* ---- an initialisation that looks before it locks ---- */

static plait_once made;
static _Atomic bool is_made;
static _Atomic int settings;

static void make_settings(void *unused) {
    (void)unused;
    plait_write(settings) = 42;
}

static void make_once(bool right) {
    if (right) {
        plait_once_run(&made, make_settings, NULL);
        return;
    }
    if (plait_read(is_made)) return;
    plait_hold(&lock);
    if (plait_read(is_made)) return;
    plait_write(is_made) = true; /* before it is true */
    make_settings(NULL);
}

PLAIT_TASK(void, use_settings, (bool, right)) {
    make_once(right);
    plait_check_that(plait_read(settings) == 42);
}

static void initialise(void *arg) {
    const struct variant *is = arg;
    lock = (plait_lock)PLAIT_LOCK_INIT;
    made = (plait_once)PLAIT_ONCE_INIT;
    is_made = false;
    settings = 0;
    plait_thread *one = plait_start(use_settings, is->right), *other = plait_start(use_settings, is->right);
    finish(one);
    finish(other);
}

FINDS(a_double_check_before_its_time, initialise, PLAIT_CHECK_ASSERTION,
      .words = {"plait_read(settings) == 42"})
PASSES(an_initialisation_by_once, initialise, .options = {.strategy = PLAIT_CHECK_DFS})

/* The flag is plain: nothing says when others see what was written before it. */
static bool plainly_made;

PLAIT_TASK(void, make_plainly, (bool, right)) {
    if (right) plait_lock_acquire(&lock);
    if (!plait_read(plainly_made)) {
        if (!right) plait_lock_acquire(&lock);
        if (!plait_read(plainly_made)) {
            make_settings(NULL);
            plait_write(plainly_made) = true;
        }
        if (!right) plait_lock_release(&lock);
    }
    if (right) plait_lock_release(&lock);
}

static void initialise_plainly(void *arg) {
    const struct variant *is = arg;
    lock = (plait_lock)PLAIT_LOCK_INIT;
    plainly_made = false;
    plait_thread *one = plait_start(make_plainly, is->right), *other = plait_start(make_plainly, is->right);
    finish(one);
    finish(other);
}

FINDS(a_double_check_of_a_plain_flag, initialise_plainly, PLAIT_CHECK_RACE, .words = {"plainly_made"})
PASSES(a_check_under_the_lock, initialise_plainly, .options = {.strategy = PLAIT_CHECK_DFS})

/* ---- a stack by compare-and-swap, whose top goes away and comes back: ABA ---- */

enum { NODES = 3, TAG = 0x10000 };

/* The number of the top node (0: none); in the corrected twin with a tag above it that grows with each pop. */
static _Atomic uint32_t top;
static _Atomic uint32_t next_of[NODES + 1];
static _Atomic int owners[NODES + 1];

static void push(uint32_t node) {
    uint32_t old = plait_read(top);
    do {
        plait_write(next_of[node]) = old % TAG;
    } while (!atomic_compare_exchange_strong(&plait_write(top), &old, (old - old % TAG) | node));
    owners[node]--;
}

static uint32_t pop(bool right) {
    uint32_t old = plait_read(top), next;
    do {
        if (old % TAG == 0) return 0;
        next = plait_read(next_of[old % TAG]);
        if (right) next |= old - old % TAG + TAG;
    } while (!atomic_compare_exchange_strong(&plait_write(top), &old, next));
    plait_check_that(++owners[old % TAG] == 1);
    return old % TAG;
}

PLAIT_TASK(void, pop_one, (bool, right)) {
    pop(right);
}

PLAIT_TASK(void, pop_two_push_one, (bool, right)) {
    uint32_t first = pop(right);
    pop(right);
    if (first) push(first);
}

static void use_a_stack(void *arg) {
    const struct variant *is = arg;
    top = 0;
    for (uint32_t node = 1; node <= NODES; node++) {
        owners[node] = 1;
        push(node);
    }
    plait_thread *one = plait_start(pop_one, is->right), *other = plait_start(pop_two_push_one, is->right);
    finish(one);
    finish(other);
    while (pop(is->right)) continue;
}

FINDS(a_stack_takes_one_top_for_another, use_a_stack, PLAIT_CHECK_ASSERTION, .words = {"owners", "pop"})
PASSES(a_stack_with_a_tag, use_a_stack, .options = {.strategy = PLAIT_CHECK_DFS})
