/* module.c - which file an address belongs to, and the symbol that it lies in.
 *
 * The table for linking at run time (.dynsym) knows only what is exported; .symtab has static functions and
 * variables too, unless it was stripped. Both are read from the file, which is trusted as little as any other:
 * every offset is checked before it is followed.
 */
#include <check/module.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct looking {
    uint64_t address;
    struct plait__module *module;
};

static int look_at(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    struct looking *looking = context;
    uint64_t low = UINT64_MAX, high = 0;
    bool inside = false;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD) continue;
        uint64_t from = info->dlpi_addr + part->p_vaddr, to = from + part->p_memsz;
        if (from < low) low = from;
        if (to > high) high = to;
        if (looking->address >= from && looking->address < to) inside = true;
    }
    if (!inside) return 0;
    struct plait__module *module = looking->module;
    /* The program itself has no name here. */
    module->is_program = !info->dlpi_name || !*info->dlpi_name;
    const char *name = module->is_program ? "/proc/self/exe" : info->dlpi_name;
    module->base = info->dlpi_addr;
    module->low = low;
    module->high = high;
    snprintf(module->path, sizeof module->path, "%s", name);
    return 1;
}

static void map_file(struct plait__module *module) {
    int file = open(module->path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    struct stat about;
    if (!fstat(file, &about) && S_ISREG(about.st_mode) && about.st_size >= (off_t)sizeof(ElfW(Ehdr))) {
        void *mapped = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        if (mapped != MAP_FAILED) {
            module->file = mapped;
            module->size = (size_t)about.st_size;
        }
    }
    close(file);
}

bool plait__module_of(uint64_t address, struct plait__module *module) {
    memset(module, 0, sizeof *module);
    struct looking looking = {address, module};
    if (!dl_iterate_phdr(look_at, &looking)) return false;
    if (module->is_program) {
        char real[sizeof module->path];
        ssize_t length = readlink(module->path, real, sizeof real - 1);
        if (length > 0 && (size_t)length < sizeof real - 1) {
            memcpy(module->path, real, (size_t)length);
            module->path[length] = 0;
        }
    }
    map_file(module);
    return true;
}

void plait__module_close(struct plait__module *module) {
    if (module->file) munmap((void *)(uintptr_t)module->file, module->size);
    module->file = NULL;
}

/* `count` things of this size at this offset of the file, or NULL if they are not all in it, or not aligned. */
static const void *part_of(const struct plait__module *module, uint64_t offset, uint64_t count, size_t size) {
    if (offset > module->size || count > (module->size - offset) / size) return NULL;
    return size > 1 && offset % _Alignof(ElfW(Off)) ? NULL : module->file + offset;
}

static const ElfW(Shdr) * sections_of(const struct plait__module *module, unsigned *count) {
    if (!module->file) return NULL;
    const ElfW(Ehdr) *head = (const ElfW(Ehdr) *)(const void *)module->file;
    if (memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 || head->e_shentsize != sizeof(ElfW(Shdr))) return NULL;
    if (head->e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)) return NULL;
    *count = head->e_shnum;
    return part_of(module, head->e_shoff, head->e_shnum, sizeof(ElfW(Shdr)));
}

static bool lies_in(const ElfW(Sym) * symbol, enum plait__symbol_kind kind, uint64_t address) {
    unsigned wanted = kind == PLAIT__SYMBOL_FUNCTION ? STT_FUNC : STT_OBJECT;
    return (symbol->st_info & 15) == wanted && symbol->st_shndx != SHN_UNDEF && address >= symbol->st_value &&
           address - symbol->st_value < symbol->st_size;
}

/* Of several names for the same place a global one is what people know. */
static const ElfW(Sym) * find(const struct plait__module *module, const ElfW(Shdr) * table,
                              enum plait__symbol_kind kind, uint64_t address) {
    size_t count = table->sh_size / sizeof(ElfW(Sym));
    const ElfW(Sym) *symbols = part_of(module, table->sh_offset, count, sizeof(ElfW(Sym))), *found = NULL;
    if (!symbols) return NULL;
    for (size_t i = 0; i < count; i++) {
        if (!lies_in(&symbols[i], kind, address)) continue;
        if (!found || symbols[i].st_info >> 4 == STB_GLOBAL) found = &symbols[i];
    }
    return found;
}

static const char *name_of(const struct plait__module *module, const ElfW(Shdr) * names,
                           const ElfW(Sym) * symbol) {
    const char *all = part_of(module, names->sh_offset, names->sh_size, 1);
    if (!all || symbol->st_name >= names->sh_size) return NULL;
    const char *name = all + symbol->st_name;
    return *name && memchr(name, 0, names->sh_size - symbol->st_name) ? name : NULL;
}

const char *plait__module_symbol(const struct plait__module *module, enum plait__symbol_kind kind,
                                 uint64_t address, uint64_t *offset) {
    unsigned count = 0;
    const ElfW(Shdr) *sections = sections_of(module, &count);
    if (!sections) return NULL;
    address -= module->base;
    const char *name = NULL;
    for (unsigned i = 0; i < count && !name; i++) {
        const ElfW(Shdr) *table = &sections[i];
        if (table->sh_type != SHT_SYMTAB && table->sh_type != SHT_DYNSYM) continue;
        if (table->sh_link >= count || table->sh_entsize != sizeof(ElfW(Sym))) continue;
        const ElfW(Sym) *symbol = find(module, table, kind, address);
        if (!symbol) continue;
        name = name_of(module, &sections[table->sh_link], symbol);
        *offset = address - symbol->st_value;
    }
    return name;
}
