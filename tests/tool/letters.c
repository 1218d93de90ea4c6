/* Counts the letters of a line from standard input, in a thread that is started before the line is given to it:
 *   letters    then strlen meets a null pointer
 *   letters N  then it says so, and ends with status N */
#include <plait.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static plait_event read_event;
static char text[80], *line;

PLAIT_TASK(int, count, (int, status)) {
    if (plait_event_wait_until(&read_event, plait_after(1)) != PLAIT_OK && status) exit(status);
    return (int)strlen(line);
}

int main(int argc, char **argv) {
    char *got = fgets(text, sizeof text, stdin) ? text : "nothing";
    fprintf(stderr, "it reads %s\n", got);
    plait_thread *counter = plait_start(count, argc > 1 ? atoi(argv[1]) : 0);
    line = got;
    plait_event_set(&read_event);
    int letters = 0;
    plait_status status = plait_thread_result(counter, &letters);
    plait_thread_free(counter);
    return status == PLAIT_OK && letters > 0 ? 0 : 1;
}
