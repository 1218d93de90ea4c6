/* os_mirror.c - memory that lies twice in a row.
 *
 * Room for both is reserved first, so that nothing can come in between; then the file is mapped over it
 * twice.
 */
#include <base/os_mirror.h>
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

size_t plait__os_page(void) {
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Address space for this many bytes at a multiple of `alignment`; what is too much goes back. */
static char *reserve(size_t size, size_t alignment) {
    size_t room = size + (alignment > plait__os_page() ? alignment : 0);
    char *start = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED) return NULL;
    if (room == size) return start;
    size_t before = (alignment - (uintptr_t)start % alignment) % alignment;
    if (before) (void)munmap(start, before);
    if (room - before > size) (void)munmap(start + before + size, room - before - size);
    return start + before;
}

int plait__os_mirror_map(int descriptor, size_t offset, size_t size, char **address) {
    size_t twice;
    if (__builtin_mul_overflow(size, 2, &twice)) return ENOMEM;
    char *start = reserve(twice, size >= PLAIT__LARGE_PAGE ? PLAIT__LARGE_PAGE : plait__os_page());
    if (!start) return errno;
    for (size_t part = 0; part < twice; part += size) {
        void *there = mmap(start + part, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, descriptor,
                           (off_t)offset);
        if (there != MAP_FAILED) continue;
        int failed = errno;
        (void)munmap(start, twice);
        return failed;
    }
#if defined(MADV_HUGEPAGE)
    if (size >= PLAIT__LARGE_PAGE) (void)madvise(start, twice, MADV_HUGEPAGE); /* or not: it is only faster */
#endif
    *address = start;
    return 0;
}

void plait__os_mirror_unmap(char *address, size_t size) {
    if (address) (void)munmap(address, 2 * size);
}
