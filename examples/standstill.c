/* A program that hangs, says so, and is helped on: two threads take two locks in opposite order.
 * The watch tells that all threads are asleep for ever, and who waits for whom. */
#include <plait.h>
#include <stdio.h>
#include <string.h>

static plait_lock accounts, journal;
static plait_barrier both;

PLAIT_TASK(void, pay, (plait_lock *, first), (plait_lock *, second)) {
    plait_lock_acquire(first);
    if (plait_barrier_wait(&both, NULL) == PLAIT_OK) { /* bad luck, made certain: each has its first lock */
        plait_lock_acquire(second);
        plait_lock_release(second);
    }
    plait_lock_release(first);
}

/* A program of its own would rather abort here. */
static void report(const char *words, void *unused) {
    (void)unused;
    const char *circle = strstr(words, "a circle: ");
    printf("%s", circle ? circle : "no circle\n");
    plait_lock_release(&accounts); /* any thread may release a lock */
}

int main(void) {
    plait_watch_options options = {.every = 0.01, .report = report, .ignore_unknown = true};
    plait_set_name(&accounts, "accounts");
    plait_set_name(&journal, "journal");
    if (plait_barrier_init(&both, 2, NULL, NULL) != PLAIT_OK || plait_watch(&options) != PLAIT_OK) return 1;
    plait_thread *alice = plait_start_with((&(plait_thread_options){.name = "alice"}), pay, &accounts,
                                           &journal);
    if (plait_thread_ident(alice) == 0) return 1; /* alice is there first, and comes first in the report */
    plait_thread *bob = plait_start_with((&(plait_thread_options){.name = "bob"}), pay, &journal, &accounts);
    plait_thread_join(alice);
    plait_thread_join(bob);
    plait_unwatch();
    printf("and on it goes\n");
    plait_thread_free(alice);
    plait_thread_free(bob);
    return 0;
}
