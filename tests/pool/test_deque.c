/* The deque of children: one owner at the bottom, thieves at the top; each item is had by exactly one of them. */
#include "support/stress.h"
#include "support/test.h"

#include <pool/deque.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

enum { CELLS = PLAIT__DEQUE_CELLS };

static struct plait__deque deque;
static int items[2 * CELLS];

static void *steal(void) {
    struct plait__theft theft;
    return plait__deque_look(&deque, &theft) && plait__deque_win(&theft) ? theft.item : NULL;
}

TEST(a_new_deque_is_empty) {
    ck_assert(!plait__deque_any(&deque));
    ck_assert(!plait__deque_pop(&deque, &items[0]));
    ck_assert_ptr_null(plait__deque_pop_any(&deque));
    ck_assert_ptr_null(steal());
    ck_assert_int_eq(plait__deque_stolen(&deque), 0);
}

TEST(the_owner_takes_the_newest_and_thieves_the_oldest) {
    for (int i = 0; i < 4; i++) ck_assert(plait__deque_push(&deque, &items[i]));
    ck_assert(plait__deque_any(&deque));
    ck_assert_ptr_eq(steal(), &items[0]);
    ck_assert(plait__deque_pop(&deque, &items[3]));
    ck_assert_ptr_eq(steal(), &items[1]);
    ck_assert(plait__deque_pop(&deque, &items[2])); /* the last one: a compare-and-swap */
    ck_assert(!plait__deque_any(&deque));
    ck_assert_ptr_null(steal());
    ck_assert_int_eq(plait__deque_stolen(&deque), 2);
}

TEST(only_the_item_pushed_last_can_be_taken_back) {
    ck_assert(plait__deque_push(&deque, &items[0]));
    ck_assert(plait__deque_push(&deque, &items[1]));
    ck_assert(!plait__deque_pop(&deque, &items[0]));
    ck_assert_ptr_eq(plait__deque_pop_any(&deque), &items[1]);
    ck_assert(plait__deque_pop(&deque, &items[0]));
    ck_assert(!plait__deque_pop(&deque, &items[0]));
}

TEST(a_stolen_item_cannot_be_taken_back) {
    for (int round = 0; round < 3; round++) {
        ck_assert(plait__deque_push(&deque, &items[0]));
        ck_assert_ptr_eq(steal(), &items[0]);
        ck_assert(!plait__deque_pop(&deque, &items[0]));
        ck_assert_ptr_null(plait__deque_pop_any(&deque));
        ck_assert_int_eq(plait__deque_stolen(&deque), round + 1);
    }
}

TEST(a_full_deque_takes_no_more_and_goes_on_when_something_has_left) {
    for (int i = 0; i < CELLS; i++) ck_assert(plait__deque_push(&deque, &items[i]));
    ck_assert(!plait__deque_push(&deque, &items[CELLS]));
    ck_assert_ptr_eq(steal(), &items[0]);
    ck_assert(plait__deque_push(&deque, &items[CELLS]));
    ck_assert(!plait__deque_push(&deque, &items[CELLS + 1]));
    for (int i = CELLS; i > 0; i--) ck_assert(plait__deque_pop(&deque, &items[i]));
    ck_assert_ptr_null(plait__deque_pop_any(&deque));
}

TEST(cells_are_used_again_and_again) {
    for (int round = 0; round < 10 * CELLS; round++) {
        int *first = &items[round % CELLS], *second = &items[CELLS + round % CELLS];
        ck_assert(plait__deque_push(&deque, first));
        ck_assert(plait__deque_push(&deque, second));
        ck_assert_ptr_eq(steal(), first);
        if (round % 3) {
            ck_assert(plait__deque_pop(&deque, second));
        } else {
            ck_assert_ptr_eq(steal(), second);
        }
    }
}

TEST(a_theft_fails_if_the_item_has_left_meanwhile) {
    struct plait__theft one, other;
    ck_assert(plait__deque_push(&deque, &items[0]));
    ck_assert(plait__deque_look(&deque, &one));
    ck_assert(plait__deque_look(&deque, &other));
    ck_assert(plait__deque_win(&one));
    ck_assert(!plait__deque_win(&other));
    ck_assert(plait__deque_push(&deque, &items[1]));
    ck_assert(plait__deque_look(&deque, &one));
    ck_assert(plait__deque_pop(&deque, &items[1]));
    ck_assert(plait__deque_push(&deque, &items[2])); /* another item: the old theft must not get it */
    ck_assert(!plait__deque_win(&one));
    ck_assert(plait__deque_pop(&deque, &items[2]));
}

/* ---- threads ---- */

/* Written with plain accesses before it is pushed and after it was won: if two had it, or a thief looked at it too
 * early, the books or the thread sanitizer tell. */
struct item {
    uint32_t serial, had;
    uint32_t done; /* what the owner waits for when it was stolen */
};

enum { ITEMS = CELLS + 100, MOST_THIEVES = 8 };

static struct {
    struct item items[ITEMS];
    bool over;
    uint64_t stolen, wrong;
} play;

static void *thief(void *unused) {
    uint64_t stolen = 0;
    for (uint32_t looks = 1; !plait__load_acquire(&play.over); looks++) {
        struct item *item = steal();
        if (item) {
            item->had++;
            stolen++;
            plait__store_release(&item->done, item->serial);
        } else if (looks % 64 == 0) {
            sched_yield(); /* with one CPU the owner needs it */
        }
    }
    plait__add(&play.stolen, stolen);
    return unused;
}

struct owner {
    struct stress_random random;
    uint32_t depth, serial;
    uint64_t offered, kept, lost;
};

/* False: the deque is full, or there are no more items. */
static bool spawn(struct owner *owner) {
    if (owner->depth == ITEMS) return false;
    struct item *item = &play.items[owner->depth];
    *item = (struct item){.serial = ++owner->serial};
    if (!plait__deque_push(&deque, item)) return false;
    owner->depth++;
    owner->offered++;
    return true;
}

static void sync_one(struct owner *owner) {
    struct item *item = &play.items[--owner->depth];
    if (plait__deque_pop(&deque, item)) {
        item->had++;
        owner->kept++;
    } else {
        for (uint32_t looks = 1; plait__load_acquire(&item->done) != item->serial; looks++)
            if (looks % 256 == 0) sched_yield();
        owner->lost++;
    }
    if (item->had != 1) plait__add_relaxed(&play.wrong, 1);
}

/* Up and down at random, as a recursion does it: mostly a few steps around an empty deque, where owner and thieves
 * want the same item, and now and then until it is full. */
static void recurse(struct owner *owner) {
    for (uint32_t step = 0; step < 20000; step++) {
        uint32_t most = stress_random_below(&owner->random, 200) ? 4 : ITEMS;
        for (uint32_t up = stress_random_below(&owner->random, most); up; up--)
            if (!spawn(owner)) break;
        for (uint32_t down = stress_random_below(&owner->random, most + 1); down && owner->depth; down--)
            sync_one(owner);
    }
    while (owner->depth) sync_one(owner);
}

static void play_once(unsigned stream) {
    pthread_t threads[MOST_THIEVES];
    struct owner owner = {.random = stress_random_stream(stream)};
    int thieves = stress_threads(3) - 1;
    if (thieves > MOST_THIEVES) thieves = MOST_THIEVES;
    memset(&deque, 0, sizeof deque);
    memset(&play, 0, sizeof play);
    for (int i = 0; i < thieves; i++) ck_assert_int_eq(pthread_create(&threads[i], NULL, thief, NULL), 0);
    recurse(&owner);
    plait__store_release(&play.over, true);
    for (int i = 0; i < thieves; i++) pthread_join(threads[i], NULL);
    ck_assert_uint_eq(play.wrong, 0);
    ck_assert_uint_eq(owner.offered, owner.kept + owner.lost);
    ck_assert_uint_eq(owner.lost, play.stolen);
    ck_assert_int_eq(plait__deque_stolen(&deque), (int64_t)play.stolen);
}

TEST(each_item_is_had_once) {
    unsigned stream = 0;
    do {
        play_once(stream++);
    } while (stress_goes_on());
}

TEST(each_item_is_had_once_where_the_kernel_cannot_help) {
    unsigned stream = 0;
    plait__os_orders_all = false;
    do {
        play_once(stream++);
    } while (stress_goes_on());
}
