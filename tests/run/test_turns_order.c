/* SPDX-License-Identifier: MIT
 *
 * The order of turns: who comes first, second, last, and before whom, in shuffled and in balanced rounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "run/turns.h"

static void assert_permutation(const int *order, int count)
{
    bool seen[TURNS_MAX] = {false};
    for (int i = 0; i < count; i++) {
        assert_in_range(order[i], 0, count - 1);
        assert_false(seen[order[i]]);
        seen[order[i]] = true;
    }
}

static void blocks_are_balanced(void **state)
{
    (void)state;
    for (int count = 1; count <= 6; count++)
        for (int block = 0; block < 20; block++) {
            int position[6][6] = {{0}}, before[6][6] = {{0}};
            for (int r = 1; r <= 2 * count; r++) {
                int order[TURNS_MAX];
                turns_balanced(order, count, 42, 2 * count * block + r);
                assert_permutation(order, count);
                for (int i = 0; i < count; i++) {
                    position[order[i]][i]++;
                    for (int j = i + 1; j < count; j++) before[order[i]][order[j]]++;
                }
            }
            for (int a = 0; a < count; a++)
                for (int b = 0; b < count; b++) {
                    assert_int_equal(position[a][b], 2);
                    if (a != b) assert_int_equal(before[a][b], count);
                }
        }
}

static void mirrored_go_forth_and_back(void **state)
{
    (void)state;
    const int wanted[4][3] = {{0, 1, 2}, {2, 1, 0}, {0, 1, 2}, {2, 1, 0}};
    for (int r = 1; r <= 4; r++) {
        int order[TURNS_MAX];
        turns_of_round(TURNS_MIRRORED, order, 3, 42, r);
        assert_memory_equal(order, wanted[r - 1], sizeof wanted[0]);
    }
}

/* Three contenders: each of the six orders once in six rounds. */
static void three_have_six_orders(void **state)
{
    (void)state;
    bool seen[27] = {false};
    for (int r = 1; r <= 6; r++) {
        int order[TURNS_MAX];
        turns_balanced(order, 3, 7, r);
        const int code = 9 * order[0] + 3 * order[1] + order[2];
        assert_false(seen[code]);
        seen[code] = true;
    }
}

static void seeds_and_blocks_differ(void **state)
{
    (void)state;
    int different_seed = 0, different_block = 0, shuffled = 0;
    for (int r = 1; r <= 60; r++) {
        int a[TURNS_MAX], b[TURNS_MAX];
        turns_balanced(a, 3, 1, r);
        turns_balanced(b, 3, 1, r);
        assert_memory_equal(a, b, 3 * sizeof *a);
        turns_balanced(b, 3, 2, r);
        different_seed += memcmp(a, b, 3 * sizeof *a) != 0;
        turns_balanced(b, 3, 1, r + 6);
        different_block += memcmp(a, b, 3 * sizeof *a) != 0;
        turns_shuffled(a, 3, 1, r);
        assert_permutation(a, 3);
        turns_shuffled(b, 3, 1, r + 1);
        shuffled += memcmp(a, b, 3 * sizeof *a) != 0;
    }
    assert_true(different_seed > 30 && different_block > 30 && shuffled > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_balanced), cmocka_unit_test(mirrored_go_forth_and_back),
        cmocka_unit_test(three_have_six_orders), cmocka_unit_test(seeds_and_blocks_differ)};
    return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
