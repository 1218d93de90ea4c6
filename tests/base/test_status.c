/* Status codes: every one has a name and a text, known or not, and an error is remembered per thread. */
#include "support/test.h"

#include <base/status.h>

#include <pthread.h>
#include <string.h>

TEST(ok_is_zero) {
    ck_assert_int_eq(PLAIT_OK, 0);
}

TEST(a_name_is_the_one_in_the_source) {
    ck_assert_str_eq(plait_status_name(PLAIT_OK), "PLAIT_OK");
    ck_assert_str_eq(plait_status_name(PLAIT_TIMEOUT), "PLAIT_TIMEOUT");
    ck_assert_str_eq(plait_status_name(PLAIT_FAILED), "PLAIT_FAILED");
    ck_assert_str_eq(plait_status_name(PLAIT_USER), "PLAIT_USER");
    ck_assert_str_eq(plait_status_name(PLAIT_USER + 7), "PLAIT_USER+7");
}

TEST(every_code_of_plait_has_a_name_and_a_text_of_its_own) {
    for (int one = PLAIT_OK; one <= PLAIT_FAILED; one++) {
        ck_assert_msg(strncmp(plait_status_name(one), "PLAIT_", 6) == 0, "code %d has no name", one);
        for (int other = PLAIT_OK; other < one; other++) {
            ck_assert_str_ne(plait_status_text(one), plait_status_text(other));
        }
    }
}

TEST(an_unknown_code_is_no_crash) {
    ck_assert_str_eq(plait_status_name(-1), "status -1");
    ck_assert_str_eq(plait_status_name(PLAIT_USER - 1), "status 999");
    ck_assert_ptr_nonnull(plait_status_text(-2147483647 - 1));
    ck_assert_ptr_nonnull(plait_status_text(2147483647));
}

static void *last_error_of_a_new_thread(void *unused) {
    (void)unused;
    static plait_status seen;
    seen = plait_last_error();
    return &seen;
}

TEST(the_last_error_belongs_to_its_thread) {
    plait__set_last_error(PLAIT_NO_MEMORY);
    pthread_t thread;
    void *seen;
    ck_assert_int_eq(pthread_create(&thread, NULL, last_error_of_a_new_thread, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, &seen), 0);
    ck_assert_int_eq(*(plait_status *)seen, PLAIT_OK);
    ck_assert_int_eq(plait_last_error(), PLAIT_NO_MEMORY);
}
