/* traveller.h - handles that may be parameters of tasks in other processes.
 *
 * Each is a struct of its process that begins with a traveller, and stands for something in shared memory. What travels
 * is a record: where the sender has that memory open. The receiver opens it from there (/proc/PID/fd/N), looks whether it is
 * the same file (device and inode, which no other file has while this one is open), maps it and makes a handle of its own,
 * which it keeps for the next time. The sender must hold a reference until then.
 *
 * What is kept is limited: handles that nobody uses are forgotten, oldest first, when there are more than 64 or when they
 * have more than 64 MiB mapped; but for the newest, so that the tasks that work on one large memory find it.
 *
 * References count handles' users in this process. All functions may be called by any thread.
 */
#ifndef PLAIT__TRAVELLER_H
#define PLAIT__TRAVELLER_H

#include <plait/shared.h>
#include <shared/words.h>

/* Which is which on the wire. */
enum plait__travels {
    PLAIT__TRAVELS_SHARED = 1,
    PLAIT__TRAVELS_QUEUE,
    PLAIT__TRAVELS_MESSAGES,
    PLAIT__TRAVELS_PIPE,
    PLAIT__TRAVELS_END
};

/* On the way. What is zero is for the kind's own use. */
struct plait__travelled {
    uint32_t kind, detail;
    uint32_t process;
    int32_t descriptor; /* of the memory, in that process */
    uint64_t device, inode, size;
    int32_t more[2];
};

/* What a kind of handle supplies: a constant, named in traveller.c. */
struct plait__traveller_kind {
    enum plait__travels number;
    bool kept;        /* the receiver may keep a handle that nobody uses */
    const char *name; /* for people: "plait_process_queue" */
    /* A handle with one reference to what lies in the memory; it keeps the memory by plait_shared_keep, and has it in
     * its traveller. The memory may be anybody's: believe nothing in it. NULL: plait_last_error says why,
     * and `why` may. */
    void *(*attach)(plait_shared *memory, const struct plait__travelled *record, struct plait__words *why);
    /* The last reference is gone. */
    void (*end)(void *object);
    /* Adds to a record what is not the memory; NULL: there is nothing. */
    void (*pack)(const void *object, struct plait__travelled *record);
};

struct plait__traveller {
    const struct plait__traveller_kind *kind;
    plait_shared *memory; /* what it lies in; its own reference */
    uint32_t detail;      /* two handles to the same memory differ in it: the ends of a pipe */
    uint32_t references;  /* atomic */
};

/* With one reference. The memory's is the caller's. */
void plait__traveller_init(struct plait__traveller *traveller, const struct plait__traveller_kind *kind,
                           plait_shared *memory, uint32_t detail);
/* Another reference; returns the object. */
void *plait__traveller_keep(void *object);
/* One less; the last one frees it. NULL is allowed. */
void plait__traveller_drop(void *object);

/* ---- there and back ---- */

/* PLAIT_OK, or PLAIT_INVALID: it is none of these handles. `why` may be NULL. */
plait_status plait__traveller_pack(const void *object, struct plait__travelled *record,
                                   struct plait__words *why);
/* The object with a reference, for plait__traveller_drop. PLAIT_MISSING: who sent it has ended, or let go of it;
 * PLAIT_INVALID: the record makes no sense, or the memory holds nothing of that kind; PLAIT_NO_MEMORY, PLAIT_ERRNO. `why` (may
 * be NULL) says so in words. */
plait_status plait__traveller_unpack(const struct plait__travelled *record, void **object,
                                     struct plait__words *why);

#endif
