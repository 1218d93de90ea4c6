/* run.h - what a run of the test is to those who look at it from outside: its decisions and how it ended.
 *
 * A run is made of points (hooks.h, and every sleep, wake, start and end). Where more than one thing could
 * happen next there is a decision. Alternative 0 is always what happens by default: the running thread goes on;
 * if it cannot, the next one in line does; a wait runs into its deadline only when nothing else can happen;
 * memory is there; plait_choose says 0. So a whole run is written down by its deviations alone: at the
 * decision number such and such, alternative so and so. The empty schedule is "everybody runs until blocked".
 * What happens by default is fair: who yields goes to the end of the line, and alternative 0 is then whoever
 * can run and stood there longest; or, if nobody else can run, that the next deadline passes; or that it
 * goes on. Otherwise every loop that waits for others would be endless by default.
 * Decisions are numbered in every run in the same way, whatever the strategy and whatever was learned before,
 * so deviations found in one process replay in another.
 *
 * All of this lies in memory shared by the process that explores and the one that runs the test, because the
 * second may crash at any point. It is written by whoever runs, and read by the other when that has ended.
 */
#ifndef PLAIT__RUN_H
#define PLAIT__RUN_H

#include <plait/check.h>
#include <stdatomic.h>

enum {
    PLAIT__ACTORS = 256,
    PLAIT__DEVIATIONS = 1 << 16,
    PLAIT__TRAIL = 1 << 20,
    PLAIT__EVENTS = 1 << 14,
    PLAIT__KNOWN = 1 << 12
};

/* What an alternative does. */
enum plait__choice {
    PLAIT__RUN,     /* this actor goes on */
    PLAIT__EXPIRE,  /* its deadline passes, and it goes on */
    PLAIT__DISTURB, /* its sleep ends for no reason, and it goes on */
    PLAIT__VALUE,   /* of a decision about a value: plait_choose, or whether memory fails (1) */
};

enum plait__question { PLAIT__WHO, PLAIT__WHICH_VALUE, PLAIT__DOES_MEMORY_FAIL };

/* Lives only while it is asked. For WHO the alternatives are listed; for the others they are 0 .. count-1. */
struct plait__decision {
    uint32_t index; /* the number of this decision in the run */
    enum plait__question question;
    uint32_t count; /* of alternatives, at least 2 */
    uint32_t actor; /* who is running, or ran until now */
    bool can_go_on; /* WHO: that actor could go on; if it does not yield, alternative 0 is that it does, and
                       all else is a preemption */
    bool yields;    /* WHO: it only looks again and again at what does not change, or said so itself; then
                       alternative 0 is somebody else, if anybody else there is */
    struct {
        uint8_t choice; /* enum plait__choice */
        uint8_t actor;
    } of[3 * PLAIT__ACTORS];
};

struct plait__deviation {
    uint32_t index;  /* of the decision */
    uint32_t choice; /* the alternative, never 0 */
};

struct plait__schedule {
    uint32_t count;
    struct plait__deviation of[PLAIT__DEVIATIONS]; /* by growing index */
};

/* Something the report may show; recorded only in a run that is made for a report. */
struct plait__event {
    uint32_t decision; /* decisions made before it */
    uint8_t actor;
    uint8_t kind; /* enum plait__event_kind */
    uint16_t line;
    uint8_t file[64], name[64]; /* of plait_read and plait_write, from their text; else empty */
    uint64_t caller;            /* an address in the program: the call of plait's function */
    uint64_t function;          /* an address in plait's function that was called */
    uint64_t call;              /* tells one call of the actor's from another */
    uint64_t object;            /* the address that was about to be touched, slept on, woken, read, written */
    uint64_t value;             /* of the variable read or, after the write, written */
    uint8_t has_value;
    uint8_t other; /* the actor woken or started */
};

enum plait__event_kind {
    PLAIT__EVENT_POINT,  /* an atomic operation is next */
    PLAIT__EVENT_READ,   /* plait_read */
    PLAIT__EVENT_WRITE,  /* plait_write */
    PLAIT__EVENT_SLEEP,  /* falls asleep */
    PLAIT__EVENT_WAKE,   /* wakes `other`; 255: nobody */
    PLAIT__EVENT_EXPIRE, /* goes on because a deadline passed */
    PLAIT__EVENT_DISTURB,
    PLAIT__EVENT_START, /* starts `other` */
    PLAIT__EVENT_END,   /* has ended */
    PLAIT__EVENT_VALUE, /* plait_choose gave `value` */
    PLAIT__EVENT_NO_MEMORY,
    PLAIT__EVENT_FAIL /* here the run failed */
};

/* How an actor stood when the run ended. */
enum plait__actor_end {
    PLAIT__NO_ACTOR,
    PLAIT__CAN_RUN,
    PLAIT__IS_ASLEEP,
    PLAIT__IS_POLLING,
    PLAIT__HAS_ENDED
};

struct plait__actor_state {
    uint8_t end; /* enum plait__actor_end */
    bool waits_for_ever;
    char name[24], task[32];   /* of the thread; empty: unknown */
    char waits_for[48];        /* the kind of its innermost wait: "lock", "queue.get" */
    uint64_t object;           /* what it waits for */
    uint8_t holder;            /* the actor that holds that; 255: nobody, or not known */
    uint64_t caller, function; /* as in an event: where it is, filled in when recording */
};

struct plait__end {
    enum plait_check_outcome outcome;
    int status;         /* the signal of a crash, or the exit status */
    uint8_t actor;      /* at whose hands it failed */
    uint64_t address;   /* what was touched */
    uint64_t points;    /* in this run */
    uint32_t decisions; /* in this run */
    uint64_t order;     /* the same for runs that differ only in what does not matter */
    char words[512];    /* what failed: the assertion with file and line, the two accesses, ... */
};

/* One run: what is asked for, and what came of it. */
/* What is small stands together, in front: a process of its own for each run pays for every page that it touches. */
struct plait__run {
    /* asked for */
    unsigned inject;
    bool inside;
    bool recording; /* events are written down */
    bool loud;      /* what the test prints is shown */
    bool following; /* choices come from `plan`, not from the strategy */
    uint64_t steps;

    /* come of it */
    struct plait__end end;
    bool returned;             /* the process of a function ended by itself, not at the hands of the test */
    _Atomic uint64_t progress; /* grows with every point: the watchdog looks at it */
    uint32_t running;          /* the kernel's id of the thread whose turn it is, for the watchdog */
    uint32_t trail_count, event_count, actor_count, object_count;

    /* Addresses that several threads have used in some run so far: an open hash table; see places.c. Never
     * forgotten while the test is the same. */
    bool accesses; /* there are plait_read and plait_write: it is worth to keep vector clocks */
    uint32_t known_count;
    uint64_t known[PLAIT__KNOWN];

    struct plait__schedule plan;
    struct plait__schedule taken; /* all deviations */
    uint32_t trail[PLAIT__TRAIL]; /* for each decision a number that tells its course from another */
    struct plait__event events[PLAIT__EVENTS]; /* the last ones when there are more: a ring */
    struct plait__actor_state actors[PLAIT__ACTORS];
    char object_names[64][48]; /* given by plait_set_name, for `objects` */
    uint64_t objects[64];
};

#endif
