/* dump.c - plait_dump. */
#include <base/memory.h>
#include <dump/words.h>
#include <errno.h>
#include <plait/dump.h>
#include <thread/registry.h>
#include <unistd.h>

/* A circle is believed when a second look finds it unchanged: none of its threads has been awake in between, so each
 * held all that time what the one before it waits for. */
static plait_status take(struct plait__snapshot *snapshot) {
    struct plait__snapshot before;
    plait_status status = plait__snapshot_take(snapshot);
    if (status != PLAIT_OK || !plait__snapshot_circle(snapshot)) return status;
    before = *snapshot;
    status = plait__snapshot_take(snapshot);
    if (status == PLAIT_OK) plait__snapshot_confirm(snapshot, &before);
    plait__snapshot_free(&before);
    return status;
}

plait_status plait__say_dump(struct plait__text *text) {
    struct plait__snapshot snapshot;
    plait_status status = take(&snapshot);
    if (status == PLAIT_OK) {
        plait__say_snapshot(text, &snapshot);
        plait__snapshot_free(&snapshot);
        if (!text->failed) return PLAIT_OK;
    }
    plait__release(text->at);
    *text = (struct plait__text){.failed = true};
    return PLAIT_NO_MEMORY;
}

plait_status plait_dump(FILE *out) {
    if (!out) return PLAIT_INVALID;
    (void)plait_thread_main(); /* if that is who calls, it is known from now on */
    struct plait__text text = {0};
    plait_status status = plait__say_dump(&text);
    if (status != PLAIT_OK) return status;
    bool written = fwrite(text.at, 1, text.length, out) == text.length;
    plait__release(text.at);
    return written && fflush(out) == 0 ? PLAIT_OK : PLAIT_ERRNO;
}

void plait__write_to_stderr(const char *words, size_t length) {
    while (length) {
        ssize_t written = write(STDERR_FILENO, words, length);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        words += written;
        length -= (size_t)written;
    }
}
