/* wording.h - how a report calls things: threads, objects, places, steps. */
#ifndef PLAIT__WORDING_H
#define PLAIT__WORDING_H

#include <base/text.h>
#include <check/story.h>
#include <check/symbols.h>

struct plait__wording {
    const struct plait__story *story;
    struct plait__symbols *symbols;
    uint64_t lettered[26]; /* objects without a name, called by a letter */
    unsigned letters;
};

/* False when memory is out. Ended by plait__wording_end in any case. */
bool plait__wording_begin(struct plait__wording *wording, const struct plait__story *story);
void plait__wording_end(struct plait__wording *wording);

/* "T1", or "T1 consumer". */
void plait__word_actor(struct plait__wording *wording, struct plait__text *text, uint32_t actor);
/* "q.c:31" */
void plait__word_place(struct plait__wording *wording, struct plait__text *text,
                       const struct plait__event *event);
/* "q.c:31 plait_lock_acquire(lock A)  <- blocks for ever" */
void plait__word_step(struct plait__wording *wording, struct plait__text *text,
                      const struct plait__step *step);
/* Where the thread made its last call, if that is known, with these words before it. */
void plait__word_last_place(struct plait__wording *wording, struct plait__text *text, uint32_t actor,
                            const char *before);
/* What a thread waits for: "lock A, held by T2 west", "queue.get of queue B", "the end of T1". */
void plait__word_wait(struct plait__wording *wording, struct plait__text *text, uint32_t actor);

#endif
