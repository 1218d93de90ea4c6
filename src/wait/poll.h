/* poll.h - a waiter that has descriptors among its cases sleeps in poll(2), beside a bell of its own.
 *
 * The bell (an eventfd) is rung instead of waking the word, and it is closed when the wait is over. So
 * that nobody rings a descriptor that was closed, and perhaps belongs to somebody else by now, bells are
 * rung under the lock under which the claim was made, and the waiter takes that lock once more before it
 * closes the bell: select does so by dequeuing every case, the claimed one too; the table of sleepers by
 * being left.
 */
#ifndef PLAIT__POLL_H
#define PLAIT__POLL_H

#include <base/os.h>
#include <plait/status.h>
#include <wait/waiter.h>

/* What a waiter polls: descriptors[0] is its bell, the caller fills in the others. */
struct plait__polling {
    struct pollfd *descriptors;
    nfds_t count; /* the bell included */
    int error;    /* errno, when polling failed */
};

/* Gives the waiter a bell and makes it sleep in poll. PLAIT_ERRNO if there is no descriptor left. */
plait_status plait__poll_begin(struct plait__waiter *waiter, struct plait__polling *polling);
void plait__poll_end(struct plait__waiter *waiter);

/* Sleeps until rung, until a descriptor is ready (the waiter then claims itself with PLAIT__LOOK), or
 * until time is over. */
enum plait__slept plait__poll_sleep(struct plait__waiter *waiter, int64_t until);

#endif
