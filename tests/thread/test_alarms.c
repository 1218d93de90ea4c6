/* The heap of alarms against a plain sort. */
#include "support/stress.h"
#include "support/test.h"

#include <stdlib.h>
#include <thread/alarms.h>

enum { MANY = 3000 };
static struct plait__alarm alarms[MANY];

TEST(alarms_come_in_order) {
    struct stress_random random = stress_random_stream(0);
    struct plait__alarms heap = {0};
    for (int round = 0; round < 20; round++) {
        int left = 0;
        for (int i = 0; i < MANY; i++)
            plait__alarms_add(&heap, &alarms[i], stress_random_below(&random, 500));
        for (int i = 0; i < MANY; i++) { /* a third is taken off in the middle */
            if (stress_random_below(&random, 3) == 0) plait__alarms_remove(&heap, &alarms[i]);
            left += alarms[i].set;
        }
        struct plait__alarm *alarm, before = {.at = -1};
        while ((alarm = heap.first)) {
            ck_assert(alarm->at > before.at || (alarm->at == before.at && alarm->order > before.order));
            before = *alarm;
            plait__alarms_remove(&heap, alarm);
            ck_assert(!alarm->set);
            left--;
        }
        ck_assert_int_eq(left, 0);
    }
}

TEST(equal_alarms_keep_their_order) {
    struct plait__alarms heap = {0};
    for (int i = 0; i < 100; i++) plait__alarms_add(&heap, &alarms[i], 7);
    for (int i = 0; i < 100; i++) {
        ck_assert_ptr_eq(heap.first, &alarms[i]);
        plait__alarms_remove(&heap, heap.first);
    }
    ck_assert_ptr_null(heap.first);
}
