/* The command line of this very program. */
#include "support/test.h"

#include <check/command.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What this program, called once more with these words, says its command line is. */
static void says(char *const *words, const char *expected) {
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        setenv("SAY_COMMAND_LINE", "1", 1);
        execv("/proc/self/exe", words);
        _exit(1);
    }
    close(ends[1]);
    char said[2048];
    size_t length = 0;
    for (ssize_t more; (more = read(ends[0], said + length, sizeof said - 1 - length)) > 0;)
        length += (size_t)more;
    said[length] = 0;
    close(ends[0]);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_str_eq(said, expected);
}

__attribute__((constructor)) static void say(void) {
    if (!getenv("SAY_COMMAND_LINE")) return;
    fputs(plait__command_line(), stdout);
    fflush(stdout);
    _exit(0);
}

TEST(a_command_can_be_called_again) {
    says((char *[]){"./q", "-n", "3", "a/b.c", "--x=1,2", NULL}, "./q -n 3 a/b.c --x=1,2");
    says((char *[]){"./q", "two words", "", "$x", "it's", "*", NULL},
         "./q 'two words' '' '$x' 'it'\\''s' '*'");
}

TEST(a_long_one_is_not_shown) {
    char word[600];
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = 0;
    says((char *[]){"./q", word, NULL}, "PROGRAM");
    memset(word, '\'', sizeof word);
    word[150] = 0; /* read whole, but too long with its quotes */
    says((char *[]){"./q", word, NULL}, "PROGRAM");
}
