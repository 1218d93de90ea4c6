/* message_file.h - rings of messages as they lie in shared memory, and as a process has them mapped.
 *
 * First what describes them, then the bytes of the rings, each of which begins where the system can give it
 * large pages if it is large enough. The memory may be anybody's: what it says of itself is looked at before
 * it is believed.
 */
#ifndef PLAIT__MESSAGE_FILE_H
#define PLAIT__MESSAGE_FILE_H

#include <plait/shared.h>
#include <shared/message_ring.h>
#include <shared/words.h>

struct plait__traveller_kind;
extern const struct plait__traveller_kind plait__message_queue_kind, plait__pipe_kind;

/* At the beginning of the memory. */
struct plait__message_file {
    uint64_t magic;
    uint32_t rings, units;
    uint64_t fifo[2];  /* a pipe's: which is whose */
    uint64_t bytes_at; /* in the memory: the first ring's; the others follow */
    struct plait__message_shared ring[];
};

/* How many units a ring for so many bytes has; 0: too many. */
uint32_t plait__message_units(size_t capacity);
/* How large the memory must be. */
size_t plait__message_file_size(uint32_t rings, uint32_t units);
/* In fresh memory of that size. */
void plait__message_file_begin(plait_shared *memory, uint32_t rings, uint32_t units, size_t max_message);

/* Looks whether so many rings lie in the memory, and maps them. PLAIT_INVALID, PLAIT_NO_MEMORY, PLAIT_ERRNO.
 * */
plait_status plait__message_file_map(plait_shared *memory, uint32_t rings, struct plait__message_ring *ring,
                                     struct plait__words *why);
void plait__message_file_unmap(uint32_t rings, struct plait__message_ring *ring);

#endif
