/* Status codes have names and texts, for every code, known or not. */
#include "support/test.h"

TEST(ok_is_zero) {
    ck_assert_int_eq(PLAIT_OK, 0);
}

TEST(a_name_is_the_one_in_the_source) {
    ck_assert_str_eq(plait_status_name(PLAIT_TIMEOUT), "PLAIT_TIMEOUT");
}
