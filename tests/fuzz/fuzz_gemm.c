/* SPDX-License-Identifier: MIT
 *
 * gemm of every backend that is ready against the oracle, within the proof's own bound. The input's first
 * bytes are shape, strides, transposes, alpha and beta; the rest are the operands' elements. Operands are
 * exactly sized heap blocks, so that a sanitizer sees what is read beyond them. */
#include <math.h>
#include <string.h>

#include "backends/contender.h"
#include "backends/registry.h"
#include "base/rng.h"
#include "fuzz.h"
#include "machine/cpu.h"
#include "proof/bounds.h"
#include "proof/oracle.h"
#include "../support/plan.h"

enum { MAX_ROWS = 49, MAX_COLUMNS = 67, MAX_K = 97, MAX_SLACK = 5, TEAMS = 2, SLACKS = 6 * 6 * 6 };

static const float scales[] = {0.0f, 1.0f, -1.0f, 0.7f, -2.5f, 1e-3f};
enum { SCALES = sizeof scales / sizeof scales[0] };
static const uint32_t canary = 0x7fa5c3e1u; /* a NaN that no arithmetic makes */

struct operand {
    float *at;
    int rows, columns, ld;
    size_t count; /* elements from the first to the last, gaps included */
};

struct product {
    int team;
    enum transpose ta, tb;
    int m, n, k;
    float alpha, beta;
    struct operand a, b, c;
};

/* By team: of one thread, and of two, which is slow where cores are few and so for some inputs only. */
static struct contender contenders[TEAMS][REGISTRY_MAX];
static int contender_count;

static void open_all(int team)
{
    const struct plan plan = TEST_PLAN(.threads = team + 1, .inputs = 784, .hidden = 16, .classes = 10,
                                       .batch = 16, .isa = cpu_usable());
    contender_count = 0;
    for (int i = 0; i < registry_count(); i++) {
        const struct registry_entry *const entry = registry_at(i);
        char why[256];
        struct error e = {0};
        if (registry_status(entry, why, sizeof why) != BACKEND_READY) continue;
        if (entry->backend->flags & BACKEND_ON_REQUEST) continue;
        FUZZ_DEMAND(!contender_open(&contenders[team][contender_count], entry->backend,
                                    registry_fallback_for(entry->backend), &plan, &e));
        contender_count++;
    }
}

/* Elements come from the input while it lasts, two bytes each: sign, exponent of -16 .. 15, mantissa of 10
 * bits; then from a generator. */
static float element(struct fuzz_input *in, struct rng *more)
{
    if (in->left < 2) return rng_float(more, -1.0f, 1.0f);
    const unsigned bits = fuzz_byte(in) | (unsigned)fuzz_byte(in) << 8;
    const double magnitude = ldexp(1.0 + (bits & 0x3ff) * 0x1p-10, (int)(bits >> 10 & 0x1f) - 16);
    if ((bits & 0x7fff) == 0) return 0.0f;
    return (float)(bits & 0x8000 ? -magnitude : magnitude);
}

static struct operand operand_make(int rows, int columns, int slack, struct fuzz_input *in, struct rng *more)
{
    struct operand x = {.rows = rows, .columns = columns, .ld = columns + slack};
    if (x.ld == 0) x.ld = 1;
    x.count = rows && columns ? (size_t)(rows - 1) * (size_t)x.ld + (size_t)columns : 0;
    x.at = malloc(x.count ? x.count * sizeof *x.at : 1);
    FUZZ_DEMAND(x.at);
    for (size_t i = 0; i < x.count; i++) {
        memcpy(&x.at[i], &canary, sizeof canary);
        if (i % (size_t)x.ld < (size_t)columns) x.at[i] = element(in, more);
    }
    return x;
}

static struct product product_make(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct product p;
    p.m = fuzz_byte(&in) % (MAX_ROWS + 1);
    p.n = fuzz_byte(&in) % (MAX_COLUMNS + 1);
    p.k = fuzz_byte(&in) % (MAX_K + 1);
    const unsigned form = fuzz_byte(&in), slack = fuzz_byte(&in);
    p.ta = form & 1 ? TRANS : NO_TRANS;
    p.tb = form & 2 ? TRANS : NO_TRANS;
    p.alpha = scales[(form >> 2) % SCALES];
    p.beta = scales[(form >> 5) % SCALES];
    p.team = slack >= SLACKS;
    struct rng more = rng_seed(form | slack << 8, 0);
    const int sa = (int)(slack % (MAX_SLACK + 1)), sb = (int)(slack / 6 % 6), sc = (int)(slack / 36 % 6);
    p.a = operand_make(p.ta ? p.k : p.m, p.ta ? p.m : p.k, sa, &in, &more);
    p.b = operand_make(p.tb ? p.n : p.k, p.tb ? p.k : p.n, sb, &in, &more);
    p.c = operand_make(p.m, p.n, sc, &in, &more);
    return p;
}

static void demand_element(const struct product *p, const char *name, int i, int j, double value,
                           double gauge, float got)
{
    const double bound = bound_gemm(p->k, p->alpha, p->beta, gauge);
    if (fabs(got - value) <= bound) return;
    fprintf(stderr,
            "%s: gemm %d%d %dx%dx%d alpha=%g beta=%g ld=%d,%d,%d: [%d][%d] is %.9g, not %.17g (bound %.3g)\n",
            name, (int)p->ta, (int)p->tb, p->m, p->n, p->k, (double)p->alpha, (double)p->beta, p->a.ld,
            p->b.ld, p->c.ld, i, j, (double)got, value, bound);
    abort();
}

static void judge(struct contender *c, const struct product *p, const double *value, const double *gauge)
{
    float *const out = malloc(p->c.count ? p->c.count * sizeof *out : 1);
    FUZZ_DEMAND(out);
    memcpy(out, p->c.at, p->c.count * sizeof *out);
    if (p->beta == 0.0f) /* must not be read: NaN would spread */
        for (size_t i = 0; i < p->c.count; i++) memcpy(&out[i], &canary, sizeof canary);
    CONTENDER_CALL(c, gemm, p->ta, p->tb, p->m, p->n, p->k, p->alpha, p->a.at, p->a.ld, p->b.at, p->b.ld,
                   p->beta, out, p->c.ld);
    for (size_t at = 0; at < p->c.count; at++) {
        const int i = (int)(at / (size_t)p->c.ld), j = (int)(at % (size_t)p->c.ld);
        const size_t dense = (size_t)i * (size_t)p->n + (size_t)j;
        if (j < p->n)
            demand_element(p, c->backend->name, i, j, value[dense], gauge[dense], out[at]);
        else
            FUZZ_DEMAND(memcmp(&out[at], &canary, sizeof canary) == 0);
    }
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static double value[MAX_ROWS * MAX_COLUMNS], gauge[MAX_ROWS * MAX_COLUMNS];
    for (int team = 0; team < TEAMS && !contenders[team][0].backend; team++) open_all(team);
    const struct product p = product_make(data, size);
    oracle_gemm(p.ta, p.tb, p.m, p.n, p.k, p.alpha, p.a.at, p.a.ld, p.b.at, p.b.ld, p.beta, p.c.at, p.c.ld,
                value, gauge);
    for (int i = 0; i < contender_count; i++) judge(&contenders[p.team][i], &p, value, gauge);
    free(p.a.at);
    free(p.b.at);
    free(p.c.at);
    return 0;
}
