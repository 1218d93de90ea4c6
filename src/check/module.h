/* module.h - the files that this process is made of, and the symbol tables in them. */
#ifndef PLAIT__MODULE_H
#define PLAIT__MODULE_H

#include <plait/api.h>

struct plait__module {
    char path[512];
    bool is_program;    /* not a library */
    uint64_t base;      /* an address minus this is what the file itself calls it */
    uint64_t low, high; /* where it lies */
    const char *file;   /* the whole file mapped, or NULL */
    size_t size;
};

/* The module that this address lies in, its file mapped if possible; false if there is none. */
bool plait__module_of(uint64_t address, struct plait__module *module);
void plait__module_close(struct plait__module *module);

enum plait__symbol_kind { PLAIT__SYMBOL_FUNCTION, PLAIT__SYMBOL_VARIABLE };

/* The symbol that the address lies in, and how far from its beginning. The name lies in the mapped file. */
const char *plait__module_symbol(const struct plait__module *module, enum plait__symbol_kind kind,
                                 uint64_t address, uint64_t *offset);

#endif
