/* acts.h - the acts of the demo. Each prints what it did and ends with measured against possible. They
 * return the program's exit status: 0 if all went as it should. After Ctrl-C plait_cancelled() is true
 * and they stop early. */
#ifndef DEMO_ACTS_H
#define DEMO_ACTS_H

/* Fetches many web pages at once: those named by the arguments (URLs, --urls FILE), or, without any,
 * those of a server of its own. */
int act_fetch(int count, char **arguments);

/* The sum of a large range on one and on two threads, against two plain pthreads. */
int act_sum(void);

/* A log writer fed by many threads. `program` is how this program was called: the act runs it once more,
 * to see what the exit of a process does to a daemon thread. */
int act_log(const char *program);
/* What that second process does: the log goes to this file. */
int act_log_with_daemon(const char *path);

/* A nested parallel sum and ten thousand small tasks on a pool, with the pool's counters. */
int act_pool(void);

/* The checker at work on a shared hash: without a lock it is shown to lose an update, with one proved not to.
 * `program` is how this program was called: the one that is checked lies beside it. */
int act_check(const char *program);

/* A thousand tasks in a pool of processes, one of which crashes: the others come back. */
int act_crash(void);

#endif
