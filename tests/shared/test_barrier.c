/* Barriers between processes, as multiprocessing's tests have them. */
#include "others.h"
#include "support/asleep.h"
#include "support/stress.h"

#include <limits.h>
#include <pthread.h>

struct book {
    plait_process_barrier barrier;
    uint32_t rounds, seen[8];
};

static struct book *book_for(int parties) {
    struct book *book = kill_memory(sizeof *book);
    ck_assert_ok(plait_process_barrier_init(&book->barrier, parties));
    return book;
}

static void await_arrived(plait_process_barrier *barrier, int count) {
    while (plait_process_barrier_n_waiting(barrier) < count) sched_yield();
}

TEST(one_party_waits_for_nobody) {
    struct book *book = book_for(1);
    for (int i = 0; i < 100; i++) {
        int index = -1;
        ck_assert_ok(plait_process_barrier_wait(&book->barrier, &index));
        ck_assert_int_eq(index, 0);
    }
    ck_assert_ok(plait_process_barrier_wait(&book->barrier, NULL));
    ck_assert_int_eq(plait_process_barrier_parties(&book->barrier), 1);
}

TEST(what_makes_no_sense_is_refused) {
    struct book *book = kill_memory(sizeof *book);
    ck_assert_status(plait_process_barrier_wait(&book->barrier, NULL), PLAIT_INVALID);
    ck_assert_status(plait_process_barrier_reset(&book->barrier), PLAIT_INVALID);
    ck_assert_status(plait_process_barrier_abort(&book->barrier), PLAIT_INVALID);
    ck_assert_status(plait_process_barrier_init(NULL, 1), PLAIT_INVALID);
    ck_assert_status(plait_process_barrier_init((void *)((char *)book + 4), 1), PLAIT_INVALID);
    ck_assert_status(plait_process_barrier_init(&book->barrier, 0), PLAIT_INVALID);
    ck_assert_status(plait_process_barrier_init(&book->barrier, -1), PLAIT_INVALID);
    ck_assert_status(plait_process_barrier_init(&book->barrier, PLAIT_PROCESS_BARRIER_MAX + 1),
                     PLAIT_INVALID);
    ck_assert_status(plait_process_barrier_wait(NULL, NULL), PLAIT_INVALID);
    ck_assert_status(plait_process_barrier_wait_until(NULL, NULL, PLAIT_NOW), PLAIT_INVALID);
    ck_assert(!plait_process_barrier_broken(NULL));
    ck_assert_int_eq(plait_process_barrier_n_waiting(NULL), 0);
    ck_assert_int_eq(plait_process_barrier_parties(NULL), 0);
}

enum { PARTIES = 4, ROUNDS = 2000 };

/* Nobody is a round ahead, and each index is given once a round. */
static void go_round(void *memory) {
    struct book *book = memory;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        int index = -1;
        must(plait__load(&book->rounds) == i);
        must(plait_process_barrier_wait(&book->barrier, &index) == PLAIT_OK);
        must(index >= 0 && index < PARTIES && plait__add(&book->seen[index], 1) == i);
        must(plait_process_barrier_wait(&book->barrier, &index) == PLAIT_OK);
        if (index == 0) plait__add(&book->rounds, 1);
        must(plait_process_barrier_wait(&book->barrier, NULL) == PLAIT_OK);
    }
}

TEST(all_go_on_together) {
    struct book *book = book_for(PARTIES);
    pid_t others[PARTIES];
    for (int i = 0; i < PARTIES; i++) others[i] = kill_start(go_round, book);
    for (int i = 0; i < PARTIES; i++) kill_join(others[i], 50);
    for (int i = 0; i < PARTIES; i++) ck_assert_uint_eq(book->seen[i], ROUNDS);
}

static void find_it_broken(void *memory) {
    struct book *book = memory;
    must(plait_process_barrier_wait(&book->barrier, NULL) == PLAIT_BROKEN);
}

TEST(abort_breaks_it_for_all_until_it_is_reset) {
    struct book *book = book_for(3);
    pid_t one = kill_start(find_it_broken, book), two = kill_start(find_it_broken, book);
    await_arrived(&book->barrier, 2);
    ck_assert_ok(plait_process_barrier_abort(&book->barrier));
    kill_join(one, 30);
    kill_join(two, 30);
    ck_assert(plait_process_barrier_broken(&book->barrier));
    ck_assert_status(plait_process_barrier_wait(&book->barrier, NULL), PLAIT_BROKEN);
    ck_assert_ok(plait_process_barrier_abort(&book->barrier));
    ck_assert_ok(plait_process_barrier_reset(&book->barrier));
    ck_assert(!plait_process_barrier_broken(&book->barrier));
    ck_assert_int_eq(plait_process_barrier_n_waiting(&book->barrier), 0);
}

TEST(reset_breaks_the_round_and_not_the_barrier) {
    struct book *book = book_for(2);
    ck_assert_ok(plait_process_barrier_reset(&book->barrier));
    pid_t other = kill_start(find_it_broken, book);
    await_arrived(&book->barrier, 1);
    ck_assert_ok(plait_process_barrier_reset(&book->barrier));
    kill_join(other, 30);
    ck_assert(!plait_process_barrier_broken(&book->barrier));
}

TEST(one_that_gives_up_breaks_it) {
    struct book *book = book_for(3);
    pid_t other = kill_start(find_it_broken, book);
    await_arrived(&book->barrier, 1);
    ck_assert_status(plait_process_barrier_wait_until(&book->barrier, NULL, plait_after(0.01)),
                     PLAIT_TIMEOUT);
    kill_join(other, 30);
    ck_assert(plait_process_barrier_broken(&book->barrier));
}

static void *wait_cancellably(void *barrier) {
    return plait_process_barrier_wait(barrier, NULL) == PLAIT_CANCELLED ? barrier : NULL;
}

TEST(a_cancelled_one_breaks_it_too) {
    struct book *book = book_for(3);
    pid_t other = kill_start(find_it_broken, book);
    pthread_t thread;
    void *cancelled;
    pthread_create(&thread, NULL, wait_cancellably, &book->barrier);
    wait_until_asleep_in("process barrier", 1);
    ck_assert_ok(plait_cancel(plait_token_root()));
    pthread_join(thread, &cancelled);
    ck_assert_ptr_nonnull(cancelled);
    kill_join(other, 30);
}

/* ---- deaths ---- */

static void wait_once(void *memory) {
    struct book *book = memory;
    must(plait_process_barrier_wait(&book->barrier, NULL) == PLAIT_OK);
}

TEST(one_that_is_killed_waiting_has_arrived) {
    struct book *book = book_for(2);
    for (int i = 0; i < 20; i++) {
        pid_t victim = kill_start(wait_once, book);
        await_arrived(&book->barrier, 1);
        kill_now(victim);
        int index = -1;
        ck_assert_ok(plait_process_barrier_wait(&book->barrier, &index));
        ck_assert_int_eq(index, 1);
    }
}

/* ---- how rounds end ---- */

static void *find_out(void *barrier) {
    return (void *)(intptr_t)plait_process_barrier_wait(barrier,
                                                        NULL); /* NOLINT(performance-no-int-to-ptr) */
}

/* Rounds that pass and rounds that are reset follow each other faster than those who sleep can look: each still learns
 * how its own ended. */
TEST(each_learns_how_its_own_round_ended) {
    struct book *book = book_for(2);
    struct stress_random random = stress_random_stream(0);
    for (int i = 0; i < 300; i++) {
        pthread_t thread;
        void *result;
        bool pass = stress_random_below(&random, 2);
        pthread_create(&thread, NULL, find_out, &book->barrier);
        await_arrived(&book->barrier, 1);
        if (pass)
            ck_assert_ok(plait_process_barrier_wait(&book->barrier, NULL));
        else
            ck_assert_ok(plait_process_barrier_reset(&book->barrier));
        for (uint32_t more = stress_random_below(&random, 5); more > 0; more--) {
            plait_status ends = plait_process_barrier_wait_until(&book->barrier, NULL, PLAIT_NOW);
            ck_assert_int_eq(ends, PLAIT_TIMEOUT);
            ck_assert_ok(plait_process_barrier_reset(&book->barrier));
        }
        pthread_join(thread, &result);
        ck_assert_int_eq((int)(intptr_t)result, pass ? PLAIT_OK : PLAIT_BROKEN);
    }
}
