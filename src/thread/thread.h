/* thread.h - a thread's handle, seen from inside. The public side is plait/thread.h.
 *
 * One block of memory holds the handle, a copy of the arguments, room for the result, and the name. It is
 * freed with the last reference: one for each handle that the program has, and one that the thread itself
 * holds until it has ended.
 *
 *   alive -> ended   once, under joiners.mutex, by the thread itself when its task and its local values are
 *                    done; by exit on its behalf; or in a forked child. Status, message and result are
 *                    written before (release) and not changed after; readers look at `ended` first
 *                    (acquire). Joiners add themselves under the same mutex, and only while it is alive,
 *                    so none is left behind.
 */
#ifndef PLAIT__THREAD_H
#define PLAIT__THREAD_H

#include <plait/thread.h>
#include <thread/task_frame.h>
#include <wait/waiter.h>

enum plait__origin { PLAIT__STARTED, PLAIT__FOREIGN, PLAIT__MAIN };

struct plait_thread {
    uint32_t references;
    uint32_t ended; /* see above */
    uint32_t begun; /* NOT_YET, AWAITED, or HAS_BEGUN: ident and native_id are known (thread.c) */
    uint32_t read;  /* somebody has learnt of its failure */
    struct plait__wait_list joiners;
    struct plait__link listed; /* among the living, or among the failed; the registry's mutex */
    enum plait__origin origin;
    bool daemon;
    bool counted; /* the end of the program waits for it; changed by the thread, or for it while it sleeps */
    uint32_t ident;
    uint32_t native_id;
    char *name;
    const char *shown_name; /* by the kernel; NULL: it shows the program's, and a system call is saved */
    plait_token *token;     /* what it starts with; its own reference */

    const plait_task *task; /* NULL: untyped */
    void *(*function)(void *argument);
    void *argument;
    void *args; /* of the task */
    void *result;
    size_t result_size;
    plait_kind result_kind;
    plait_status status;
    char *message;
    void (*at_end)(plait_thread *thread, void *context); /* called once it has ended; NULL: nothing */
    void *context;
};

/* The task's name for people, or NULL. */
static inline const char *plait__thread_task_name(const plait_thread *thread) {
    return thread->task ? thread->task->name : NULL;
}

static inline bool plait__thread_ended(const plait_thread *thread) {
    return plait__load_acquire(&thread->ended);
}

/* plait_thread_start; and at_end(thread, context) is called when it has ended and its joiners have been
 * woken, mostly by itself: by exit on its behalf, and in a forked child, where it may only look whether there
 * was a fork. A thread that could not be started does not call it. */
plait_thread *plait__thread_start(const plait_thread_options *options, const plait_task *task,
                                  const void *args, void (*at_end)(plait_thread *thread, void *context),
                                  void *context);
/* Whether it is the calling thread's. */
bool plait__thread_is_self(const plait_thread *thread);
/* alive -> ended, with this status and message (which it takes over), and wakes the joiners. Nothing if it
 * has ended already. */
void plait__thread_end(plait_thread *thread, plait_status status, char *message);
/* Now ident and native_id are known. */
void plait__thread_begin(plait_thread *thread, struct plait__self *self);
/* In a forked child: the thread is not here and will not begin, so nobody must wait for its numbers. */
void plait__thread_vanish(plait_thread *thread);
/* What hangs on the end of every thread that has local values or asked for its handle. */
void plait__thread_leaves(struct plait__self *self);

#endif
