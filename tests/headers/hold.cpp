// In C++ plait_hold is an object with a destructor, chosen by overload, in functions and templates alike; an exception
// releases too.
#include <plait.h>

static plait_lock lock = PLAIT_LOCK_INIT;
static plait_rlock rlock = PLAIT_RLOCK_INIT;
static plait_rwlock rwlock = PLAIT_RWLOCK_INIT;

template <typename Lock> static void throw_while_holding(Lock &which) {
    plait_hold(&which);
    throw 1;
}

template <typename Lock> static bool is_released_by_an_exception(Lock &which) {
    try {
        throw_while_holding(which);
    } catch (int) {
        return true;
    }
    return false;
}

static bool reads_and_writes() {
    { plait_hold_write(&rwlock); }
    plait_hold_read(&rwlock);
    return plait_rwlock_write_acquire_nowait(&rwlock) == PLAIT_BUSY;
}

static bool selects() {
    plait_event event = PLAIT_EVENT_INIT;
    plait_semaphore semaphore = PLAIT_SEMAPHORE_INIT(3);
    plait_bounded_semaphore bounded = PLAIT_BOUNDED_SEMAPHORE_INIT(0);
    plait_case cases[] = {plait_case_event(&event), plait_case_acquire(&semaphore),
                          plait_case_acquire(&bounded.permits)};
    size_t which = 0;
    return plait_select(cases, 3, &which) == PLAIT_OK && which == 1;
}

int main() {
    if (!is_released_by_an_exception(lock) || plait_lock_locked(&lock)) return 1;
    if (!is_released_by_an_exception(rlock) || plait_rlock_locked(&rlock)) return 2;
    if (!reads_and_writes() || plait_rwlock_locked(&rwlock)) return 3;
    return selects() ? 0 : 4;
}
