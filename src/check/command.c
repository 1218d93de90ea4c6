/* command.c - how this program was called, from /proc. */
#include <check/command.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static char line[512];
static unsigned length;

static void add(char letter) {
    if (length < sizeof line) line[length++] = letter;
}

static bool is_plain(const char *word) {
    return *word &&
           !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./=:,@%+-")];
}

/* Inside of single quotes nothing means anything, but for the quote that ends them. */
static void add_word(const char *word) {
    bool plain = is_plain(word);
    if (length) add(' ');
    if (!plain) add('\'');
    for (; *word; word++) {
        if (*word == '\'') {
            add('\'');
            add('\\');
            add('\'');
        }
        add(*word);
    }
    if (!plain) add('\'');
}

const char *plait__command_line(void) {
    char words[sizeof line];
    int file = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? -1 : read(file, words, sizeof words);
    if (file >= 0) (void)close(file);
    length = 0;
    if (size <= 0 || size == sizeof words || words[size - 1]) return "PROGRAM";
    for (const char *word = words; word < words + size; word += strlen(word) + 1) add_word(word);
    add(0);
    return length < sizeof line ? line : "PROGRAM";
}
