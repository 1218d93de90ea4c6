/* poll.c - sleeping with descriptors; who may ring the bell when stands in poll.h. */
#include <errno.h>
#include <unistd.h>
#include <wait/poll.h>

plait_status plait__poll_begin(struct plait__waiter *waiter, struct plait__polling *polling) {
    waiter->bell = plait__os_bell_new();
    if (waiter->bell < 0) return PLAIT_ERRNO;
    polling->descriptors[0] = (struct pollfd){.fd = waiter->bell, .events = POLLIN};
    waiter->polling = polling;
    return PLAIT_OK;
}

void plait__poll_end(struct plait__waiter *waiter) {
    if (waiter->bell >= 0) close(waiter->bell);
    waiter->bell = -1;
}

static enum plait__slept fail(struct plait__waiter *waiter, int error) {
    waiter->polling->error = error;
    plait__claim_itself(waiter, PLAIT__FAILED);
    return PLAIT__WOKEN;
}

enum plait__slept plait__poll_sleep(struct plait__waiter *waiter, int64_t until) {
    struct plait__polling *polling = waiter->polling;
    int ready = plait__os_poll(polling->descriptors, polling->count, until);
    if (ready == 0) return PLAIT__EXPIRED;
    if (ready < 0) {
        if (errno == EINTR) return PLAIT__SIGNALLED;
        return fail(waiter, errno);
    }
    if (polling->descriptors[0].revents & ~POLLIN) return fail(waiter, EBADF); /* the bell was closed */
    if (polling->descriptors[0].revents) {
        plait__os_bell_drain(waiter->bell);
        ready--;
    }
    if (ready > 0) plait__claim_itself(waiter, PLAIT__LOOK);
    return PLAIT__WOKEN;
}
