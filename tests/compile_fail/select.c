/* What a call needs to be told cannot be left out, and what it says cannot be ignored. */
#include <plait.h>

void mistakes(plait_queue *queue);
void mistakes(plait_queue *queue) {
    size_t which;
    plait_case any = plait_case_deadline(PLAIT_NOW);
#if MISTAKE == 1 /* a select whose status is ignored */
    plait_select(&any, 1, &which);
#elif MISTAKE == 2 /* a bare number for the deadline of a select */
    if (plait_select_until(&any, 1, &which, 1)) return;
#elif MISTAKE == 3 /* a token that nobody keeps */
    plait_token_new(NULL, PLAIT_FOREVER);
#elif MISTAKE == 4 /* a queue for a case */
    if (plait_select(queue, 1, &which)) return;
#else
    if (plait_select(&any, 1, &which)) return;
#endif
    (void)queue, (void)any, (void)which;
}
