/* os_file.h - files in memory (memfd) that processes hand each other; the part of os.h for pools of processes. */
#ifndef PLAIT__OS_FILE_H
#define PLAIT__OS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether files may be so large: beyond the limit the system would send SIGXFSZ, which ends the process. */
bool plait__os_file_allowed(size_t size);
/* A file without a name in any directory, of this size, all zeros, close-on-exec; -1 with errno. What nobody touches takes
 * no memory. */
int plait__os_file_new(const char *name, size_t size);
/* The same file that descriptor `file` of another process is, if it is at least so large: a descriptor of one's own, for
 * reading and writing; -1 with errno. */
int plait__os_file_of(int32_t process, int file, size_t size);
/* Maps it for reading and writing; what is written is seen by all who share it, or kept private. NULL with errno. */
void *plait__os_map(int file, size_t size, bool shared);
void plait__os_unmap(void *memory, size_t size);
void plait__os_close(int file);

/* How many processes the kernel has killed for lack of memory in this process's control group so far; 0 where that cannot
 * be told. With the hierarchy mounted at `root` and the file that says where the process stands. */
uint64_t plait__os_oom_kills(void);
uint64_t plait__os_oom_kills_in(const char *root, const char *membership);

#endif
