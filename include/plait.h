/* plait.h - all of plait. Each header also stands by itself: <plait/lock.h>, <plait/queue.h>, ...
 *
 * The concepts, from the ground up:
 *   status, deadline, memory, cpu          what every call says, how long it waits, where memory comes from
 *   cancel, sleep, select, host            stopping, pausing, waiting for several things, embedding
 *   lock, rlock, rwlock, condition, semaphore, event, barrier, once, hold,
 *   contention, lock_order                 sharing data, waiting for each other, seeing what it costs, and what
 *                                          could deadlock
 *   task, thread, local, timer, interrupt  running functions in the background, and leaving cleanly
 *   queue                                  talking to each other
 *   future, pool, map, imap                results that come later, and the workers that compute them
 *   spawn                                  fork and join inside a task
 *   process, process_pool                  running functions in processes of their own, once or in workers
 *   shared                                 memory that several processes share
 *   process_lock, process_condition, process_semaphore, process_event, process_barrier
 *                                          sharing data between processes, in such memory
 *   process_queue, message_queue, pipe     processes that talk to each other
 *   name, dump, watch                      what a program tells about itself
 */
#ifndef PLAIT_H
#define PLAIT_H

#include <plait/api.h>
#include <plait/barrier.h>
#include <plait/cancel.h>
#include <plait/check.h>
#include <plait/condition.h>
#include <plait/contention.h>
#include <plait/cpu.h>
#include <plait/deadline.h>
#include <plait/dump.h>
#include <plait/event.h>
#include <plait/future.h>
#include <plait/hold.h>
#include <plait/host.h>
#include <plait/imap.h>
#include <plait/interrupt.h>
#include <plait/lender.h>
#include <plait/local.h>
#include <plait/lock.h>
#include <plait/lock_order.h>
#include <plait/map.h>
#include <plait/memory.h>
#include <plait/message_queue.h>
#include <plait/name.h>
#include <plait/once.h>
#include <plait/owner.h>
#include <plait/pipe.h>
#include <plait/pool.h>
#include <plait/process.h>
#include <plait/process_barrier.h>
#include <plait/process_condition.h>
#include <plait/process_event.h>
#include <plait/process_lock.h>
#include <plait/process_pool.h>
#include <plait/process_queue.h>
#include <plait/process_semaphore.h>
#include <plait/queue.h>
#include <plait/raise.h>
#include <plait/rlock.h>
#include <plait/rwlock.h>
#include <plait/scope.h>
#include <plait/select.h>
#include <plait/semaphore.h>
#include <plait/shared.h>
#include <plait/sleep.h>
#include <plait/spawn.h>
#include <plait/status.h>
#include <plait/task.h>
#include <plait/thread.h>
#include <plait/timer.h>
#include <plait/watch.h>

#endif
