/* pipeline.c - a chain of stages: read files, hash them, write the list of hashes, in order.
 *
 * Reading is one thread's work, hashing everybody's, writing one thread's again. The reader puts into a
 * queue, for each file, the future of its hash: so the files come out in the order in which they went in,
 * however long each one takes to hash. The queue is bounded: the reader is never more than a few files ahead,
 * however slow the rest is. A file that cannot be read is a line in the list like any other, with the reason.
 * All of it runs in a scope: when it has ended, nobody touches the directory any more.
 */
#include <plait.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES = 20, MISSING = 13, AHEAD = 4 };

struct text {
    char *bytes;
    size_t size;
};

/* One file on its way. */
struct step {
    int number;
    plait_future *hash;
};

static void name_file(char *name, size_t size, const char *directory, int number) {
    snprintf(name, size, "%s/%02d.txt", directory, number);
}

/* ---- the stages ---- */

/* Whoever hashes a text frees it. (FNV-1a.) */
PLAIT_TASK(uint32_t, hash, (struct text, text), (int, number)) {
    uint32_t sum = 2166136261u;
    if (!text.bytes) plait_raise(PLAIT_USER, "file %02d cannot be read", number);
    for (size_t i = 0; text.bytes && i < text.size; i++)
        sum = (sum ^ (unsigned char)text.bytes[i]) * 16777619u;
    free(text.bytes);
    return sum;
}

static struct text read_file(const char *directory, int number) {
    char name[128];
    struct text text = {NULL, 0};
    name_file(name, sizeof name, directory, number);
    FILE *file = fopen(name, "r");
    if (!file) return text;
    text.bytes = malloc(65536);
    if (text.bytes) text.size = fread(text.bytes, 1, 65536, file);
    fclose(file);
    return text;
}

PLAIT_TASK(void, read_all, (const char *, directory), (plait_pool *, pool), (plait_queue *, steps)) {
    for (int i = 0; i < FILES; i++) {
        struct step step = {i, plait_submit(pool, hash, read_file(directory, i), i)};
        if (plait_queue_put(steps, &step) != PLAIT_OK) {
            plait_future_free(step.hash);
            break;
        }
    }
    plait_queue_shutdown(steps, false); /* no more */
}

PLAIT_TASK(int, write_all, (const char *, path), (plait_queue *, steps)) {
    int written = 0;
    struct step step;
    FILE *list = fopen(path, "w");
    if (!list) plait_raise(PLAIT_ERRNO, "cannot write %s", path);
    while (plait_queue_get(steps, &step) == PLAIT_OK) {
        uint32_t sum;
        if (plait_result(step.hash, &sum) == PLAIT_OK)
            written += list && fprintf(list, "%02d.txt %08x\n", step.number, (unsigned)sum) > 0;
        else if (list)
            fprintf(list, "%02d.txt -- %s\n", step.number, plait_future_message(step.hash));
        plait_future_free(step.hash);
    }
    if (list && fclose(list) != 0) plait_raise(PLAIT_ERRNO, "cannot close %s", path);
    return written;
}

/* ---- a directory to work in ---- */

static bool make_files(const char *directory) {
    char name[128];
    for (int i = 0; i < FILES; i++) {
        if (i == MISSING) continue;
        name_file(name, sizeof name, directory, i);
        FILE *file = fopen(name, "w");
        if (!file) return false;
        for (int line = 0; line < 100 * (FILES - i); line++) fprintf(file, "line %d of file %d\n", line, i);
        if (fclose(file) != 0) return false;
    }
    return true;
}

static void clean_up(const char *directory, const char *list) {
    char name[128];
    for (int i = 0; i < FILES; i++) {
        name_file(name, sizeof name, directory, i);
        (void)remove(name);
    }
    (void)remove(list);
    (void)rmdir(directory);
}

static void show(const char *path) {
    FILE *list = fopen(path, "r");
    for (int c; list && (c = getc(list)) != EOF;) putchar(c);
    if (list) fclose(list);
}

int main(void) {
    char directory[] = "/tmp/plait-pipeline-XXXXXX", list[64];
    if (!mkdtemp(directory) || !make_files(directory)) return 1;
    snprintf(list, sizeof list, "%s/list", directory);

    plait_pool *pool = plait_pool_new(0);
    plait_queue *steps = plait_queue_of(struct step, AHEAD);
    int written = 0;
    plait_scope scope;
    plait_scope_begin(&scope, pool);
    plait_thread_free(plait_scope_start(&scope, read_all, directory, pool, steps));
    plait_thread *writer = plait_scope_start(&scope, write_all, list, steps);
    plait_status status = plait_scope_end(&scope);
    if (status == PLAIT_OK) status = plait_thread_result(writer, &written);
    if (status != PLAIT_OK) fprintf(stderr, "%s\n", plait_scope_message(&scope));
    plait_thread_free(writer);
    plait_queue_free(steps);
    plait_pool_free(pool);

    show(list);
    printf("%d of %d\n", written, FILES);
    clean_up(directory, list);
    return status == PLAIT_OK && written == FILES - 1 ? 0 : 1;
}
