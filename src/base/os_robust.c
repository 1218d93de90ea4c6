/* os_robust.c - what locks between processes need of Linux: that it notices a holder's death, and an order
 * between a store of one process and a load of another. */
#define PLAIT__OS_ITSELF 1
#include <base/os.h>
#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The list belongs to the C library, which registers it for every thread. */
bool plait__os_robust_place(void ***pending, ptrdiff_t *offset) {
    struct robust_list_head *head = NULL;
    size_t size;
    if (syscall(SYS_get_robust_list, 0, &head, &size) != 0) return false;
    if (!head) {
        errno = ENOSYS;
        return false;
    }
    *pending = (void **)&head->list_op_pending;
    *offset = head->futex_offset;
    return true;
}

bool plait__os_orders_processes;

#if defined(PLAIT_CHECKED)
void plait__os_order_processes(void) {} /* each store there is a barrier */
#else
/* Before there are threads, see os_linux.c. */
__attribute__((constructor)) static void register_ordering(void) {
    plait__os_orders_processes = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0;
}

void plait__os_order_processes(void) {
    int kept = errno;
    if (plait__os_orders_processes) syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
    errno = kept;
}
#endif
