/* Two threads that take two locks: in different orders, or, given an argument, in the same one. */
#include <plait.h>

static plait_lock left, right;

PLAIT_TASK(void, east, (int, times)) {
    for (int i = 0; i < times; i++) {
        plait_lock_acquire(&left);
        plait_lock_acquire(&right);
        plait_lock_release(&right);
        plait_lock_release(&left);
    }
}

PLAIT_TASK(void, west, (int, times)) {
    for (int i = 0; i < times; i++) {
        plait_lock_acquire(&right);
        plait_lock_acquire(&left);
        plait_lock_release(&left);
        plait_lock_release(&right);
    }
}

int main(int argc, char **argv) {
    (void)argv;
    plait_thread *one = plait_start(east, 1), *other = argc > 1 ? plait_start(east, 1) : plait_start(west, 1);
    bool joined = plait_thread_join(one) == PLAIT_OK && plait_thread_join(other) == PLAIT_OK;
    plait_thread_free(one);
    plait_thread_free(other);
    return joined ? 0 : 1;
}
