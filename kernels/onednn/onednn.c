/* SPDX-License-Identifier: MIT
 *
 * oneDNN under the contract of backend.h, for its 2.x (2.6 and later) and 3.x interfaces.
 *
 *   api.h      what differs between the two interfaces
 *   library.h  ownership, errors, and primitives with their arguments bound
 *   network.h  the network's primitives and the layouts of its tensors
 *   step.h     the training step
 *   loops.h    what the library has no primitive for
 *   ops.h      the ops of level 1
 *
 * All primitives for plan->batch rows are made in open(). For another number of rows (the last batch of an
 * epoch), the first step or prediction with it makes the primitives, the one exception to "nothing is
 * allocated in a step"; they stay cached. */
#include <stdbool.h>

#include "backend.h"
#include "library.h"
#include "loops.h"
#include "network.h"
#include "ops.h"
#include "step.h"

extern const struct backend backend_onednn;

/* ---- Opening ---- */

/* The widest ISA of the library's ladder that the plan allows; all bits where the plan hides nothing of it.
 */
static unsigned allowed_isa(uint32_t isa)
{
    const uint32_t avx2 = ISA_AVX2 | ISA_FMA;
    const uint32_t avx512 = avx2 | ISA_AVX512F | ISA_AVX512BW | ISA_AVX512DQ | ISA_AVX512VL;
    if ((isa & (avx512 | ISA_AVX512BF16)) == (avx512 | ISA_AVX512BF16)) return ~0u;
    if ((isa & avx512) == avx512) return dnnl_cpu_isa_avx512_core;
    if ((isa & avx2) == avx2) return dnnl_cpu_isa_avx2;
    return dnnl_cpu_isa_sse41;
}

/* oneDNN fixes its ISA for the life of the process when it is first used: false if that is wider than the
 * plan's. A limit from the environment is the user's, and setting one here would lift it. */
static bool limit_isa(uint32_t isa)
{
    const unsigned allowed = allowed_isa(isa);
    if (allowed == ~0u) return true;
    if (!getenv("ONEDNN_MAX_CPU_ISA") && !getenv("DNNL_MAX_CPU_ISA")) {
        const dnnl_status_t ignored =
            dnnl_set_max_cpu_isa((dnnl_cpu_isa_t)allowed); /* fails if fixed already */
        (void)ignored;
    }
    return ((unsigned)dnnl_get_effective_cpu_isa() & ~allowed) == 0;
}

/* What the plan must have, for why[]; NULL if it has it. */
static const char *plan_defect(const struct plan *p)
{
    if (p->inputs < 1 || p->hidden < 1 || p->classes < 1 || p->batch < 1 || p->threads < 1)
        return "network sizes, batch and threads must be at least 1";
    if (!(p->epsilon > 0.0f))
        return "epsilon must be greater than 0 (the blocked layouts' padding relies on it)";
    if (!limit_isa(p->isa))
        return "oneDNN already runs with a wider ISA in this process; set ONEDNN_MAX_CPU_ISA before it "
               "starts";
    return NULL;
}

static void describe(struct onednn *s)
{
    const struct network *n = &s->network;
    const struct forward *f = n->forward[n->plan.batch];
    const struct backward *b = n->backward[n->plan.batch];
    const struct {
        const char *name;
        const struct kernel *kernel;
    } parts[] = {
        {"forward1", &f->hidden},      {"forward2", &f->logits},
        {"softmax", &f->softmax},      {"backward2_weights", &b->weights2},
        {"backward2_data", &b->data2}, {"relu_grad", &b->relu},
        {"backward1", &b->weights1},
    };
    size_t used = (size_t)snprintf(s->implementation, sizeof s->implementation, "gemm=dnnl_sgemm");
    for (size_t i = 0; i < sizeof parts / sizeof *parts && used < sizeof s->implementation; i++)
        used += (size_t)snprintf(s->implementation + used, sizeof s->implementation - used, ";%s=%s",
                                 parts[i].name, parts[i].kernel->implementation);
}

static int onednn_open(const struct plan *plan, void **state, char *why, size_t why_size)
{
    const char *defect = plan_defect(plan);
    if (defect) {
        snprintf(why, why_size, "%s", defect);
        return 1;
    }
    struct onednn *s = calloc(1, sizeof *s);
    if (!s) {
        snprintf(why, why_size, "out of memory");
        return 1;
    }
    s->network.plan = *plan;
    use_threads(s);
    network_open(&s->network, plan);
    const struct library *l = &s->network.library;
    if (l->failed) {
        snprintf(why, why_size, "oneDNN could not make %s: %s", l->failed, dnnl_status2str(l->status));
        network_close(&s->network);
        free(s);
        return 1;
    }
    describe(s);
    *state = s;
    return 0;
}

static void onednn_close(void *state)
{
    struct onednn *s = state;
    if (!s) return;
    network_close(&s->network);
    free(s);
}

static const char *onednn_version(void)
{
    static char text[32];
    const dnnl_version_t *v = dnnl_version();
    snprintf(text, sizeof text, "oneDNN %d.%d.%d", v->major, v->minor, v->patch);
    return text;
}

static const char *onednn_implementation(void *state)
{
    return ((const struct onednn *)state)->implementation;
}

/* ---- Level 1 ---- */

static void gemm(void *state, enum transpose ta, enum transpose tb, int m, int n, int k, float alpha,
                 const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    const struct onednn *s = state;
    use_threads(s);
    gemm_rows(s->network.plan.threads, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

static void gather(void *state, int rows, int cols, const uint8_t *pixels, const uint32_t *index, float *out,
                   int ldout)
{
    const struct onednn *s = state;
    gather_rows(&s->network.plan, rows, cols, pixels, index, out, ldout);
}

/* ---- The backend ---- */

static const struct step_ops training_step = {
    .load = load,
    .step = step,
    .predict = predict,
    .store = store,
    .phases = phase_names,
    .phase_seconds = phase_seconds,
    .clock_reads = clock_reads,
};

const struct backend backend_onednn = {
    .abi_version = BACKEND_ABI_VERSION,
    .struct_size = sizeof(struct backend),
    .name = "onednn",
    .summary = "oneDNN primitives: blocked weights, post-ops, its own backward and softmax",
    .needs = 0, /* the library chooses its code by itself, within the plan's ISA */
    /* Not BACKEND_DETERMINISTIC: with many rows (seen at 1024) the library splits the sum over rows in the
     * weight gradient by threads, and dnnl_sgemm does so for a single row. At 128 rows the bits agree for 1
     * to 4 threads. */
    .flags = 0,
    .blocking = {.mr = 8, .nr = 48, .kc = 384}, /* of its AVX-512 sgemm, seen row-major */
    .open = onednn_open,
    .close = onednn_close,
    .library = onednn_version,
    .implementation = onednn_implementation,
    .ops = {.gemm = gemm, .gather = gather},
    .step = &training_step,
};
