/* memory.h - the one door through which plait allocates. The public side is plait/memory.h. */
#ifndef PLAIT__MEMORY_H
#define PLAIT__MEMORY_H

#include <plait/memory.h>
#include <stdint.h>

/* Zeroed memory, or NULL with plait_last_error() set to PLAIT_NO_MEMORY. */
void *plait__allocate(size_t size);
/* The same as it comes, not zeroed. */
void *plait__allocate_unset(size_t size);
/* The same for count things of this size; refuses what no object can be as large as. */
void *plait__allocate_array(size_t count, size_t size);
/* Gives it back; NULL is allowed. */
void plait__release(void *memory);
/* It is the program's own from now on, to be freed as what its allocator, by default malloc, returns; returns it. */
void *plait__give_away(void *memory);
/* It is not: plait's again; NULL is allowed. */
void *plait__take_back(void *memory);
/* A copy of a string, NULL for NULL or when memory is out. */
char *plait__copy_string(const char *string);

/* Zeroes a table, of whole words, after a fork. Writes only where something stands: each page that the child writes to has
 * to be copied. */
void plait__clear_used(void *table, size_t size);

/* Whether the allocator is the program's own. Changes only while nothing is out. */
extern bool plait__memory_replaced;
/* Set by a floor above that keeps free blocks: plait_set_allocator has them given back first. */
extern void (*plait__memory_give_back)(void);
/* How many blocks have been allocated so far. */
uint64_t plait__memory_allocations(void);

#endif
