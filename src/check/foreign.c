/* foreign.c - what the program calls that is not plait's, and that the checker must know of.
 *
 * The checking library comes before the C library, so these are what the program calls. Threads started by
 * pthread_create are actors, too, and waiting by pthread_join is a wait like any other here; other ways in which
 * pthreads block are not seen, and end in the watchdog's arms. A thread that has values for its destructors is
 * not kept for the next run, a block that is freed takes what is known of its accesses with it, and a program
 * that ends by _exit has its run written down.
 */
#include <base/os.h>
#include <check/child.h>
#include <check/control.h>
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <plait/api.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef int create_function(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
typedef int join_function(pthread_t, void **);
typedef int detach_function(pthread_t);
typedef int set_function(pthread_key_t, const void *);
typedef void free_function(void *);

/* By way of a union: C does not convert one kind of pointer to the other. */
union function {
    void *address;
    create_function *create;
    join_function *join;
    detach_function *detach;
    set_function *set;
    free_function *free;
};

static union function next_of_name(const char *name) {
    return (union function){.address = dlsym(RTLD_NEXT, name)};
}

static int create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *arg) {
    create_function *next = next_of_name("pthread_create").create;
    return next ? next(thread, attributes, body, arg) : ENOSYS;
}

/* As plait__os_thread_start does it: asynchronous signals go to the program's own threads. */
int plait__real_thread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *),
                              void *arg) {
    sigset_t all, before;
    plait__os_thread_signals(&all);
    sigdelset(&all, plait__child_signal());
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failed = create(thread, attributes, body, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

PLAIT_API int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *),
                             void *arg) {
    if (!plait__acting) return create(thread, attributes, body, arg);
    struct plait__actor *actor = plait__actor_new();
    int failed = plait__actor_start(actor, 0, attributes, body, arg);
    if (failed)
        plait__actor_stands(actor, PLAIT__ENDED, INT64_MAX);
    else
        *thread = actor->pthread;
    return failed;
}

/* The C library may use the same handle again for a later thread: who has not ended comes first. */
static struct plait__actor *actor_of(pthread_t thread) {
    struct plait__control *control = plait__control;
    struct plait__actor *found = NULL;
    for (uint32_t i = control->count; i-- > 1;) {
        struct plait__actor *actor = &control->actors[i];
        if (!actor->has_thread || !pthread_equal(actor->pthread, thread)) continue;
        if (!found || actor->standing != PLAIT__ENDED) found = actor;
    }
    return found;
}

int plait__real_join(pthread_t thread, void **result) {
    join_function *next = next_of_name("pthread_join").join;
    return next ? next(thread, result) : ENOSYS;
}

PLAIT_API int pthread_join(pthread_t thread, void **result) {
    struct plait__actor *me = plait__acting, *actor = me ? actor_of(thread) : NULL;
    while (actor && actor->standing != PLAIT__ENDED) (void)plait__os_sleep(&actor->end_word, 0, INT64_MAX);
    if (actor && plait__control->clocks_on) plait__clock_joins(me, actor);
    if (!actor || plait__control->program) return plait__real_join(thread, result);
    if (actor->lost) return plait__actor_await_lost(actor, result);
    if (result) *result = actor->result;
    return 0;
}

/* A thread that is kept for other runs must be one that can be joined when it is lost. */
PLAIT_API int pthread_detach(pthread_t thread) {
    if (plait__acting && !plait__control->program && actor_of(thread)) return 0;
    detach_function *next = next_of_name("pthread_detach").detach;
    return next ? next(thread) : ENOSYS;
}

/* ---- what a thread leaves to its destructors ---- */

PLAIT_API int pthread_setspecific(pthread_key_t key, const void *value) {
    if (plait__acting && value && !plait__state_is_code((uintptr_t)__builtin_return_address(0)))
        plait__acting->has_values = plait__acting->id != 0 && !plait__control->program;
    set_function *next = next_of_name("pthread_setspecific").set;
    return next ? next(key, value) : ENOSYS;
}

/* ---- memory of the program's own ---- */

static free_function *next_free;
static volatile bool looks_for_free; /* dlsym is declared to call nothing of ours */

PLAIT_API void free(void *block) {
    if (!next_free) {
        if (looks_for_free) return; /* dlsym's own */
        looks_for_free = true;
        union function first = {.address = dlsym(RTLD_DEFAULT, "free")};
        next_free = first.free == free ? next_of_name("free").free
                                       : first.free; /* a sanitizer's comes first */
        looks_for_free = false;
    }
    if (block && plait__acting && plait__control->variables)
        plait__accesses_forget(block, malloc_usable_size(block));
    next_free(block);
}

/* ---- the end of the process ---- */

/* What a program ends by, when it does not return from main: no destructor is called. */
PLAIT_API _Noreturn void _exit(int status) {
    if (plait__acting && plait__control->program && !plait__control->ending) plait__run_end();
    for (;;) syscall(SYS_exit_group, status);
}

PLAIT_API _Noreturn void _Exit(int status) {
    _exit(status);
}
