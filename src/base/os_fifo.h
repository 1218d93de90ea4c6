/* os_fifo.h - descriptors by which processes tell each other that they are there: os.h goes on here.
 *
 * A FIFO without a name, into which nobody ever writes. As long as some process has it open for writing,
 * whoever reads it hears nothing; when the last one has closed it, in whatever way, it hangs up. The system
 * does the counting.
 */
#ifndef PLAIT__OS_FIFO_H
#define PLAIT__OS_FIFO_H

#include <stdbool.h>
#include <stdint.h>

/* 0 or an errno value. */
int plait__os_fifo_new(int *reader, int *writer);
/* What another process has open as `descriptor`, if it is the FIFO with this number. */
int plait__os_fifo_borrow(uint32_t process, int descriptor, uint64_t number, bool writer, int *own);
/* No other FIFO that is open has its number. */
uint64_t plait__os_fifo_number(int descriptor);
/* Whether nobody has it open for writing. */
bool plait__os_fifo_hung_up(int reader);
/* Closes a writer; true if it is known to have been the last. */
bool plait__os_fifo_close_writer(int writer);
void plait__os_fifo_close(int descriptor);

#endif
