/* os_threads.c - how many threads the process has, as the kernel sees it. */
#include <base/os.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The field behind so many others, counted from the state, which is the first behind the command in parentheses. */
static const char *field(const char *at, int number) {
    while (at && number--) at = strchr(at + 1, ' ');
    return at ? at + 1 : NULL;
}

/* A main thread that has left by pthread_exit is there until the process ends, as a zombie: it does not count. Its
 * state is the process's. */
int plait__os_thread_count(void) {
    enum { STATE = 1, THREADS = 18 };
    char text[1024];
    int file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    text[size > 0 ? size : 0] = '\0';
    const char *behind = strrchr(text, ')');
    const char *state = field(behind, STATE), *threads = field(behind, THREADS);
    int count = threads ? atoi(threads) : 0;
    if (count < 1) return -1;
    return *state == 'Z' ? count - 1 : count;
}

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
enum { MOST_ALONE = 2 }; /* the thread sanitizer has one, which begins with the first of the program's */
#else
enum { MOST_ALONE = 1 };
#endif

bool plait__os_other_threads(void) {
    int count = plait__os_thread_count();
    return count < 0 || count > MOST_ALONE;
}
