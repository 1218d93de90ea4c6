/* build.c - tells one build of a program from another, so that a replay of another one is refused.
 *
 * The linker writes a build-id into what it links: a hash of it. Where there is none, the file itself is hashed.
 * What counts is the program and this library: what lies in others decides nothing about who goes on.
 */
#include <check/explore.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

static uint64_t hash_of(uint64_t hash, const void *bytes, size_t size) {
    for (const uint8_t *at = bytes, *end = at + size; at < end; at++) hash = (hash ^ *at) * 1099511628211u;
    return hash;
}

static uint64_t hash_of_file(uint64_t hash, const char *name) {
    uint8_t bytes[4096];
    int file = open(*name ? name : "/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (file < 0) return hash;
    for (ssize_t got; (got = read(file, bytes, sizeof bytes)) > 0;) hash = hash_of(hash, bytes, (size_t)got);
    close(file);
    return hash;
}

/* The build-id among these notes. */
static bool hash_note(const uint8_t *notes, size_t size, uint64_t *hash) {
    ElfW(Nhdr) note;
    while (size >= sizeof note) {
        memcpy(&note, notes, sizeof note);
        size_t name = (note.n_namesz + 3u) & ~(size_t)3, text = (note.n_descsz + 3u) & ~(size_t)3;
        if (size - sizeof note < name || size - sizeof note - name < text) return false;
        if (note.n_type == NT_GNU_BUILD_ID && name == 4 && memcmp(notes + sizeof note, "GNU", 4) == 0) {
            *hash = hash_of(*hash, notes + sizeof note + name, note.n_descsz);
            return true;
        }
        notes += sizeof note + name + text;
        size -= sizeof note + name + text;
    }
    return false;
}

static bool contains(const struct dl_phdr_info *object, uintptr_t address) {
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && address - object->dlpi_addr - part->p_vaddr < part->p_memsz)
            return true;
    }
    return false;
}

static int hash_object(struct dl_phdr_info *object, size_t size, void *hash) {
    (void)size;
    bool program = !*object->dlpi_name;
    if (!program && !contains(object, (uintptr_t)&plait__build_of_program)) return 0;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        const uint8_t *notes = (const uint8_t *)(object->dlpi_addr + part->p_vaddr);
        if (part->p_type == PT_NOTE && hash_note(notes, part->p_memsz, hash)) return 0;
    }
    *(uint64_t *)hash = hash_of_file(*(uint64_t *)hash, object->dlpi_name);
    return 0;
}

uint64_t plait__build_of_program(void) {
    uint64_t hash = 14695981039346656037u;
    dl_iterate_phdr(hash_object, &hash);
    return hash ^ hash >> 32;
}
