/* A lender lends what it was made for. */
#include <plait.h>

PLAIT_LENDER(number_lender, int *);

PLAIT_TASK(int *, open_number, (int, start)) {
    static int number;
    number = start;
    return &number;
}
PLAIT_TASK(double *, open_double, (int, start)) {
    (void)start;
    return NULL;
}
PLAIT_TASK(void, close_number, (int *, number)) {
    (void)number;
}
PLAIT_TASK(bool, is_good, (int *, number)) {
    return number;
}
PLAIT_TASK(bool, is_good_double, (double *, number)) {
    return number;
}

plait_status mistake(number_lender *other, int **number, double **wrong);

plait_status mistake(number_lender *other, int **number, double **wrong) {
    number_lender numbers = plait_lender_of(number_lender, 2, close_number, open_number, 1);
    plait_status status = plait_lender_set_check(numbers, is_good);
    if (status == PLAIT_OK) status = plait_lender_borrow(numbers, number);
    *other = numbers;
    *wrong = NULL;
#if MISTAKE == 1 /* borrowed into a variable of another type */
    status = plait_lender_borrow(numbers, wrong);
#elif MISTAKE == 2 /* opened by a task that returns something else */
    *other = plait_lender_of(number_lender, 2, close_number, open_double, 1);
#elif MISTAKE == 3 /* checked by a task that takes something else */
    status = plait_lender_set_check(numbers, is_good_double);
#elif MISTAKE == 4 /* an argument of the wrong type for opening */
    *other = plait_lender_of(number_lender, 2, close_number, open_number, "one");
#elif MISTAKE == 5 /* a borrow whose status is ignored */
    plait_lender_borrow(numbers, number);
#endif
    return status;
}
