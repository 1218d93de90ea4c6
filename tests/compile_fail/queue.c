/* What a queue is told of its items is checked when the program is compiled. */
#include <plait/queue.h>

struct job {
    const char *name;
    int priority;
    struct {
        int major, minor;
    } version;
};

plait_queue *mistake(void);

plait_queue *mistake(void) {
#if MISTAKE == 1 /* a pointer for a key */
    return plait_priority_queue_by(struct job, 0, name);
#elif MISTAKE == 2 /* a struct for a key */
    return plait_priority_queue_by(struct job, 0, version);
#elif MISTAKE == 3 /* a key that the item does not have */
    return plait_priority_queue_by(struct job, 0, urgency);
#elif MISTAKE == 4 /* a priority queue without a comparison */
    return plait_priority_queue_of(struct job, 0);
#else
    return plait_priority_queue_by(struct job, 0, priority);
#endif
}
