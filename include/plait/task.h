/* plait/task.h - any function can run in the background: write its name and its parameters once.
 *
 * PLAIT_TASK(R, name, (T, parameter), ...) { body } defines an ordinary function, `static R name(T parameter,
 * ...)`, with 0 to 8 parameters and any result, void too. Beside it stands a descriptor of the task, a
 * plait_task, which is what starts, pools and maps work with. The function can still be called as ever.
 *
 *     plait_start(g, 5, 6, .arg3 = 12);      Thread(target=g, args=[5, 6], kwargs={"arg3": 12})
 *     plait_submit(pool, g, 5, 6);           pool.submit(g, 5, 6)
 *
 * Arguments are checked when the program is compiled: a wrong type or one too many does not compile. They
 * may be named in C (as in the first line; in C++ only by position). Those left out are zero. They are
 * copied when the task is handed over; what they point at must stay until it has run. A compound literal
 * with a comma in it needs parentheses around it, as in any macro.
 *
 * A task fails by plait_raise (plait/raise.h); its result is then thrown away. In C++ an exception that
 * leaves the task is such a failure: PLAIT_FAILED, with what() as its message. A C task through which an
 * exception passes ends the program by std::terminate, and so does a jump (longjmp) out of a task by doing
 * what it likes: the target's frames belong to another thread or are gone; do not.
 *
 * A parameter is an integer, a float, a string (const char *), bytes (plait_bytes), a struct (or union), an
 * object that processes share (plait_shared *, plait_process_queue * and their like) or another pointer; none
 * may want more alignment than malloc gives. Threads share memory and take them all. Between processes strings
 * and bytes are copied, shared objects are lent to the task while it runs, and pointers refused; `char *` counts
 * as a pointer, for the task could write through it. (Pointers inside a struct cannot be seen and travel as they
 * are: they mean nothing in another process.) Results go the same way, but that shared objects are no results.
 * A type that needs something after the name (an array, a pointer to function) needs a typedef.
 *
 * Tasks that several files use: PLAIT_TASK_DECLARE(R, name, ...); in a header, and PLAIT_TASK_DEFINE(R,
 * name, ...) { body }, with the same words, in one file that includes it.
 *
 * Every verb that takes a task also has an untyped form that takes a `void *(*)(void *)` and its argument:
 * plait_thread_new, plait_pool's and so on, in their headers.
 *
 * Example:
 *     #include <plait.h>
 *
 *     PLAIT_TASK(double, power, (double, base), (int, exponent)) {
 *         double product = 1;
 *         for (int i = 0; i < exponent; i++) product *= base;
 *         return product;
 *     }
 *
 *     int main(void) {
 *         double result = 0;
 *         plait_thread *thread = plait_start(power, 2.0, .exponent = 10);
 *         plait_status status = plait_thread_result(thread, &result);
 *         plait_thread_free(thread);
 *         return status == PLAIT_OK && result == 1024 && power(2, 3) == 8 ? 0 : 1;
 *     }
 */
#ifndef PLAIT_TASK_H
#define PLAIT_TASK_H

#include <plait/api.h>
#include <plait/status.h>

PLAIT_BEGIN

/* Bytes that are passed by value between processes: the data is copied there. */
typedef struct plait_bytes {
    const void *data;
    size_t size;
} plait_bytes;

/* What may be a parameter of a task in any process, and is the same object there (plait/shared.h and so on). */
typedef struct plait_shared plait_shared;
typedef struct plait_process_queue plait_process_queue;
typedef struct plait_message_queue plait_message_queue;
typedef struct plait_pipe plait_pipe;

/* What a parameter or result is. */
typedef enum plait_kind {
    PLAIT_KIND_NOTHING, /* the result of a void task */
    PLAIT_KIND_INTEGER, /* bool, characters and enums too */
    PLAIT_KIND_FLOAT,
    PLAIT_KIND_STRING, /* const char *, ended by a zero byte, or NULL */
    PLAIT_KIND_BYTES,  /* plait_bytes */
    PLAIT_KIND_STRUCT, /* also unions and complex numbers: taken as they lie in memory */
    PLAIT_KIND_POINTER,
    PLAIT_KIND_SHARED /* a pointer to one of the types above, or NULL */
} plait_kind;

/* One parameter: where it lies in the struct of arguments. */
typedef struct plait_parameter {
    const char *name;
    plait_kind kind;
    size_t offset;
    size_t size;
} plait_parameter;

/* Where a range of items finds one parameter: item i's lies at base + i * stride bytes. Stride 0: the
 * same for all. */
typedef struct plait_column {
    const void *base;
    size_t stride;
} plait_column;

static inline const void *plait__cell(const plait_column *column, size_t i) {
    return (const char *)column->base + i * column->stride;
}

#define PLAIT_TASK_VERSION 1

/* The descriptor of a task. Constant and static: it can be stored, passed and compared by address. */
typedef struct plait_task {
    uint32_t version; /* PLAIT_TASK_VERSION of the header that it was compiled with */
    uint32_t count;   /* of parameters */
    const char *name;
    const plait_parameter *parameters; /* count of them, in order; not NULL */
    size_t args_size;                  /* of the struct of arguments */
    size_t result_size;                /* 0 for void */
    plait_kind result_kind;

    /* Runs the task once on the calling thread. `args` is a struct of arguments; the result goes to
     * `result`, unless that is NULL. Both are aligned as malloc aligns. */
    void (*run)(const void *args, void *result);

    /* The loop of a map, compiled in the user's file, where the task can be inlined. Runs items from,
     * from + 1, ... as long as they are below *end: each parameter is taken from its column (columns[k] is
     * parameter k's), the result of item i goes to results + i * result_size, unless `results` is NULL.
     * Returns the first item that it did not run.
     * *end is read like any variable: only the thread that runs the range may change it. Raising a failure
     * sets it to 0, if it is the `end` of the frame that the range runs in: the item that failed is then the
     * one before the item returned. Its result was stored like any other. (One number for both costs nothing
     * an item: in a task that was inlined and calls nothing the compiler sees that it does not change.) */
    size_t (*range)(const plait_column *columns, void *results, size_t from, const size_t *end);
} plait_task;

/* The descriptor of a task, by its name: const plait_task *task = plait_task_of(power). */
#define plait_task_of(name) (&plait__task_##name)

PLAIT_END

#include <plait/spawn.h>
#include <plait/task_macros.h>

/* Define a task; declare one in a header; define one that a header declares. See above. */
#define PLAIT_TASK(R, ...) \
    PLAIT__TASK(PLAIT__COUNT_PARAMETERS(__VA_ARGS__), R, PLAIT__FIRST(__VA_ARGS__, ), __VA_ARGS__)
#define PLAIT_TASK_DECLARE(R, ...) \
    PLAIT__TASK_DECLARE(PLAIT__COUNT_PARAMETERS(__VA_ARGS__), R, PLAIT__FIRST(__VA_ARGS__, ), __VA_ARGS__)
#define PLAIT_TASK_DEFINE(R, ...) \
    PLAIT__TASK_DEFINE(PLAIT__COUNT_PARAMETERS(__VA_ARGS__), R, PLAIT__FIRST(__VA_ARGS__, ), __VA_ARGS__)

#endif
