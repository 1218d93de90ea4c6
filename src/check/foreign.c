/* foreign.c - threads that the program starts by pthread_create are actors, too.
 *
 * The checking library comes before the C library, so these are what the program calls. Waiting by pthread_join
 * is a wait like any other here; other ways in which pthreads block are not seen, and end in the watchdog's
 * arms.
 */
#include <base/os.h>
#include <check/child.h>
#include <check/control.h>
#include <dlfcn.h>
#include <errno.h>
#include <plait/api.h>
#include <signal.h>

typedef int create_function(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
typedef int join_function(pthread_t, void **);

/* By way of a union: C does not convert one kind of pointer to the other. */
union function {
    void *address;
    create_function *create;
    join_function *join;
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
    sigfillset(&all);
    sigdelset(&all, SIGSEGV), sigdelset(&all, SIGBUS), sigdelset(&all, SIGFPE), sigdelset(&all, SIGILL);
    sigdelset(&all, SIGABRT), sigdelset(&all, SIGTRAP), sigdelset(&all, SIGSYS);
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
    if (!actor) return EAGAIN;
    int failed = plait__actor_start(actor, 0, attributes, body, arg);
    if (failed)
        plait__actor_stands(actor, PLAIT__ENDED, INT64_MAX);
    else
        *thread = actor->pthread;
    return failed;
}

static struct plait__actor *actor_of(pthread_t thread) {
    struct plait__control *control = plait__control;
    for (uint32_t i = control->count; i-- > 1;)
        if (control->actors[i].has_thread && pthread_equal(control->actors[i].pthread, thread))
            return &control->actors[i];
    return NULL;
}

PLAIT_API int pthread_join(pthread_t thread, void **result) {
    join_function *next = next_of_name("pthread_join").join;
    struct plait__actor *actor = plait__acting ? actor_of(thread) : NULL;
    while (actor && actor->standing != PLAIT__ENDED) (void)plait__os_sleep(&actor->end_word, 0, INT64_MAX);
    if (!actor || plait__control->program) return next ? next(thread, result) : ENOSYS;
    if (result) *result = actor->result;
    return 0;
}
