/* Children of tasks: what does not fit does not compile. */
#include <plait.h>

PLAIT_TASK(double, scale, (double, x), (int, by)) {
    return x * by;
}

PLAIT_TASK(void, beep) {}

int mistake(int *numbers, const char *word);

int mistake(int *numbers, const char *word) {
    int number = 0;
    {
        plait_spawn(one, scale, 1.0, .by = 2);
        plait_spawn(other, beep);
        plait_sync(other);
        number = (int)plait_sync(one);
    }
#if MISTAKE == 1 /* a pointer for a number */
    plait_spawn(child, scale, 1.0, numbers);
#elif MISTAKE == 2 /* a string for a number */
    plait_spawn(child, scale, word);
#elif MISTAKE == 3 /* an argument too many */
    plait_spawn(child, scale, 1.0, 2, 3);
#elif MISTAKE == 4 /* an argument for a task without parameters */
    plait_spawn(child, beep, 1);
#elif MISTAKE == 5 /* a name that no parameter has */
    plait_spawn(child, scale, 1.0, .times = 2);
#elif MISTAKE == 6 /* a function that is no task */
    plait_spawn(child, mistake, numbers);
#elif MISTAKE == 7 /* the sync of something that is no child */
    number = plait_sync(number);
#elif MISTAKE == 8 /* the sync of a child of another scope */
    number = (int)plait_sync(one);
#elif MISTAKE == 9 /* the value of a child that has none */
    plait_spawn(child, beep);
    number = plait_sync(child);
#endif
    (void)numbers, (void)word;
    return number;
}
