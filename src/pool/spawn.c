/* spawn.c - plait_spawn and plait_sync: children on their parents' stacks, offered, taken back, stolen, awaited.
 *
 * A child is a record on the stack of the function that spawned it. Spawning pushes its address on the deque of the
 * calling worker (deque.h), syncing pops it; both cost a few plain loads and stores. If the pop succeeds, the parent
 * calls the function itself, in its own file; the record was never looked into. Nothing else here is frequent.
 *
 * `state` of a child; zero until something unusual happens:
 *   KEPT      it was never offered, for the deque was full: its parent runs it
 *   COUNTED   it holds a reference to its token
 *   STARTED   a thief runs it; `worker` says who (release)
 *   PARKED    somebody may be parked at its address
 *   DONE      it has been run; status, message and result are there (release). The thief's last touch: the record
 *             may be gone at once
 *
 * WAITING FOR A STOLEN CHILD. Whatever is left in the parent's deque is younger than the stolen child, for thieves
 * take the oldest: so it belongs to the same scope, and the parent runs it. Then it leapfrogs (Wagner and Calder,
 * 1993): it steals from the thief. Before somebody steals he has emptied his own deque, as just said, or had nothing
 * to do at all; so all that lies there while he runs the stolen child is what that child has spawned, or something
 * that he runs because the child waits for it. Therefore the parent never sits on top of foreign work that could wait
 * for the parent. To be sure of it, it looks whether the child is DONE between reading the thief's cell and taking the
 * item: if it is not, what lay in that cell belongs to it.
 * Then it spins, and then it parks at the child's address. No wake-up is lost: PARKED is set before the look at DONE
 * under the list's lock; whoever sets DONE sees PARKED in the same operation and comes through that lock afterwards.
 * A parked parent would also like to hear that the child has spawned something. It sets `wanted` at the thief, orders
 * (base/order.h) and looks at that one's deque once more; the thief looks at its own `wanted` after each push. One of
 * the two sees the other; then the thief takes PARKED back, so that a parent just about to park does not.
 *
 * TOKENS. A child that is stolen runs under the token and the shield that the parent had when it spawned it. The token
 * is alive as long as the parent's task runs, if it is the one under which that began (`task_token`): no reference is
 * needed. Else the child holds one.
 *
 * LEAVING. pthread_exit throws away the stack, and with it the records. Those in the deque are taken back, and nobody
 * has seen them. Of those that were stolen there is a count: `top` has moved once for each, but for those that the
 * owner took there itself, and `returned` counts those that have come back. If some have not, a thief is about to
 * write to a stack that is no more: the program ends, with words.
 */
#include <base/memory.h>
#include <pool/thread_pool.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <thread/task_frame.h>
#include <wait/parking.h>
#include <wait/spin.h>
#include <wait/token.h>

enum { KEPT = 1, COUNTED = 2, STARTED = 4, PARKED = 8, DONE = 16 };

/* A stolen child on its way, on the stack of its thief. */
struct plait__stolen {
    struct plait__stolen *outer;
    struct plait__worker *thief;
    struct plait_child *child;
    plait_token *token; /* the thief's before, and its shields */
    uint32_t shields;
    int64_t lent; /* of the thief's own children, before */
    struct plait__frame frame;
};

__attribute__((noreturn, cold)) static void end_program(const char *why) {
    fprintf(stderr, "plait: %s\n", why);
    abort();
}

/* ---- the record ---- */

static void *behind(const void *begin, size_t size) {
    return (char *)begin + (size + 15) / 16 * 16;
}

static void *args_of(struct plait_child *child) {
    return behind(child, sizeof *child);
}

static void *result_of(struct plait_child *child) {
    return behind(args_of(child), child->task->args_size);
}

static void forget_result(struct plait_child *child) {
    memset(result_of(child), 0, child->task->result_size);
}

static void let_go_of_token(struct plait_child *child) {
    if (plait__load(&child->state) & COUNTED) plait_token_free(child->token);
}

/* ---- spawning ---- */

static void hold_token(struct plait_child *child) {
    if (!child->token) return;
    plait__token_keep(child->token);
    child->state |= COUNTED; /* nobody else knows it yet */
}

/* Somebody is parked on a child that this worker runs, and there is something to help with now. */
static void call_helpers(struct plait__spawner *spawner) {
    plait__store(&spawner->wanted, 0);
    for (struct plait__stolen *stolen = spawner->running; stolen; stolen = stolen->outer) {
        struct plait_child *child = stolen->child; /* cannot go before this thread has made it DONE */
        if (plait__and(&child->state, ~(uint32_t)PARKED) & PARKED) plait__unpark_all(child);
    }
}

__attribute__((noinline, cold)) static void tell_helpers(struct plait__worker *worker) {
    call_helpers(&worker->spawner);
    plait__worker_pushed(worker);
}

/* Every call in here is the last one, so that the frequent way needs no frame. */
static inline void offer(struct plait__worker *worker, struct plait_child *child) {
    if (plait__unlikely(!plait__deque_push(&worker->spawner.children, child)))
        child->state |= KEPT;
    else if (plait__unlikely(plait__load_seq(&worker->spawner.wanted)))
        tell_helpers(worker);
    else
        plait__worker_pushed(worker);
}

__attribute__((noinline, cold)) static void offer_with_token(struct plait__worker *worker,
                                                             struct plait_child *child) {
    hold_token(child);
    offer(worker, child);
}

void plait_child_offer(struct plait_child *child) {
    struct plait__worker *worker = plait__worker();
    if (plait__unlikely(!worker)) return;
    const struct plait__self *self = worker->spawner.self;
    child->token = self->token;
    child->shields = self->shields;
    if (plait__unlikely(self->token != self->task_token))
        offer_with_token(worker, child);
    else
        offer(worker, child);
}

/* ---- stealing ---- */

static int64_t lent(const struct plait__spawner *spawner) {
    return plait__deque_stolen(&spawner->children) - spawner->returned;
}

/* What was spawned on this thread lies on frames that are gone. */
static void abandon(struct plait__spawner *spawner, int64_t lent_before) {
    while (plait__deque_pop_any(&spawner->children)) {}
    if (lent(spawner) != lent_before)
        end_program("a task was left by pthread_exit while another thread ran a child that it had spawned");
}

void plait__spawn_abandon(struct plait__worker *worker) {
    worker->spawner.running = NULL;
    abandon(&worker->spawner, 0);
}

static void begin(struct plait__stolen *stolen) {
    struct plait__spawner *spawner = &stolen->thief->spawner;
    struct plait_child *child = stolen->child;
    stolen->outer = spawner->running;
    stolen->lent = lent(spawner);
    spawner->running = stolen;
    plait__store(&spawner->stolen, spawner->stolen + 1);
    child->worker = stolen->thief;
    plait__or(&child->state, STARTED);
    stolen->shields = spawner->self->shields;
    spawner->self->shields = child->shields;
    stolen->token = plait_token_enter(child->token);
    plait__frame_begin(&stolen->frame, child->task->name);
}

static void end(struct plait__stolen *stolen, plait_status status, char *message) {
    struct plait__spawner *spawner = &stolen->thief->spawner;
    struct plait_child *child = stolen->child;
    spawner->self->shields = stolen->shields;
    plait_token_leave(stolen->token);
    spawner->running = stolen->outer;
    let_go_of_token(child);
    child->status = status;
    child->message = message;
    if (plait__or(&child->state, DONE) & PARKED) plait__unpark_all(child);
}

/* The child has called pthread_exit. */
static void left_early(void *argument) {
    struct plait__stolen *stolen = argument;
    abandon(&stolen->thief->spawner, stolen->lent);
    plait__frame_clear(&stolen->frame);
    plait__frame_end(&stolen->frame);
    end(stolen, PLAIT_FAILED, plait__copy_string("the task was left by pthread_exit"));
}

static void run_stolen(struct plait__worker *thief, struct plait_child *child) {
    struct plait__stolen stolen = {.thief = thief, .child = child};
    begin(&stolen);
    pthread_cleanup_push(left_early, &stolen);
    forget_result(child);
    child->task->run(args_of(child), result_of(child));
    pthread_cleanup_pop(0);
    plait_status status = plait__frame_end(&stolen.frame);
    end(&stolen, status, plait__frame_take(&stolen.frame));
}

bool plait__spawn_any(const struct plait__worker *victim) {
    return plait__deque_any(&victim->spawner.children);
}

bool plait__spawn_steal(struct plait__worker *thief, struct plait__worker *victim) {
    struct plait__theft theft;
    do {
        if (!plait__deque_look(&victim->spawner.children, &theft)) return false;
    } while (!plait__deque_win(&theft));
    if (thief->searching) plait__crew_found(thief);
    run_stolen(thief, theft.item);
    return true;
}

/* ---- syncing ---- */

/* Takes back a child that was not the last one spawned; those after it stay on offer. */
static bool take_from_below(struct plait__worker *worker, struct plait_child *child) {
    struct plait_child *one, *later = NULL;
    while ((one = plait__deque_pop_any(&worker->spawner.children)) != NULL && one != child) {
        one->worker = later;
        later = one;
    }
    for (struct plait_child *next; later; later = next) {
        next = later->worker;
        offer(worker, later);
    }
    return one;
}

/* Runs what the awaited child's parent has spawned after it. A failure is the parent's, as if it were its sync. */
static bool run_sibling(struct plait__spawner *spawner) {
    struct plait_child *child = plait__deque_pop_any(&spawner->children);
    if (!child) return false;
    forget_result(child);
    child->task->run(args_of(child), result_of(child));
    let_go_of_token(child);
    child->status = PLAIT_OK;
    child->state = DONE;
    return true;
}

static bool is_done(const struct plait_child *child) {
    return plait__load_acquire(&child->state) & DONE;
}

/* Whose deque holds what the child has spawned; NULL: not known yet. */
static struct plait__spawner *thief_of(const struct plait_child *child) {
    if (!(plait__load_acquire(&child->state) & STARTED)) return NULL;
    return &((struct plait__worker *)child->worker)->spawner;
}

static bool can_leap(const struct plait_child *child) {
    const struct plait__spawner *thief = thief_of(child);
    return thief && plait__deque_any(&thief->children);
}

/* Runs something that the awaited child has spawned. */
static bool leap(struct plait__worker *worker, const struct plait_child *child) {
    struct plait__spawner *thief = thief_of(child);
    struct plait__theft theft;
    if (!thief || !plait__deque_look(&thief->children, &theft) || is_done(child)) return false;
    if (plait__deque_win(&theft)) run_stolen(worker, theft.item);
    return true;
}

/* True: there is something to do again. */
static bool spin(const struct plait_child *child) {
    struct plait__spin spin;
    if (!plait__spin_begin(&spin, PLAIT__SPIN_ON_SHARED)) return false;
    do {
        if (is_done(child) || can_leap(child)) return true;
    } while (plait__spin_again(&spin));
    return false;
}

static void park(struct plait_child *child) {
    struct plait__park how = {.kind = "sync", .deadline = PLAIT_FOREVER};
    struct plait__wait_list *list = plait__parking(child);
    if (plait__or(&child->state, PARKED) & DONE) return;
    struct plait__spawner *thief = thief_of(child);
    if (thief) {
        (void)plait__exchange_seq(&thief->wanted, 1);
        plait__os_order_all();
        if (can_leap(child)) return;
    }
    plait__mutex_lock(&list->mutex);
    if ((plait__load_acquire(&child->state) & (PARKED | DONE)) == PARKED)
        (void)plait__park(list, child, &how);
    else
        plait__mutex_unlock(&list->mutex);
}

/* Waits for a stolen child. False: its thief has stayed behind in a fork. */
static bool await(struct plait__worker *worker, struct plait_child *child) {
    while (!is_done(child)) {
        if (worker->pool->generation != plait__generation()) return false;
        if (run_sibling(&worker->spawner) || leap(worker, child)) continue;
        if (!spin(child)) park(child);
    }
    return true;
}

/* Neither the last one spawned nor, perhaps, there any more. */
__attribute__((noinline, cold)) static bool take_slowly(struct plait__worker *worker,
                                                        struct plait_child *child) {
    if (!child) end_program("plait_sync of a child that has been synced before");
    if (!worker) return true;
    if (plait__load(&child->state) & KEPT || (!is_done(child) && take_from_below(worker, child))) {
        let_go_of_token(child);
        return true;
    }
    if (plait__load(&child->state) == DONE) return false; /* run as a sibling */
    bool done = await(worker, child);
    worker->spawner.returned++;
    if (!done) {
        forget_result(child);
        plait_raise(PLAIT_BROKEN, "a child was running on another thread when this task forked");
    } else if (child->status != PLAIT_OK) {
        plait__frame_raise(child->status, child->message);
    }
    return false;
}

/* The last child of the deque, unless a thief has been faster. */
__attribute__((noinline)) static bool take_last(struct plait__worker *worker, struct plait_child *child) {
    if (!plait__deque_pop_last(&worker->spawner.children)) return take_slowly(worker, child);
    let_go_of_token(child);
    return true;
}

__attribute__((noinline, cold)) static bool take_with_token(struct plait_child *child) {
    let_go_of_token(child);
    return true;
}

bool plait_child_take(struct plait_child *child) {
    struct plait__worker *worker = plait__worker();
    if (plait__unlikely(!worker)) return take_slowly(worker, child);
    enum plait__pop pop = plait__deque_pop_begin(&worker->spawner.children, child);
    if (plait__unlikely(pop == PLAIT__NOT_LAST_PUSHED)) return take_slowly(worker, child);
    if (plait__unlikely(pop == PLAIT__POP_LAST)) return take_last(worker, child);
    if (plait__unlikely(child->state)) return take_with_token(child);
    return true;
}

void plait_child_end(struct plait_child *child) {
    if (plait_child_take(child)) child->task->run(args_of(child), NULL);
}

void plait__spawner_begin(struct plait__spawner *spawner) {
    spawner->self = plait__self();
}
