/* SPDX-License-Identifier: MIT
 *
 * What it costs to share a product among a team, in multiply-adds: gemm with one thread and with all, in
 * turns, on products of growing size. The kernels are compiled for GEMM_WAKE 1, so that every product is
 * shared. For GEMM_WAKE of gemm_cut.inc.h, which is a quarter of the break-even of two threads.
 *
 * measure_wake [THREADS], of one ISA: the backend that MEASURED names. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend.h"
#include "base/clock.h"
#include "machine/cpu.h"
#include "machine/topology.h"
#include "stats/order.h"

extern const struct backend MEASURED;

enum { ROUNDS = 21, MAX_FLOATS = 1 << 20 };
static const double timing_seconds = 1e-3;

static float *a, *b, *c;

struct product {
    int m, n, k;
};

static double multiply_adds(const struct product *p)
{
    return (double)p->m * p->n * p->k;
}

/* Seconds per call. */
static double time_calls(void *state, const struct product *p, int calls)
{
    const double start = clock_seconds();
    for (int i = 0; i < calls; i++)
        MEASURED.ops.gemm(state, NO_TRANS, NO_TRANS, p->m, p->n, p->k, 1.0f, a, p->k, b, p->n, 0.0f, c, p->n);
    return (clock_seconds() - start) / calls;
}

/* How many times as fast as one thread the team is: the median of rounds. */
static double speed_up(void *alone, void *team, const struct product *p)
{
    double ratios[ROUNDS];
    time_calls(team, p, 3);
    const double once = time_calls(alone, p, 3);
    const int calls = once < timing_seconds ? (int)(timing_seconds / once) : 1;
    for (int i = 0; i < ROUNDS; i++) {
        const double first = time_calls(i % 2 ? alone : team, p, calls),
                     second = time_calls(i % 2 ? team : alone, p, calls);
        ratios[i] = i % 2 ? first / second : second / first;
    }
    return median_of(ratios, ROUNDS);
}

/* Products of one kind, twice as large each time. Prints the least from which on a team is always faster. */
static void measure(const char *kind, void *alone, void *team, int threads,
                    struct product (*of_size)(int step))
{
    double least = 0;
    for (int step = 0; step < 12; step++) {
        const struct product p = of_size(step);
        const double ratio = speed_up(alone, team, &p);
        printf("%-12s %5d x %4d x %5d  %9.0f multiply-adds  %d threads %.2f times as fast\n", kind, p.m, p.n,
               p.k, multiply_adds(&p), threads, ratio);
        if (ratio <= 1) least = 0;
        if (ratio > 1 && least == 0) least = multiply_adds(&p);
    }
    if (least > 0)
        printf("%-12s pays from 2^%.1f multiply-adds on: %.0f for each thread woken\n\n", kind,
               __builtin_log2(least), least * (threads - 1) / threads / threads);
    else
        printf("%-12s never pays\n\n", kind);
}

static struct product cube(int step)
{
    const int size = 16 + 12 * step;
    return (struct product){size, size, size};
}

static struct product shallow(int step)
{
    return (struct product){8 + 16 * step, 512, 10};
}

static struct product narrow(int step)
{
    return (struct product){8 + 16 * step, 10, 512};
}

static struct product of_a_row(int step)
{
    return (struct product){1, 64 + 64 * step, 512};
}

static void *opened(int threads)
{
    const struct plan plan = {.struct_size = sizeof plan,
                              .threads = threads,
                              .inputs = 784,
                              .hidden = 16,
                              .classes = 10,
                              .batch = 16,
                              .lr = 0.001f,
                              .rho = 0.9f,
                              .epsilon = 1e-7f,
                              .isa = cpu_usable()};
    void *state = NULL;
    char why[256];
    if (MEASURED.open(&plan, &state, why, sizeof why) == 0) return state;
    fprintf(stderr, "%s\n", why);
    exit(EXIT_INTERNAL);
}

static float *operand(void)
{
    float *x = malloc(MAX_FLOATS * sizeof *x);
    for (int i = 0; x && i < MAX_FLOATS; i++) x[i] = 1.0f;
    return x;
}

int main(int argc, char **argv)
{
    struct error e = {0};
    struct topology t;
    if (topology_read(&t, &e)) return (int)e.code;
    const int threads = argc > 1 ? atoi(argv[1]) : t.default_threads;
    if ((MEASURED.needs & ~cpu_usable()) || threads < 2) {
        printf("skipped: %s\n", threads < 2 ? "one thread is no team" : "this CPU lacks the ISA");
        return EXIT_NOTHING;
    }
    a = operand(), b = operand(), c = operand();
    if (!a || !b || !c) return EXIT_INTERNAL;
    omp_set_dynamic(0);
    topology_bind_team(&t, threads, NULL);
    void *const alone = opened(1), *const team = opened(threads);
    measure("cube", alone, team, threads, cube);
    measure("K = 10", alone, team, threads, shallow);
    measure("N = 10", alone, team, threads, narrow);
    measure("one row", alone, team, threads, of_a_row);
    MEASURED.close(alone);
    MEASURED.close(team);
    free(a), free(b), free(c);
    return EXIT_OK;
}
