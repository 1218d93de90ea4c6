/* The intrusive list: order, membership, and taking out from anywhere. */
#include "support/test.h"

#include <base/list.h>

struct thing {
    int number;
    struct plait__link link;
};

static int number_of(struct plait__link *link) {
    return plait__of_link(link, struct thing, link)->number;
}

/* The numbers on the list as one: 1, 2, 3 is 123. */
static int digits(const struct plait__list *list) {
    int sum = 0;
    for (struct plait__link *link = plait__list_first(list); link; link = plait__list_after(list, link)) {
        sum = sum * 10 + number_of(link);
    }
    return sum;
}

TEST(a_zeroed_list_is_empty) {
    static struct plait__list list;
    static struct thing one = {1, {0}};
    ck_assert(plait__list_empty(&list));
    ck_assert_ptr_null(plait__list_first(&list));
    ck_assert(!plait__linked(&one.link));
}

TEST(append_and_prepend_keep_order) {
    static struct plait__list list;
    static struct thing one = {1, {0}}, two = {2, {0}}, three = {3, {0}};
    plait__list_append(&list, &two.link);
    plait__list_append(&list, &three.link);
    plait__list_prepend(&list, &one.link);
    ck_assert_int_eq(digits(&list), 123);
    ck_assert(plait__linked(&two.link));
}

TEST(a_link_leaves_from_anywhere_and_may_come_back) {
    static struct plait__list list;
    static struct thing things[3] = {{1, {0}}, {2, {0}}, {3, {0}}};
    for (int i = 0; i < 3; i++) {
        plait__list_append(&list, &things[i].link);
    }
    plait__list_remove(&things[1].link);
    ck_assert(!plait__linked(&things[1].link));
    ck_assert_int_eq(digits(&list), 13);
    plait__list_append(&list, &things[1].link);
    ck_assert_int_eq(digits(&list), 132);
    for (int i = 0; i < 3; i++) {
        plait__list_remove(&things[i].link);
    }
    ck_assert(plait__list_empty(&list));
    plait__list_append(&list, &things[2].link);
    ck_assert_int_eq(digits(&list), 3);
}
