/* task_frame.h - the frame of a running task: where plait_raise leaves its failure.
 *
 * Whoever runs a task (a thread, a pool's worker, the service thread) puts a frame on its own stack around
 * the call. Frames nest: a worker that waits inside a task may run another one. Only the thread itself
 * looks at its frames, so nothing here is atomic.
 *
 *     struct plait__frame frame;
 *     plait__frame_begin(&frame, task->name);
 *     task->run(args, result);
 *     plait_status status = plait__frame_end(&frame);
 *     if (status) keep(status, plait__frame_take(&frame));      // the message is now ours: plait__release
 *
 * A range is run inside one frame, whose `end` is the loop's: raising sets it to 0, which stops the loop
 * after the item that raised.
 *
 *     plait__frame_begin(&frame, task->name);
 *     while (i < to) {
 *         frame.end = to;
 *         i = task->range(columns, results, i, &frame.end);
 *         if (frame.raised) item i - 1 has failed: frame.status, plait__frame_take(&frame)
 *         plait__frame_clear(&frame);
 *     }
 *     plait__frame_end(&frame);
 */
#ifndef PLAIT__TASK_FRAME_H
#define PLAIT__TASK_FRAME_H

#include <plait/cancel.h>
#include <plait/raise.h>
#include <plait/status.h>

struct plait__frame {
    int raised; /* 1 after a plait_raise */
    plait_status status;
    size_t end;         /* of the range that it runs; 0 after a plait_raise */
    char *message;      /* allocated; NULL if nothing was raised, or memory was out */
    const char *name;   /* of the task, for people; may be NULL */
    const void *future; /* whose task it is, for dumps: only to be compared; NULL: none's */
    struct plait__frame *outer;
    const plait_token *outer_token; /* under which that one began */
};

/* From here on plait_raise on this thread means this frame. The current token is the task's: it stays alive
 * until the frame ends. */
void plait__frame_begin(struct plait__frame *frame, const char *name);
/* Until here. The status raised, or PLAIT_OK. The message stays in the frame: take or clear it. */
plait_status plait__frame_end(struct plait__frame *frame);
/* The message, to be given back with plait__release by the caller; NULL if there is none. For people use
 * plait__failure_words on it. */
char *plait__frame_take(struct plait__frame *frame);
/* As plait_raise on this thread, of what was raised in another frame; takes over the message, which may be
 * NULL. */
void plait__frame_raise(plait_status status, char *message);
/* Forgets what was raised. */
void plait__frame_clear(struct plait__frame *frame);

/* The message, or what the status means when there was no memory for one. Never NULL. */
const char *plait__failure_words(plait_status status, const char *message);

/* What plait_last_message will say. */
void plait__set_last_message(const char *words);

/* Tells the excepthook of a failure that nobody read. The caller holds no lock. `message` may be NULL. */
void plait__failure_unread(plait_status status, const char *message, const char *task, const char *thread);

#endif
