/* owner.c - a file that belongs to one thread; the others send it requests, and get answers or errors.
 *
 * The journal is a file and a count of its lines. No lock guards them: only the owner's thread ever sees
 * them. Lines are told, nobody waits for them; a question is asked, and its future brings the answer or the
 * error. What cannot be opened comes back as the failure of plait_owner_open.
 */
#include <plait.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WRITERS = 3, LINES_EACH = 100, NO_SUCH_LINE = PLAIT_USER + 1 };

struct journal {
    FILE *file;
    long lines;
};
PLAIT_OWNER(journal_owner, struct journal *);

struct line {
    char words[40];
};

PLAIT_TASK(void, close_journal, (struct journal *, journal)) {
    if (journal->file && fclose(journal->file) != 0) plait_raise(PLAIT_ERRNO, "cannot close the journal");
    free(journal);
}

/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): whoever ran it without taking the result would lose it */
PLAIT_TASK(struct journal *, open_journal, (const char *, path)) {
    struct journal *journal = calloc(1, sizeof *journal);
    if (journal) journal->file = path ? fopen(path, "w+") : tmpfile();
    if (journal && journal->file) return journal;
    plait_raise(PLAIT_ERRNO, "cannot open %s", path ? path : "a temporary file");
    free(journal);
    return NULL;
}

PLAIT_TASK(void, append, (struct journal *, journal), (struct line, line)) {
    if (fseek(journal->file, 0, SEEK_END) != 0 || fprintf(journal->file, "%s\n", line.words) < 0)
        plait_raise(PLAIT_ERRNO, "cannot append '%s'", line.words);
    else
        journal->lines++;
}

PLAIT_TASK(long, count_lines, (struct journal *, journal)) {
    return journal->lines;
}

PLAIT_TASK(struct line, read_line, (struct journal *, journal), (long, number)) {
    struct line line = {""};
    rewind(journal->file);
    for (long i = 0; i < number && i < journal->lines; i++)
        if (!fgets(line.words, sizeof line.words, journal->file)) break;
    line.words[strcspn(line.words, "\n")] = '\0';
    if (number < 1 || number > journal->lines)
        plait_raise(NO_SUCH_LINE, "line %ld of %ld", number, journal->lines);
    return line;
}

/* ---- the others ---- */

PLAIT_TASK(void, write_lines, (journal_owner, journal), (int, writer)) {
    for (int i = 1; i <= LINES_EACH; i++) {
        struct line line;
        snprintf(line.words, sizeof line.words, "writer %d, line %d", writer, i);
        if (plait_tell(journal, append, line) != PLAIT_OK) plait_raise(PLAIT_FAILED, "nobody to tell");
    }
}

static void show_line(journal_owner journal, long number) {
    struct line line;
    plait_future *answer = plait_ask(journal, read_line, number);
    plait_status status = plait_result(answer, &line);
    if (status == PLAIT_OK)
        printf("line %ld: %s\n", number, line.words);
    else
        printf("no such line: %s\n", plait_future_message(answer));
    plait_future_free(answer);
}

int main(void) {
    journal_owner nowhere = plait_owner_open(journal_owner, close_journal, open_journal, "/nowhere/at/all");
    printf("%s: %s\n", nowhere.owner ? "?" : plait_status_name(plait_last_error()), plait_last_message());

    journal_owner journal = plait_owner_open(journal_owner, close_journal, open_journal);
    if (!journal.owner) return 1;
    struct line first = {"the first line"};
    plait_tell(journal, append, first);
    plait_scope writers; /* all of them end before it does */
    plait_scope_begin(&writers, NULL);
    for (int i = 0; i < WRITERS; i++) plait_thread_free(plait_scope_start(&writers, write_lines, journal, i));
    if (plait_scope_end(&writers) != PLAIT_OK) return 1;

    long lines = 0;
    plait_future *count = plait_ask(journal, count_lines); /* after all that was told before */
    plait_status status = plait_result(count, &lines);
    plait_future_free(count);
    printf("%ld lines\n", lines);
    show_line(journal, 1);
    show_line(journal, 1000);

    plait_owner_close(journal.owner);
    if (plait_owner_join(journal.owner) != PLAIT_OK) return 1; /* closed, and that went well */
    plait_owner_free(journal.owner);
    return status == PLAIT_OK && lines == 1 + WRITERS * LINES_EACH ? 0 : 1;
}
