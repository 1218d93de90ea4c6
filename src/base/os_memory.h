/* os_memory.h - what is asked of the operating system for memory that processes share: os.h goes on here.
 *
 * All functions that can fail return 0 or an errno value. Descriptors are closed on exec.
 */
#ifndef PLAIT__OS_MEMORY_H
#define PLAIT__OS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The file that a name in shared memory stands for: the one that has it now. */
struct plait__file {
    uint64_t device, inode;
    uint64_t size;
};

/* Zeroed memory of this size that has no name, as a descriptor. `nameable`: it can be given one, and all of it is there; else
 * it comes when it is touched, and nobody can change its size. */
int plait__os_memory_new(size_t size, bool nameable, int *descriptor);
/* Gives it a name that nobody has: EEXIST. The name appears with the whole memory behind it. */
int plait__os_memory_link(int descriptor, const char *name);
int plait__os_memory_open(const char *name, int *descriptor);
int plait__os_memory_unlink(const char *name);
/* Of another process, which has it open as `descriptor`. */
int plait__os_memory_borrow(uint32_t process, int descriptor, int *own);
/* EINVAL if it is no memory, or none is there. */
int plait__os_memory_identify(int descriptor, struct plait__file *file);
int plait__os_memory_map(int descriptor, size_t size, void **address);
void plait__os_memory_unmap(void *address, size_t size);
void plait__os_memory_close(int descriptor);

/* Memory that only forked processes share with this one, zeroed; NULL. */
void *plait__os_memory_for_forks(size_t size);

/* ---- a process that outlives this one ---- */

enum { PLAIT__NAME_MOST = 200 };

/* Names that must go when the process that made them has ended. In memory for forks; only the owner writes. */
struct plait__tracked {
    uint64_t inode;
    uint32_t device_major, device_minor;
    uint32_t used; /* atomic; set last */
    char path[PLAIT__NAME_MOST + 12];
};
struct plait__tracking {
    uint32_t count; /* atomic: of the entries that were ever used */
    struct plait__tracked of[];
};

/* An entry from a name and its file, not yet used; whether it is of that name; whether the name still is that file's. */
void plait__os_tracked_set(struct plait__tracked *tracked, const char *name, const struct plait__file *file);
bool plait__os_tracked_has(const struct plait__tracked *tracked, const char *name);
bool plait__os_tracked_holds(const struct plait__tracked *tracked);

/* Starts a process that waits for the end of this one, and then takes off the names in the table that still are those of
 * the files beside them. Signals do not reach it, nor does a wait for children see it; it has no descriptor and next to no
 * memory. Its number, or -1 with errno. */
int plait__os_tracker_start(const struct plait__tracking *table);
/* Whether it is still there; reaps it if not. */
bool plait__os_tracker_lives(int tracker);

#endif
