/* plain.h - an assertion of a test that fails where nothing is under control. */
#ifndef PLAIT__PLAIN_H
#define PLAIT__PLAIN_H

_Noreturn void plait__check_failed_plainly(const char *words, const char *file, int line);

#endif
