/* plait/pipe.h - a pipe: two ends, between which messages go both ways, in one process or in two.
 *
 * What one end sends, the other receives, in order, each message as long as it was. The bytes go through two
 * rings in memory that the processes share; messages bigger than a ring go in pieces, unseen. An end is a
 * parameter that tasks take, in other processes too (plait/task.h), and any number of threads and processes
 * may use it. It is there as long as somebody has it: when the last one has closed it, has ended or was
 * killed, the other end receives what was sent before and is then told PLAIT_SHUTDOWN, also while it waits.
 * Python: multiprocessing.Pipe.
 *
 * As everywhere, a process that forks gives its child copies of what it has: an end that the child of a plain
 * fork does not close stays there until the child ends. Processes that plait starts have only what they were
 * given.
 *
 * Example:
 *     #include <plait.h>
 *     #include <string.h>
 *
 *     PLAIT_TASK(void, echo, (plait_pipe *, end)) {
 *         char text[100];
 *         size_t size;
 *         while (plait_pipe_recv(end, text, sizeof text, &size) == PLAIT_OK)
 *             if (plait_pipe_send(end, text, size) != PLAIT_OK) break;
 *         plait_pipe_close(end);
 *     }
 *
 *     int main(void) {
 *         plait_pipe *mine, *theirs;
 *         if (plait_pipe_new(0, &mine, &theirs) != PLAIT_OK) return 1;
 *         plait_thread *thread = plait_start(echo, theirs);             // or in another process
 *         char text[100];
 *         size_t size;
 *         if (plait_pipe_send(mine, "hello", 6) != PLAIT_OK) return 1;
 *         if (plait_pipe_recv(mine, text, sizeof text, &size) != PLAIT_OK) return 1;
 *         plait_pipe_close(mine);                                       // the other end is told
 *         plait_thread_join(thread);
 *         plait_thread_free(thread);
 *         plait_pipe_free(mine);
 *         plait_pipe_free(theirs);
 *         return strcmp(text, "hello");
 *     }
 */
#ifndef PLAIT_PIPE_H
#define PLAIT_PIPE_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/status.h>

PLAIT_BEGIN

/* One end. */
typedef struct plait_pipe plait_pipe;

/* Makes a pipe with a ring of at least so many bytes for each direction (0: 64 KiB) and its two ends.
 * PLAIT_OK; PLAIT_NO_MEMORY, PLAIT_ERRNO (no descriptors: an end takes three), PLAIT_INVALID. Any thread.
 * Python: Pipe(). */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_pipe_new(size_t capacity, plait_pipe **one,
                                                        plait_pipe **other);

/* Sends a copy of so many bytes to the other end, waiting for room (until the deadline; or not at all).
 * PLAIT_OK: it is on its way, and is received if the other end receives so far. PLAIT_SHUTDOWN: this end was
 * closed, or the other one is gone (one that was killed may be found out only when there is no room, or by a
 * recv or poll); else as plait_message_queue_put. Thread-safe. Never allocates. Python:
 * Connection.send_bytes. */
PLAIT_API plait_status plait_pipe_send(plait_pipe *end, const void *data, size_t size);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_pipe_send_until(plait_pipe *end, const void *data, size_t size,
                                                               plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_pipe_send_nowait(plait_pipe *end, const void *data,
                                                                size_t size);

/* Receives the next message into a buffer of so many bytes, waiting for it. PLAIT_OK: *size is how long it
 * is. PLAIT_TOO_LARGE: it stays, and *size is what it needs. PLAIT_SHUTDOWN: nothing is left, and the other
 * end is gone or this one closed; else as plait_message_queue_get. Thread-safe. Never allocates (but may have
 * the service thread started when it must wait, so that a killed peer is told at once). Python:
 * Connection.recv_bytes. */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_pipe_recv(plait_pipe *end, void *buffer, size_t room,
                                                         size_t *size);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_pipe_recv_until(plait_pipe *end, void *buffer, size_t room,
                                                               size_t *size, plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_pipe_recv_nowait(plait_pipe *end, void *buffer, size_t room,
                                                                size_t *size);

/* Waits until there is something to receive: PLAIT_OK, also if that is the news that nothing will ever come
 * (recv says PLAIT_SHUTDOWN then); PLAIT_EMPTY (_nowait), PLAIT_TIMEOUT, PLAIT_CANCELLED, PLAIT_INTERRUPTED,
 * PLAIT_INVALID. Thread-safe. Python: Connection.poll. */
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_pipe_poll_until(plait_pipe *end, plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_pipe_poll_nowait(plait_pipe *end);

/* This process is done with the end: all that waits in it here returns PLAIT_SHUTDOWN, as all later calls do.
 * Other processes that have the same end go on. PLAIT_OK, also the second time; PLAIT_INVALID. Python:
 * Connection.close. */
PLAIT_API plait_status plait_pipe_close(plait_pipe *end);

/* "I let go": closes it with the last keep's free. Nobody of this process may be inside it. NULL is allowed.
 * */
PLAIT_API void plait_pipe_free(plait_pipe *end);
/* One more free is needed; returns the end. */
PLAIT_API plait_pipe *plait_pipe_keep(plait_pipe *end);

PLAIT_END

#endif
