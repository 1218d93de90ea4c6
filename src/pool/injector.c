/* injector.c - the pool's common queue; see injector.h. */
#include <pool/injector.h>

void plait__injector_add(struct plait__injector *injector, struct plait__job *job) {
    if (!job->is_map) injector->count++;
    plait__list_append(&injector->jobs, &job->link);
}

struct plait__job *plait__injector_first(struct plait__injector *injector) {
    struct plait__link *link;
    while ((link = plait__list_first(&injector->jobs)) != NULL) {
        struct plait__job *job = plait__of_link(link, struct plait__job, link);
        if (!job->is_map || plait__map_left(plait__job_map(job))) return job;
        plait__list_remove(link);
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
    for (link = plait__list_first(&injector->jobs); link; link = next) {
        next = plait__list_after(&injector->jobs, link);
        if (plait__of_link(link, struct plait__job, link)->is_map) continue;
        plait__list_remove(link);
        plait__list_append(taken, link);
    }
    injector->count = 0;
}
