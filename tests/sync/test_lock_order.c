/* Orders that could deadlock are told, once, and no others. Nothing in here ever waits for a lock in vain. */
#include "told.h"

static plait_lock gate;

TEST(two_orders_of_two_locks_are_told_with_both_places) {
    watch();
    take_both(&a, &b);
    ck_assert_int_eq(told, 0);
    plait_lock_acquire(&b);
    plait_lock_acquire(&a);
    ck_assert_int_eq(told, 1);
    plait_lock_release(&a);
    plait_lock_release(&b);
    ck_assert_uint_eq(step_count, 2);
    ck_assert_ptr_eq(steps[0].held, &b);
    ck_assert_ptr_eq(steps[0].wanted, &a);
    ck_assert_ptr_eq(steps[1].held, &a);
    ck_assert_ptr_eq(steps[1].wanted, &b);
    for (int i = 0; i < 2; i++) {
        ck_assert_uint_ge(steps[i].held_depth, 1);
        ck_assert_uint_ge(steps[i].wanted_depth, 1);
        ck_assert_ptr_ne(steps[i].held_stack[0], steps[i].wanted_stack[0]);
        ck_assert_uint_ne(steps[i].thread, 0);
        ck_assert(!steps[i].held_to_read && !steps[i].wanted_to_read);
    }
    ck_assert_ptr_ne(steps[0].held_stack[0], steps[1].held_stack[0]);
    unwatch(1);
}

static void *ask_for_a(void *unused) {
    (void)unused;
    plait_lock_acquire(&b);
    plait_lock_acquire(&a);
    plait_lock_release(&a);
    plait_lock_release(&b);
    return NULL;
}

static plait_event told_now;

static void note_and_ring(const plait_lock_order_report *report, void *context) {
    note(report, context);
    plait_event_set(&told_now);
}

TEST(it_is_told_before_the_thread_waits) {
    struct crew crew = {.count = 0};
    told = 0;
    ck_assert_ok(plait_lock_order_watch(note_and_ring, NULL));
    take_both(&a, &b);
    plait_lock_acquire(&a);
    crew_add(&crew, ask_for_a, NULL);
    ck_assert_ok(plait_event_wait(&told_now)); /* the other still wants a, which is held here */
    ck_assert_int_eq(told, 1);
    plait_lock_release(&a);
    crew_join(&crew);
    unwatch(1);
}

TEST(the_same_order_is_never_told) {
    watch();
    for (int i = 0; i < 100; i++) {
        take_both(&a, &b);
        take_both(&b, &c);
        take_both(&a, &c);
    }
    unwatch(0);
}

TEST(a_circle_of_three_is_told) {
    watch();
    take_both(&a, &b);
    take_both(&b, &c);
    ck_assert_int_eq(told, 0);
    take_both(&c, &a);
    ck_assert_int_eq(told, 1);
    ck_assert_uint_eq(step_count, 3);
    for (uint32_t i = 0; i < 3; i++) ck_assert_ptr_eq(steps[i].wanted, steps[(i + 1) % 3].held);
    unwatch(1);
}

TEST(an_inversion_is_told_once) {
    watch();
    for (int i = 0; i < 10; i++) {
        take_both(&a, &b);
        take_both(&b, &a);
    }
    unwatch(1);
}

TEST(the_same_code_with_other_locks_is_no_news) {
    static plait_lock many[20];
    volatile int count = 20; /* else the compiler makes ten places of one */
    watch();
    for (int i = 0; i < count; i += 2) take_both(&many[i], &many[i + 1]);
    for (int i = 0; i < count; i += 2) take_both(&many[i + 1], &many[i]);
    unwatch(1);
}

/* Two lines of one function, where each lock comes through either: kinds of locks by place would tell. */
TEST(locks_taken_by_their_number_are_in_order) {
    static plait_lock accounts[12];
    watch();
    for (int i = 0; i < 12; i++)
        for (int j = 11; j > i; j--) take_both(&accounts[i], &accounts[j]);
    unwatch(0);
}

TEST(orders_under_a_common_gate_cannot_deadlock) {
    watch();
    plait_lock_acquire(&gate);
    take_both(&a, &b);
    take_both(&b, &a);
    plait_lock_release(&gate);
    unwatch(0);
}

TEST(a_gate_that_is_left_out_once_is_none) {
    watch();
    plait_lock_acquire(&gate);
    take_both(&a, &b);
    take_both(&b, &a);
    plait_lock_release(&gate);
    ck_assert_int_eq(told, 0);
    take_both(&a, &b); /* while another thread may be in the other order, under the gate */
    unwatch(1);
}

TEST(a_gate_between_the_two_counts_too) {
    watch();
    plait_lock_acquire(&a);
    take_both(&gate, &b); /* a, gate, b */
    plait_lock_release(&a);
    plait_lock_acquire(&gate);
    take_both(&b, &a); /* gate, b, a: a and gate are the inversion, a and b are not */
    plait_lock_release(&gate);
    ck_assert_int_eq(told, 1);
    for (uint32_t i = 0; i < step_count; i++) ck_assert(steps[i].held == &gate || steps[i].wanted == &gate);
    unwatch(1);
}

TEST(who_does_not_wait_for_ever_closes_no_circle) {
    watch();
    take_both(&a, &b);
    plait_lock_acquire(&b);
    ck_assert_ok(plait_lock_acquire_nowait(&a));
    plait_lock_release(&a);
    ck_assert_ok(plait_lock_acquire_until(&a, plait_after(10)));
    plait_lock_release(&a);
    plait_lock_release(&b);
    unwatch(0);
}

TEST(what_was_taken_without_waiting_is_held_all_the_same) {
    watch();
    take_both(&a, &b);
    ck_assert_ok(plait_lock_acquire_nowait(&b));
    ck_assert_status(plait_lock_acquire_nowait(&b), PLAIT_BUSY);
    plait_lock_acquire(&a);
    plait_lock_release(&a);
    plait_lock_release(&b);
    unwatch(1);
}

TEST(what_was_not_had_is_not_held) {
    watch();
    take_both(&a, &b);
    plait_lock_acquire(&b);
    ck_assert_status(plait_lock_acquire_nowait(&b), PLAIT_BUSY);
    ck_assert_status(plait_lock_acquire_until(&b, plait_after(0.001)), PLAIT_TIMEOUT);
    plait_lock_release(&b);
    plait_lock_acquire(&a); /* with nothing held */
    plait_lock_release(&a);
    unwatch(0);
}

TEST(an_rlock_may_be_taken_again_by_its_owner) {
    static plait_rlock r;
    watch();
    plait_rlock_acquire(&r);
    plait_lock_acquire(&a);
    plait_rlock_acquire(&r);
    plait_rlock_release(&r);
    plait_lock_release(&a);
    plait_rlock_release(&r);
    ck_assert_int_eq(told, 0);
    plait_lock_acquire(&a);
    plait_rlock_acquire(&r);
    ck_assert_int_eq(told, 1);
    plait_rlock_release(&r);
    plait_lock_release(&a);
    unwatch(1);
}

TEST(an_rlock_is_held_until_its_last_release) {
    static plait_rlock r;
    watch();
    plait_lock_acquire(&a);
    plait_rlock_acquire(&r);
    plait_rlock_release(&r);
    plait_lock_release(&a);
    ck_assert_ok(plait_rlock_acquire_nowait(&r));
    ck_assert_ok(plait_rlock_acquire_until(&r, plait_after(10)));
    plait_rlock_release(&r);
    plait_lock_acquire(&a);
    plait_lock_release(&a);
    plait_rlock_release(&r);
    unwatch(1);
}

static plait_rwlock shared, other;

static void read_both(plait_rwlock *first, plait_rwlock *second) {
    plait_rwlock_read_acquire(first);
    plait_rwlock_read_acquire(second);
    plait_rwlock_read_release(second);
    plait_rwlock_read_release(first);
}

TEST(readers_do_not_wait_for_readers) {
    watch();
    read_both(&shared, &other);
    read_both(&other, &shared);
    unwatch(0);
}

TEST(readers_wait_for_readers_where_somebody_waits_to_write) {
    watch();
    read_both(&shared, &other);
    read_both(&other, &shared);
    plait_rwlock_write_acquire(&shared);
    plait_rwlock_write_release(&shared);
    read_both(&shared, &other);
    ck_assert_int_eq(told, 0); /* the other's readers still do not wait */
    plait_rwlock_write_acquire(&other);
    plait_rwlock_write_release(&other);
    read_both(&shared, &other);
    ck_assert(steps[0].held_to_read && steps[0].wanted_to_read);
    unwatch(1);
}

TEST(writers_wait_for_readers) {
    watch();
    plait_rwlock_read_acquire(&shared);
    plait_lock_acquire(&a);
    plait_lock_release(&a);
    plait_rwlock_read_release(&shared);
    plait_lock_acquire(&a);
    plait_rwlock_write_acquire(&shared);
    plait_rwlock_write_release(&shared);
    plait_lock_release(&a);
    ck_assert(!steps[0].wanted_to_read && steps[1].held_to_read);
    unwatch(1);
}

TEST(a_gate_to_read_lets_in_several_but_not_beside_a_writer) {
    watch();
    plait_rwlock_read_acquire(&shared);
    take_both(&a, &b);
    plait_rwlock_read_release(&shared);
    plait_rwlock_write_acquire(&shared);
    take_both(&b, &a);
    plait_rwlock_write_release(&shared);
    ck_assert_int_eq(told, 0);
    plait_rwlock_read_acquire(&shared);
    take_both(&b, &a);
    plait_rwlock_read_release(&shared);
    unwatch(1);
}

TEST(locks_may_be_released_in_any_order) {
    watch();
    plait_lock_acquire(&a);
    plait_lock_acquire(&b);
    plait_lock_release(&a);
    plait_lock_acquire(&c); /* after b alone */
    plait_lock_release(&b);
    plait_lock_release(&c);
    take_both(&a, &c);
    take_both(&c, &a); /* told: a before c was real the second time alone */
    ck_assert_int_eq(told, 1);
    take_both(&d, &b);
    unwatch(1);
}

static void *release_it(void *lock) {
    must(plait_lock_release(lock) == PLAIT_OK);
    return NULL;
}

TEST(a_lock_released_by_another_thread_is_not_held_any_more) {
    struct crew crew = {.count = 0};
    watch();
    take_both(&a, &b);
    plait_lock_acquire(&b);
    crew_add(&crew, release_it, &b);
    crew_join(&crew);
    plait_lock_acquire(&a); /* b is not held */
    plait_lock_release(&a);
    unwatch(0);
}

TEST(a_new_lock_at_an_old_address_has_no_past) {
    struct thing {
        plait_lock lock;
    } *thing = malloc(sizeof *thing);
    watch();
    for (int i = 0; i < 10; i++) {
        *thing = (struct thing){PLAIT_LOCK_INIT};
        if (i % 2)
            take_both(&a, &thing->lock);
        else
            take_both(&thing->lock, &a);
    }
    ck_assert_int_eq(told, 0);
    take_both(&thing->lock, &a); /* but this one has one */
    unwatch(1);
    free(thing);
}
