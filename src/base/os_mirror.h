/* os_mirror.h - memory that lies twice in a row, so that what goes beyond its end begins anew: os.h goes on
 * here. */
#ifndef PLAIT__OS_MIRROR_H
#define PLAIT__OS_MIRROR_H

#include <stddef.h>

/* A page of the system. */
size_t plait__os_page(void);
/* From this size on rings get large pages where the system has them, if they begin at a multiple of it in
 * their file. */
enum { PLAIT__LARGE_PAGE = 1 << 21 };

/* Maps so many bytes of a file from an offset on (both multiples of a page) twice, one behind the other. 0 or
 * an errno value. */
int plait__os_mirror_map(int descriptor, size_t offset, size_t size, char **address);
void plait__os_mirror_unmap(char *address, size_t size);

#endif
