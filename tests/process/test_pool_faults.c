/* Every allocation in a pool of processes fails once. */
#include "process/pool_support.h"
#include "support/faults.h"

#include <sys/wait.h>

PLAIT_TASK(const char *, echo, (const char *, text)) {
    return text;
}
PLAIT_TASK(int, twice, (int, x)) {
    return 2 * x;
}
PLAIT_TASK(void, crash, (int, x)) {
    (void)x;
    _exit(1);
}
PLAIT_TASK(void, begin, (const char *, text)) {
    (void)text;
}

static plait_status take(plait_future *future, plait_status expected) {
    plait_status status = plait_result(future);
    plait_future_free(future);
    return status == expected ? PLAIT_OK : status;
}

/* The first status that is not what it should be. */
static plait_status use_a_pool(void) {
    plait_process_pool_options options = {.initializer = plait_task_of(begin),
                                          .initializer_arguments = plait_arguments(begin, "now")};
    plait_pool *pool = plait_process_pool_new(1, &options);
    if (!pool) return plait_last_error();
    static char text[70000]; /* in a cell, in a room, in a file */
    static const size_t sizes[] = {5, 5000, sizeof text - 1};
    plait_status first = take(plait_submit(pool, twice, 4), PLAIT_OK);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes && first == PLAIT_OK; i++) {
        memset(text, 0, sizeof text);
        memset(text, 'x', sizes[i]);
        first = take(plait_submit(pool, echo, text), PLAIT_OK);
    }
    if (first == PLAIT_OK) first = take(plait_submit(pool, crash, 1), PLAIT_CRASHED);
    if (first == PLAIT_OK) first = take(plait_submit(pool, twice, 5), PLAIT_OK);
    plait_status end = plait_pool_shutdown(pool, true, false);
    plait_pool_free(pool);
    return first == PLAIT_OK ? end : first;
}

/* The keeper gives back what it has a moment after it was joined. */
static void settle(long least) {
    while (fault_outstanding() > least) usleep(1000);
}

/* The server is there before, so its children have all the memory they want. */
TEST_WITHIN(a_pool_survives_lack_of_memory, 120) {
    fault_install();
    ck_assert_ok(plait_process_setup(0, NULL));
    ck_assert_ok(use_a_pool());
    ck_assert_ok(use_a_pool());
    usleep(20000);
    long kept = fault_outstanding();
    int n = 0;
    do {
        fault_arm(++n);
        plait_status status = use_a_pool();
        ck_assert_msg(status == PLAIT_OK || status == PLAIT_NO_MEMORY, "allocation %d failing: %s, %s", n,
                      plait_status_name(status), plait_last_message());
        ck_assert(status == PLAIT_OK || fault_happened());
        bool happened = fault_happened();
        fault_arm(0);
        settle(kept);
        if (!happened) break;
    } while (true);
    ck_assert_int_gt(n, 6);
    ck_assert_ok(use_a_pool());
}

/* Each child of the server meets the failure anew. The pool breaks, or a task fails; nobody hangs. */
TEST_WITHIN(a_pool_survives_workers_without_memory, 120) {
    fault_install();
    for (int n = 1; n < 40; n += 3) { /* a sanitizer's process takes a second to end */
        pid_t child = fork();
        if (child == 0) {
            fault_arm(n);
            plait_status status = plait_process_setup(0, NULL);
            fault_arm(0);
            if (status == PLAIT_OK) status = use_a_pool();
            _exit(status == PLAIT_OK || status == PLAIT_NO_MEMORY || status == PLAIT_BROKEN ||
                          status == PLAIT_CRASHED
                      ? 0
                      : status);
        }
        int status = -1;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_msg(status == 0, "allocation %d failing in a worker: %s", n,
                      plait_status_name(WEXITSTATUS(status)));
    }
}
