/* program.c - asking a program of its own; see program.h. */
#include "program.h"

#include "support.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS = 16, QUESTION = 256, ANSWER = 256 };

static _Noreturn void become(const char *path, char *question, int out) {
    char *words[WORDS + 2] = {(char *)(size_t)path};
    char *rest = NULL;
    int count = 1;
    for (char *word = strtok_r(question, " ", &rest); word && count <= WORDS;
         word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* whoever stops the benchmark stops this too */
    dup2(out, STDOUT_FILENO);
    execv(path, words);
    _exit(127);
}

static void read_all(int in, char *text, size_t size) {
    size_t length = 0;
    ssize_t got;
    while (length < size - 1 && (got = read(in, text + length, size - 1 - length)) > 0) length += (size_t)got;
    text[length] = '\0';
}

static bool parse(const char *text, double *figures) {
    int used = 0;
    int count = 0;
    for (; count < BENCH_FIGURES && sscanf(text, "%lf%n", &figures[count], &used) == 1; count++) text += used;
    return count > 0;
}

void program_run(const char *path, double *figures, const char *question, ...) {
    char words[QUESTION];
    char answer[ANSWER];
    int ends[2];
    int status = 0;
    va_list arguments;
    va_start(arguments, question);
    vsnprintf(words, sizeof words, question, arguments);
    va_end(arguments);
    if (pipe(ends)) bench_fail("no pipe to be had");
    pid_t pid = fork();
    if (pid < 0) bench_fail("no process to be had");
    if (pid == 0) become(path, words, ends[1]);
    close(ends[1]);
    read_all(ends[0], answer, sizeof answer);
    close(ends[0]);
    waitpid(pid, &status, 0);
    if (status || !parse(answer, figures)) bench_fail("a peer's program failed");
}
