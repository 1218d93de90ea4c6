/* progress.h - one line on the terminal that shows how far things are. Nothing when output goes elsewhere. */
#ifndef DEMO_PROGRESS_H
#define DEMO_PROGRESS_H

void progress_show(const char *what, int done, int all);
/* Takes the line away. */
void progress_clear(void);

#endif
