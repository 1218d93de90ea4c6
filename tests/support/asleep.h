/* Waiting for others to wait: how a test knows, without sleeping itself, that its threads are parked. */
#ifndef PLAIT_TEST_SUPPORT_ASLEEP_H
#define PLAIT_TEST_SUPPORT_ASLEEP_H

/* How many threads of this process are asleep in a wait of plait's and not yet claimed by a waker: they have looked for
 * the last time, and only a wake, a cancel or their deadline ends their wait. `kind` counts only waits of that name
 * ("queue.get"); NULL counts all. */
int threads_asleep_in(const char *kind);

/* Returns when there are at least so many. */
void wait_until_asleep(int count);
void wait_until_asleep_in(const char *kind, int count);

#endif
