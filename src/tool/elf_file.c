/* elf_file.c - reads a program's file. Every offset in it is checked before it is followed. */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <tool/elf_file.h>
#include <unistd.h>

bool elf_open(struct elf_file *file, const char *path) {
    *file = (struct elf_file){NULL, 0};
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return false;
    struct stat about;
    bool good = !fstat(descriptor, &about);
    if (good && about.st_size > 0) {
        void *mapped = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
        good = mapped != MAP_FAILED;
        if (good) *file = (struct elf_file){mapped, (size_t)about.st_size};
    }
    close(descriptor);
    return good;
}

void elf_close(struct elf_file *file) {
    if (file->at) munmap((void *)(uintptr_t)file->at, file->size);
    file->at = NULL;
}

static const void *part_of(const struct elf_file *file, uint64_t offset, uint64_t size) {
    if (offset % _Alignof(ElfW(Off)) || offset > file->size || size > file->size - offset) return NULL;
    return file->at + offset;
}

/* The text that begins there, or NULL if it does not end in the file. */
static const char *text_at(const struct elf_file *file, uint64_t offset) {
    if (offset >= file->size || !memchr(file->at + offset, 0, file->size - offset)) return NULL;
    return file->at + offset;
}

static const ElfW(Phdr) * parts_of(const struct elf_file *file, size_t *count) {
    const ElfW(Ehdr) *head = part_of(file, 0, sizeof *head);
    if (!head || head->e_phentsize != sizeof(ElfW(Phdr))) return NULL;
    *count = head->e_phnum;
    return part_of(file, head->e_phoff, head->e_phnum * sizeof(ElfW(Phdr)));
}

static const ElfW(Phdr) * part_of_kind(const struct elf_file *file, unsigned kind) {
    size_t count;
    const ElfW(Phdr) *parts = parts_of(file, &count);
    for (size_t i = 0; parts && i < count; i++)
        if (parts[i].p_type == kind) return &parts[i];
    return NULL;
}

/* What is of this machine's kind is what is of this command's own. */
static bool is_of_this_machine(const ElfW(Ehdr) * head) {
    extern const ElfW(Ehdr) __ehdr_start;
    return head->e_ident[EI_CLASS] == __ehdr_start.e_ident[EI_CLASS] &&
           head->e_ident[EI_DATA] == __ehdr_start.e_ident[EI_DATA] &&
           head->e_machine == __ehdr_start.e_machine;
}

enum elf_kind elf_kind_of(const struct elf_file *file) {
    if (file->size < SELFMAG || memcmp(file->at, ELFMAG, SELFMAG) != 0) return ELF_NONE;
    size_t count;
    const ElfW(Ehdr) *head = part_of(file, 0, sizeof *head);
    if (!head || !is_of_this_machine(head) || !parts_of(file, &count)) return ELF_OTHER;
    return part_of_kind(file, PT_INTERP) ? ELF_DYNAMIC : ELF_STATIC;
}

const char *elf_interpreter(const struct elf_file *file) {
    const ElfW(Phdr) *part = part_of_kind(file, PT_INTERP);
    return part ? text_at(file, part->p_offset) : NULL;
}

/* Where in the file that lies which the program will see at this address. */
static uint64_t offset_of(const struct elf_file *file, uint64_t address) {
    size_t count;
    const ElfW(Phdr) *parts = parts_of(file, &count);
    for (size_t i = 0; parts && i < count; i++)
        if (parts[i].p_type == PT_LOAD && address >= parts[i].p_vaddr &&
            address - parts[i].p_vaddr < parts[i].p_filesz)
            return address - parts[i].p_vaddr + parts[i].p_offset;
    return UINT64_MAX;
}

const char *elf_needed(const struct elf_file *file, size_t index) {
    const ElfW(Phdr) *part = part_of_kind(file, PT_DYNAMIC);
    const ElfW(Dyn) *entries = part ? part_of(file, part->p_offset, part->p_filesz) : NULL;
    size_t count = entries ? part->p_filesz / sizeof(ElfW(Dyn)) : 0;
    uint64_t names = UINT64_MAX;
    for (size_t i = 0; i < count; i++)
        if (entries[i].d_tag == DT_STRTAB) names = offset_of(file, entries[i].d_un.d_ptr);
    for (size_t i = 0; i < count && names < file->size; i++)
        if (entries[i].d_tag == DT_NEEDED && !index--)
            return entries[i].d_un.d_val < file->size ? text_at(file, names + entries[i].d_un.d_val) : NULL;
    return NULL;
}

bool elf_contains(const struct elf_file *file, const char *text) {
    return file->at && memmem(file->at, file->size, text, strlen(text));
}
