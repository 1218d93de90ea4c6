/* owner_exit.c - owners that nobody closed are closed when the program ends; what exit does stands in owner.h. */
#include <pool/owner.h>
#include <pthread.h>

static struct plait__mutex mutex;
static struct plait__list owners; /* the one that was opened last at the end; under the mutex */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static plait_owner *owner_of(struct plait__link *link) {
    return plait__of_link(link, plait_owner, listed);
}

/* The last one that is open, to be dropped; NULL: none. One whose request calls exit is not: it will never come
 * to its next. */
static plait_owner *keep_last(void) {
    plait_owner *last = NULL;
    plait__mutex_lock(&mutex);
    for (struct plait__link *link = plait__list_first(&owners); link; link = plait__list_after(&owners, link))
        if (!plait__load(&owner_of(link)->closed) && !plait__owner_serves(owner_of(link)))
            last = owner_of(link);
    if (last) plait__add(&last->references, 1); /* its thread holds one as long as it is listed */
    plait__mutex_unlock(&mutex);
    return last;
}

static bool close_last(void) {
    plait_owner *owner = keep_last();
    if (!owner) return false;
    (void)plait_owner_close(owner);
    plait__owner_drop(owner);
    return true;
}

/* All of them have vanished. */
static void child(void) {
    mutex = (struct plait__mutex){0};
    owners = (struct plait__list){0};
}

static void process_begins(void) {
    (void)pthread_atfork(NULL, NULL, child);
    plait__exit_asks(close_last);
}

void plait__owner_list(plait_owner *owner) {
    pthread_once(&once, process_begins);
    plait__mutex_lock(&mutex);
    plait__list_append(&owners, &owner->listed);
    plait__mutex_unlock(&mutex);
}

void plait__owner_unlist(plait_owner *owner) {
    plait__mutex_lock(&mutex);
    plait__list_remove(&owner->listed);
    plait__mutex_unlock(&mutex);
}
