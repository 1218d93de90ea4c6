// Queues as a C++17 program uses them: keys of every kind of number, a lambda that compares.
#include <plait.h>

enum level { LOW = -1, HIGH = 1 };

struct job {
    level urgency;
    double weight;
    unsigned char size;
};

template <typename Key> static bool in_order(plait_queue *queue, job first, job second, Key key) {
    if (plait_queue_put(queue, &second) != PLAIT_OK || plait_queue_put(queue, &first) != PLAIT_OK)
        return false;
    job got[2];
    for (job &one : got)
        if (plait_queue_get(queue, &one) != PLAIT_OK) return false;
    return plait_queue_free(queue) == PLAIT_OK && key(got[0]) == key(first) && key(got[1]) == key(second);
}

int main() {
    const job small{LOW, -0.5, 100}, large{HIGH, 0.25, 200};
    bool right = in_order(plait_priority_queue_by(job, 0, urgency), small, large,
                          [](job one) { return one.urgency; });
    right &= in_order(plait_priority_queue_by(job, 0, weight), small, large,
                      [](job one) { return one.weight; });
    right &= in_order(plait_priority_queue_by(job, 0, size), small, large, [](job one) { return one.size; });
    auto heavier = [](const void *one, const void *other, void *) {
        return static_cast<const job *>(one)->weight > static_cast<const job *>(other)->weight;
    };
    right &= in_order(plait_priority_queue_of(job, 0, heavier, nullptr), large, small,
                      [](job one) { return one.weight; });
    right &= in_order(plait_lifo_queue_of(job, 0), large, small, [](job one) { return one.size; });
    return right ? 0 : 1;
}
