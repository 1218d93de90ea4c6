/* deque.c - the rarer steps of the deque of children; the protocol stands in deque.h. */
#include <pool/deque.h>

bool plait__deque_pop_last(struct plait__deque *deque) {
    int64_t index = plait__load(&deque->bottom), top = plait__load(&deque->top);
    bool mine = top == index && plait__cas_seq(&deque->top, &top, index + 1);
    if (mine) deque->taken_from_top++;
    plait__store_release(&deque->bottom, index + 1);
    return mine;
}

void *plait__deque_pop_any(struct plait__deque *deque) {
    int64_t last = plait__load(&deque->bottom) - 1;
    if (last < plait__load(&deque->top)) return NULL;
    void *item = plait__load(plait__deque_cell(deque, last));
    return plait__deque_pop(deque, item) ? item : NULL;
}

bool plait__deque_look(struct plait__deque *deque, struct plait__theft *theft) {
    if (!plait__deque_any(deque)) return false;
    int64_t top = plait__load_seq(&deque->top);
    plait__os_order_all();
    if (top >= plait__load_seq(&deque->bottom)) return false;
    *theft = (struct plait__theft){deque, top, plait__load(plait__deque_cell(deque, top))};
    return true;
}

bool plait__deque_win(const struct plait__theft *theft) {
    int64_t top = theft->index;
    return plait__cas_seq(&theft->from->top, &top, top + 1);
}
