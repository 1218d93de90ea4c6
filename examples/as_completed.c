/* as_completed.c - results in the order in which they come, one of them a failure.
 *
 * Four files are "sent", each to a place farther away than the one before. What is done first is shown first, however
 * the array is ordered; a failure is one result among others.
 */
#include <plait.h>
#include <stdio.h>

struct transfer {
    const char *file;
    int hops;
    bool readable;
};

PLAIT_TASK(int, send_file, (const struct transfer *, transfer)) {
    if (plait_sleep(transfer->hops * 0.05) != PLAIT_OK) plait_raise(PLAIT_CANCELLED, NULL);
    if (!transfer->readable) plait_raise(PLAIT_USER, "cannot read %s", transfer->file);
    return transfer->hops * 100;
}

int main(void) {
    static const struct transfer transfers[] = {
        {"atlas.tar", 4, true}, {"notes.txt", 1, true}, {"secret.key", 2, false}, {"photo.png", 3, true}};
    enum { COUNT = sizeof transfers / sizeof *transfers };
    plait_pool *pool = plait_pool_new(COUNT);
    if (!pool) return 1;
    plait_future *futures[COUNT];
    for (int i = 0; i < COUNT; i++) futures[i] = plait_submit(pool, send_file, &transfers[i]);

    plait_completion *completion = plait_as_completed(futures, COUNT);
    size_t which;
    int sent = 0;
    while (plait_completion_next(completion, &which) == PLAIT_OK) {
        int milliseconds;
        if (plait_result(futures[which], &milliseconds) == PLAIT_OK)
            printf("%s: sent, number %d\n", transfers[which].file, ++sent);
        else
            printf("%s: failed, %s\n", transfers[which].file, plait_future_message(futures[which]));
    }
    plait_completion_free(completion);

    for (int i = 0; i < COUNT; i++) plait_future_free(futures[i]);
    plait_pool_free(pool);
    return sent == COUNT - 1 ? 0 : 1;
}
