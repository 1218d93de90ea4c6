/* order.h - an order between a store and a later load whose price is paid by the thread that does it rarely.
 *
 * Two threads that each store to one word and then load the other's must not both miss each other: whoever
 * stores must not load too early. A full barrier on both sides does it, some 6 ns each time. Where one side
 * is frequent (give back a mutex, then see if anybody sleeps) and the other rare (about to sleep), the rare
 * side can pay for both:
 *
 *     frequent:  plait__store_ordered(&a, 1);  seen = plait__load_seq(&b);
 *     rare:      plait__exchange_seq(&b, 1);  plait__os_order_all();  seen = plait__load_seq(&a);
 *
 * At least one of the two sees the other's 1. plait__os_order_all makes every thread of the process that is
 * running just now pass a full barrier before it returns (membarrier(2), private expedited; a thread that
 * is not running has passed one when it lost its CPU). So a frequent side's store that comes before that
 * barrier is seen by the rare side's load, and a load that comes after it sees the rare side's store. It
 * costs the rare side a system call, some 0.2 us, and 2 us where another thread of the process is running.
 * Where the kernel has no such call the store is a full barrier itself (an exchange), and the loads, all
 * sequentially consistent, fall into one order with it. Known as asymmetric barriers; see Dice, Huang,
 * Yang: "Asymmetric Dekker Synchronization" (2001).
 */
#ifndef PLAIT__ORDER_H
#define PLAIT__ORDER_H

#include <base/atomic.h>
#include <base/os.h>

/* Releases as plait__store_release does, and stands before this thread's later plait__load_seq. */
#define plait__store_ordered(p, v) \
    (plait__likely(plait__os_orders_all) ? (plait__store_release((p), (v)), plait__keep_order()) \
                                         : (void)plait__exchange_seq((p), (v)))

#endif
