/* cells.h - small blocks that come and go all the time (futures above all), without malloc each time.
 *
 * malloc is quick where a thread gives back what it took itself. A future is taken by whoever submits and
 * often given back by somebody else, and then each malloc and free meets the other thread's on shared lines.
 * Here a thread keeps the blocks that it gives back, for itself: per size class two batches, of which one
 * is being used. Only whole batches go to the others, by way of a depot: one short critical section
 * for every BATCH blocks. (Bonwick and Adams: "Magazines and Vmem", 2001. Their magazines are arrays; here
 * a batch is a list threaded through the free blocks themselves, so that it needs no memory.)
 *
 * Nothing is kept without limit: two batches per thread and class, LIMIT bytes per class in the depot; more
 * goes back to malloc. A thread that ends gives its full batch to the depot and the rest to malloc.
 * Nothing at all is kept where it would hide something: under the address sanitizer and in the checked
 * build, which look for the use of freed blocks, and while the program has an allocator of its own, which is
 * to see every block. plait_set_allocator empties the depot and what its own thread keeps.
 * The child of a fork begins with an empty depot: a vanished thread may have been inside. What lay in it, and
 * what vanished threads kept, stays lost to the child.
 *
 * What a thread keeps is seen by that thread only. A depot is guarded by its mutex, which also orders what
 * one thread did to a block before what another does with it next.
 */
#ifndef PLAIT__CELLS_H
#define PLAIT__CELLS_H

#include <stddef.h>
#include <wait/self.h>

#if defined(PLAIT_CHECKED) || defined(__SANITIZE_ADDRESS__)
enum { PLAIT__CELLS_KEPT = 0 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { PLAIT__CELLS_KEPT = 0 };
#else
enum { PLAIT__CELLS_KEPT = 1 };
#endif
#else
enum { PLAIT__CELLS_KEPT = 1 };
#endif

/* Memory of this many bytes, not zeroed, aligned for any type; or NULL with plait_last_error() set to
 * PLAIT_NO_MEMORY. Larger blocks than are kept come straight from malloc. */
void *plait__cell_take(size_t size);
/* Gives it back, from any thread, with the size it was asked for with; NULL is allowed. */
void plait__cell_give(void *memory, size_t size);

/* The thread ends: it gives back what it keeps, and will keep nothing more. */
void plait__cells_end(struct plait__self *self);
/* Gives back to malloc what the depot and the calling thread keep. */
void plait__cells_flush(void);

#endif
