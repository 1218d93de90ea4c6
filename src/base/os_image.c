/* os_image.c - the loader's list of what it has loaded: dl_iterate_phdr. */
#include <base/image.h>
#include <link.h>
#include <string.h>

uint64_t plait__hash_of(const void *bytes, size_t size) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * UINT64_C(0x100000001b3);
    return hash ? hash : 1;
}

static size_t padded(size_t size) {
    return (size + 3) & ~(size_t)3;
}

/* Of the notes that lie there. */
static uint64_t build_in(const char *notes, size_t size) {
    size_t at = 0;
    while (size - at >= sizeof(ElfW(Nhdr))) {
        const ElfW(Nhdr) *note = (const void *)(notes + at);
        size_t name = at + sizeof *note, id = name + padded(note->n_namesz);
        at = id + padded(note->n_descsz);
        if (at > size) break;
        if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == sizeof "GNU" &&
            memcmp(notes + name, "GNU", sizeof "GNU") == 0)
            return plait__hash_of(notes + id, note->n_descsz);
    }
    return 0;
}

static uint64_t build_of(const struct dl_phdr_info *info) {
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type != PT_NOTE) continue;
        uint64_t build = build_in((const char *)info->dlpi_addr + header->p_vaddr, header->p_memsz);
        if (build) return build;
    }
    return 0;
}

/* What plait__images was asked. */
struct walk {
    bool (*look)(const struct plait__image *image, void *context);
    void *context;
};

static int visit(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    const struct walk *walk = context;
    struct plait__image image = {
        .path = info->dlpi_name ? info->dlpi_name : "",
        .base = info->dlpi_addr,
        .build = build_of(info),
        .headers = info->dlpi_phdr,
        .count = info->dlpi_phnum,
    };
    return walk->look(&image, walk->context);
}

bool plait__images(bool (*look)(const struct plait__image *image, void *context), void *context) {
    struct walk walk = {look, context};
    return dl_iterate_phdr(visit, &walk) != 0;
}

bool plait__image_holds(const struct plait__image *image, uintptr_t address, size_t size) {
    const ElfW(Phdr) *headers = image->headers;
    for (size_t i = 0; i < image->count; i++) {
        uintptr_t begin = image->base + headers[i].p_vaddr;
        if (headers[i].p_type != PT_LOAD || !(headers[i].p_flags & PF_R)) continue;
        if (address >= begin && address - begin <= headers[i].p_memsz &&
            size <= headers[i].p_memsz - (address - begin))
            return true;
    }
    return false;
}
