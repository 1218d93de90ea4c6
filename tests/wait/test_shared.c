/* Sleeping on a word that processes share: woken from outside, ended as any wait is, and never left alone by the dead. */
#include "support/asleep.h"
#include "support/test.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <plait/cancel.h>
#include <plait/host.h>
#include <plait/sleep.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wait/shared.h>

static uint32_t *share(void) {
    uint32_t *words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(words, MAP_FAILED);
    return words;
}

/* Until the word differs, as a protocol does it. */
static plait_status wait_while(uint32_t *word, uint32_t value, plait_deadline deadline) {
    plait_status status = PLAIT_OK;
    while (plait__load_acquire(word) == value && status == PLAIT_OK)
        status = plait__wait_shared(word, value, "shared", word, deadline, true);
    return status;
}

static void change(uint32_t *word, uint32_t value) {
    plait__store_release(word, value);
    plait__wake_shared(word, INT32_MAX);
}

static void must_end(pid_t child, int how) {
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(WIFSIGNALED(status) ? WTERMSIG(status) : 0, how);
    if (!how) ck_assert_int_eq(WEXITSTATUS(status), 0);
}

/* ---- threads that wait ---- */

struct wait {
    uint32_t *word;
    plait_deadline deadline;
    plait_token *token;
    const plait_host *host;
    plait_status status;
};

static void *wait_once(void *arg) {
    struct wait *wait = arg;
    wait->status = plait__wait_shared(wait->word, 0, "shared", wait->word, wait->deadline, true);
    return NULL;
}

static void *wait_for_change(void *arg) {
    struct wait *wait = arg;
    plait_token *before = wait->token ? plait_token_enter(wait->token) : NULL;
    plait_host_set(wait->host);
    wait->status = wait_while(wait->word, 0, wait->deadline);
    if (before) plait_token_leave(before);
    return NULL;
}

static pthread_t start(void *(*body)(void *), struct wait *wait) {
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, body, wait), 0);
    return thread;
}

/* ---- the tests ---- */

TEST(a_word_that_differs_is_not_waited_for) {
    uint32_t *word = share();
    *word = 2;
    ck_assert_ok(plait__wait_shared(word, 1, "shared", word, PLAIT_FOREVER, true));
}

TEST(the_deadline_ends_it) {
    uint32_t *word = share();
    ck_assert_status(wait_while(word, 0, PLAIT_NOW), PLAIT_TIMEOUT);
    plait_deadline deadline = plait_after(0.12); /* after a look into the net */
    ck_assert_status(wait_while(word, 0, deadline), PLAIT_TIMEOUT);
    ck_assert(plait_passed(deadline));
}

/* Two processes, each of which goes on when the other has changed the word. */
static void play(uint32_t *word, uint32_t mine, uint32_t rounds) {
    for (uint32_t i = 0; i < rounds; i++) {
        ck_assert_ok(wait_while(word, 1 - mine, PLAIT_FOREVER));
        change(word, 1 - mine);
    }
}

TEST(a_wake_crosses_processes) {
    enum { ROUNDS = 2000 };
    uint32_t *word = share();
    pid_t child = fork();
    if (child == 0) {
        play(word, 1, ROUNDS);
        _exit(0);
    }
    play(word, 0, ROUNDS);
    must_end(child, 0);
}

TEST(the_address_may_be_another_in_each_process) {
    int memory = memfd_create("test", MFD_CLOEXEC);
    ck_assert_int_eq(ftruncate(memory, 4096), 0);
    uint32_t *one = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    uint32_t *other = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    ck_assert_ptr_ne(one, other);
    struct wait wait = {.word = one, .deadline = PLAIT_FOREVER};
    pthread_t thread = start(wait_for_change, &wait);
    wait_until_asleep(1);
    change(other, 1);
    pthread_join(thread, NULL);
    ck_assert_ok(wait.status);
}

static void a_cancel_ends_it(void) {
    uint32_t *word = share();
    plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
    struct wait waits[3];
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        waits[i] = (struct wait){.word = word, .deadline = PLAIT_FOREVER, .token = i < 2 ? token : NULL};
        threads[i] = start(wait_for_change, &waits[i]);
    }
    wait_until_asleep(3);
    ck_assert_ok(plait_cancel(token));
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_status(waits[i].status, PLAIT_CANCELLED);
    }
    change(word, 1);
    pthread_join(threads[2], NULL);
    ck_assert_ok(waits[2].status);
    plait_token_free(token);
}

TEST(a_cancel_ends_it_for_whom_it_is_meant) {
    a_cancel_ends_it();
}

TEST(so_does_the_deadline_of_a_token) {
    uint32_t *word = share();
    plait_token *token = plait_token_new(NULL, plait_after(0.08));
    plait_token *before = plait_token_enter(token);
    ck_assert_status(wait_while(word, 0, PLAIT_FOREVER), PLAIT_CANCELLED);
    plait_shield_enter();
    ck_assert_status(wait_while(word, 0, plait_after(0.001)), PLAIT_TIMEOUT);
    plait_shield_leave();
    plait_token_leave(before);
    plait_token_free(token);
}

static uint32_t signalled;

static bool pending(void *context) {
    (void)context;
    return plait__load(&signalled);
}

static void on_signal(int number) {
    (void)number;
    plait_host_interrupt();
}

TEST(a_signal_of_the_host_ends_it) {
    static const plait_host host = {.interrupted = pending};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    struct wait wait = {.word = share(), .deadline = PLAIT_FOREVER, .host = &host};
    pthread_t thread = start(wait_for_change, &wait);
    wait_until_asleep(1);
    plait__store(&signalled, 1);
    pthread_kill(thread, SIGUSR1);
    pthread_join(thread, NULL);
    ck_assert_status(wait.status, PLAIT_INTERRUPTED);
}

/* A node in a list of this process, beside the word. */
struct listed {
    struct plait__mutex mutex;
    struct plait__list nodes;
    uint32_t *word, claim;
};

static void *wait_listed(void *arg) {
    struct listed *listed = arg;
    struct plait__waiter waiter;
    struct plait__node node;
    plait__waiter_init(&waiter, "both", listed);
    plait__node_init(&node, &waiter, listed, 3);
    plait__mutex_lock(&listed->mutex);
    plait__list_append(&listed->nodes, &node.link);
    plait__mutex_unlock(&listed->mutex);
    do {
        listed->claim = plait__wait_beside(&waiter, listed->word, 0, PLAIT_FOREVER, false);
        if (listed->claim == PLAIT__LOOK && !*listed->word) plait__store(&waiter.word, PLAIT__AWAKE);
    } while (listed->claim == PLAIT__LOOK && !*listed->word);
    plait__mutex_lock(&listed->mutex);
    if (plait__linked(&node.link)) plait__list_remove(&node.link);
    plait__mutex_unlock(&listed->mutex);
    return NULL;
}

static void a_node_may_be_claimed(void) {
    struct listed listed = {.word = share()};
    struct plait__wakes wakes = {0};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_listed, &listed), 0);
    wait_until_asleep(1);
    plait__mutex_lock(&listed.mutex);
    plait__claim_all(&listed.nodes, &wakes);
    plait__mutex_unlock(&listed.mutex);
    plait__wakes_send(&wakes);
    pthread_join(thread, NULL);
    ck_assert(plait__claimed_node(listed.claim));
    ck_assert_uint_eq(plait__claimed_index(listed.claim), 3);
}

TEST(a_node_in_a_list_may_end_it_too) {
    for (int i = 0; i < 50; i++) a_node_may_be_claimed();
}

/* ---- the net ---- */

TEST(it_looks_again_by_itself_and_ever_more_rarely) {
    uint32_t *word = share();
    double last = 0;
    for (int i = 0; i < 3; i++) {
        double before = plait_monotonic();
        ck_assert_ok(plait__wait_shared(word, 0, "shared", word, PLAIT_FOREVER, true));
        double took = plait_monotonic() - before;
        ck_assert_double_ge(took, 0.05 * (1 << i));
        last = took;
    }
    struct wait wait = {.word = word, .deadline = PLAIT_FOREVER};
    ck_assert_double_ge(last, 0.2);
    /* Another thread, or word, begins anew; so does this one after something has happened. */
    pthread_t thread = start(wait_once, &wait);
    pthread_join(thread, NULL);
    ck_assert_ok(plait__wait_shared(word + 8, 0, "shared", word, PLAIT_FOREVER, true));
    ck_assert_uint_eq(plait__self()->look_ms, 100);
    ck_assert_ok(plait__wait_shared(word, 0, "shared", word, PLAIT_FOREVER, true));
    ck_assert_uint_eq(plait__self()->look_ms, 100);
    ck_assert_status(plait__wait_shared(word, 0, "shared", word, plait_after(0.01), true), PLAIT_TIMEOUT);
    ck_assert_ok(plait__wait_shared(word, 0, "shared", word, PLAIT_FOREVER, true));
    ck_assert_uint_eq(plait__self()->look_ms, 100);
}

static void note_since(struct plait__waiter *waiter, void *context) {
    *(uint64_t *)context = plait__load(&waiter->since);
}

/* In a dump it waits as long as it does, and not since its last look. */
TEST(the_looks_of_one_wait_count_as_one) {
    struct wait wait = {.word = share(), .deadline = PLAIT_FOREVER};
    pthread_t thread = start(wait_for_change, &wait);
    uint64_t first = 0, later = 0;
    wait_until_asleep(1);
    plait__each_sleeper(note_since, &first);
    ck_assert_ok(plait_sleep(0.2));
    wait_until_asleep(1);
    plait__each_sleeper(note_since, &later);
    change(wait.word, 1);
    pthread_join(thread, NULL);
    ck_assert_uint_ne(first, 0);
    ck_assert_uint_eq(later, first);
}

TEST(a_waker_killed_between_change_and_wake_leaves_nobody_asleep) {
    for (int i = 0; i < 5; i++) {
        uint32_t *word = share();
        int go[2];
        char byte = 0;
        ck_assert_int_eq(pipe(go), 0);
        pid_t child = fork();
        if (child == 0) {
            (void)!read(go[0], &byte, 1);
            plait__store_release(word, 1);
            kill(getpid(), SIGKILL);
        }
        struct wait wait = {.word = word, .deadline = PLAIT_FOREVER};
        pthread_t thread = start(wait_for_change, &wait);
        wait_until_asleep(1);
        ck_assert_int_eq(write(go[1], &byte, 1), 1);
        must_end(child, SIGKILL);
        pthread_join(thread, NULL);
        ck_assert_ok(wait.status);
    }
}

/* One wake for two sleepers; the one that is woken dies before it passes it on. */
TEST(a_wake_that_a_dead_process_took_is_made_up_for) {
    uint32_t *word = share();
    pid_t child = fork();
    if (child == 0) {
        (void)wait_while(word, 0, PLAIT_FOREVER);
        kill(getpid(), SIGKILL);
    }
    plait__store_release(word, 0);
    struct wait wait = {.word = word, .deadline = PLAIT_FOREVER};
    pthread_t thread = start(wait_for_change, &wait);
    wait_until_asleep(1);
    plait__store_release(word, 1);
    plait__wake_shared(word, 1);
    must_end(child, SIGKILL);
    pthread_join(thread, NULL);
    ck_assert_ok(wait.status);
}

/* ---- where the kernel cannot wait for two words ---- */

/* From now on the process does not find futex_waitv. */
static bool forget_waitv(void) {
#if defined(SYS_futex_waitv)
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex_waitv, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
#else
    return false;
#endif
}

TEST(an_older_kernel_will_do) {
    if (!forget_waitv()) return; /* where there are no filters */
    uint32_t *word = share();
    ck_assert_ok(plait__wait_shared(word, 0, "shared", word, PLAIT_FOREVER, true)); /* finds out */
    ck_assert(!plait__os_hears_both());
    for (int i = 0; i < 20; i++) a_cancel_ends_it();
    for (int i = 0; i < 20; i++) a_node_may_be_claimed();
    pid_t child = fork();
    if (child == 0) {
        play(word, 1, 200);
        _exit(0);
    }
    play(word, 0, 200);
    must_end(child, 0);
    ck_assert_status(wait_while(word, 0, plait_after(0.06)), PLAIT_TIMEOUT);
}
