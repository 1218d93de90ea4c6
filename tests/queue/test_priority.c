/* Priority queues: by a key in the item, or by the user's comparison; stable, and sound whatever is said. */
#include "support.h"
#include "support/stress.h"

#include <math.h>
#include <stdlib.h>

struct job {
    char name;
    int priority;
    int number;
};

static bool less_urgent(const void *one, const void *other, void *context) {
    (void)context;
    return ((const struct job *)one)->priority < ((const struct job *)other)->priority;
}

static plait_queue *jobs(bool by_key, size_t maxsize) {
    return by_key ? plait_priority_queue_by(struct job, maxsize, priority)
                  : plait_priority_queue_of(struct job, maxsize, less_urgent, NULL);
}

/* Puts and gets at random, beside an array in which the smallest of the oldest is looked for. */
static void compare_with_a_list(bool by_key) {
    enum { MOST = 300, STEPS = 20000 };
    static struct job list[MOST];
    struct stress_random random = stress_random_stream(by_key);
    plait_queue *queue = jobs(by_key, MOST);
    int count = 0;
    for (int step = 0; step < STEPS; step++) {
        uint32_t rising = step / 1000 % 2 ? 40 : 60; /* it fills and drains in turn */
        if (count < MOST && stress_random_below(&random, 100) < rising) {
            struct job job = {'j', (int)stress_random_below(&random, 20) - 10, step};
            ck_assert_ok(plait_queue_put_nowait(queue, &job));
            list[count++] = job;
        } else if (count) {
            int first = 0;
            for (int i = 1; i < count; i++)
                if (list[i].priority < list[first].priority) first = i;
            struct job seen, got;
            ck_assert_ok(plait_queue_peek(queue, &seen));
            ck_assert_ok(plait_queue_get_nowait(queue, &got));
            ck_assert_int_eq(got.number, list[first].number);
            ck_assert_int_eq(seen.number, got.number);
            memmove(&list[first], &list[first + 1], (size_t)(--count - first) * sizeof *list);
        }
    }
    ck_assert_ok(plait_queue_free(queue));
}

TEST(the_smallest_key_comes_first_and_of_equal_ones_the_oldest) {
    compare_with_a_list(true);
}

TEST(the_smallest_by_comparison_comes_first_and_of_equal_ones_the_oldest) {
    compare_with_a_list(false);
}

/* Every kind of key: items are put from the largest to the smallest. */
#define CHECK_KEYS(type, ...) \
    do { \
        struct keyed { \
            char before; \
            type key; \
        }; \
        const type sorted[] = {__VA_ARGS__}; \
        int count = (int)(sizeof sorted / sizeof *sorted); \
        plait_queue *queue = plait_priority_queue_by(struct keyed, 0, key); \
        for (int i = count - 1; i >= 0; i--) { \
            struct keyed one = {'k', sorted[i]}; \
            ck_assert_ok(plait_queue_put(queue, &one)); \
        } \
        for (int i = 0; i < count; i++) { \
            struct keyed one; \
            ck_assert_ok(plait_queue_get(queue, &one)); \
            ck_assert_msg(one.key == sorted[i], #type ": item %d", i); \
        } \
        ck_assert_ok(plait_queue_free(queue)); \
    } while (0)

enum level { LOW = -1, MIDDLE, HIGH };

TEST(a_key_may_be_any_number) {
    CHECK_KEYS(signed char, -128, -1, 0, 1, 127);
    CHECK_KEYS(unsigned char, 0, 1, 127, 128, 255);
    CHECK_KEYS(bool, false, true);
    CHECK_KEYS(short, INT16_MIN, -1, 0, 1, INT16_MAX);
    CHECK_KEYS(unsigned short, 0, 1, INT16_MAX, UINT16_MAX);
    CHECK_KEYS(int, INT32_MIN, -70000, -1, 0, 1, INT32_MAX);
    CHECK_KEYS(unsigned, 0, 1, INT32_MAX, UINT32_MAX);
    CHECK_KEYS(long long, INT64_MIN, INT32_MIN, -1, 0, 1, UINT32_MAX, INT64_MAX);
    CHECK_KEYS(unsigned long, 0, 1, INT64_MAX, UINT64_MAX);
    CHECK_KEYS(float, -HUGE_VALF, -1.5F, -0.25F, 0, 0.25F, 1.5F, HUGE_VALF);
    CHECK_KEYS(double, -HUGE_VAL, -1e300, -1e-300, 0, 1e-300, 1.5, 1e300, HUGE_VAL);
    CHECK_KEYS(enum level, LOW, MIDDLE, HIGH);
}

TEST(the_two_zeros_are_equal) {
    struct keyed {
        double key;
        int number;
    };
    plait_queue *queue = plait_priority_queue_by(struct keyed, 0, key);
    for (int i = 0; i < 6; i++) {
        struct keyed one = {i % 2 ? -0.0 : 0.0, i};
        ck_assert_ok(plait_queue_put(queue, &one));
    }
    for (int i = 0; i < 6; i++) {
        struct keyed one;
        ck_assert_ok(plait_queue_get(queue, &one));
        ck_assert_int_eq(one.number, i);
    }
    ck_assert_ok(plait_queue_free(queue));
}

/* Sizes that do not end where a number could lie. */
TEST(items_of_any_size_are_whole) {
    for (size_t size = 1; size < 70; size++) {
        plait_queue *queue = plait_priority_queue_new_by(size, 0, (plait_key){0, 1, PLAIT_KEY_UNSIGNED});
        unsigned char item[70], expected[70];
        for (int i = 49; i >= 0; i--) {
            memset(item, i, sizeof item);
            ck_assert_ok(plait_queue_put_sized(queue, item, size));
        }
        for (int i = 0; i < 50; i++) {
            memset(expected, i, sizeof expected);
            ck_assert_ok(plait_queue_get_sized(queue, item, size));
            ck_assert_int_eq(memcmp(item, expected, size), 0);
        }
        ck_assert_ok(plait_queue_free(queue));
    }
}

typedef struct {
    _Alignas(16) char bytes[48];
} aligned;

static bool sees_alignment(const void *one, const void *other, void *context) {
    if (((uintptr_t)one | (uintptr_t)other) % 16) ++*(int *)context;
    return memcmp(one, other, sizeof(aligned)) < 0;
}

TEST(items_lie_as_their_type_wants) {
    int crooked = 0;
    plait_queue *queue = plait_priority_queue_of(aligned, 0, sees_alignment, &crooked);
    for (int i = 0; i < 100; i++) {
        aligned item = {{(char)(i * 37 % 100)}};
        ck_assert_ok(plait_queue_put(queue, &item));
    }
    for (int i = 0; i < 100; i++) {
        aligned item;
        ck_assert_ok(plait_queue_get(queue, &item));
        ck_assert_int_eq(item.bytes[0], i);
    }
    ck_assert_int_eq(crooked, 0);
    ck_assert_ok(plait_queue_free(queue));
}

/* ---- the comparison ---- */

static plait_queue *own, *another;
static int told, others_work;

static bool uses_its_own_queue(const void *one, const void *other, void *context) {
    (void)context;
    struct job job = {0};
    plait_case get = plait_case_get(own, &job);
    told += plait_queue_put_nowait(own, &job) == PLAIT_DEADLOCK;
    told += plait_queue_put(own, &job) == PLAIT_DEADLOCK;
    told += plait_queue_get(own, &job) == PLAIT_DEADLOCK;
    told += plait_queue_peek(own, &job) == PLAIT_DEADLOCK;
    told += plait_queue_join(own) == PLAIT_DEADLOCK;
    told += plait_queue_shutdown(own, true) == PLAIT_DEADLOCK;
    told += plait_queue_free(own) == PLAIT_DEADLOCK;
    told += plait_select(&get, 1, NULL) == PLAIT_OK && get.status == PLAIT_DEADLOCK;
    others_work += plait_queue_put(another, &job) == PLAIT_OK && plait_queue_get(another, &job) == PLAIT_OK;
    others_work += plait_queue_qsize(own) == 1;
    return less_urgent(one, other, NULL);
}

TEST(a_comparison_that_uses_its_own_queue_is_told) {
    own = plait_priority_queue_of(struct job, 0, uses_its_own_queue, NULL);
    another = jobs(false, 0);
    struct job second = {'b', 2, 0}, first = {'a', 1, 0}, got;
    ck_assert_ok(plait_queue_put(own, &second));
    ck_assert_ok(plait_queue_put(own, &first));
    ck_assert_int_eq(told, 8);
    ck_assert_int_eq(others_work, 2);
    ck_assert_ok(plait_queue_get(own, &got));
    ck_assert_int_eq(got.name, 'a');
    ck_assert_ok(plait_queue_get(own, &got));
    ck_assert_ok(plait_queue_free(own));
    ck_assert_ok(plait_queue_free(another));
}

static plait_event comparing, go_on;

static bool takes_its_time(const void *one, const void *other, void *context) {
    (void)context;
    plait_event_set(&comparing);
    (void)plait_event_wait(&go_on);
    return less_urgent(one, other, NULL);
}

static void *put_first(void *arg) {
    (void)arg;
    struct job first = {'a', 1, 0};
    return (void *)(intptr_t)plait_queue_put(own, &first);
}

/* What does not look at items goes on while another thread compares: no lock of the library is held then. */
TEST(who_compares_holds_nobody_up_who_does_not) {
    own = plait_priority_queue_of(struct job, 0, takes_its_time, NULL);
    struct job second = {'b', 2, 0};
    ck_assert_ok(plait_queue_put(own, &second));
    pthread_t thread = queue_thread(put_first, NULL);
    ck_assert_ok(plait_event_wait(&comparing));
    ck_assert_uint_eq(plait_queue_qsize(own), 1);
    ck_assert_ok(plait_queue_task_done(own));
    ck_assert_ok(plait_queue_set_destroy(own, NULL, NULL));
    plait_event_set(&go_on);
    ck_assert_ptr_eq(queue_thread_end(thread), (void *)PLAIT_OK);
    ck_assert_uint_eq(plait_queue_qsize(own), 2);
    ck_assert_ok(plait_queue_free(own));
}

static bool contradicts_itself(const void *one, const void *other, void *context) {
    (void)one, (void)other;
    return stress_random_below(context, 2);
}

TEST(a_comparison_that_contradicts_itself_loses_nothing) {
    struct stress_random random = stress_random_stream(7);
    plait_queue *queue = plait_priority_queue_of(int, 0, contradicts_itself, &random);
    int sum = 0, got;
    for (int i = 0; i < 500; i++) ck_assert_ok(plait_queue_put(queue, &i));
    for (int i = 0; i < 500; i++) {
        ck_assert_ok(plait_queue_get(queue, &got));
        sum += got;
    }
    ck_assert_int_eq(sum, 499 * 500 / 2);
    ck_assert_ok(plait_queue_free(queue));
}

TEST(nonsense_is_refused) {
    ck_assert_ptr_null(plait_priority_queue_of(int, 0, NULL, NULL));
    ck_assert_int_eq(plait_last_error(), PLAIT_INVALID);
    const plait_key nonsense[] = {
        {8, 1, PLAIT_KEY_SIGNED},   {5, 4, PLAIT_KEY_SIGNED},   {(size_t)-4, 8, PLAIT_KEY_SIGNED},
        {0, 3, PLAIT_KEY_UNSIGNED}, {0, 0, PLAIT_KEY_UNSIGNED}, {0, 16, PLAIT_KEY_UNSIGNED},
        {0, 2, PLAIT_KEY_FLOATING}, {0, 4, (plait_key_kind)17},
    };
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++)
        ck_assert_ptr_null(plait_priority_queue_new_by(8, 0, nonsense[i]));
    const plait_key key = {0, 8, PLAIT_KEY_SIGNED};
    ck_assert_ptr_null(plait_priority_queue_new_by(0, 0, key));
    ck_assert_ptr_null(plait_priority_queue_new_by(8, (size_t)-1, key));
    ck_assert_ptr_null(plait_priority_queue_new_by(PTRDIFF_MAX, 0, key));
    ck_assert_int_eq(plait_last_error(), PLAIT_INVALID);
    ck_assert_ptr_null(plait_lifo_queue_new(0, 0));
}
