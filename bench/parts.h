/* parts.h - the parts of benchmarks that have several; each a file of that name. Called between bench_start
 * and bench_finish. */
#ifndef BENCH_PARTS_H
#define BENCH_PARTS_H

void compare_alone(void);     /* bench-lock */
void compare_contended(void); /* bench-lock */

void compare_start(void);     /* bench-thread */
void compare_ping_pong(void); /* bench-thread */
void compare_asleep(void);    /* bench-thread */

void compare_queue_alone(void);  /* bench-queue */
void compare_queue_orders(void); /* bench-queue */
void compare_queue_flow(void);   /* bench-queue */
void compare_queue_lone(void);   /* bench-queue */

void compare_fork(void); /* bench-future */

void compare_process_tasks(void);    /* bench-process */
void compare_process_queues(void);   /* bench-process */
void compare_process_messages(void); /* bench-process */
void compare_process_starts(void);   /* bench-process */
void compare_process_locks(void);    /* bench-process */

#endif
