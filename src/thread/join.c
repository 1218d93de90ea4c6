/* join.c - the end of a thread and those who wait for it; its result; its handles. Protocol: thread.h. */
#include <base/memory.h>
#include <string.h>
#include <thread/registry.h>
#include <thread/thread.h>
#include <wait/case.h>
#include <wait/name.h>

void plait__thread_end(plait_thread *thread, plait_status status, char *message) {
    struct plait__wakes wakes = {.count = 0};
    plait__mutex_lock(&thread->joiners.mutex);
    bool first = !thread->ended;
    if (first) {
        thread->status = status;
        thread->message = message;
        plait__store_release(&thread->ended, 1);
    }
    plait__claim_all(&thread->joiners.nodes, &wakes);
    plait__mutex_unlock(&thread->joiners.mutex);
    plait__wakes_send(&wakes);
    if (!first)
        plait__release(message);
    else if (thread->at_end)
        thread->at_end(thread, thread->context);
}

/* ---- waiting ---- */

/* Adds the node, unless the thread has ended. */
static bool add_joiner(plait_thread *thread, struct plait__node *node) {
    plait__mutex_lock(&thread->joiners.mutex);
    bool alive = !thread->ended;
    if (alive) plait__list_append(&thread->joiners.nodes, &node->link);
    plait__mutex_unlock(&thread->joiners.mutex);
    return alive;
}

static void remove_joiner(plait_thread *thread, struct plait__node *node) {
    plait__mutex_lock(&thread->joiners.mutex);
    if (plait__linked(&node->link)) plait__list_remove(&node->link);
    plait__mutex_unlock(&thread->joiners.mutex);
}

static plait_status wait_for_end(plait_thread *thread, plait_deadline deadline) {
    struct plait__waiter waiter;
    struct plait__node node;
    plait__waiter_init(&waiter, "thread", thread);
    plait__node_init(&node, &waiter, thread, 0);
    if (!add_joiner(thread, &node)) return PLAIT_OK;
    uint32_t claim = plait__wait(&waiter, deadline, true);
    if (plait__claimed_node(claim)) return PLAIT_OK;
    remove_joiner(thread, &node);
    return plait__thread_ended(thread) ? PLAIT_OK : plait__claim_status(claim);
}

plait_status plait_thread_join_until(plait_thread *thread, plait_deadline deadline) {
    if (!thread) return PLAIT_INVALID;
    if (plait__thread_is_self(thread)) return PLAIT_DEADLOCK;
    if (plait__thread_ended(thread)) return PLAIT_OK;
    if (plait_passed(deadline)) return PLAIT_TIMEOUT;
    return wait_for_end(thread, deadline);
}

plait_status plait_thread_join(plait_thread *thread) {
    return plait_thread_join_until(thread, PLAIT_FOREVER);
}

static bool case_attempt(plait_case *one) {
    const plait_thread *thread = one->object;
    bool self = plait__thread_is_self(thread);
    one->status = self ? PLAIT_DEADLOCK : PLAIT_OK;
    return self || plait__thread_ended(thread);
}

static bool case_enqueue(plait_case *one, struct plait__node *node) {
    return add_joiner(one->object, node);
}

static void case_dequeue(plait_case *one, struct plait__node *node) {
    remove_joiner(one->object, node);
}

plait_case plait_case_thread(plait_thread *thread) {
    static const struct plait__case_kind kind = {"thread", case_attempt, case_enqueue, case_dequeue};
    return (plait_case){.kind = &kind, .object = thread};
}

/* ---- what came out of it ---- */

/* Strings and pointers are told apart between processes only. */
static plait_kind plain(plait_kind kind) {
    return kind == PLAIT_KIND_STRING ? PLAIT_KIND_POINTER : kind;
}

static bool fits(const plait_thread *thread, size_t size, plait_kind kind) {
    return size == thread->result_size && plain(kind) == plain(thread->result_kind);
}

plait_status plait_thread_result_as(plait_thread *thread, void *out, size_t size, plait_kind kind,
                                    plait_deadline deadline) {
    if (!thread || (out && !fits(thread, size, kind))) return PLAIT_INVALID;
    plait_status status = plait_thread_join_until(thread, deadline);
    if (status) return status;
    plait__store(&thread->read, 1);
    if (thread->status) return thread->status;
    if (out) memcpy(out, thread->result, size);
    return PLAIT_OK;
}

const char *plait_thread_message(plait_thread *thread) {
    if (!thread || !plait__thread_ended(thread) || !thread->status) return "";
    plait__store(&thread->read, 1);
    return plait__failure_words(thread->status, thread->message);
}

/* ---- handles ---- */

plait_thread *plait_thread_keep(plait_thread *thread) {
    if (thread) plait__add_relaxed(&thread->references, 1);
    return thread;
}

void plait_thread_free(plait_thread *thread) {
    if (!thread || thread->origin == PLAIT__MAIN || plait__sub(&thread->references, 1) != 1) return;
    if (thread->status) plait__registry_remove(thread); /* it may be among the failed */
    if (thread->status && !plait__load(&thread->read))
        plait__failure_unread(thread->status, thread->message, plait__thread_task_name(thread), thread->name);
    plait__name_forget(thread);
    plait__release(thread->message);
    plait__release(thread);
}

bool plait_thread_is_alive(const plait_thread *thread) {
    return thread && !plait__thread_ended(thread);
}

const char *plait_thread_name(const plait_thread *thread) {
    return thread ? thread->name : NULL;
}

bool plait_thread_daemon(const plait_thread *thread) {
    return thread && thread->daemon;
}
