/* command.h - how this program was called, for people to do it again. */
#ifndef PLAIT__COMMAND_H
#define PLAIT__COMMAND_H

/* The program's name and arguments, as a shell takes them; "PROGRAM" if they are not known, or too long for a line.
 * Lives for ever. */
const char *plait__command_line(void);

#endif
