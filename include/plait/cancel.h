/* plait/cancel.h - cancel tokens: asking waiting threads to stop, whole trees of them at once.
 *
 * A token says "stop". Every thread has a current token; whoever cancels it, or one of its ancestors,
 * ends every cancellable wait of that thread with PLAIT_CANCELLED, and every later one that would have
 * to wait. Work in hand is never thrown away: a call that can succeed at once does so.
 * What waits for another's work (queue, event, condition, semaphore, barrier, join, result, select,
 * sleep) can be cancelled; taking a lock cannot, and nothing can under a shield.
 * A token may carry a deadline; when it passes, the token counts as cancelled.
 * At the top of the tree stands the root token, which every thread has until it is given another one:
 * Ctrl-C cancels it (see plait/interrupt.h). New threads inherit the current token of their starter.
 *
 * Example:
 *     #include <plait.h>
 *
 *     int main(void) {
 *         static plait_event never;
 *         plait_token *patience = plait_token_new(NULL, plait_after(0.01));
 *         plait_token *outer = plait_token_enter(patience);
 *         plait_status status = plait_event_wait(&never);    // the token ends this wait
 *         plait_token_leave(outer);
 *         plait_token_free(patience);
 *         return status == PLAIT_CANCELLED ? 0 : 1;
 *     }
 */
#ifndef PLAIT_CANCEL_H
#define PLAIT_CANCEL_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/status.h>

PLAIT_BEGIN

typedef struct plait_token plait_token;

/* A new token below `parent` (NULL: the calling thread's current token), cancelled at the latest when
 * `deadline` passes. The child keeps its parent alive. Free it with plait_token_free. NULL when memory
 * is out. Thread-safe. */
PLAIT_API PLAIT_WARN_UNUSED plait_token *plait_token_new(plait_token *parent, plait_deadline deadline);

/* Lets go of a token; threads that have it as their current one, and its children, keep it alive.
 * NULL and the root are allowed and nothing happens. */
PLAIT_API void plait_token_free(plait_token *token);

/* Cancels a token and all below it: their threads' cancellable waits end with PLAIT_CANCELLED. Wakes
 * them before it returns. For ever: a cancelled token stays so. Cancelling twice is allowed.
 * PLAIT_INVALID for NULL. Thread-safe; does not block; not for signal handlers. */
PLAIT_API plait_status plait_cancel(plait_token *token);

/* Whether the token, or one above it, was cancelled or has passed its deadline. False for NULL. Any thread,
 * never blocks. */
PLAIT_API bool plait_token_cancelled(const plait_token *token);

/* Whether the calling thread is asked to stop: its current token is cancelled and no shield is up. Long
 * computations ask this now and then; it costs a few nanoseconds. */
PLAIT_API bool plait_cancelled(void);

/* The calling thread's current token, and the root of all. Borrowed: do not free them. */
PLAIT_API plait_token *plait_token_current(void);
PLAIT_API plait_token *plait_token_root(void);

/* Makes `token` (NULL: the root) the calling thread's current one and returns the one before, which must
 * be given to plait_token_leave on the same thread, in reverse order. The thread keeps the token alive
 * until then, so it may be freed, by whoever made it, while it is in use. */
PLAIT_API plait_token *plait_token_enter(plait_token *token);
PLAIT_API void plait_token_leave(plait_token *before);

/* Between these two the calling thread cannot be cancelled: for clean-up that must go on after a Ctrl-C.
 * They nest. plait_shield() below does it for a scope. */
PLAIT_API void plait_shield_enter(void);
PLAIT_API void plait_shield_leave(void);

PLAIT_END

/* Shields the rest of the enclosing scope, however it is left:  { plait_shield(); save(state); }
 * GNU extension (the cleanup attribute); elsewhere use the pair above. */
#if defined(__GNUC__)
PLAIT__INLINE void plait__shield_end(const int *unused) {
    (void)unused;
    plait_shield_leave();
}
PLAIT__INLINE int plait__shield_begin(void) {
    plait_shield_enter();
    return 0;
}
#define PLAIT__PASTE_(a, b) a##b
#define PLAIT__PASTE(a, b) PLAIT__PASTE_(a, b)
#define plait_shield() \
    __attribute__((cleanup(plait__shield_end), unused)) const int PLAIT__PASTE( \
        plait__shield_, __LINE__) = plait__shield_begin()
#endif

#endif
