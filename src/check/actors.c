/* actors.c - the threads behind the actors.
 *
 * Where a function is the test a thread stays when its body has returned, and takes the next body in the next
 * run: starting a thread costs more than a whole short run. Where a program is the test a thread really ends,
 * with its thread-local destructors, before its actor does: a destructor of our own sees to that, which asks to
 * be called again until the others have had their rounds.
 *
 * Stacks lie in one region, a slot for each actor, so that an address tells whose stack it is on. Below the
 * place where an actor has stopped there is nothing that anybody may still use.
 */
#include <check/control.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <thread/thread.h>
#include <unistd.h>
#include <wait/self.h>

enum { DEEPER = 4096 };
enum { GUARD = 4096, SLACK = 512 }; /* bytes: the red zone, and the frames of giving the turn away */

/* NULL: it gets one from the system. A thread of a program may still be about to leave the one that it had. */
static char *stack_of(const struct plait__actor *actor, size_t size) {
    char *stacks = plait__control->stacks;
    if (!stacks || actor->has_thread || size > PLAIT__STACK - GUARD) return NULL;
    char *slot = stacks + (size_t)actor->id * PLAIT__STACK;
    return mprotect(slot, GUARD, PROT_NONE) == 0 ? slot : NULL;
}

struct plait__actor *plait__dead_stack_of(const char *address) {
    const char *stacks = plait__control->stacks;
    if (!stacks || address < stacks || address >= stacks + (size_t)PLAIT__STACK * PLAIT__ACTORS) return NULL;
    struct plait__actor *owner = &plait__control->actors[(size_t)(address - stacks) / PLAIT__STACK];
    if (owner == plait__acting || !owner->stopped_at) return NULL;
    return address + SLACK < owner->stopped_at ? owner : NULL;
}

/* Also a little of what it may have reached between two switches; not the frames that do this. */
__attribute__((noinline)) void plait__actor_clean_stack(struct plait__actor *me) {
    char *to = (char *)__builtin_frame_address(0) - SLACK, *from = me->lowest ? me->lowest - DEEPER : to;
    if (from < to) memset(from, 0, (size_t)(to - from));
    me->lowest = NULL;
}

/* ---- threads that stay ---- */

static void leave_stack(struct plait__actor *me) {
    me->standing = PLAIT__ENDED;
    me->self = NULL;
    plait__actor_give_turn(&plait__control->actors[0]);
}

/* pthread_exit, or a cancel: this thread does not come back. Its destructors run under control. */
static void is_lost(void *argument) {
    struct plait__actor *me = argument;
    me->lost = true;
    plait__actor_ends_with_thread();
}

/* A thread with values has destructors that the next run must not inherit; one that is lost has no place to jump to. */
_Noreturn void plait__actor_leaves(struct plait__actor *me) {
    if (!me->lost && !me->has_values) longjmp(me->leave, 1);
    me->lost = true;
    leave_stack(me);
    for (;;) syscall(SYS_exit, 0);
}

int plait__actor_await_lost(struct plait__actor *actor, void **result) {
    int failed = plait__real_join(actor->pthread, result);
    actor->lost = actor->has_thread = false;
    return failed;
}

/* The cleanup handler is also what forgets, when it is taken off, those of frames that were jumped out of. */
static void run_once(struct plait__actor *me) {
    plait__actor_clean_stack(me);
    pthread_cleanup_push(is_lost, me);
    if (setjmp(me->leave) == 0) {
        plait__actor_wait_turn(me);
        plait__control->run->running = me->native; /* who gave the turn may not have known it yet */
        if (plait__control->over) longjmp(me->leave, 1);
        plait__state_fresh_thread();
        plait__acting = me;
        me->self = &plait__own;
        me->result = me->body(me->arg);
        if (me->has_values) pthread_exit(me->result);
        plait__self_end();
        plait__actor_ends(me);
    } else {
        leave_stack(me);
    }
    pthread_cleanup_pop(0);
}

static void *stay(void *argument) {
    struct plait__actor *me = argument;
    me->native = plait__os_native_id();
    for (;;) run_once(me);
    return NULL;
}

/* ---- threads that end ---- */

static pthread_key_t end_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Called in each of the rounds that destructors get; the actor ends in the last but one. */
static void end_at_last(void *value) {
    struct plait__actor *me = plait__acting;
    intptr_t round = (intptr_t)value;
    if (!me) return;
    if (round < PTHREAD_DESTRUCTOR_ITERATIONS - 1) {
        (void)pthread_setspecific(end_key, (void *)(round + 1));
        return;
    }
    plait__actor_ends(me);
    plait__acting = NULL;
}

static void begin_once(void) {
    (void)pthread_key_create(&end_key, end_at_last);
}

void plait__actors_prepare(void) {
    pthread_once(&once, begin_once);
}

void plait__actor_ends_with_thread(void) {
    (void)pthread_setspecific(end_key, (void *)1);
}

static void *live(void *argument) {
    struct plait__actor *me = argument;
    me->native = plait__os_native_id();
    plait__actor_ends_with_thread();
    plait__acting = me;
    me->self = &plait__own;
    plait__actor_wait_turn(me);
    plait__control->run->running = me->native;
    return me->body(me->arg);
}

/* ---- both ---- */

bool plait__actor_counts(const struct plait__actor *actor) {
    const plait_thread *thread = actor->self ? actor->self->thread : NULL;
    return thread ? thread->counted : !actor->of_plait;
}

static int start_thread(struct plait__actor *actor, size_t stack_size) {
    pthread_attr_t attributes;
    int failed = pthread_attr_init(&attributes);
    if (failed) return failed;
    char *stack = stack_of(actor, stack_size);
    if (stack)
        failed = pthread_attr_setstack(&attributes, stack + GUARD, PLAIT__STACK - GUARD);
    else if (stack_size)
        failed = pthread_attr_setstacksize(&attributes, stack_size);
    if (!failed)
        failed = plait__real_thread_create(&actor->pthread, &attributes,
                                           plait__control->program ? live : stay, actor);
    pthread_attr_destroy(&attributes);
    return failed;
}

int plait__actor_start(struct plait__actor *actor, size_t stack_size, const pthread_attr_t *attributes,
                       void *(*body)(void *), void *arg) {
    actor->body = body;
    actor->arg = arg;
    if (stack_size && stack_size < (size_t)PTHREAD_STACK_MIN) return EINVAL;
    if (actor->lost) (void)plait__actor_await_lost(actor, NULL);
    if (!plait__control->program && actor->has_thread) return 0;
    int failed = attributes && plait__control->program
                     ? plait__real_thread_create(&actor->pthread, attributes, live, actor)
                     : start_thread(actor, stack_size);
    actor->has_thread = !failed;
    return failed;
}

void plait__actors_leave(void) {
    struct plait__control *control = plait__control;
    struct plait__actor *main = &control->actors[0];
    control->over = true;
    for (uint32_t i = 1; i < control->count; i++) {
        struct plait__actor *actor = &control->actors[i];
        if (actor->standing == PLAIT__ENDED || !actor->has_thread) continue;
        plait__actor_give_turn(actor);
        plait__actor_wait_turn(main);
    }
}
