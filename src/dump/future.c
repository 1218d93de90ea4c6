/* future.c - what a dump tells of a future. */
#include <dump/snapshot.h>
#include <pool/future.h>

void plait__look_at_future(struct plait__seen *seen) {
    const plait_future *future = seen->object;
    bool queued = plait__future_phase(future) == PLAIT__QUEUED;
    seen->future = !future->task ? PLAIT__PROMISED : queued ? PLAIT__NOT_BEGUN : PLAIT__BEING_RUN;
    seen->future_task = future->task ? future->task->name : NULL;
}
