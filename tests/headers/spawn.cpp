// Fork and join as a C++17 program uses it: what exceptions do to children and their parents.
#include <plait.h>

#include <cstdio>
#include <stdexcept>
#include <string>

PLAIT_TASK(void, count_up, (int *, counter), (plait_lock *, lock)) {
    plait_hold(lock);
    ++*counter;
}

PLAIT_TASK(long, fib, (int, n)) {
    if (n < 2) return n;
    plait_spawn(left, fib, n - 1);
    long right = fib(n - 2);
    return plait_sync(left) + right;
}

PLAIT_TASK(long, catch_early, (int *, counter), (plait_lock *, lock)) {
    try {
        plait_spawn(first, count_up, counter, lock);
        plait_spawn(second, count_up, counter, lock);
        plait_sync(first);
        throw 1; // the second one is waited for
    } catch (int) {}
    return *counter;
}

static plait_event begun;

PLAIT_TASK(int, throw_something, (bool, stolen)) {
    if (stolen) plait_event_set(&begun);
    throw std::runtime_error("thrown");
}

PLAIT_TASK(int, spawn_failing, (bool, stolen)) {
    plait_spawn(child, throw_something, stolen);
    if (stolen) (void)plait_event_wait(&begun);
    int value = plait_sync(child);
    if (value != 0) (void)plait_raise(PLAIT_USER, "the value is %d", value);
    return value;
}

// Says which line failed, and fails the program.
static int failures;
static void check(bool good, int line) {
    if (good) return;
    std::printf("spawn.cpp:%d: not so\n", line);
    failures++;
}
#define CHECK(condition) check((condition), __LINE__)

static void children() {
    plait_pool *pool = plait_pool_new(2);
    plait_future *future = plait_submit(pool, fib, 15);
    long result = 0;
    CHECK(plait_result(future, &result) == PLAIT_OK && result == 610);
    plait_future_free(future);

    static plait_lock lock;
    int counter = 0;
    future = plait_submit(pool, catch_early, &counter, &lock);
    CHECK(plait_result(future, &result) == PLAIT_OK && result == 2);
    plait_future_free(future);

    for (bool stolen : {false, true}) {
        future = plait_submit(pool, spawn_failing, stolen);
        CHECK(plait_result(future) == PLAIT_FAILED);
        CHECK(std::string(plait_future_message(future)) == "thrown");
        plait_future_free(future);
    }
    plait_pool_free(pool);
}

int main() {
    children();
    return failures ? 1 : 0;
}
