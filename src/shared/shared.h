/* shared.h - shared memory from inside. The public side is plait/shared.h. */
#ifndef PLAIT__PROCESS_SHARED_H
#define PLAIT__PROCESS_SHARED_H

#include <base/os_memory.h>
#include <shared/traveller.h>

struct plait_shared {
    struct plait__traveller traveller; /* whose memory is this itself, without a reference */
    void *address;
    int descriptor;
    struct plait__file file;
    char name[PLAIT__NAME_MOST + 1]; /* "": none */
};

/* Memory without a name that can be given one later, when something has been made in it; all of it is there. As
 * plait_shared_create. */
plait_shared *plait__shared_new_nameable(size_t size);
/* Gives it its name; NULL: one that is made up. Until then nobody can attach it, and a kill leaves nothing. Statuses as
 * plait_shared_create; the caller still has the memory. */
plait_status plait__shared_publish(plait_shared *shared, const char *name);

/* From a descriptor, which is the memory's from then on, or closed. NULL: *error is an errno value. */
plait_shared *plait__shared_adopt(int descriptor, int *error);

/* Leaves words for plait_last_message, sets plait_last_error; returns the status. */
plait_status plait__refuse(plait_status status, const char *format, ...) PLAIT_PRINTF(2, 3);

extern const struct plait__traveller_kind plait__shared_kind;

#endif
