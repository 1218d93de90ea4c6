/* plait/message_queue.h - a queue between processes for messages of any length.
 *
 * A ring of bytes in memory that processes share: any number of them put and get, first in, first out, each
 * message as long as it likes to be. Nothing is pickled, no thread feeds it, and what passes through touches
 * the kernel only where somebody sleeps. Messages are copied in and out; or written and read where they lie
 * (reserve and commit, borrow and give_back), which saves both copies of a big one, several at a time by
 * several processes. One that is bigger than the ring goes through it in pieces, which nobody has to know.
 *
 * What holds when processes are killed, at whatever instruction: a message that its writer had not finished
 * is never seen; one that was being taken, or is borrowed, by whom was killed is lost, or comes to another;
 * no other message is touched, nobody else waits for ever, and nothing has to be repaired. Pointers in a
 * message mean nothing in another process.
 *
 * The handle is a parameter that tasks take, in other processes too (plait/task.h); a child that was forked
 * uses its parent's. A queue with a name is found by processes that are not related. For items of one size
 * plait/process_queue.h is faster; for a talk between two, plait/pipe.h. Python: multiprocessing.Queue and
 * JoinableQueue.
 *
 * Example:
 *     #include <plait.h>
 *     #include <string.h>
 *
 *     int main(void) {
 *         plait_message_queue *queue = plait_message_queue_new(1 << 16);      // bytes
 *         if (!queue) return 1;
 *         if (plait_message_queue_put(queue, "hello", 6) != PLAIT_OK) return 1;
 *
 *         plait_message message;                                              // in place, without a copy
 *         if (plait_message_queue_reserve(queue, 1000, &message) != PLAIT_OK) return 1;
 *         strcpy(message.data, "written where it is read");
 *         if (plait_message_queue_commit(queue, &message, 25) != PLAIT_OK) return 1;
 *
 *         char text[100];
 *         size_t size;
 *         if (plait_message_queue_get(queue, text, sizeof text, &size) != PLAIT_OK || size != 6) return 1;
 *         if (plait_message_queue_borrow(queue, &message) != PLAIT_OK) return 1;
 *         bool same = message.size == 25 && strcmp(message.data, "written where it is read") == 0;
 *         if (plait_message_queue_give_back(queue, &message) != PLAIT_OK) return 1;
 *         plait_message_queue_free(queue);
 *         return same ? 0 : 1;
 *     }
 */
#ifndef PLAIT_MESSAGE_QUEUE_H
#define PLAIT_MESSAGE_QUEUE_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/status.h>

PLAIT_BEGIN

typedef struct plait_message_queue plait_message_queue;

typedef struct plait_message_queue_options {
    size_t
        capacity; /* bytes in the ring; 0: 1 MiB. Becomes a power of two, a page at least; at most 16 GiB */
    size_t max_message; /* bytes in one message at most; 0: no limit */
} plait_message_queue_options;

/* A queue of messages in a ring of at least so many bytes; each message takes 16 more than it is long,
 * rounded up to 16. Some four times as large as the usual message is a good size: writer and reader then work
 * at the same time. options may be NULL. NULL with plait_last_error(): PLAIT_NO_MEMORY, PLAIT_ERRNO (no
 * descriptor, no such system call), PLAIT_INVALID. Any thread. Python: Queue(). */
PLAIT_API PLAIT_WARN_UNUSED plait_message_queue *plait_message_queue_new(size_t capacity);
PLAIT_API PLAIT_WARN_UNUSED plait_message_queue *
plait_message_queue_new_with(const plait_message_queue_options *options);

/* The same with a name (as plait_shared_create has it, plait/shared.h), under which any process attaches to
 * it; and the end of the name, while those who have it go on. The name vanishes with the process that created
 * it, however that ends. NULL also with PLAIT_EXISTS, PLAIT_MISSING, and PLAIT_INVALID for a name of
 * something else. */
PLAIT_API PLAIT_WARN_UNUSED plait_message_queue *
plait_message_queue_create(const char *name, const plait_message_queue_options *options);
PLAIT_API PLAIT_WARN_UNUSED plait_message_queue *plait_message_queue_attach(const char *name);
PLAIT_API plait_status plait_message_queue_unlink(const char *name);
/* NULL for none. */
PLAIT_API const char *plait_message_queue_name(const plait_message_queue *queue);

/* "I let go": this process uses it no more; with the last keep's free its memory is unmapped here. Messages
 * stay, as long as some process has the queue. Nobody of this process may be inside it. NULL is allowed. */
PLAIT_API void plait_message_queue_free(plait_message_queue *queue);
/* One more free is needed; returns the queue. */
PLAIT_API plait_message_queue *plait_message_queue_keep(plait_message_queue *queue);

/* Puts a copy of so many bytes (0 is a message, too; data may be NULL then), waiting for room (until the
 * deadline; or not at all). PLAIT_OK: it is in. PLAIT_TIMEOUT (_until), PLAIT_FULL (_nowait), PLAIT_SHUTDOWN,
 * PLAIT_CANCELLED, PLAIT_INTERRUPTED, PLAIT_TOO_LARGE (longer than max_message), PLAIT_BROKEN (the ring was
 * overwritten), PLAIT_INVALID: it is not, and nobody sees any of it. One that is bigger than the ring is in
 * when a reader has taken all but the last of it; meanwhile other puts wait; _nowait says PLAIT_FULL of it.
 * (One that is bigger than half the ring is put in pieces, too, but by _nowait.) Thread-safe, in all
 * processes. Never allocates. Python: put, put(timeout=), put_nowait. */
PLAIT_API plait_status plait_message_queue_put(plait_message_queue *queue, const void *data, size_t size);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_message_queue_put_until(plait_message_queue *queue,
                                                                       const void *data, size_t size,
                                                                       plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_message_queue_put_nowait(plait_message_queue *queue,
                                                                        const void *data, size_t size);

/* Takes the first message into a buffer of so many bytes, waiting while there is none. PLAIT_OK: *size is how
 * long it is. PLAIT_TOO_LARGE: it stays where it is, and *size is what it needs (somebody else may take it
 * before one comes back with more). PLAIT_TIMEOUT (_until), PLAIT_EMPTY (_nowait), PLAIT_SHUTDOWN (shut down,
 * and nothing is left), PLAIT_CANCELLED, PLAIT_INTERRUPTED, PLAIT_BROKEN, PLAIT_INVALID: *size is as it was.
 * A message that is bigger than the ring arrives while it is being sent: once it has begun, each piece has a
 * second to come, whatever the deadline; if its writer dies or gives up, the get goes on with what comes
 * after it. If the pieces stay away the message is lost. What the buffer holds beyond a message, or after a
 * failure, is undefined. Thread-safe. Never allocates. Python: get, get(timeout=), get_nowait. */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_message_queue_get(plait_message_queue *queue, void *buffer,
                                                                 size_t room, size_t *size);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_message_queue_get_until(plait_message_queue *queue,
                                                                       void *buffer, size_t room,
                                                                       size_t *size, plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_message_queue_get_nowait(plait_message_queue *queue,
                                                                        void *buffer, size_t room,
                                                                        size_t *size);

/* A message in its place. */
typedef struct plait_message {
    void *data; /* aligned to 16 bytes */
    size_t size;
    uint64_t plait__place; /* plait's business */
} plait_message;

/* Reserves room for a message of at most so many bytes, in its place in the queue: *message says where. What
 * comes after it in the queue waits for it, so commit or abandon it soon; others reserve, put and get what
 * came before meanwhile. Statuses as those of put; PLAIT_TOO_LARGE also if the ring could never hold it in
 * one piece. */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_message_queue_reserve(plait_message_queue *queue, size_t size,
                                                                     plait_message *message);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_message_queue_reserve_until(plait_message_queue *queue,
                                                                           size_t size,
                                                                           plait_message *message,
                                                                           plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_message_queue_reserve_nowait(plait_message_queue *queue,
                                                                            size_t size,
                                                                            plait_message *message);
/* Makes it a message of so many bytes, no more than were reserved; or takes it back. Any thread of the
 * process that reserved it. Never wait. PLAIT_OK; PLAIT_INVALID (not reserved, or done already, or too long:
 * still reserved then), PLAIT_NOT_OWNER (in the child of a fork), PLAIT_SHUTDOWN (shut down at once
 * meanwhile: it was discarded). */
PLAIT_API plait_status plait_message_queue_commit(plait_message_queue *queue, plait_message *message,
                                                  size_t size);
PLAIT_API plait_status plait_message_queue_abandon(plait_message_queue *queue, plait_message *message);

/* Takes the first message as it lies in the queue: *message says where, for reading (and scribbling), until
 * it is given back. It is out of the queue; only its room is not, which puts come to miss. Others get and
 * borrow what comes after it meanwhile. If the borrower is killed it is lost. One that was put in pieces
 * comes in memory of its own. Statuses as those of get, and PLAIT_NO_MEMORY (it stays) for such a one.
 * Thread-safe. */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_message_queue_borrow(plait_message_queue *queue,
                                                                    plait_message *message);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_message_queue_borrow_until(plait_message_queue *queue,
                                                                          plait_message *message,
                                                                          plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_message_queue_borrow_nowait(plait_message_queue *queue,
                                                                           plait_message *message);
/* In any order, from any thread of the process that borrowed it. Never waits. PLAIT_OK, PLAIT_INVALID,
 * PLAIT_NOT_OWNER. */
PLAIT_API plait_status plait_message_queue_give_back(plait_message_queue *queue, plait_message *message);

/* How many messages there are at this instant, those being written included; whether there are none. No
 * queue: 0, true. Never wait. Python: qsize, empty. */
PLAIT_API size_t plait_message_queue_qsize(const plait_message_queue *queue);
PLAIT_API bool plait_message_queue_empty(const plait_message_queue *queue);
/* The ring's bytes, and the longest message that can be reserved. */
PLAIT_API size_t plait_message_queue_capacity(const plait_message_queue *queue);
PLAIT_API size_t plait_message_queue_most_in_place(const plait_message_queue *queue);

/* Says that one message which this process got has been dealt with. PLAIT_OVERFLOW if that was said more
 * often than it got some; PLAIT_INVALID. Never waits. Python: JoinableQueue.task_done. */
PLAIT_API plait_status plait_message_queue_task_done(plait_message_queue *queue);

/* Waits until task_done was called for every message that was put. What a process had got and not done when
 * it ended is not waited for: PLAIT_CRASHED then, once, to one of those who join, when all else is done. Else
 * PLAIT_OK; PLAIT_TIMEOUT, PLAIT_CANCELLED, PLAIT_INTERRUPTED, PLAIT_INVALID. (Of more than 200 processes
 * that get from one queue at the same time, those beyond are waited for in any case.) Python:
 * JoinableQueue.join. */
PLAIT_API plait_status plait_message_queue_join(plait_message_queue *queue);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_message_queue_join_until(plait_message_queue *queue,
                                                                        plait_deadline deadline);

/* Ends the queue in all processes: every put and reserve, also one that waits now, returns PLAIT_SHUTDOWN;
 * gets go on until nothing is left and return it then. `immediate`: what is left is discarded. What is
 * reserved may still be committed, unless immediately ended; what is borrowed is still the borrower's. May be
 * called again. PLAIT_OK, PLAIT_INVALID. Waits for nobody. Python: shutdown(immediate) of queue.Queue. */
PLAIT_API plait_status plait_message_queue_shutdown(plait_message_queue *queue, bool immediate);

PLAIT_END

#endif
