/* range.c - runs items one after the other, inside one frame; see range.h. */
#include <base/atomic.h>
#include <base/memory.h>
#include <pool/range.h>
#include <pthread.h>
#include <string.h>
#include <thread/task_frame.h>

/* A range on its way. */
struct run {
    struct plait__range *range;
    size_t at, to;
    struct plait__frame frame;
};

static void fail(struct plait__range *range, size_t item, plait_status status, char *message) {
    size_t size = range->task->result_size;
    if (range->out) memset(range->out + item * size, 0, size);
    range->failed(range, item, status, message);
}

/* The frames inside this one are gone. */
static void left_early(void *argument) {
    struct run *run = argument;
    plait__frame_clear(&run->frame);
    (void)plait__frame_end(&run->frame);
    for (; run->at < run->to; run->at++)
        fail(run->range, run->at, PLAIT_FAILED, plait__copy_string("the task was left by pthread_exit"));
}

void plait__range_run(struct plait__range *range, size_t from, size_t to) {
    struct run run = {.range = range, .at = from, .to = to};
    struct plait__frame *frame = &run.frame;
    plait__frame_begin(frame, range->task->name);
    pthread_cleanup_push(left_early, &run);
    while (run.at < to) {
        frame->end = to;
        run.at = range->task->range(range->columns, range->out, run.at, &frame->end);
        if (plait__unlikely(frame->raised)) {
            fail(range, run.at - 1, frame->status, plait__frame_take(frame));
            plait__frame_clear(frame);
        }
    }
    pthread_cleanup_pop(0);
    (void)plait__frame_end(frame);
}
