/* hooks.h - the points at which a checked build of these same sources takes control.
 *
 * libplait-check compiles every file of plait with PLAIT_CHECKED defined and supplies the functions
 * below; each atomic operation is then a scheduling point, and every sleep, wake, thread start and clock
 * read is decided by its scheduler. In the normal build the names vanish: tests/hooks compares the
 * machine code with that of the bare builtins, instruction by instruction.
 *
 *   PLAIT__POINT(what, address)   before every atomic operation (atomic.h)
 *   plait__os_sleep, plait__os_wake, plait__os_poll, plait__os_thread_start, plait__os_clock
 *                                 (os.h) every way in which plait blocks, wakes, starts and reads time
 */
#ifndef PLAIT__HOOKS_H
#define PLAIT__HOOKS_H

enum plait__point { PLAIT__LOAD, PLAIT__STORE, PLAIT__UPDATE };

#if defined(PLAIT_CHECKED)
void plait__check_point(enum plait__point what, const volatile void *address);
#define PLAIT__POINT(what, address) plait__check_point((what), (address))
#else
#define PLAIT__POINT(what, address) ((void)0)
#endif

#endif
