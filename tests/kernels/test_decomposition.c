/* SPDX-License-Identifier: MIT
 *
 * How the fused step is dealt to 1 to 128 threads: no thread has more than its share, every unit has one
 * owner and is worked on once, and the tree of logits is the same for every team. Arithmetic only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "vector/fused/decomposition.h"

enum { MAX_THREADS = 128, WIDEST = 3 };

/* Vectors of hidden units (8 or 16 units each, 16 to 8192 of them) and blocks (of 1 to 1024 images or
 * inputs).
 */
static const int all_vecs[] = {1, 2, 3, 7, 13, 32, 63, 64, 128, 250, 512, 1024};
static const int all_blocks[] = {1, 2, 5, 12, 13, 16, 64, 98, 128};
enum {
    VECS = sizeof all_vecs / sizeof *all_vecs,
    BLOCKS = sizeof all_blocks / sizeof *all_blocks,
};

static void for_all(void (*check)(int vecs, int blocks, int threads))
{
    for (int v = 0; v < VECS; v++)
        for (int b = 0; b < BLOCKS; b++)
            for (int threads = 1; threads <= MAX_THREADS; threads++)
                check(all_vecs[v], all_blocks[b], threads);
}

static long long units_in(const struct portion *p, int blocks)
{
    return p->from == p->to
               ? 0
               : (long long)(p->to - p->from) * blocks - (blocks - p->last + p->first) * p->group;
}

/* No more than the mean, rounded up, which is the least there is, and 4 % of it; so within 1.10 of the mean
 * wherever units of this size allow it, and always with ten units a thread. */
static void check_shares(int vecs, int blocks, int threads)
{
    const long long units = (long long)vecs * blocks, least = (units + threads - 1) / threads;
    long long most = 0, sum = 0;
    for (int t = 0; t < threads; t++) {
        const struct portion p = portion_of(vecs, blocks, threads, t);
        const long long own = units_in(&p, blocks);
        if (own > most) most = own;
        sum += own;
    }
    if (sum != units || most * 25 > least * 26)
        fail_msg("%d x %d units, %d threads: %lld dealt, one has %lld", vecs, blocks, threads, sum, most);
    if (units >= 10LL * threads && (double)most * threads > 1.10 * (double)units)
        fail_msg("%d x %d units, %d threads: %lld", vecs, blocks, threads, most);
}

static void shares_are_even(void **state)
{
    (void)state;
    for_all(check_shares);
}

/* Each thread's pieces are its portion, all portions all units, none twice. */
static void check_pieces(int vecs, int blocks, int threads)
{
    static unsigned char done[1024 * 128];
    memset(done, 0, (size_t)vecs * (size_t)blocks);
    for (int t = 0; t < threads; t++) {
        const struct portion p = portion_of(vecs, blocks, threads, t);
        const int chunks = chunks_of(&p, WIDEST);
        long long units = 0;
        for (int i = 0; i < chunks; i++) {
            const struct chunk c = chunk_at(&p, chunks, i);
            struct piece piece[MAX_PIECES + 1];
            const int count = pieces_of(&p, blocks, c, WIDEST, piece);
            assert_true(count <= MAX_PIECES && c.to - c.from <= 2 * WIDEST);
            for (int j = 0; j < count; j++) {
                assert_true(piece[j].to - piece[j].from >= 1 && piece[j].to - piece[j].from <= WIDEST);
                assert_true(piece[j].from >= c.from && piece[j].to <= c.to);
                for (int v = piece[j].from; v < piece[j].to; v++)
                    for (int b = piece[j].block; b < piece[j].end; b++, units++)
                        if (done[v * blocks + b]++) fail_msg("unit %d, %d twice, %d threads", v, b, threads);
            }
        }
        assert_int_equal(units, units_in(&p, blocks));
    }
    for (int i = 0; i < vecs * blocks; i++)
        if (!done[i])
            fail_msg("unit %d, %d of %d x %d lost, %d threads", i / blocks, i % blocks, vecs, blocks,
                     threads);
}

static void pieces_cover_everything_once(void **state)
{
    (void)state;
    for_all(check_pieces);
}

/* Tiles one vector wide are for those who have no two vectors side by side: with 2 vectors a thread and more,
 * at most a quarter of a thread's work. */
static void check_widths(int vecs, int blocks, int threads)
{
    if (vecs < 2 * threads || blocks < 8) return;
    for (int t = 0; t < threads; t++) {
        const struct portion p = portion_of(vecs, blocks, threads, t);
        const int chunks = chunks_of(&p, WIDEST);
        long long narrow = 0;
        for (int i = 0; i < chunks; i++) {
            struct piece piece[MAX_PIECES];
            const int count = pieces_of(&p, blocks, chunk_at(&p, chunks, i), WIDEST, piece);
            for (int j = 0; j < count; j++)
                if (piece[j].to - piece[j].from == 1) narrow += piece[j].end - piece[j].block;
        }
        if (narrow * 4 > units_in(&p, blocks))
            fail_msg("%d x %d units, thread %d of %d: %lld of %lld in narrow tiles", vecs, blocks, t, threads,
                     narrow, units_in(&p, blocks));
    }
}

static void tiles_are_wide(void **state)
{
    (void)state;
    for_all(check_widths);
}

/* The sum over a node, as a number that depends on which vectors it has and on how they were added. */
static uint64_t added(uint64_t left, uint64_t right)
{
    const uint64_t x = (left ^ 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u + right;
    return (x ^ x >> 29) * 0x94d049bb133111ebu;
}

/* Adds a node of `vecs` vectors at *next to those on the stack, as the softmax does. */
static void push(uint64_t *stack, int *depth, int *next, int vecs, uint64_t sum)
{
    int first = *next;
    *next += vecs;
    for (; (first & vecs) != 0; first -= vecs, vecs *= 2) sum = added(stack[--*depth], sum);
    stack[(*depth)++] = sum;
}

/* The sum of a node from its vectors. */
static uint64_t node_sum(int first, int vecs)
{
    return vecs == 1 ? (uint64_t)first + 1
                     : added(node_sum(first, vecs / 2), node_sum(first + vecs / 2, vecs / 2));
}

static void check_tree(int vecs, int blocks, int threads)
{
    uint64_t expected[MAX_NODE_LEVELS], got[MAX_NODE_LEVELS];
    int depth = 0, next = 0;
    if (vecs > 250) return;
    for (int v = 0; v < vecs; v++) push(expected, &depth, &next, 1, node_sum(v, 1));
    for (int block = 0; block<blocks; block += blocks> 20 ? 7 : 1) {
        int d = 0, at = 0;
        for (int t = 0; t < threads; t++) {
            const struct portion p = portion_of(vecs, blocks, threads, t);
            const int from = p.from + p.group * (block < p.first);
            const int to = p.to - p.group * (block >= p.last);
            if (from < to) assert_int_equal(from, at);
            while (at < to) {
                const int size = node_vecs(at, to);
                push(got, &d, &at, size, node_sum(at, size));
            }
        }
        assert_int_equal(at, vecs);
        assert_int_equal(d, depth);
        assert_memory_equal(got, expected, (size_t)depth * sizeof *got);
    }
}

static void logits_are_added_in_one_tree(void **state)
{
    (void)state;
    for_all(check_tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_even),
        cmocka_unit_test(pieces_cover_everything_once),
        cmocka_unit_test(tiles_are_wide),
        cmocka_unit_test(logits_are_added_in_one_tree),
    };
    return cmocka_run_group_tests_name("decomposition", tests, NULL, NULL);
}
