/* The order that only the rare side pays for: of two threads that store and then look, one sees the other. */
#include "support/stress.h"
#include "support/test.h"

#include <base/order.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
    _Alignas(128) uint32_t frequent;
    _Alignas(128) uint32_t rare;
    _Alignas(128) uint32_t round;
    _Alignas(128) uint32_t arrived;
    uint32_t frequent_saw;
    bool over;
} dekker;

/* Both are to be quick, but they may have to share a CPU. */
static void look_again(uint32_t *looks) {
    if (++*looks % 256)
        plait__os_pause();
    else
        sched_yield();
}

static void *be_frequent(void *unused) {
    for (uint32_t round = 1;; round++) {
        uint32_t looks = 0;
        while (plait__load_acquire(&dekker.round) != round) {
            if (plait__load_acquire(&dekker.over)) return unused;
            look_again(&looks);
        }
        plait__store_ordered(&dekker.frequent, 1);
        dekker.frequent_saw = plait__load_seq(&dekker.rare);
        plait__store_release(&dekker.arrived, round);
    }
}

/* One round; true if both missed each other. */
static bool play(uint32_t round) {
    plait__store(&dekker.frequent, 0);
    plait__store(&dekker.rare, 0);
    plait__store_release(&dekker.round, round);
    for (uint32_t wait = round % 512; wait; wait--) plait__keep_order();
    plait__exchange_seq(&dekker.rare, 1);
    plait__os_order_all();
    uint32_t saw = plait__load_seq(&dekker.frequent);
    for (uint32_t looks = 0; plait__load_acquire(&dekker.arrived) != round;) look_again(&looks);
    return !saw && !dekker.frequent_saw;
}

static void play_many(void) {
    pthread_t thread;
    uint32_t missed = 0;
    ck_assert_int_eq(pthread_create(&thread, NULL, be_frequent, NULL), 0);
    for (uint32_t round = 1; round <= 1000 || (round <= 100000 && stress_goes_on()); round++)
        missed += play(round);
    plait__store_release(&dekker.over, true);
    pthread_join(thread, NULL);
    ck_assert_uint_eq(missed, 0);
}

TEST(of_two_threads_one_sees_the_other) {
    play_many();
}

TEST(nor_do_they_miss_each_other_where_the_kernel_cannot_help) {
    plait__os_orders_all = false;
    play_many();
}

TEST(an_ordered_store_stores) {
    uint64_t word = 1;
    plait__store_ordered(&word, 7);
    ck_assert_uint_eq(word, 7);
}

/* A filter that refuses membarrier comes too late: what relies on it is told, instead of going wrong in silence. */
TEST(a_kernel_that_refuses_later_ends_the_program) {
    static struct sock_filter refuse[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    static const struct sock_fprog filter = {sizeof refuse / sizeof *refuse, refuse};
    if (!plait__os_orders_all) return;
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) _exit(77);
        if (!freopen("/dev/null", "w", stderr)) _exit(77);
        plait__os_order_all();
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) return; /* no filters here */
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGABRT);
}
