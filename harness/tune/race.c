/* SPDX-License-Identifier: MIT */
#include "tune/race.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "stats/order.h"

/* Short enough for many rounds, long enough for the clock and for a team that has to wake. */
static const double seconds_of_timing = 2e-3;
enum { MAX_CALLS = 100000 };

static size_t largest(const struct race *r, char operand)
{
    size_t most = 0;
    for (int i = 0; i < r->count; i++) {
        const struct gemm_shape *s = &r->shapes[i];
        const size_t rows = (size_t)(operand == 'b' ? s->k : s->m),
                     cols = (size_t)(operand == 'a' ? s->k : s->n);
        if (rows * cols > most) most = rows * cols;
    }
    return most;
}

static float *operand_new(size_t count, struct rng *rng)
{
    float *x = aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64);
    for (size_t i = 0; x && i < count; i++) x[i] = rng_float(rng, 0.5f, 1.5f);
    return x;
}

static void call(const struct race *r, struct contender *c, const struct gemm_shape *s)
{
    CONTENDER_CALL(c, gemm, s->ta, s->tb, s->m, s->n, s->k, 1.0f, r->a, s->ta ? s->m : s->k, r->b,
                   s->tb ? s->k : s->n, 0.0f, r->c, s->n);
}

/* Seconds per call. */
static double time_calls(const struct race *r, struct contender *c, const struct gemm_shape *s, int calls)
{
    const double start = clock_seconds();
    for (int i = 0; i < calls; i++) call(r, c, s);
    return (clock_seconds() - start) / calls;
}

static int open_with(const struct race *r, const struct blocking *b, struct contender *c, struct error *e)
{
    struct plan plan = r->plan;
    plan.blocking = *b;
    if (contender_open(c, r->backend, r->fallback, &plan, e))
        e->code = EXIT_INTERNAL; /* those of this program refuse for want of memory only */
    return (int)e->code;
}

static int calibrate(struct race *r, struct error *e)
{
    struct contender c;
    if (open_with(r, &(struct blocking){0}, &c, e)) return (int)e->code;
    for (int i = 0; i < r->count; i++) {
        time_calls(r, &c, &r->shapes[i], 1); /* warms up */
        const double calls = seconds_of_timing / time_calls(r, &c, &r->shapes[i], 3);
        r->calls[i] = calls < 1 ? 1 : calls > MAX_CALLS ? MAX_CALLS : (int)calls;
    }
    contender_close(&c);
    return 0;
}

int race_open(struct race *r, struct error *e)
{
    struct rng rng = rng_seed(1, 0);
    r->a = operand_new(largest(r, 'a'), &rng);
    r->b = operand_new(largest(r, 'b'), &rng);
    r->c = operand_new(largest(r, 'c'), &rng);
    if (!r->a || !r->b || !r->c)
        return error_set(e, EXIT_INTERNAL, "bench tune: out of memory for the operands of the largest shape");
    return calibrate(r, e);
}

void race_close(struct race *r)
{
    free(r->a);
    free(r->b);
    free(r->c);
    r->a = r->b = r->c = NULL;
}

static bool interrupted(const struct race *r)
{
    return r->interrupted && *r->interrupted;
}

/* times[shape][contender][round] */
static void run_rounds(const struct race *r, struct contender pair[2], int rounds, double *log_ratios,
                       double *times)
{
    for (int round = 0; round < rounds && !interrupted(r); round++) {
        double sum = 0;
        for (int s = 0; s < r->count; s++) {
            double t[2];
            for (int turn = 0; turn < 2; turn++) {
                const int who = (turn + round + s) % 2;
                call(r, &pair[who], &r->shapes[s]); /* finds its operands in the caches it left them in */
                t[who] = time_calls(r, &pair[who], &r->shapes[s], r->calls[s]);
                times[(2 * s + who) * rounds + round] = t[who];
            }
            sum += log(t[1] / t[0]);
        }
        log_ratios[round] = sum / r->count;
    }
}

int race_run(struct race *r, const struct blocking *first, const struct blocking *second, int rounds,
             double *log_ratios, double *seconds, struct error *e)
{
    struct contender pair[2] = {0};
    double *times = calloc((size_t)rounds * 2 * TUNE_MAX_SHAPES, sizeof *times);
    if (!times) return error_set(e, EXIT_INTERNAL, "bench tune: out of memory");
    int code = open_with(r, first, &pair[0], e);
    if (!code) code = open_with(r, second, &pair[1], e);
    if (!code) {
        run_rounds(r, pair, rounds, log_ratios, times);
        for (int i = 0; seconds && i < 2 * r->count; i++)
            seconds[i] = median_of(times + (ptrdiff_t)i * rounds, rounds);
        if (interrupted(r)) code = EXIT_INTERRUPTED;
    }
    contender_close(&pair[0]);
    contender_close(&pair[1]);
    free(times);
    return code;
}
