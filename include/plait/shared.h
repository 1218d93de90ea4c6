/* plait/shared.h - memory that several processes share.
 *
 * All of them see the same bytes, each at an address of its own. What lies there may hold numbers, arrays, indices, and
 * plait's objects for processes (plait/process_lock.h and others), but no pointers: they mean nothing elsewhere. It is
 * zeroed at first.
 *
 * It is given to others in one of three ways:
 *   - as a parameter of a task that runs in another process: PLAIT_TASK(void, scale, (plait_shared *, image));
 *   - by its name, if it has one (create, attach): to a program that knows nothing of this one;
 *   - by fork: the child has it too.
 * Named memory is a file in /dev/shm and nothing else, so Python's SharedMemory(name) and shm_open see the same bytes.
 *
 * A name stays until somebody unlinks it, but not longer than the process that created it: when that ends, in whatever way,
 * by SIGKILL too, a small process of plait's that has outlived it removes the name. (It begins with the first
 * create. Those who have the memory attached keep it.) Memory without a name goes with the last process that has it.
 *
 * Example:
 *     #include <plait.h>
 *     #include <stdio.h>
 *
 *     int main(void) {
 *         plait_shared *shared = plait_shared_create(NULL, 3 * sizeof(long));     // a name nobody has
 *         if (!shared) { puts(plait_last_message()); return 1; }
 *         long *numbers = plait_shared_address(shared);
 *         numbers[2] = 42;
 *
 *         plait_shared *same = plait_shared_attach(plait_shared_name(shared));    // in any process
 *         if (!same) return 2;
 *         long *seen = plait_shared_address(same);
 *         int ok = seen[2] == 42 && plait_shared_size(same) >= 3 * sizeof(long);
 *
 *         if (plait_shared_unlink(plait_shared_name(shared)) != PLAIT_OK) return 3;
 *         plait_shared_free(same);
 *         plait_shared_free(shared);
 *         return ok ? 0 : 4;
 *     }
 */
#ifndef PLAIT_SHARED_H
#define PLAIT_SHARED_H

#include <plait/api.h>
#include <plait/status.h>

PLAIT_BEGIN

typedef struct plait_shared plait_shared;

/* Memory of so many bytes without a name. As with malloc, it is only taken when it is first used, so it may be larger than what
 * is there; it is zero. NULL: PLAIT_INVALID for no bytes, PLAIT_NO_MEMORY, PLAIT_ERRNO (no descriptor left).
 * Free it with plait_shared_free. Any thread. Python: mmap.mmap(-1, size). */
PLAIT_API plait_shared *plait_shared_new(size_t size);

/* The same with a name of one to 200 bytes, without a slash, that nobody else has; NULL as the name: one is made up. It appears
 * when the memory is there as a whole, so who attaches it sees its size and zeros. All of it is taken at once: if
 * /dev/shm has no room it is told here, and not by SIGBUS later.
 * NULL: PLAIT_EXISTS: the name is taken; PLAIT_INVALID: no such name, or no bytes; PLAIT_NO_MEMORY: also for a full
 * /dev/shm; PLAIT_ERRNO: errno says why, no descriptor or no process (for the one that removes it) is left, say.
 * plait_last_message has words for it. Blocks for as long as it takes to write so many zeros. Any thread.
 * Python: SharedMemory(name, create=True, size). */
PLAIT_API plait_shared *plait_shared_create(const char *name, size_t size);

/* The memory that has this name, whoever created it. NULL: PLAIT_MISSING: there is none; PLAIT_INVALID: it is
 * no name, or what has it is no memory; PLAIT_NO_MEMORY; PLAIT_ERRNO: it belongs to another user, say. Any
 * thread. Python: SharedMemory(name); but whoever attaches it is not the one who removes it. */
PLAIT_API plait_shared *plait_shared_attach(const char *name);

/* Takes the name away; who has the memory keeps it. PLAIT_OK; PLAIT_MISSING: nothing has the name; PLAIT_INVALID: it is
 * no name; PLAIT_ERRNO: it belongs to another user, say. Any thread, of any process. Python: SharedMemory.unlink. */
PLAIT_API plait_status plait_shared_unlink(const char *name);

/* Where it lies in this process, at the beginning of a page; how many bytes there are; and its name, NULL if it has none.
 * NULL, 0, NULL for NULL. Any thread. Python: SharedMemory.buf, size, name. */
PLAIT_API void *plait_shared_address(const plait_shared *shared);
PLAIT_API size_t plait_shared_size(const plait_shared *shared);
PLAIT_API const char *plait_shared_name(const plait_shared *shared);

/* Another handle to the same, for whoever shall free it too: a task that wants to keep what it was given, say. Returns
 * `shared`. Any thread. */
PLAIT_API plait_shared *plait_shared_keep(plait_shared *shared);

/* "I let go": the last one unmaps it in this process. It does not take the name away. NULL is allowed. Any thread.
 * Python: SharedMemory.close. */
PLAIT_API void plait_shared_free(plait_shared *shared);

PLAIT_END

#endif
