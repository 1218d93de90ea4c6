/* plait/spawn.h - fork and join inside a task: a call that another worker may run, for the price of a few calls.
 *
 *     plait_spawn(left, fib, n - 1);         from now on another worker of the pool may run fib(n - 1)
 *     long right = fib(n - 2);
 *     return plait_sync(left) + right;       its value: waits for it, or runs it here and now
 *
 * plait_spawn hands over a child and declares its name; plait_sync gives what the child returned (nothing if it is
 * void). If nobody has begun the child by then, it is run where it stands, as a plain call. So a recursion can spawn
 * at every level, and the parts find their workers by themselves: the oldest, which are the largest mostly, are taken
 * first. A child lies on the stack of whoever spawned it; nothing is allocated.
 * Where a future is a handle that can be kept, passed on and cancelled, a child belongs to its scope: it ends there.
 *
 * Any task can be a child (plait/task.h), and any task that a worker of a pool runs can spawn, also the items of a map
 * that workers run. On other threads a child is simply run at its sync.
 *
 * - Sync each child once, on the thread and in the function that has spawned it (a second time ends the program).
 *   The order does not matter; the newest first is the cheapest. While plait_sync waits for a child that another
 *   worker runs, it runs children of this scope that nobody has begun, or what the awaited child has spawned itself,
 *   and nothing else. It is not cancelled and has no deadline: the child is, by its token.
 * - A scope that is left without a sync waits for its children, however it is left (end, break, return; in C++ an
 *   exception). GNU extension in C (the cleanup attribute); elsewhere sync before the scope is left.
 * - A child runs under the cancel token and the shield of the moment at which it was spawned.
 * - A child's failure is its parent's: when it raises (plait/raise.h), the task that spawned it has failed with that
 *   status and message, at the latest after the sync. The sync gives what the child returned. In C++ an exception
 *   that leaves a child is such a failure, and the sync gives zero.
 * - Do not leave a child, or a task with children, by longjmp. One that is left by pthread_exit fails, and so does its
 *   parent; children that nobody has begun are forgotten then, but if another worker has begun one the program ends
 *   with a message: it works on the stack of a thread that is no more.
 * - After a fork inside a task, a child that another thread was running stays with the parent process: the sync then
 *   fails the task with PLAIT_BROKEN and gives zero.
 *
 * Python has nothing like it. Cilk's spawn and sync; how it waits is leapfrogging (Wagner and Calder, "Leapfrogging: a
 * Portable Technique for Implementing Efficient Futures", PPoPP 1993).
 *
 * Example:
 *     #include <plait.h>
 *
 *     PLAIT_TASK(long, fib, (int, n)) {
 *         if (n < 2) return n;
 *         plait_spawn(left, fib, n - 1);
 *         long right = fib(n - 2);
 *         return plait_sync(left) + right;
 *     }
 *
 *     int main(void) {
 *         plait_pool *pool = plait_pool_new(0);
 *         plait_future *future = plait_submit(pool, fib, 20);
 *         long result = 0;
 *         plait_status status = plait_result(future, &result);
 *         plait_future_free(future);
 *         plait_pool_free(pool);
 *         return status == PLAIT_OK && result == 6765 && fib(10) == 55 ? 0 : 1;
 *     }
 */
#ifndef PLAIT_SPAWN_H
#define PLAIT_SPAWN_H

#include <plait/api.h>
#include <plait/task.h>

PLAIT_BEGIN

/* plait_spawn(name, task, arguments...): declares `name`, a child that runs task(arguments...). The arguments are
 * checked as those of plait_submit are, and copied. It stands where a declaration may stand. Never waits, never
 * fails: when a thousand children of this worker wait to be begun, one more is not offered to others but run at its
 * sync. */
#define plait_spawn(name, ...) PLAIT__SPAWN(name, PLAIT__FIRST(__VA_ARGS__, ), __VA_ARGS__)

/* plait_sync(name): an expression, what the child of that name returned. */
#define plait_sync(name) plait__sync_of_##name(&(name), &plait__pending_##name)

/* ---- what these two call ---- */

/* How a child begins in memory. Behind it, each at the next multiple of 16 bytes, lie the struct of arguments as the
 * task describes it and room for the result. Whoever spawns sets the task and a zero state; the rest is plait's. */
struct plait_child {
    const plait_task *task;
    void *token;
    void *worker;
    char *message;
    uint32_t state;
    uint32_t shields;
    plait_status status;
    uint32_t reserved;
};

/* Offers the child to the other workers. It and its arguments must stay as they are until it has been taken. */
PLAIT_API void plait_child_offer(struct plait_child *child);

/* True: the caller runs it now, as a plain call; nobody else does, and its room for the result is not used. False: it
 * has been run, and the result lies in its place. NULL ends the program: it has been taken before. */
PLAIT_API bool plait_child_take(struct plait_child *child);

/* The same for one whose result nobody wants: when this returns it has been run. */
PLAIT_API void plait_child_end(struct plait_child *child);

/* The scope's hold on a child. NULL: it has been taken. */
struct plait__pending {
    struct plait_child *child;
#ifdef __cplusplus
    ~plait__pending() {
        if (child) plait_child_end(child);
    }
#endif
};

#if defined(__cplusplus)
#define PLAIT__PENDING(name, first) struct plait__pending plait__pending_##name = {first}
#elif defined(__GNUC__)
PLAIT__INLINE void plait__pending_end(const struct plait__pending *pending) {
    if (__builtin_expect(pending->child != NULL, 0)) plait_child_end(pending->child);
}
#define PLAIT__PENDING(name, first) \
    __attribute__((cleanup(plait__pending_end), unused)) struct plait__pending plait__pending_##name = {first}
#else
#define PLAIT__PENDING(name, first) struct plait__pending plait__pending_##name = {first}
#endif

/* The arguments are assigned, so that they are made in their place: copied by memcpy, GCC 12 makes them elsewhere first,
 * and loses track of what pointers among them point to. */
#define PLAIT__SPAWN(name, f, ...) PLAIT__SPAWN_(name, f, __VA_ARGS__)
#define PLAIT__SPAWN_(name, f, ...) \
    struct plait__child_##f name; \
    plait__result_##f (*const plait__sync_of_##name)(struct plait__child_##f *, \
                                                     struct plait__pending *) = plait__sync_##f; \
    (void)plait__sync_of_##name; \
    name.base.task = PLAIT__TASK_OF(f, ); \
    name.base.state = 0; \
    PLAIT__TYPED((void)(name.args = PLAIT__ARGS(__VA_ARGS__, )), __VA_ARGS__); \
    PLAIT__PENDING(name, &name.base); \
    plait_child_offer(&name.base)

PLAIT_END

#endif
