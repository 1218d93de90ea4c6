/* An owner takes only tasks whose first parameter is its resource. */
#include <plait.h>
#include <stdio.h>

PLAIT_OWNER(log_owner, FILE *);

PLAIT_TASK(FILE *, open_log, (const char *, path)) {
    return fopen(path, "a");
}
PLAIT_TASK(int *, open_numbers, (const char *, path)) {
    (void)path;
    return NULL;
}
PLAIT_TASK(void, close_log, (FILE *, log)) {
    fclose(log);
}
PLAIT_TASK(void, close_numbers, (int *, numbers)) {
    (void)numbers;
}
PLAIT_TASK(long, append, (FILE *, log), (const char *, line)) {
    return fputs(line, log);
}
PLAIT_TASK(int, add, (int *, numbers), (int, more)) {
    return numbers[0] + more;
}
PLAIT_TASK(void, beep) {}

plait_status mistake(log_owner *other);

plait_status mistake(log_owner *other) {
    log_owner log = plait_owner_open(log_owner, close_log, open_log, "log");
    plait_status status = plait_tell(log, append, "one");
    plait_future_free(plait_ask(log, append, .line = "two"));
    *other = log;
#if MISTAKE == 1 /* a request for another resource */
    status = plait_tell(log, add, 3);
#elif MISTAKE == 2 /* a request without a resource */
    status = plait_tell(log, beep);
#elif MISTAKE == 3 /* an argument too many */
    status = plait_tell(log, append, "one", "two");
#elif MISTAKE == 4 /* an argument of the wrong type */
    plait_future_free(plait_ask(log, append, 7));
#elif MISTAKE == 5 /* opened by a task that returns something else */
    *other = plait_owner_open(log_owner, close_log, open_numbers, "log");
#elif MISTAKE == 6 /* closed by a task that takes something else */
    *other = plait_owner_open(log_owner, close_numbers, open_log, "log");
#elif MISTAKE == 7 /* the bare owner, which knows no type */
    status = plait_tell(log.owner, append, "one");
#endif
    return status;
}
