/* imap.c - lines hashed on two threads while they are read, and printed in order.
 *
 *     imap [FILE]
 *
 * read_line is called only a little ahead of what has been printed, so that a file of any length goes through
 * in little memory. A line that is too long fails, and only that one.
 */
#define _POSIX_C_SOURCE 200809L
#include <plait.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST = 50 };

struct line {
    char text[LONGEST + 2];
};

struct hashed {
    char text[LONGEST + 2];
    unsigned long hash;
};

/* FNV-1a (Fowler, Noll, Vo) */
PLAIT_TASK(struct hashed, hash_line, (struct line, line)) {
    struct hashed hashed = {.hash = 0xcbf29ce484222325};
    size_t length = strcspn(line.text, "\n");
    if (length > LONGEST) plait_raise(PLAIT_USER, "more than %d characters", LONGEST);
    for (size_t i = 0; i < length; i++)
        hashed.hash = (hashed.hash ^ (unsigned char)line.text[i]) * 0x100000001b3;
    memcpy(hashed.text, line.text, length);
    return hashed;
}

/* On the thread that asks for results. The rest of a line that does not fit is skipped. */
static bool read_line(void *item, void *file) {
    struct line *line = item;
    if (!fgets(line->text, sizeof line->text, file)) return false;
    if (!strchr(line->text, '\n'))
        for (int c = getc(file); c != EOF && c != '\n'; c = getc(file)) {}
    return true;
}

static const char poem[] = "Tell all the truth but tell it slant -\n"
                           "Success in Circuit lies\n"
                           "Too bright for our infirm Delight, and too long for one line\n"
                           "The Truth's superb surprise\n";

int main(int argc, char **argv) {
    FILE *file = argc > 1 ? fopen(argv[1], "r") : fmemopen((void *)poem, sizeof poem - 1, "r");
    plait_pool *pool = plait_pool_new(2);
    if (!file || !pool) return 1;

    plait_imap *lines = plait_imap_from(pool, hash_line, read_line, file);
    plait_status status;
    struct hashed hashed;
    while ((status = plait_imap_next(lines, &hashed)) != PLAIT_EMPTY) {
        size_t number;
        const char *message = plait_imap_message(lines, &number);
        if (status == PLAIT_OK)
            printf("%016lx  %s\n", hashed.hash, hashed.text);
        else if (number == SIZE_MAX)
            break; /* it is not a line's failure: memory is out, say */
        else
            printf("line %zu: %s\n", number + 1, message);
    }
    plait_imap_free(lines);
    plait_pool_free(pool);
    fclose(file);
    return status == PLAIT_EMPTY ? 0 : 1;
}
