/* injector.c - the pool's common queue; see injector.h. */
#include <pool/injector.h>
#include <wait/self.h>

enum { LAST_TURN = INT32_MAX };

bool plait__injector_push(struct plait__injector *injector, plait_future *future) {
    struct plait__link *link = &future->job.link;
    struct plait__self *self = plait__self();
    link->previous = self->pushed[self->pushes % PLAIT__PUSHED];
    self->pushed[self->pushes++ % PLAIT__PUSHED] = link;
    uintptr_t inbox = plait__load(&injector->inbox);
    do {
        if (inbox & PLAIT__INBOX_ASK) return false;
        link->next = (struct plait__link *)inbox;
    } while (!plait__cas(&injector->inbox, &inbox, (uintptr_t)link));
    return true;
}

void plait__injector_ask(struct plait__injector *injector, bool ask) {
    bool asks = plait__load(&injector->inbox) & PLAIT__INBOX_ASK;
    if (ask && !asks) plait__or(&injector->inbox, PLAIT__INBOX_ASK);
    if (!ask && asks) plait__and(&injector->inbox, ~(uintptr_t)PLAIT__INBOX_ASK);
}

/* Moves what was pushed, newest first, to the end of the list, oldest first. Each lies in its pusher's cache and is
 * known only from the one before it; so each brings the address of one that its pusher pushed some time before, which
 * is fetched meanwhile. That one may be gone, and its address is used for nothing else. */
void plait__injector_collect(struct plait__injector *injector) {
    const uintptr_t ask = PLAIT__INBOX_ASK;
    if (!plait__injector_pushed(injector)) return;
    struct plait__link *link = (struct plait__link *)(plait__and(&injector->inbox, ask) & ~ask);
    plait__list_close(&injector->jobs);
    struct plait__link *head = &injector->jobs.head, *last = head->previous, *later = head;
    while (link) {
        struct plait__link *earlier = link->next;
        __builtin_prefetch(link->previous, 1);
        link->next = later;
        later->previous = link;
        later = link;
        link = earlier;
        injector->count++;
        injector->handed_in++;
    }
    later->previous = last;
    last->next = later;
    if (injector->count > injector->most) injector->most = injector->count;
}

/* ---- the heap: a link's `next` is its first child, `previous` its next sibling ---- */

static plait_future *future_of(struct plait__link *link) {
    return plait__job_future(plait__of_link(link, struct plait__job, link));
}

static bool before(struct plait__link *one, struct plait__link *other) {
    const plait_future *a = future_of(one), *b = future_of(other);
    return a->job.priority > b->job.priority ||
           (a->job.priority == b->job.priority && a->job.turn < b->job.turn);
}

/* Two trees, without siblings, become one. */
static struct plait__link *meld(struct plait__link *one, struct plait__link *other) {
    if (!one || !other) return one ? one : other;
    struct plait__link *first = before(other, one) ? other : one, *second = first == one ? other : one;
    second->previous = first->next;
    first->next = second;
    return first;
}

static struct plait__link *alone(struct plait__link *link) {
    if (link) link->previous = NULL;
    return link;
}

/* Siblings become one tree: in pairs from left to right, then the pairs from right to left. */
static struct plait__link *meld_siblings(struct plait__link *siblings) {
    struct plait__link *pairs = NULL, *tree = NULL, *next;
    for (; siblings; siblings = next) {
        struct plait__link *other = siblings->previous;
        next = other ? other->previous : NULL;
        struct plait__link *pair = meld(alone(siblings), alone(other));
        pair->previous = pairs;
        pairs = pair;
    }
    for (; pairs; pairs = next) {
        next = pairs->previous;
        tree = meld(tree, alone(pairs));
    }
    return tree;
}

static void add_urgent(struct plait__injector *injector, struct plait__job *job) {
    job->turn = ++injector->turn & LAST_TURN;
    job->link.next = job->link.previous = NULL;
    injector->urgent = meld(injector->urgent, &job->link);
}

/* Those that wait get the first ones, in their order. */
static void begin_turns_anew(struct plait__injector *injector) {
    struct plait__list waiting = {0};
    struct plait__link *link;
    while ((link = injector->urgent) != NULL) {
        injector->urgent = meld_siblings(link->next);
        plait__list_append(&waiting, link);
    }
    injector->turn = 0;
    while ((link = plait__list_first(&waiting)) != NULL) {
        plait__list_remove(link);
        add_urgent(injector, plait__of_link(link, struct plait__job, link));
    }
}

/* ---- the queue ---- */

void plait__injector_add(struct plait__injector *injector, struct plait__job *job) {
    plait__injector_collect(injector);
    if (!job->is_map) injector->count++;
    if (injector->count > injector->most) injector->most = injector->count;
    if (injector->order == PLAIT_POOL_PRIORITY && !job->is_map) {
        if (plait__unlikely(injector->turn == LAST_TURN)) begin_turns_anew(injector);
        add_urgent(injector, job);
    } else if (injector->order == PLAIT_POOL_LIFO) {
        plait__list_prepend(&injector->jobs, &job->link);
    } else {
        plait__list_append(&injector->jobs, &job->link);
    }
}

void plait__injector_hand_in(struct plait__injector *injector, plait_future *future) {
    plait__injector_add(injector, &future->job);
    injector->handed_in++;
}

/* The first of the list; maps whose items have all been taken leave it. */
static struct plait__job *first_listed(struct plait__injector *injector) {
    struct plait__link *link;
    if (plait__list_empty(&injector->jobs)) plait__injector_collect(injector);
    while ((link = plait__list_first(&injector->jobs)) != NULL) {
        struct plait__job *job = plait__of_link(link, struct plait__job, link);
        if (!job->is_map || plait__map_left(plait__job_map(job))) return job;
        plait__list_remove(link);
        if (plait__list_empty(&injector->jobs)) plait__injector_collect(injector);
    }
    return NULL;
}

/* A map counts as priority 0, and comes before the futures that have the same. */
struct plait__job *plait__injector_first(struct plait__injector *injector) {
    struct plait__job *listed = first_listed(injector);
    if (!injector->urgent) return listed;
    struct plait__job *urgent = &future_of(injector->urgent)->job;
    return listed && urgent->priority <= 0 ? listed : urgent;
}

struct plait__job *plait__injector_take(struct plait__injector *injector) {
    struct plait__job *job = plait__injector_first(injector);
    if (!job || job->is_map) return job;
    injector->count--;
    if (&job->link == injector->urgent) {
        injector->urgent = meld_siblings(job->link.next);
        job->link.next = NULL;
    } else {
        plait__list_remove(&job->link);
    }
    return job;
}

void plait__injector_take_futures(struct plait__injector *injector, struct plait__list *taken) {
    struct plait__link *link, *next;
    plait__injector_collect(injector);
    for (link = plait__list_first(&injector->jobs); link; link = next) {
        next = plait__list_after(&injector->jobs, link);
        if (plait__of_link(link, struct plait__job, link)->is_map) continue;
        plait__list_remove(link);
        plait__list_append(taken, link);
    }
    while ((link = injector->urgent) != NULL) {
        injector->urgent = meld_siblings(link->next);
        plait__list_append(taken, link);
    }
    injector->count = 0;
}
