/* message_file.c - rings of messages in shared memory: making, checking, mapping. */
#include <base/os_mirror.h>
#include <errno.h>
#include <shared/message_file.h>
#include <shared/shared.h>
#include <string.h>

/* "plaitmsg", and the version of what lies there. */
static const uint64_t magic = UINT64_C(0x706c6169746d7301);

enum { DEFAULT_CAPACITY = 1 << 20, MOST_UNITS = 1 << 30 };

static size_t up_to(size_t size, size_t multiple) {
    return (size + multiple - 1) / multiple * multiple;
}

uint32_t plait__message_units(size_t capacity) {
    size_t units = plait__os_page() / PLAIT__UNIT;
    size_t needed = (capacity ? capacity : DEFAULT_CAPACITY) / PLAIT__UNIT;
    if (needed > MOST_UNITS || capacity > (size_t)MOST_UNITS * PLAIT__UNIT) return 0;
    while (units * PLAIT__UNIT < capacity || units < needed) units *= 2;
    return (uint32_t)units;
}

static size_t bytes_at(uint32_t rings, uint32_t units) {
    size_t head = sizeof(struct plait__message_file) + rings * sizeof(struct plait__message_shared);
    bool large = (size_t)units * PLAIT__UNIT >= PLAIT__LARGE_PAGE;
    return up_to(head, large ? PLAIT__LARGE_PAGE : plait__os_page());
}

size_t plait__message_file_size(uint32_t rings, uint32_t units) {
    return bytes_at(rings, units) + (size_t)rings * units * PLAIT__UNIT;
}

void plait__message_file_begin(plait_shared *memory, uint32_t rings, uint32_t units, size_t max_message) {
    struct plait__message_file *file = plait_shared_address(memory);
    file->rings = rings;
    file->units = units;
    file->bytes_at = bytes_at(rings, units);
    for (uint32_t i = 0; i < rings; i++) plait__message_ring_begin(&file->ring[i], units, max_message);
    plait__store_release(&file->magic, magic);
}

static bool makes_sense(const plait_shared *memory, uint32_t rings) {
    const struct plait__message_file *file = plait_shared_address(memory);
    size_t size = plait_shared_size(memory);
    if (size < bytes_at(rings, 1) || plait__load_acquire(&file->magic) != magic) return false;
    uint32_t units = file->units;
    if (file->rings != rings || !units || units > MOST_UNITS || (units & (units - 1))) return false;
    if (file->bytes_at != bytes_at(rings, units) || size < plait__message_file_size(rings, units))
        return false;
    for (uint32_t i = 0; i < rings; i++)
        if (file->ring[i].units != units) return false;
    return (size_t)units * PLAIT__UNIT % plait__os_page() == 0;
}

void plait__message_file_unmap(uint32_t rings, struct plait__message_ring *ring) {
    for (uint32_t i = 0; i < rings; i++)
        plait__os_mirror_unmap(ring[i].bytes, (size_t)ring[i].units * PLAIT__UNIT);
}

plait_status plait__message_file_map(plait_shared *memory, uint32_t rings, struct plait__message_ring *ring,
                                     struct plait__words *why) {
    struct plait__message_file *file = plait_shared_address(memory);
    memset(ring, 0, rings * sizeof *ring);
    if (!makes_sense(memory, rings)) {
        plait__put_words(why, "the memory holds no messages");
        return PLAIT_INVALID;
    }
    size_t size = (size_t)file->units * PLAIT__UNIT;
    for (uint32_t i = 0; i < rings; i++) {
        ring[i].shared = &file->ring[i];
        ring[i].units = file->units;
        int failed = plait__os_mirror_map(memory->descriptor, file->bytes_at + i * size, size,
                                          &ring[i].bytes);
        if (!failed) continue;
        plait__put_words(why, "no room to map %zu bytes twice", size);
        plait__message_file_unmap(i, ring);
        errno = failed;
        return failed == ENOMEM ? PLAIT_NO_MEMORY : PLAIT_ERRNO;
    }
    return PLAIT_OK;
}
