/* hooks.h - the points at which a checked build of these same sources takes control.
 *
 * libplait-check compiles every file of plait with PLAIT_CHECKED defined and supplies the functions
 * below; each atomic operation is then a scheduling point, and every sleep, wake, thread start and clock
 * read is decided by its scheduler. In the normal build the names vanish: tests/hooks compares the
 * machine code with that of the bare builtins, instruction by instruction.
 *
 *   PLAIT__POINT(what, address)   before every atomic operation (atomic.h)
 *   PLAIT__SWAPPED(done)          after a compare-and-swap: whether it did anything
 *   PLAIT__SECTION(change)        the internal mutex was taken (1) or given back (-1)
 *   PLAIT__MISUSE(words, object)  the program does what is always a mistake; it gets a status for it, too
 *   PLAIT__SIGNALS(object)        a condition is notified, an event set; whether or not somebody waits
 *   PLAIT__UNHEARD(words)         a task has failed and nobody asked for its result
 *   PLAIT__BEGINS(name, task)     a thread begins; for reports
 *   PLAIT__STEP()                 what follows is no part of what the thread did last
 *   plait__check_spot(address)    a number for an address, for tables that are keyed by addresses: in the order of
 *                                 first use, so that it does not depend on where things lie
 *   plait__os_sleep, plait__os_wake, plait__os_poll, plait__os_thread_start, plait__os_clock, ...
 *                                 (os.h) every way in which plait blocks, wakes, starts and reads time
 */
#ifndef PLAIT__HOOKS_H
#define PLAIT__HOOKS_H

/* What the operation does, and the order that its name promises. SWAP may turn out to do nothing. */
enum plait__point {
    PLAIT__LOAD,
    PLAIT__STORE,
    PLAIT__UPDATE,
    PLAIT__SWAP,
    PLAIT__ACQUIRES = 4,
    PLAIT__RELEASES = 8
};

#if defined(PLAIT_CHECKED)
#include <stdbool.h>
#include <stdint.h>
void plait__check_point(unsigned what, const volatile void *address);
bool plait__check_swapped(bool done);
void plait__check_section(int change);
void plait__check_misuse(const char *words, const volatile void *object);
void plait__check_signals(const volatile void *object);
void plait__check_unheard(const char *words);
void plait__check_begins(const char *name, const char *task);
void plait__check_step(void);
uint32_t plait__check_spot(const volatile void *address);
#define PLAIT__POINT(what, address) plait__check_point((what), (address))
#define PLAIT__SWAPPED(done) plait__check_swapped(done)
#define PLAIT__SECTION(change) plait__check_section(change)
#define PLAIT__MISUSE(words, object) plait__check_misuse((words), (object))
#define PLAIT__SIGNALS(object) plait__check_signals(object)
#define PLAIT__UNHEARD(words) plait__check_unheard(words)
#define PLAIT__STEP() plait__check_step()
#define PLAIT__BEGINS(name, task) plait__check_begins((name), (task))
#elif defined(PLAIT__RAW_ATOMICS)
/* As if nobody had ever thought of them. (Those of atomics are left out in atomic.h.) */
#define PLAIT__SECTION(change)
#define PLAIT__MISUSE(words, object)
#define PLAIT__SIGNALS(object)
#define PLAIT__UNHEARD(words)
#define PLAIT__STEP()
#define PLAIT__BEGINS(name, task)
#else
#define PLAIT__POINT(what, address) ((void)0)
#define PLAIT__SWAPPED(done) (done)
#define PLAIT__SECTION(change) ((void)0)
#define PLAIT__MISUSE(words, object) ((void)0)
#define PLAIT__SIGNALS(object) ((void)0)
#define PLAIT__UNHEARD(words) ((void)0)
#define PLAIT__STEP() ((void)0)
#define PLAIT__BEGINS(name, task) ((void)0)
#endif

#endif
