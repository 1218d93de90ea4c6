/* shared_data.c - two ways to share data without fear: set up once and only read; or hand out copies.
 *
 * What never changes after it was set up needs no lock. plait_once makes sure that it is set up once, by
 * whoever comes first, and that everybody else waits for that.
 * What does change is changed under its lock, and who wants to look at it takes a copy under that lock:
 * the copy is consistent, and nobody else has it.
 */
#include <plait.h>
#include <stdio.h>

enum { THREADS = 4, SQUARES = 100, MOVES = 500 };

/* ---- set up once, then only read ---- */

static plait_once once;
static int squares[SQUARES], times_set_up;

static void set_up(void *unused) {
    (void)unused;
    for (int i = 0; i < SQUARES; i++) squares[i] = i * i;
    times_set_up++;
}

static int square(int number) {
    plait_once_run(&once, set_up, NULL);
    return squares[number];
}

/* ---- changed under a lock, read as a copy ---- */

struct point {
    int x, y; /* always opposite: x == -y */
};

static plait_lock lock; /* guards place */
static struct point place;

static void move(int steps) {
    plait_hold(&lock);
    place.x += steps;
    place.y -= steps;
}

static struct point place_now(void) {
    plait_hold(&lock);
    return place;
}

/* Returns how often something was not as it should be. */
PLAIT_TASK(int, use_both, (int, number)) {
    int wrong = 0;
    for (int i = 0; i < MOVES; i++) {
        move(number);
        struct point copy = place_now();
        if (copy.x != -copy.y) wrong++;
        if (square(number) != number * number) wrong++;
    }
    return wrong;
}

int main(void) {
    plait_thread *threads[THREADS];
    int wrong = 0;
    for (int i = 0; i < THREADS; i++) threads[i] = plait_start(use_both, i + 1);
    for (int i = 0; i < THREADS; i++) {
        int found = 1;
        if (plait_thread_result(threads[i], &found) != PLAIT_OK) return 1;
        wrong += found;
        plait_thread_free(threads[i]);
    }
    struct point end = place_now();
    printf("set up %d time, at (%d, %d) in the end, %d things wrong\n", times_set_up, end.x, end.y, wrong);
    return wrong == 0 && times_set_up == 1 && end.x == MOVES * 10 ? 0 : 1;
}
