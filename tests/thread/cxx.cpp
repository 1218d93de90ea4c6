/* Tasks and threads in C++: built and run by cxx.sh, which prints its results. Each check is a line of TAP. */
#include <plait.h>

#include <cstdio>
#include <cstring>
#include <new>
#include <pthread.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

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

PLAIT_TASK(long, sum, (long, a), (long, b), (const long, c)) {
    return a + b + c;
}
PLAIT_TASK(point, mirror, (point, p)) {
    return point{p.y, p.x};
}
PLAIT_TASK(void, nothing) {}
PLAIT_TASK(int, kinds, (bool, a), (float, b), (const char *, c), (plait_bytes, d), (point, e), (char *, f),
           (colour, g)) {
    (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g;
    return 0;
}
PLAIT_TASK(int, throws, (int, what)) {
    if (what == 1) throw std::runtime_error("no luck");
    if (what == 2) throw std::bad_alloc();
    if (what == 3) throw 5;
    if (what == 4) pthread_exit(nullptr);
    return what;
}

void *throw_untyped(void *) {
    throw std::runtime_error("nobody catches this");
}

void calls() {
    long result = 0;
    plait_thread *thread = plait_start(sum, 1, 2);
    check(plait_thread_result(thread, &result) == PLAIT_OK && result == 3, "arguments left out are zero");
    check(plait_thread_result(thread, nullptr) == PLAIT_OK, "only the status");
    check(plait_thread_result(thread, NULL) == PLAIT_OK, "only the status, in C's words");
    int narrow;
    check(plait_thread_result(thread, &narrow) == PLAIT_INVALID, "a result of another size");
    plait_thread_free(thread);

    point p = {0, 0};
    thread = plait_start(mirror, point{1, 2});
    check(plait_thread_result(thread, &p) == PLAIT_OK && p.x == 2 && p.y == 1, "structs by value");
    plait_thread_free(thread);

    plait_thread_options options = {};
    options.name = "named";
    thread = plait_start_with(&options, nothing);
    check(plait_thread_join(thread) == PLAIT_OK, "no arguments and no result");
    plait_thread_free(thread);
}

void descriptor() {
    static const plait_kind expected[] = {PLAIT_KIND_INTEGER, PLAIT_KIND_FLOAT,  PLAIT_KIND_STRING,
                                          PLAIT_KIND_BYTES,   PLAIT_KIND_STRUCT, PLAIT_KIND_POINTER,
                                          PLAIT_KIND_INTEGER};
    const plait_task *task = plait_task_of(kinds);
    bool good = task->count == 7 && std::strcmp(task->name, "kinds") == 0;
    for (unsigned i = 0; i < task->count; i++) good = good && task->parameters[i].kind == expected[i];
    check(good, "kinds of parameters");
    check(plait_task_of(nothing)->result_size == 0, "void has no size");
}

void range() {
    long a[3] = {1, 2, 3}, b = 10, c = 100, results[3] = {};
    const size_t three = 3;
    plait_column columns[] = {{a, sizeof *a}, {&b, 0}, {&c, 0}};
    size_t end = plait_task_of(sum)->range(columns, results, 0, &three);
    check(end == 3 && results[2] == 113, "a range");
}

void fails_with(int what, plait_status status, const char *message) {
    int result = -1;
    plait_thread *thread = plait_start(throws, what);
    bool good = plait_thread_result(thread, &result) == status && result == -1 &&
                std::strcmp(plait_thread_message(thread), message) == 0;
    check(good, message);
    plait_thread_free(thread);
}

void terminates() {
    pid_t child = fork();
    if (child == 0) {
        if (!std::freopen("/dev/null", "w", stderr)) _exit(1);
        plait_thread_free(plait_thread_new(nullptr, throw_untyped, nullptr));
        plait_shutdown(PLAIT_FOREVER);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "an exception through C is std::terminate");
}

} // namespace

int main() {
    calls();
    descriptor();
    range();
    fails_with(1, PLAIT_FAILED, "no luck");
    fails_with(2, PLAIT_NO_MEMORY, "std::bad_alloc");
    fails_with(3, PLAIT_FAILED, "an exception that is no std::exception");
    fails_with(4, PLAIT_FAILED, "the task was left by pthread_exit");
    terminates();
    std::printf("1..%d\n", count);
    return failures != 0;
}
