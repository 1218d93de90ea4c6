/* state.c - all that plait knows, kept once and put back after each run.
 *
 * A run must begin with what the first one began with, or it could not be replayed: counters, tables, lists
 * of threads. Rather than teach each of them to forget, the library's writable segment is copied whole (it is
 * small), and the part of each thread's thread-local storage that is the library's. What the checker itself
 * remembers from run to run does not lie there, or is the same each time: see control.h.
 */
#include <check/control.h>
#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static struct {
    uintptr_t code, code_end;
    char *start; /* of what can be written */
    size_t size;
    char *copy;
    const char *initial; /* of thread-local storage */
    size_t initial_size, local_size;
    char *own_copy; /* of the first thread's */
    /* The program's own part, which begins anew with each thread; it is as far from each thread's pointer. */
    const char *program_initial;
    size_t program_initial_size, program_size;
    ptrdiff_t program_offset;
} kept;

struct found {
    uintptr_t inside;
    ElfW(Addr) base;
    const ElfW(Phdr) * headers;
    ElfW(Half) count;
    void *locals;
};

static int find(struct dl_phdr_info *info, size_t size, void *argument) {
    struct found *found = argument;
    (void)size;
    for (ElfW(Half) i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + header->p_vaddr;
        if (header->p_type != PT_LOAD || found->inside < start || found->inside >= start + header->p_memsz)
            continue;
        *found = (struct found){found->inside, info->dlpi_addr, info->dlpi_phdr, info->dlpi_phnum,
                                info->dlpi_tls_data};
        return 1;
    }
    return 0;
}

static struct found ourselves(void) {
    struct found found = {.inside = (uintptr_t)&kept};
    dl_iterate_phdr(find, &found);
    return found;
}

void plait__state_find(void) {
    struct found found = ourselves();
    char *read_only_from = NULL, *read_only_to = NULL;
    for (ElfW(Half) i = 0; i < found.count; i++) {
        const ElfW(Phdr) *header = &found.headers[i];
        char *start = (char *)(found.base + header->p_vaddr);
        if (header->p_type == PT_LOAD && header->p_flags & PF_X) {
            kept.code = (uintptr_t)start;
            kept.code_end = kept.code + header->p_memsz;
        } else if (header->p_type == PT_LOAD && header->p_flags & PF_W) {
            kept.start = start;
            kept.size = header->p_memsz;
        } else if (header->p_type == PT_GNU_RELRO) {
            read_only_from = start;
            read_only_to = (char *)((uintptr_t)(start + header->p_memsz) & ~(uintptr_t)4095);
        } else if (header->p_type == PT_TLS) {
            kept.initial = start;
            kept.initial_size = header->p_filesz;
            kept.local_size = header->p_memsz;
        }
    }
    if (read_only_from == kept.start && read_only_to > kept.start) {
        kept.size -= (size_t)(read_only_to - kept.start);
        kept.start = read_only_to;
    }
}

static void *locals_of_caller(void) {
    return ourselves().locals;
}

bool plait__state_is_code(uintptr_t address) {
    return address >= kept.code && address < kept.code_end;
}

bool plait__state_is_ours(const volatile void *address) {
    const char *at = (const char *)(uintptr_t)address;
    return at >= kept.start && at < kept.start + kept.size;
}

/* The program comes first among the objects. The runtimes of sanitizers that are linked into it keep state of their own
 * there, which must stay. */
static int find_program(struct dl_phdr_info *info, size_t size, void *argument) {
    (void)size, (void)argument;
    static const char *const runtimes[] = {"__asan_init", "__tsan_init", "__msan_init",
                                           "__ubsan_handle_add_overflow"};
    for (size_t i = 0; i < sizeof runtimes / sizeof *runtimes; i++)
        if (dlsym(RTLD_DEFAULT, runtimes[i])) return 1;
    for (ElfW(Half) i = 0; i < info->dlpi_phnum && info->dlpi_tls_data; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type != PT_TLS) continue;
        kept.program_initial = (const char *)(info->dlpi_addr + header->p_vaddr);
        kept.program_initial_size = header->p_filesz;
        kept.program_size = header->p_memsz;
        kept.program_offset = (char *)info->dlpi_tls_data - (char *)__builtin_thread_pointer();
    }
    return 1;
}

static void fresh_program(void) {
    char *locals = (char *)__builtin_thread_pointer() + kept.program_offset;
    if (!kept.program_size) return;
    memcpy(locals, kept.program_initial, kept.program_initial_size);
    memset(locals + kept.program_initial_size, 0, kept.program_size - kept.program_initial_size);
}

static __thread void *own_locals;

void plait__state_keep(void) {
    kept.copy = malloc(kept.size);
    kept.own_copy = malloc(kept.local_size);
    if (!kept.copy || !kept.own_copy) abort();
    own_locals = locals_of_caller();
    dl_iterate_phdr(find_program, NULL);
    memcpy(kept.own_copy, own_locals, kept.local_size);
    memcpy(kept.copy, kept.start, kept.size);
}

void plait__state_restore(void) {
    memcpy(kept.start, kept.copy, kept.size);
    memcpy(own_locals, kept.own_copy, kept.local_size);
}

void plait__state_fresh_thread(void) {
    void *locals = own_locals ? own_locals : locals_of_caller();
    memcpy(locals, kept.initial, kept.initial_size);
    memset((char *)locals + kept.initial_size, 0, kept.local_size - kept.initial_size);
    own_locals = locals;
    fresh_program();
}
