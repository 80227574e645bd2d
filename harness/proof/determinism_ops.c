/* SPDX-License-Identifier: MIT
 *
 * The same bits, op by op. Operands are large enough to be shared out among a team, with sizes that no block
 * divides. */
#include "proof/determinism.h"

enum {
    ROWS = 97,
    COLUMNS = 131,
    DEPTH = 333,
    CLASSES = 10,
    FEW = 3,
    WIDE = 1031,
    DEEP = 251,
    VECTOR = 5003,
    IMAGES = 50,
    ALIGNMENT_BYTES = 64
};

static struct contender *contender_of(const struct determinism_subject *s, int team)
{
    struct contender *of_team = s->context; /* one per team size */
    return team < 0 ? &s->proof->contender : &of_team[team];
}

static void *place(const struct determinism_subject *s, int arena, size_t bytes, int shift)
{
    uint8_t *at =
        guarded_place(&s->proof->arena[arena], "an operand", UNIT_BYTE, bytes + ALIGNMENT_BYTES, PLACE_START);
    return at + 4 * shift;
}

/* count floats in (lo, hi), the same for every call. */
static float *floats(const struct determinism_subject *s, int arena, size_t count, int shift, float lo,
                     float hi)
{
    struct rng r = rng_seed(s->proof->options->seed, 70 + (uint64_t)arena);
    float *x = place(s, arena, count * sizeof *x, shift);
    for (size_t i = 0; i < count; i++) x[i] = rng_float(&r, lo, hi);
    return x;
}

/* count numbers below limit. */
static uint8_t *bytes_below(const struct determinism_subject *s, int arena, size_t count, int shift,
                            uint32_t limit)
{
    struct rng r = rng_seed(s->proof->options->seed, 80);
    uint8_t *x = place(s, arena, count, shift);
    for (size_t i = 0; i < count; i++) x[i] = (uint8_t)rng_below(&r, limit);
    return x;
}

/* Fewer rows than threads, one row, one column; the last two with the matrix as it is and transposed. Written
 * one after the other. */
enum { THIN_FLOATS = FEW * WIDE + 2 * WIDE + 2 * DEEP + FEW * DEEP };

static void call_thin_gemms(const struct determinism_subject *s, struct contender *c, const float *a,
                            int shift, float *out)
{
    const float *b = floats(s, ARENA_B, (size_t)DEEP * WIDE, shift, -1.0f, 1.0f);
    CONTENDER_CALL(c, gemm, NO_TRANS, NO_TRANS, FEW, WIDE, DEEP, 1.0f, a, DEEP, b, WIDE, 0.0f, out, WIDE);
    out += FEW * WIDE;
    CONTENDER_CALL(c, gemm, NO_TRANS, NO_TRANS, 1, WIDE, DEEP, 0.7f, a, DEEP, b, WIDE, 1.3f, out, WIDE);
    out += WIDE;
    CONTENDER_CALL(c, gemm, TRANS, NO_TRANS, WIDE, 1, DEEP, 1.0f, b, WIDE, a, 1, 1.0f, out, 1);
    out += WIDE;
    CONTENDER_CALL(c, gemm, NO_TRANS, TRANS, 1, DEEP, WIDE, 1.0f, a, WIDE, b, WIDE, 1.0f, out, DEEP);
    out += DEEP;
    CONTENDER_CALL(c, gemm, NO_TRANS, NO_TRANS, DEEP, 1, WIDE, 0.7f, b, WIDE, a, 1, 1.3f, out, 1);
    out += DEEP;
    CONTENDER_CALL(c, gemm, NO_TRANS, TRANS, FEW, DEEP, WIDE, 1.0f, a, WIDE, b, WIDE, 1.0f, out, DEEP);
}

static void call_gemm(struct determinism_subject *s, int team, int shift)
{
    const float *a = floats(s, ARENA_A, (size_t)ROWS * DEPTH, shift, -1.0f, 1.0f);
    const float *b = floats(s, ARENA_B, (size_t)DEPTH * COLUMNS, shift, -1.0f, 1.0f);
    float *plain = floats(s, ARENA_C, (size_t)ROWS * COLUMNS, shift, -1.0f, 1.0f);
    float *transposed = floats(s, ARENA_D, (size_t)DEPTH * COLUMNS, shift, -1.0f, 1.0f);
    float *small = floats(s, ARENA_E, (size_t)ROWS * CLASSES + THIN_FLOATS, shift, -1.0f, 1.0f);
    struct contender *c = contender_of(s, team);
    CONTENDER_CALL(c, gemm, NO_TRANS, NO_TRANS, ROWS, COLUMNS, DEPTH, 1.0f, a, DEPTH, b, COLUMNS, 0.0f, plain,
                   COLUMNS);
    CONTENDER_CALL(c, gemm, TRANS, NO_TRANS, DEPTH, COLUMNS, ROWS, 0.7f, a, DEPTH, plain, COLUMNS, 1.3f,
                   transposed, COLUMNS);
    /* nine calls with the thin ones: code that alternates between two ways would make an even number of them
     * the same way in every run */
    CONTENDER_CALL(c, gemm, NO_TRANS, TRANS, ROWS, CLASSES, DEPTH, 1.0f, a, DEPTH, b, DEPTH, 1.0f, small,
                   CLASSES);
    call_thin_gemms(s, c, a, shift, small + (size_t)ROWS * CLASSES);
    determinism_output(s, small, ((size_t)ROWS * CLASSES + THIN_FLOATS) * sizeof *small);
    determinism_output(s, plain, (size_t)ROWS * COLUMNS * sizeof *plain);
    determinism_output(s, transposed, (size_t)DEPTH * COLUMNS * sizeof *transposed);
}

static void call_gather(struct determinism_subject *s, int team, int shift)
{
    const uint8_t *pixels = bytes_below(s, ARENA_A, (size_t)IMAGES * COLUMNS, shift, 256);
    uint32_t *index = place(s, ARENA_B, ROWS * sizeof *index, shift);
    float *out = floats(s, ARENA_C, (size_t)ROWS * COLUMNS, shift, 0.0f, 1.0f);
    for (uint32_t i = 0; i < ROWS; i++) index[i] = i * 7 % IMAGES;
    CONTENDER_CALL(contender_of(s, team), gather, ROWS, COLUMNS, pixels, index, out, COLUMNS);
    determinism_output(s, out, (size_t)ROWS * COLUMNS * sizeof *out);
}

static void call_bias_act(struct determinism_subject *s, int team, int shift)
{
    const float *bias = floats(s, ARENA_A, COLUMNS, shift, -1.0f, 1.0f);
    float *x = floats(s, ARENA_C, (size_t)ROWS * COLUMNS, shift, -1.0f, 1.0f);
    CONTENDER_CALL(contender_of(s, team), bias_act, ROWS, COLUMNS, bias, ACT_RELU, x, COLUMNS);
    determinism_output(s, x, (size_t)ROWS * COLUMNS * sizeof *x);
}

static void call_relu_grad(struct determinism_subject *s, int team, int shift)
{
    const float *y = floats(s, ARENA_A, (size_t)ROWS * COLUMNS, shift, -1.0f, 1.0f);
    float *d = floats(s, ARENA_C, (size_t)ROWS * COLUMNS, shift, -1.0f, 1.0f);
    CONTENDER_CALL(contender_of(s, team), relu_grad, ROWS, COLUMNS, y, COLUMNS, d, COLUMNS);
    determinism_output(s, d, (size_t)ROWS * COLUMNS * sizeof *d);
}

static void call_bias_grad(struct determinism_subject *s, int team, int shift)
{
    const float *d = floats(s, ARENA_A, (size_t)DEPTH * COLUMNS, shift, -1.0f, 1.0f);
    float *out = floats(s, ARENA_C, COLUMNS, shift, -1.0f, 1.0f);
    CONTENDER_CALL(contender_of(s, team), bias_grad, DEPTH, COLUMNS, d, COLUMNS, out);
    determinism_output(s, out, COLUMNS * sizeof *out);
}

static void call_softmax_xent(struct determinism_subject *s, int team, int shift)
{
    const float *logits = floats(s, ARENA_A, (size_t)ROWS * CLASSES, shift, -4.0f, 4.0f);
    const uint8_t *labels = bytes_below(s, ARENA_B, ROWS, shift, CLASSES);
    float *gradient = floats(s, ARENA_C, (size_t)ROWS * CLASSES, shift, -1.0f, 1.0f);
    float *probability = floats(s, ARENA_D, (size_t)ROWS * CLASSES, shift, -1.0f, 1.0f);
    float *loss = floats(s, ARENA_E, ROWS, shift, -1.0f, 1.0f);
    CONTENDER_CALL(contender_of(s, team), softmax_xent, ROWS, CLASSES, logits, CLASSES, labels, 1.0f / ROWS,
                   loss, gradient, CLASSES, probability, CLASSES);
    determinism_output(s, loss, ROWS * sizeof *loss);
    determinism_output(s, gradient, (size_t)ROWS * CLASSES * sizeof *gradient);
    determinism_output(s, probability, (size_t)ROWS * CLASSES * sizeof *probability);
}

static void call_rmsprop(struct determinism_subject *s, int team, int shift)
{
    const float *g = floats(s, ARENA_A, VECTOR, shift, -1.0f, 1.0f);
    float *v = floats(s, ARENA_B, VECTOR, shift, 0.0f, 1.0f);
    float *w = floats(s, ARENA_C, VECTOR, shift, -1.0f, 1.0f);
    CONTENDER_CALL(contender_of(s, team), rmsprop, VECTOR, 0.001f, 0.9f, 1e-7f, g, v, w);
    determinism_output(s, v, VECTOR * sizeof *v);
    determinism_output(s, w, VECTOR * sizeof *w);
}

static void call_vexp(struct determinism_subject *s, int team, int shift)
{
    const float *x = floats(s, ARENA_A, VECTOR, shift, -100.0f, 80.0f);
    float *y = floats(s, ARENA_C, VECTOR, shift, -1.0f, 1.0f);
    CONTENDER_CALL(contender_of(s, team), vexp, VECTOR, x, y);
    determinism_output(s, y, VECTOR * sizeof *y);
}

static void call_vlog(struct determinism_subject *s, int team, int shift)
{
    const float *x = floats(s, ARENA_A, VECTOR, shift, 0.0f, 80.0f);
    float *y = floats(s, ARENA_C, VECTOR, shift, -1.0f, 1.0f);
    CONTENDER_CALL(contender_of(s, team), vlog, VECTOR, x, y);
    determinism_output(s, y, VECTOR * sizeof *y);
}

static void prove_op(struct proof *p, enum op_id op, struct contender *team,
                     void (*call)(struct determinism_subject *s, int team, int shift))
{
    const bool inherited = p->contender.inherited[op];
    const struct backend *owner = p->contender.op_backend[op];
    struct determinism_subject s = {.proof = p,
                                    .op = op_name(op),
                                    .promised = (owner->flags & BACKEND_DETERMINISTIC) != 0,
                                    .inherited = inherited,
                                    .teams = DETERMINISM_OP_TEAMS,
                                    .context = team,
                                    .call = call};
    if (proof_wanted(p, s.op) && !proof_may_stop(p)) determinism_prove(&s);
}

static bool any_wanted(const struct proof *p)
{
    bool wanted = false;
    for (int op = 0; op < OP_COUNT; op++) wanted |= proof_wanted(p, op_name((enum op_id)op));
    return wanted && !proof_may_stop(p);
}

int prove_determinism_ops(struct proof *p, struct error *e)
{
    struct contender team[DETERMINISM_OP_TEAMS];
    int opened = 0;
    if (!any_wanted(p) || !determinism_wanted(p, DETERMINISM_OP_TEAMS)) return 0;
    for (; opened < DETERMINISM_OP_TEAMS; opened++) {
        struct plan plan = *p->plan;
        plan.threads = determinism_teams[opened];
        if (contender_open(&team[opened], p->backend, p->fallback, &plan, e)) break;
    }
    if (opened == DETERMINISM_OP_TEAMS) {
#define OP(name) prove_op(p, OP_##name, team, call_##name);
#include "ops.def"
#undef OP
    }
    while (opened > 0) contender_close(&team[--opened]);
    return (int)e->code;
}
