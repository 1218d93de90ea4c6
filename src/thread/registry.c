/* registry.c - the list of living threads, the main thread, and handles for threads that plait did not start.
 *
 * A mutex guards two lists: the living, each of which holds its own reference while it is on, and the
 * failed, whose handles the program still has though the thread has ended: these hold none, so whoever
 * takes one off must make sure that it is not just being freed.
 * The main thread's handle is static and not on a list. It is recognised by the kernel's number, which
 * equals the process's; its ident becomes known when it first asks for something here.
 */
#include <base/memory.h>
#include <base/os.h>
#include <stdio.h>
#include <thread/local.h>
#include <thread/registry.h>
#include <unistd.h>

static struct plait__mutex mutex;
static struct plait__list living;
static struct plait__list failed;

static char main_name[] = "MainThread";
static plait_thread first_main = {.references = 1, .origin = PLAIT__MAIN, .name = main_name};
/* After a fork it may be any thread; written only then, when there is no other. */
static plait_thread *main_thread = &first_main;

struct plait__mutex *plait__registry_mutex(void) {
    return &mutex;
}

static plait_thread *of_link(struct plait__link *link) {
    return link ? plait__of_link(link, plait_thread, listed) : NULL;
}

static void add(struct plait__list *list, plait_thread *thread) {
    plait__mutex_lock(&mutex);
    plait__list_append(list, &thread->listed);
    plait__mutex_unlock(&mutex);
}

void plait__registry_add(plait_thread *thread) {
    add(&living, thread);
}

void plait__registry_add_failed(plait_thread *thread) {
    add(&failed, thread);
}

void plait__registry_remove(plait_thread *thread) {
    plait__mutex_lock(&mutex);
    if (plait__linked(&thread->listed)) plait__list_remove(&thread->listed);
    plait__mutex_unlock(&mutex);
}

/* A reference to a thread that may just be losing its last one. */
static bool try_keep(plait_thread *thread) {
    uint32_t references = plait__load(&thread->references);
    while (references)
        if (plait__cas(&thread->references, &references, references + 1)) return true;
    return false;
}

plait_thread *plait__registry_next_failed(void) {
    plait__mutex_lock(&mutex);
    plait_thread *thread;
    while ((thread = of_link(plait__list_first(&failed)))) {
        plait__list_remove(&thread->listed);
        if (try_keep(thread)) break;
    }
    plait__mutex_unlock(&mutex);
    return thread;
}

plait_thread *plait__registry_culprit(void) {
    plait__mutex_lock(&mutex);
    struct plait__link *link = plait__list_first(&living);
    while (link && (!plait__load(&of_link(link)->counted) || plait__thread_ended(of_link(link))))
        link = plait__list_after(&living, link);
    plait_thread *thread = plait_thread_keep(of_link(link));
    plait__mutex_unlock(&mutex);
    return thread;
}

/* ---- threads that plait did not start ---- */

static bool is_first_main(void) {
    return plait__os_native_id() == (uint32_t)getpid();
}

/* The handle hangs on the thread until its pthread ends. */
static plait_thread *adopt(plait_thread *thread) {
    struct plait__self *self = plait__self();
    self->thread = thread;
    plait__thread_begin(thread, self);
    plait__self_watch_end(plait__thread_leaves);
    return thread;
}

static plait_thread *make_foreign(void) {
    enum { NAME_SIZE = sizeof "Dummy-4294967295" };
    char *block = plait__allocate(sizeof(plait_thread) + NAME_SIZE);
    if (!block) return NULL;
    plait_thread *thread = (plait_thread *)(void *)block;
    thread->references = 1;
    thread->origin = PLAIT__FOREIGN;
    thread->daemon = true;
    thread->name = block + sizeof(plait_thread);
    snprintf(thread->name, NAME_SIZE, "Dummy-%u", (unsigned)plait__self()->ident);
    plait__registry_add(thread);
    return adopt(thread);
}

plait_thread *plait_thread_current(void) {
    plait_thread *thread = plait__self()->thread;
    if (thread) return thread;
    plait__thread_watch_forks();
    return is_first_main() ? adopt(&first_main) : make_foreign();
}

void plait__thread_leaves(struct plait__self *self) {
    plait__locals_end(self);
    plait_thread *thread = self->thread;
    if (!thread) return;
    self->thread = NULL;
    plait__thread_end(thread, PLAIT_OK, NULL);
    if (thread->origin != PLAIT__FOREIGN) return;
    plait__registry_remove(thread);
    plait_thread_free(thread);
}

bool plait__thread_is_self(const plait_thread *thread) {
    const plait_thread *own = plait__self()->thread;
    if (own) return own == thread;
    return thread == &first_main && !plait__thread_ended(thread) && is_first_main();
}

plait_thread *plait_thread_main(void) {
    if (main_thread == &first_main && !plait__self()->thread && is_first_main()) adopt(&first_main);
    return main_thread;
}

/* ---- looking at all of them ---- */

/* Stores handles as far as there is room, and counts. */
static size_t take(plait_thread *thread, plait_thread **threads, size_t room, size_t count) {
    if (plait__thread_ended(thread)) return count;
    if (count < room) threads[count] = plait_thread_keep(thread);
    return count + 1;
}

size_t plait_thread_enumerate(plait_thread **threads, size_t room) {
    if (!threads) room = 0;
    plait__mutex_lock(&mutex);
    size_t count = take(&first_main, threads, room, 0);
    for (struct plait__link *link = plait__list_first(&living); link; link = plait__list_after(&living, link))
        count = take(of_link(link), threads, room, count);
    plait__mutex_unlock(&mutex);
    return count;
}

size_t plait_thread_active_count(void) {
    return plait_thread_enumerate(NULL, 0);
}

bool plait__registry_all_begun(void) {
    plait__mutex_lock(&mutex);
    struct plait__link *link = plait__list_first(&living);
    while (link && plait__load(&of_link(link)->ident)) link = plait__list_after(&living, link);
    plait__mutex_unlock(&mutex);
    return !link;
}

/* ---- fork ---- */

/* A thread that is not in this process any more. */
static void vanish(plait_thread *thread) {
    thread->joiners = (struct plait__wait_list){0};
    thread->read = 1; /* nothing that anyone here could be told of */
    plait__thread_vanish(thread);
    plait__thread_end(thread, PLAIT_BROKEN, NULL);
}

/* Its own reference is gone with it. (plait_thread_free would take the mutex, which is held.) */
static void forget(plait_thread *thread) {
    if (plait__sub(&thread->references, 1) != 1) return;
    plait_token_free(thread->token);
    plait__release(thread);
}

void plait__registry_after_fork(void) {
    plait_thread *own = plait__self()->thread;
    struct plait__link *link, *next;
    for (link = plait__list_first(&failed); link; link = next) {
        next = plait__list_after(&failed, link);
        plait__list_remove(link);
        of_link(link)->read = 1; /* the parent tells of them */
    }
    for (link = plait__list_first(&living); link; link = next) {
        next = plait__list_after(&living, link);
        plait_thread *thread = of_link(link);
        if (thread == own) continue;
        plait__list_remove(link);
        vanish(thread);
        forget(thread);
    }
    if (own) {
        own->joiners = (struct plait__wait_list){0};
        own->native_id = plait__os_native_id();
    }
    if (own == &first_main) return;
    if (own) {
        vanish(&first_main);
        own->counted = false;
        main_thread = plait_thread_keep(own); /* plait_thread_main still names it when it has ended */
    } else {
        first_main = (plait_thread){.references = 1, .origin = PLAIT__MAIN, .name = main_name};
        main_thread = &first_main;
    }
}
