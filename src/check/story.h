/* story.h - what happened in a recorded run, in steps that people know: a call, a read, a write, a timeout. */
#ifndef PLAIT__STORY_H
#define PLAIT__STORY_H

#include <check/explore.h>

enum { PLAIT__NOBODY = 255, PLAIT__STEPS_SHOWN = 15, PLAIT__FUNCTIONS = 256 };

/* Consecutive events of one call, or the part of a call between what others did. */
struct plait__step {
    uint32_t first, last; /* its events; those of others may lie between them */
    uint8_t actor;
    uint8_t kind;  /* of the event that gives it its words (enum plait__event_kind) */
    uint8_t wakes; /* an actor; PLAIT__NOBODY: none */
    bool goes_on;  /* of a call that began in an earlier step */
    bool sleeps, fails;
    bool inner;     /* plait's own work, in a thread of its own: no call of the program */
    bool for_ever;  /* its actor never left it, and that is the failure */
    uint8_t weight; /* how much the reader needs it */
    bool shown;
    uint32_t call;  /* the step of the call in which it happens, or its own number */
    uint32_t times; /* that it happened one after the other */
};

struct plait__story {
    const struct plait__run *run;
    struct plait__event *events; /* in order */
    uint32_t event_count;
    uint32_t *step_of; /* for each event */
    struct plait__step *steps;
    uint32_t step_count;
    uint32_t shown, left_out;
    uint8_t circle[PLAIT__ACTORS]; /* each waits for the next, the last one for the first */
    uint32_t circle_length;
    bool stuck; /* the failure is that nobody can go on */
    bool matters[PLAIT__ACTORS];
    uint64_t functions[PLAIT__FUNCTIONS]; /* what is known of them: the address, and whether it is public */
};

/* False when memory is out. Ended by plait__story_end in any case. */
bool plait__story_tell(struct plait__story *story, const struct plait__finding *finding);
void plait__story_end(struct plait__story *story);

/* The first event of what followed this decision; event_count if nothing did. */
uint32_t plait__story_after(const struct plait__story *story, uint32_t decision);
/* From this event on the next at the program's own hands, of this actor, or of PLAIT__NOBODY in particular;
 * event_count if there is none. */
uint32_t plait__story_next_of(const struct plait__story *story, uint32_t event, uint8_t actor);

#endif
