/* lines.c - files and lines, asked of addr2line.
 *
 * It is started without a shell and with a bare environment: the checker's own LD_PRELOAD must not reach it, and a
 * DEBUGINFOD_URLS would have it ask the network. One process takes the addresses of one file, all at once.
 *
 * elfutils' libdw would answer from inside this process, but a library that is put into every checked program
 * should need libc alone; binutils is there wherever a C compiler is.
 */
#include <base/memory.h>
#include <base/text.h>
#include <check/lines.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AT_ONCE = 1000, FIXED = 5 };

struct question {
    char *words[FIXED + AT_ONCE + 1];
    char numbers[AT_ONCE][20];
};

static pid_t start(char **words, int answers) {
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions)) return -1;
    char path[4096] = "PATH=/usr/local/bin:/usr/bin:/bin";
    const char *own = getenv("PATH");
    if (own && strlen(own) < sizeof path - 5) snprintf(path, sizeof path, "PATH=%s", own);
    char locale[] = "LC_ALL=C", *environment[] = {path, locale, NULL};
    pid_t process = -1;
    if (posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) ||
        posix_spawn_file_actions_adddup2(&actions, answers, 1) ||
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) ||
        posix_spawnp(&process, words[0], &actions, NULL, words, environment))
        process = -1;
    posix_spawn_file_actions_destroy(&actions);
    return process;
}

/* All that comes from the descriptor, or NULL. */
static char *read_all(int from) {
    struct plait__text text = {0};
    char piece[4096];
    for (;;) {
        ssize_t length = read(from, piece, sizeof piece);
        if (length < 0 && errno == EINTR) continue;
        if (length <= 0) break;
        plait__say(&text, "%.*s", (int)length, piece);
    }
    return plait__text_take(&text);
}

static char *ask(char **words) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) return NULL;
    pid_t process = start(words, ends[1]);
    close(ends[1]);
    char *answer = process > 0 ? read_all(ends[0]) : NULL;
    close(ends[0]);
    while (process > 0 && waitpid(process, NULL, 0) < 0 && errno == EINTR) {}
    return answer;
}

/* Whether the file is one of plait's public headers: what is inlined from there is not where the user called. */
static bool is_header_of_plait(const char *path) {
    const char *name = strrchr(path, '/');
    static const char folder[] = "/plait";
    size_t length = sizeof folder - 1;
    return name && (size_t)(name - path) >= length && !memcmp(name - length, folder, length) &&
           strlen(name) > 2 && !strcmp(name + strlen(name) - 2, ".h");
}

/* One line of an answer: path:number, perhaps with words behind it. */
static void take_frame(struct plait__line_of *line, char *frame) {
    char *colon = strrchr(frame, ':');
    if (!colon) return;
    unsigned number = (unsigned)strtoul(colon + 1, NULL, 10);
    *colon = 0;
    if (!number || !strcmp(frame, "??") || is_header_of_plait(frame)) return;
    snprintf(line->file, sizeof line->file, "%s", plait__file_name(frame));
    line->line = number;
}

/* For each address its number, then a line for each function that was inlined there, the innermost first. The
 * first that is not plait's is taken. */
static void take_answer(struct plait__line_of *lines, size_t count, char *answer) {
    size_t at = SIZE_MAX;
    for (char *rest = answer, *line; (line = strsep(&rest, "\n"));) {
        if (!strncmp(line, "0x", 2)) {
            if (++at == count) return;
        } else if (at != SIZE_MAX && !lines[at].line) {
            take_frame(&lines[at], line);
        }
    }
}

static void look_up_some(const char *path, struct plait__line_of *lines, size_t count,
                         struct question *question) {
    char *fixed[FIXED] = {"addr2line", "-a", "-i", "-e", (char *)(uintptr_t)path};
    memcpy(question->words, fixed, sizeof fixed);
    for (size_t i = 0; i < count; i++) {
        snprintf(question->numbers[i], sizeof question->numbers[i], "0x%" PRIx64, lines[i].address);
        question->words[FIXED + i] = question->numbers[i];
    }
    question->words[FIXED + count] = NULL;
    char *answer = ask(question->words);
    if (answer) take_answer(lines, count, answer);
    plait__release(answer);
}

void plait__lines_look_up(const char *path, struct plait__line_of *lines, size_t count) {
    struct question *question = plait__allocate(sizeof *question);
    if (!question) return;
    for (size_t done = 0; done < count; done += AT_ONCE)
        look_up_some(path, lines + done, count - done < AT_ONCE ? count - done : AT_ONCE, question);
    plait__release(question);
}
