/* local.c - per-thread values: Python's threading.local. Three threads, three values.
 *
 * One name, and every thread sees its own value under it. Here each thread writes its name, waits until
 * the others have written theirs, and still finds its own.
 */
#include <plait.h>
#include <stdio.h>

enum { THREADS = 3 };

static plait_local mine; /* zero is ready; with an initialiser, each thread's value makes itself */
static plait_barrier all_have_written;

PLAIT_TASK(const char *, remember, (const char *, name)) {
    if (plait_local_set(&mine, (void *)name) != PLAIT_OK) return "";
    if (plait_barrier_wait(&all_have_written, NULL) != PLAIT_OK) return "";
    return plait_local_get(&mine);
}

int main(void) {
    static const char *const names[THREADS] = {"one", "two", "three"};
    plait_thread *threads[THREADS];
    int right = 0;
    if (plait_barrier_init(&all_have_written, THREADS, NULL, NULL) != PLAIT_OK) return 1;
    for (int i = 0; i < THREADS; i++) {
        threads[i] = plait_start(remember, names[i]);
        if (!threads[i]) plait_barrier_abort(&all_have_written); /* or the others would wait for it */
    }
    for (int i = 0; i < THREADS; i++) {
        const char *found = "";
        if (plait_thread_result(threads[i], &found) == PLAIT_OK && found == names[i]) right++;
        printf("thread %d found \"%s\"\n", i + 1, found);
        plait_thread_free(threads[i]);
    }
    printf("the main thread has %s\n", plait_local_get(&mine) ? "one too" : "none");
    return right == THREADS ? 0 : 1;
}
