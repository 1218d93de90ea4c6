/* self.c - per-thread state: its first use, its end, and what a fork does to it.
 *
 * First use gives the thread its ident, counts it as running and hangs a pthread key on it whose
 * destructor only takes that count back and tells the floor above; the storage itself has no destructor,
 * so other destructors may use plait before and after.
 * `running` is a plain count: each thread adds itself once and, around every sleep, takes itself out.
 * Relaxed order is enough, it is only a hint to spinners.
 *
 * Threads whose end will be seen are on a list, under a mutex, so that plait__quick_set reaches them all: a
 * thread has a short path only while it is on it. Nobody waits for a thread to notice: the word is its own
 * matter, read in any order.
 */
#include <base/atomic.h>
#include <base/memory.h>
#include <base/os.h>
#include <stdlib.h>
#include <wait/cells.h>
#include <wait/fork.h>
#include <wait/mutex.h>
#include <wait/self.h>

__thread struct plait__self plait__own;

static uint32_t last_ident;
static uint32_t running;
static uint32_t users;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t end_key;
static bool have_end_key;

/* Who may take short paths, and whether. */
static struct plait__mutex quick_mutex;
static struct plait__list quick_threads;
static bool quick_withheld;

/* Set in the child of a fork, before it has a second thread. */
uint32_t plait__forks;
static uint32_t vanished_up_to;
static uint32_t survivor;

static void list(struct plait__self *self) {
    plait__mutex_lock(&quick_mutex);
    plait__list_append(&quick_threads, &self->listed);
    plait__store(&self->quick, quick_withheld ? 0 : self->ident);
    plait__mutex_unlock(&quick_mutex);
}

/* Its storage goes when it has ended, so nobody may find it from here on. */
static void unlist(struct plait__self *self) {
    plait__mutex_lock(&quick_mutex);
    if (plait__linked(&self->listed)) plait__list_remove(&self->listed);
    plait__store(&self->quick, 0);
    plait__mutex_unlock(&quick_mutex);
}

void plait__quick_set(bool allowed) {
    plait__mutex_lock(&quick_mutex);
    quick_withheld = !allowed;
    struct plait__link *link = plait__list_first(&quick_threads);
    for (; link; link = plait__list_after(&quick_threads, link)) {
        struct plait__self *self = plait__of_link(link, struct plait__self, listed);
        plait__store(&self->quick, allowed ? self->ident : 0);
    }
    plait__mutex_unlock(&quick_mutex);
}

static void thread_ends(void *value) {
    struct plait__self *ending = value;
    unlist(ending);
    plait__running_less();
    plait__add_relaxed(&users, UINT32_MAX);
    if (ending->ended) ending->ended(ending);
    plait__cells_end(ending);
}

/* The destructor will take it out. */
static void count_in(void) {
    plait__running_more();
    plait__add_relaxed(&users, 1);
}

static void process_begins(void) {
    have_end_key = pthread_key_create(&end_key, thread_ends) == 0;
    plait__fork_watch();
    plait__memory_give_back = plait__cells_flush;
}

/* Out of line and rare, so that plait__self itself is two instructions and a branch. */
__attribute__((noinline, cold)) static struct plait__self *begin(void) {
    pthread_once(&once, process_begins);
    uint32_t ident;
    do { /* neither 0 nor, when they start again, one that would count as vanished */
        ident = (plait__add_relaxed(&last_ident, 1) + 1) & PLAIT__IDENT_MASK;
    } while (ident <= vanished_up_to);
    plait__own.ident = ident;
    plait__own.random = (plait__os_ticks() ^ (uint64_t)ident << 32) * UINT64_C(0x9e3779b97f4a7c15) | 1;
    if (have_end_key && pthread_setspecific(end_key, &plait__own) == 0) {
        count_in();
        plait__own.keeps_cells = true;
        list(&plait__own);
    }
    return &plait__own;
}

__attribute__((noinline)) struct plait__self *plait__self(void) {
    if (plait__unlikely(plait__own.ident == 0)) return begin();
    return &plait__own;
}

struct plait__self *plait__self_begun(void) {
    return plait__own.ident ? &plait__own : NULL;
}

void plait__self_watch_end(void (*ended)(struct plait__self *)) {
    plait__self()->ended = ended;
    if (have_end_key && pthread_getspecific(end_key) == NULL &&
        pthread_setspecific(end_key, &plait__own) == 0)
        count_in(); /* the destructor ran already and will run again */
}

#if defined(PLAIT_CHECKED)
void plait__self_end(void) {
    if (!have_end_key || pthread_getspecific(end_key) == NULL) return;
    (void)pthread_setspecific(end_key, NULL);
    thread_ends(&plait__own);
}
#endif

uint32_t plait__random(struct plait__self *of) {
    /* xorshift64 (Marsaglia 2003) */
    uint64_t x = of->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    of->random = x;
    return (uint32_t)(x >> 32);
}

bool plait__vanished(uint32_t ident) {
    return ident <= vanished_up_to && ident != survivor;
}

uint32_t plait__users(void) {
    return plait__load(&users);
}

uint32_t plait__running(void) {
    return plait__load(&running);
}

void plait__running_more(void) {
    plait__add_relaxed(&running, 1);
}

void plait__running_less(void) {
    plait__add_relaxed(&running, UINT32_MAX);
}

/* The others' storage is another's now. The mutex was taken for the fork, and nobody is left to be woken. */
static void list_alone(struct plait__self *self) {
    quick_threads = (struct plait__list){0};
    if (plait__linked(&self->listed)) plait__list_append(&quick_threads, &self->listed);
    plait__store(&quick_mutex.word, 0);
}

void plait__self_before_fork(void) {
    (void)plait__self();
    (void)plait__mutex_lock(&quick_mutex);
}

void plait__self_forked(void) {
    plait__mutex_unlock(&quick_mutex);
}

void plait__self_after_fork(void) {
    survivor = plait__self()->ident;
    list_alone(plait__self());
    /* Once idents have started again nobody can be told to have vanished: better wait than share. */
    uint32_t last = plait__load(&last_ident);
    vanished_up_to = last <= PLAIT__IDENT_MASK ? last : 0;
    plait__store(&plait__forks, plait__forks + 1);
    plait__store(&running, 1);
    plait__store(&users, 1);
}
