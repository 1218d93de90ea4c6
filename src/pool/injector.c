/* injector.c - the pool's common queue; see injector.h. */
#include <pool/injector.h>

bool plait__injector_push(struct plait__injector *injector, plait_future *future) {
    struct plait__link *link = &future->job.link;
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

/* Moves what was pushed, newest first, to the end of the list, oldest first: in one go, as each is cold. */
static void collect(struct plait__injector *injector) {
    const uintptr_t ask = PLAIT__INBOX_ASK;
    if (!plait__injector_pushed(injector)) return;
    struct plait__link *link = (struct plait__link *)(plait__and(&injector->inbox, ask) & ~ask);
    plait__list_close(&injector->jobs);
    struct plait__link *head = &injector->jobs.head, *last = head->previous, *later = head;
    while (link) {
        struct plait__link *earlier = link->next;
        link->next = later;
        later->previous = link;
        later = link;
        link = earlier;
        injector->count++;
    }
    later->previous = last;
    last->next = later;
}

void plait__injector_add(struct plait__injector *injector, struct plait__job *job) {
    collect(injector);
    if (!job->is_map) injector->count++;
    plait__list_append(&injector->jobs, &job->link);
}

struct plait__job *plait__injector_first(struct plait__injector *injector) {
    struct plait__link *link;
    if (plait__list_empty(&injector->jobs)) collect(injector);
    while ((link = plait__list_first(&injector->jobs)) != NULL) {
        struct plait__job *job = plait__of_link(link, struct plait__job, link);
        if (!job->is_map || plait__map_left(plait__job_map(job))) return job;
        plait__list_remove(link);
        if (plait__list_empty(&injector->jobs)) collect(injector);
    }
    return NULL;
}

struct plait__job *plait__injector_take(struct plait__injector *injector) {
    struct plait__job *job = plait__injector_first(injector);
    if (!job || job->is_map) return job;
    plait__list_remove(&job->link);
    injector->count--;
    return job;
}

void plait__injector_take_futures(struct plait__injector *injector, struct plait__list *taken) {
    struct plait__link *link, *next;
    collect(injector);
    for (link = plait__list_first(&injector->jobs); link; link = next) {
        next = plait__list_after(&injector->jobs, link);
        if (plait__of_link(link, struct plait__job, link)->is_map) continue;
        plait__list_remove(link);
        plait__list_append(taken, link);
    }
    injector->count = 0;
}
