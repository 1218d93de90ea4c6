/* A library with a task in it, which tests load and unload. */
#include <plait/task.h>

PLAIT_TASK_DECLARE(int, triple, (int, x), (int, more));
PLAIT_TASK_DEFINE(int, triple, (int, x), (int, more)) {
    return 3 * x + more;
}
