/* log_writer.c - one thread writes what many say; three ways to stop it.
 *
 *   a poison pill   a special line that means "stop". Simple; but each reader needs a pill of its own, and
 *                   it must be the last line
 *   an event        the writer waits for a line or for the event, whichever comes first. Then it must
 *                   still empty the queue, or lines are lost
 *   shutdown        the queue itself says that nothing more will come. The shortest, and nothing is lost
 */
#include <plait.h>
#include <stdio.h>

enum { SPEAKERS = 4, LINES_EACH = 250, ROOM = 16 };

struct line {
    int speaker;
    int number;
};

static const struct line POISON = {-1, -1};

/* Stands for writing to a file: counts. */
static void write_line(struct line line, int *written) {
    if (line.number >= 0) ++*written;
}

/* ---- three writers; each returns how many lines it wrote ---- */

PLAIT_TASK(int, write_until_poison, (plait_queue *, lines)) {
    struct line line;
    int written = 0;
    while (plait_queue_get(lines, &line) == PLAIT_OK && line.speaker != POISON.speaker)
        write_line(line, &written);
    return written;
}

PLAIT_TASK(int, write_until_event, (plait_queue *, lines), (plait_event *, stop)) {
    struct line line;
    int written = 0;
    size_t which;
    plait_case cases[] = {plait_case_get(lines, &line), plait_case_event(stop)};
    while (plait_select(cases, 2, &which) == PLAIT_OK && which == 0) write_line(line, &written);
    while (plait_queue_get_nowait(lines, &line) == PLAIT_OK) write_line(line, &written);
    return written;
}

PLAIT_TASK(int, write_until_shutdown, (plait_queue *, lines)) {
    struct line line;
    int written = 0;
    while (plait_queue_get(lines, &line) == PLAIT_OK) write_line(line, &written);
    return written;
}

/* ---- those who speak ---- */

PLAIT_TASK(void, speak, (plait_queue *, lines), (int, speaker)) {
    for (int i = 0; i < LINES_EACH; i++) {
        struct line line = {speaker, i};
        if (plait_queue_put(lines, &line) != PLAIT_OK) return;
    }
}

static void all_speak(plait_queue *lines) {
    plait_thread *speakers[SPEAKERS];
    for (int i = 0; i < SPEAKERS; i++) speakers[i] = plait_start(speak, lines, i);
    for (int i = 0; i < SPEAKERS; i++) {
        plait_thread_join(speakers[i]);
        plait_thread_free(speakers[i]);
    }
}

/* Takes the writer's result, and tidies up. */
static bool nothing_lost(const char *how, plait_thread *writer, plait_queue *lines) {
    int written = 0;
    bool good = plait_thread_result(writer, &written) == PLAIT_OK && written == SPEAKERS * LINES_EACH;
    printf("stopped by %s: %d lines of %d\n", how, written, SPEAKERS * LINES_EACH);
    plait_thread_free(writer);
    return plait_queue_free(lines) == PLAIT_OK && good;
}

int main(void) {
    plait_queue *lines = plait_queue_of(struct line, ROOM);
    plait_thread *writer = plait_start(write_until_poison, lines);
    all_speak(lines);
    plait_queue_put(lines, &POISON);
    if (!nothing_lost("a poison pill", writer, lines)) return 1;

    static plait_event stop;
    lines = plait_queue_of(struct line, ROOM);
    writer = plait_start(write_until_event, lines, &stop);
    all_speak(lines);
    plait_event_set(&stop);
    if (!nothing_lost("an event", writer, lines)) return 1;

    lines = plait_queue_of(struct line, ROOM);
    writer = plait_start(write_until_shutdown, lines);
    all_speak(lines);
    plait_queue_shutdown(lines, false);
    return nothing_lost("shutdown", writer, lines) ? 0 : 1;
}
