/* Tasks of C++ on the wire: built and run by cxx.sh, which prints its results. Each check is a line of TAP. */
#include <plait/task.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" {
#include <process/task_reference.h>
#include <process/wire.h>
}

namespace {

int count, failures;

void check(bool good, const char *what) {
    failures += !good;
    std::printf("%s %d - cxx %s\n", good ? "ok" : "not ok", ++count, what);
}

struct point {
    int x, y;
};
enum class colour { red, green };

PLAIT_TASK(int, mixed, (const char *, string), (plait_bytes, bytes), (point, p), (const colour, c),
           (bool, b)) {
    return static_cast<int>(std::strlen(string)) + static_cast<int>(bytes.size) + p.x + p.y +
           (c == colour::green) + b;
}
PLAIT_TASK(int, shared, (plait_shared *, a), (plait_process_queue *const, b), (plait_message_queue *, c),
           (plait_pipe *, d)) {
    return !a && !b && !c && !d;
}
PLAIT_TASK(int, pointer, (int, first), (int *, second)) {
    return first + (second ? *second : 0);
}
PLAIT_TASK(const char *, words) {
    return "words";
}

/* What comes back from another place in memory. */
int run_elsewhere(const plait_task *task, const void *args) {
    size_t size = 0;
    if (plait__wire_write(task, args, nullptr, 0, &size, nullptr) != PLAIT_OK) return -1;
    void *wire = std::malloc(size), *there = nullptr;
    int result = -1;
    if (plait__wire_write(task, args, wire, size, &size, nullptr) == PLAIT_OK &&
        plait__wire_read(task, wire, size, &there, nullptr) == PLAIT_OK)
        task->run(there, &result);
    std::free(wire);
    return result;
}

void wires() {
    const plait_bytes bytes = {"12345", 5};
    check(run_elsewhere(plait_task_of(mixed),
                        PLAIT__ARGS_OF(mixed, "four", bytes, point{10, 20}, colour::green, true)) == 41,
          "all kinds arrive");
    check(run_elsewhere(plait_task_of(shared), PLAIT__ARGS_OF(shared, )) == 1, "no shared object is none");
    bool good = true;
    for (unsigned i = 0; i < 4; i++)
        good = good && plait_task_of(shared)->parameters[i].kind == PLAIT_KIND_SHARED;
    check(good, "shared objects have a kind of their own");

    plait__words why;
    check(plait__wire_allows(plait_task_of(pointer), &why) == PLAIT_INVALID &&
              std::strcmp(why.at,
                          "parameter 'second' of 'pointer' is a pointer, which means nothing in another "
                          "process") == 0,
          "a pointer is refused by name");
    check(plait__wire_allows(plait_task_of(words), &why) == PLAIT_OK, "a string is no pointer");
}

void references() {
    plait__task_reference reference = {};
    plait__words why = {""};
    check(plait__task_refer(plait_task_of(mixed), &reference, &why) == PLAIT_OK &&
              plait__task_find(&reference, &why) == plait_task_of(mixed),
          "a task is found again");
}

} // namespace

int main() {
    wires();
    references();
    std::printf("1..%d\n", count);
    return failures != 0;
}
