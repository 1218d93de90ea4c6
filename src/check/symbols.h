/* symbols.h - what stands at an address of this process: which function or variable, which file and line.
 *
 * Names come from the symbol tables of the program's files, lines from `addr2line` (of binutils, which every
 * C compiler on Linux brings along), asked once for each file. Without it, or without debug information, a
 * place is a function's name and an offset; in a file without symbols it is the file's name and an offset.
 */
#ifndef PLAIT__SYMBOLS_H
#define PLAIT__SYMBOLS_H

#include <plait/api.h>

struct plait__symbols;

/* Looks up where these calls are made: addresses inside of them (one less than where they return), any number of times
 * the same. NULL when memory is out. */
struct plait__symbols *plait__symbols_new(const uint64_t *callers, size_t count);
void plait__symbols_free(struct plait__symbols *symbols);

/* Where the call is, "q.c:31" or "main+0x2f" or "prog+0x11a9", for one of the addresses given before; "?" if
 * nothing is known. Lives as long as the symbols. */
const char *plait__symbols_place(const struct plait__symbols *symbols, uint64_t caller);
/* The function that this address lies in; false if that is not known. */
bool plait__symbols_function(uint64_t address, char *name, size_t room);
/* The variable of the program that this address lies in, "forks" or "forks+8". */
bool plait__symbols_variable(uint64_t address, char *name, size_t room);

#endif
