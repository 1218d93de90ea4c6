/* task_ring.c - putting, taking and grabbing; the protocol stands in task_ring.h. */
#include <pool/task_ring.h>

static plait_future **slot(struct plait__task_ring *ring, uint32_t number) {
    return &ring->slots[number % PLAIT__TASK_RING_SIZE];
}

bool plait__task_ring_put(struct plait__task_ring *ring, plait_future *future) {
    uint32_t tail = ring->tail;
    if (tail - plait__load_acquire(&ring->head) == PLAIT__TASK_RING_SIZE) return false;
    plait__store(slot(ring, tail), future);
    plait__store_ordered(&ring->tail, tail + 1);
    return true;
}

plait_future *plait__task_ring_take(struct plait__task_ring *ring) {
    uint32_t tail = ring->tail, head = plait__load_acquire(&ring->head);
    while (head != tail) {
        plait_future *future = plait__load(slot(ring, head));
        if (plait__cas(&ring->head, &head, head + 1)) return future;
    }
    return NULL;
}

uint32_t plait__task_ring_grab(struct plait__task_ring *ring, plait_future *out[PLAIT__TASK_RING_SIZE / 2]) {
    uint32_t head = plait__load_acquire(&ring->head);
    for (;;) {
        uint32_t count = plait__load_acquire(&ring->tail) - head;
        count -= count / 2;
        if (count == 0) return 0;
        if (count > PLAIT__TASK_RING_SIZE / 2) { /* the head has moved on before the tail was read */
            head = plait__load_acquire(&ring->head);
            continue;
        }
        for (uint32_t i = 0; i < count; i++) out[i] = plait__load(slot(ring, head + i));
        if (plait__cas(&ring->head, &head, head + count)) return count;
    }
}
