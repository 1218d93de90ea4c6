/* holder.h - who holds what, for dumps: the ident of the thread that must act before somebody who waits for the object
 * can go on; 0: nobody in particular. (For a lock see lock.h.) The object must be there. */
#ifndef PLAIT__HOLDER_H
#define PLAIT__HOLDER_H

#include <plait/lock.h>
#include <plait/once.h>
#include <plait/rwlock.h>
#include <wait/waiter.h>

/* Its writer; readers are many, and not known. */
uint32_t plait__rwlock_holder(const plait_rwlock *lock);
/* Who runs the function. */
uint32_t plait__once_holder(const plait_once *once);

/* The lock that this waiter of a condition gave up, and will wait for, or does so already. The waiter is there. */
const plait_lock *plait__condition_lock(struct plait__waiter *waiter);

#endif
