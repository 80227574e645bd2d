/* SPDX-License-Identifier: MIT
 *
 * Lists of numbers as the command line has them, and the points that they span. */
#include "../support/check.h"

#include "sweep/grid.h"

static void test_lists(void **state)
{
    static const struct {
        const char *text;
        enum int_list_status status;
        int count, last;
    } cases[] = {
        {"1", INT_LIST_OK, 1, 1},
        {"1,2,4", INT_LIST_OK, 3, 4},
        {"4,1", INT_LIST_OK, 2, 1}, /* in the user's order */
        {"1000", INT_LIST_OK, 1, 1000},
        {"007", INT_LIST_OK, 1, 7},
        {"", INT_LIST_MALFORMED, 0, 0},
        {",", INT_LIST_MALFORMED, 0, 0},
        {"1,", INT_LIST_MALFORMED, 0, 0},
        {",1", INT_LIST_MALFORMED, 0, 0},
        {"1,,2", INT_LIST_MALFORMED, 0, 0},
        {"1 2", INT_LIST_MALFORMED, 0, 0},
        {"1, 2", INT_LIST_MALFORMED, 0, 0},
        {" 1", INT_LIST_MALFORMED, 0, 0},
        {"+1", INT_LIST_MALFORMED, 0, 0},
        {"-1", INT_LIST_MALFORMED, 0, 0},
        {"0x10", INT_LIST_MALFORMED, 0, 0},
        {"1e2", INT_LIST_MALFORMED, 0, 0},
        {"1;2", INT_LIST_MALFORMED, 0, 0},
        {"1-4", INT_LIST_MALFORMED, 0, 0},
        {"0", INT_LIST_MALFORMED, 0, 0},
        {"1001", INT_LIST_MALFORMED, 0, 0},
        {"1,1001", INT_LIST_MALFORMED, 0, 0},
        {"4294967297", INT_LIST_MALFORMED, 0, 0},
        {"99999999999999999999999", INT_LIST_MALFORMED, 0, 0},
        {"1,2,1", INT_LIST_REPEATED, 0, 0},
        {"1,01", INT_LIST_REPEATED, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct int_list list = {.count = -7};
        const enum int_list_status status = int_list_parse(&list, cases[i].text, 1, 1000);
        if (status != cases[i].status) fail_msg("'%s': status %d", cases[i].text, (int)status);
        assert_int_equal(list.count, status == INT_LIST_OK ? cases[i].count : -7);
        if (status == INT_LIST_OK) assert_int_equal(list.values[list.count - 1], cases[i].last);
    }
}

/* As many values as a list holds, and one more. */
static void test_long_list(void **state)
{
    char text[8 * (GRID_MAX_VALUES + 1)] = "";
    struct int_list list = {.count = 0};
    (void)state;
    for (int i = 1; i <= GRID_MAX_VALUES + 1; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%d", i > 1 ? "," : "", i);
        assert_int_equal(int_list_parse(&list, text, 1, 1000),
                         i <= GRID_MAX_VALUES ? INT_LIST_OK : INT_LIST_LONG);
    }
    assert_int_equal(list.count, GRID_MAX_VALUES);
}

static struct grid grid_of(const char *threads, const char *batch, const char *hidden)
{
    const char *const texts[] = {threads, batch, hidden};
    struct grid g = {0};
    for (int axis = 0; axis < GRID_AXES; axis++)
        if (texts[axis]) assert_int_equal(int_list_parse(&g.axis[axis], texts[axis], 1, 100000), INT_LIST_OK);
    return g;
}

static void test_points(void **state)
{
    static const char *const names[] = {"t1-b32-h16", "t2-b32-h16", "t1-b64-h16", "t2-b64-h16",
                                        "t1-b32-h8",  "t2-b32-h8",  "t1-b64-h8",  "t2-b64-h8"};
    const struct grid g = grid_of("1,2", "32,64", "16,8");
    (void)state;
    assert_int_equal(grid_points(&g), 8);
    assert_true(grid_is_sweep(&g));
    for (int i = 0; i < 8; i++) {
        char name[GRID_NAME_SIZE];
        const struct grid_point p = grid_point_at(&g, i);
        assert_string_equal(grid_point_name(&p, name), names[i]);
    }
}

static void test_sizes(void **state)
{
    const char *const ten = "1,2,3,4,5,6,7,8,9,10", *const eleven = "1,2,3,4,5,6,7,8,9,10,11";
    const struct grid single = grid_of("2", "32", "16"), unsaid = grid_of(NULL, "32", "16"),
                      list = grid_of(NULL, "32,64", "16"), most = grid_of(ten, ten, ten),
                      more = grid_of(ten, ten, eleven);
    (void)state;
    assert_false(grid_is_sweep(&single));
    assert_int_equal(grid_points(&single), 1);
    assert_false(grid_is_sweep(&unsaid));
    assert_int_equal(grid_points(&unsaid), 1);
    assert_true(grid_is_sweep(&list));
    assert_int_equal(grid_points(&list), 2);
    assert_int_equal(grid_points(&most), GRID_MAX_POINTS);
    assert_int_equal(grid_points(&more), 0);
}

static void test_names(void **state)
{
    (void)state;
    for (enum grid_axis axis = 0; axis < GRID_AXES; axis++)
        assert_int_equal(grid_axis_named(grid_axis_name(axis)), axis);
    assert_int_equal(grid_axis_named("epochs"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lists), cmocka_unit_test(test_long_list),
                                       cmocka_unit_test(test_points), cmocka_unit_test(test_sizes),
                                       cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
