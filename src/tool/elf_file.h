/* elf_file.h - as much of a program's file as tells whether a library can be put into it. */
#ifndef PLAIT__TOOL_ELF_FILE_H
#define PLAIT__TOOL_ELF_FILE_H

#include <plait/api.h>

enum elf_kind {
    ELF_NONE,  /* something else */
    ELF_OTHER, /* for another kind of machine than this command, or damaged */
    ELF_STATIC,
    ELF_DYNAMIC
};

struct elf_file {
    const char *at;
    size_t size;
};

/* The file mapped; false with errno. */
bool elf_open(struct elf_file *file, const char *path);
void elf_close(struct elf_file *file);
enum elf_kind elf_kind_of(const struct elf_file *file);
/* The libraries that a dynamic program itself asks for, one by one from 0; NULL when there are no more. */
const char *elf_needed(const struct elf_file *file, size_t index);
/* Its dynamic linker, or NULL. */
const char *elf_interpreter(const struct elf_file *file);
/* Whether this text occurs anywhere in the file. */
bool elf_contains(const struct elf_file *file, const char *text);

#endif
