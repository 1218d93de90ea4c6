// In C++ plait_hold is an object with a destructor, chosen by overload, in functions and templates alike.
#include <plait.h>

static plait_lock lock = PLAIT_LOCK_INIT;
static plait_rlock rlock = PLAIT_RLOCK_INIT;
static plait_rwlock rwlock = PLAIT_RWLOCK_INIT;

template <typename Lock> int with(Lock &which) {
    plait_hold(&which);
    return 1;
}

int hold_all() {
    plait_hold_read(&rwlock);
    { plait_hold_write(&rwlock); }
    plait_event event = PLAIT_EVENT_INIT;
    plait_semaphore semaphore = PLAIT_SEMAPHORE_INIT(3);
    plait_bounded_semaphore bounded = PLAIT_BOUNDED_SEMAPHORE_INIT(3);
    plait_case cases[] = {plait_case_event(&event), plait_case_acquire(&semaphore),
                          plait_case_acquire(&bounded.permits)};
    return with(lock) + with(rlock) + (cases[0].kind != nullptr);
}
