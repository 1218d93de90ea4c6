/* owner.h - a thread that owns a resource, and its inbox, from inside. The public side is plait/owner.h.
 *
 * The inbox is a plait_queue of small structs. A told request lies in it by value, arguments included, so
 * that telling allocates nothing; one with many arguments has them in a cell. An asked request is a future
 * like a pool's, with its arguments in the future's own block, and goes through the same states (future.h):
 * QUEUED -> STARTING -> RUNNING -> SETTING -> DONE. Opening is an asked request that the thread runs before
 * it looks into the inbox. The token a request runs under stays in its future until that goes, so that a
 * canceller who saw it RUNNING may use it.
 *
 * The thread runs under a shield, and under the root token: no cancel ends its wait for requests, and Ctrl-C
 * loses nothing. Each request is run under its sender's token and shield.
 *
 * `pending` counts what is on its way into the inbox, in it, or being run, and a close until the thread has
 * nothing more to do. While it is above zero the end of the program waits: whoever takes it from zero counts
 * the owner as awaited (thread/registry.h), whoever takes it to zero ends that. While something is being run
 * the thread's handle says that it is counted, so that an exit in a request does not wait for itself.
 *
 * A program that ends closes the owners that are open still: when nothing is pending any more, exit has them
 * closed one after the other, the one that was opened last first, and waits again after each. They stand in a
 * list, each from the beginning of its thread to its end.
 *
 * Owner and resource: the resource is touched by the thread alone. The handle and the thread hold a reference
 * each. After a fork nobody serves: every verb looks at the generation first, and a request that forked and
 * returns in the child ends the child's thread without touching what is the parent's.
 */
#ifndef PLAIT__OWNER_H
#define PLAIT__OWNER_H

#include <plait/owner.h>
#include <plait/queue.h>
#include <plait/thread.h>
#include <pool/future.h>
#include <pool/stuck.h>
#include <thread/registry.h>

enum { PLAIT__INLINE_BYTES = 48, PLAIT__RESOURCE_BYTES = 16 };

/* One item of the inbox. */
struct plait__request {
    const plait_task *task;
    plait_future *future; /* NULL: told; the rest of the struct is for those */
    plait_token *token;
    void *cell; /* the arguments if they are large, or NULL; the flag below would make the struct larger */
    _Alignas(16) char args[PLAIT__INLINE_BYTES];
};

/* Whether a told request was sent under a shield is in the lowest bit of its token. */
#define PLAIT__SENT_SHIELDED ((uintptr_t)1)

struct plait_owner {
    uint32_t references;
    uint32_t generation; /* of forks, when it was made */
    uint32_t closed;
    uint32_t pending;
    plait_status left_by; /* what requests that are thrown away end with */
    plait_queue *inbox;
    plait_thread *thread;
    plait_future *opening;
    const plait_task *close;
    size_t resource_size;
    _Alignas(16) char resource[PLAIT__RESOURCE_BYTES];
    struct plait__link listed; /* owner_exit.c */

    /* What its thread does at the moment; seen by it alone. */
    plait_thread *self;
    plait_future *running;         /* an asked request */
    plait_token *before;           /* this request's */
    struct plait__request request; /* taken from the inbox last */
    bool told;                     /* that one is a told one, and not done with */
    bool busy;                     /* with what counts as pending */
    bool open;
    struct plait__stuck_words words;
};

/* False in the child of a fork. */
static inline bool plait__owner_usable(const plait_owner *owner) {
    return owner->generation == plait__generation();
}

static inline void plait__owner_more(plait_owner *owner) {
    if (plait__add(&owner->pending, 1) == 0) plait__exit_count();
}

static inline void plait__owner_less(plait_owner *owner) {
    if (plait__sub(&owner->pending, 1) == 1) plait__exit_uncount();
}

/* No more requests. The first time the thread gets something to do: to close. True if this was that. */
static inline bool plait__owner_begin_close(plait_owner *owner) {
    if (plait__exchange(&owner->closed, 1)) return false;
    plait__owner_more(owner);
    return true;
}

void plait__owner_drop(plait_owner *owner);

/* owner_exit.c: among those that the end of the program closes, and off again. */
void plait__owner_list(plait_owner *owner);
void plait__owner_unlist(plait_owner *owner);

/* owner_thread.c: the owner whose thread is calling and carries out a request; or NULL. And what one of those,
 * which is waiting, carries out. */
plait_owner *plait__owner_running(void);
const plait_task *plait__owner_task(const plait_owner *owner);

/* owner_thread.c: the body of the thread; the inbox's destroy function; what a told request brought with
 * it. */
void *plait__owner_work(void *owner);
void plait__owner_cancel_request(void *request, void *owner);
void plait__request_forget(struct plait__request *request);

#endif
