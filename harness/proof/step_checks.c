/* SPDX-License-Identifier: MIT
 *
 * The checks of one training step against the oracle. */
#include <math.h>
#include <string.h>

#include "proof/bounds.h"
#include "proof/oracle.h"
#include "proof/prove_step.h"
#include "proof/step_compare.h"

/* Few hidden values may all be switched off: then an idle step is right. */
static unsigned flags_of(const struct step_rig *r)
{
    return r->shape.hidden < 8 || r->batch.rows * r->shape.hidden < 64 ? COMPARE_IDLE_IS_RIGHT : 0;
}

static bool begin(struct step_rig *r, const char *check, const char *words)
{
    return case_begin(r->proof, "%s %d-%d-%d rows=%d %s: %s", r->name, r->shape.inputs, r->shape.hidden,
                      r->shape.classes, r->batch.rows, words, check);
}

/* Of two cases that come from one run, the first is begun. Whether either is wanted. */
static bool begin_either(struct step_rig *r, const char *check, const char *loss_check, const char *words)
{
    const bool loss_wanted = begin(r, loss_check, words);
    return begin(r, check, words) || loss_wanted;
}

void ask_oracle(struct step_rig *r, const struct tensors *w)
{
    if (r->oracle_knows && w == &r->given.w) return;
    oracle_forward(&r->oracle, w, &r->batch);
    oracle_backward(&r->oracle, w);
    r->oracle_knows = w == &r->given.w;
}

static struct step_result poisoned_result(void)
{
    return (struct step_result){.loss_sum = (double)NAN, .correct = UINT32_MAX};
}

/* Every bit of w and v as given. */
static void check_unchanged(struct step_rig *r, struct proof_row *row)
{
    static const char *const names[2] = {"w", "v"};
    for (int half = 0; half < 2; half++)
        for (int i = 0; i < TENSOR_COUNT; i++) {
            const float *given = tensor_data(half ? &r->given.v : &r->given.w, i);
            const float *got = tensor_data(half ? &r->stored.model.v : &r->stored.model.w, i);
            const size_t bytes = tensor_count(&r->shape, i) * sizeof(float);
            if (memcmp(given, got, bytes) != 0)
                case_fail(r->proof, row, "%s of %s differs from what was loaded", names[half],
                          tensor_name(i));
        }
    if (step_rig_intruded(r) > 0) case_fail(r->proof, row, "store wrote outside the tensors");
}

void check_storage(struct step_rig *r, struct proof_row *row, const char *words)
{
    if (!begin(r, "load, store", words)) return;
    trainer_load(r->trainer, &r->given);
    step_rig_store(r, r->trainer);
    check_unchanged(r, row);
    struct step_result result;
    trainer_predict(r->trainer, &r->batch, NULL, &result);
    step_rig_store(r, r->trainer);
    check_unchanged(r, row);
    case_end(r->proof, row);
}

/* Loss sum and count against the oracle's last forward pass. */
static void compare_result(struct step_rig *r, struct proof_row *row, const struct step_result *result)
{
    struct comparison loss, correct;
    result_compare(&r->oracle, result, &loss, &correct);
    case_check(r->proof, row, &loss);
    case_check(r->proof, row, &correct);
}

static void result_case(struct step_rig *r, struct proof_row *row, const char *check, const char *words,
                        const struct step_result *result)
{
    begin(r, check, words);
    compare_result(r, row, result);
    case_end(r->proof, row);
}

/* Predicts with what the trainer holds, and compares with the oracle's forward pass for weights w. */
static void predict_and_compare(struct step_rig *r, struct proof_row *row, const struct tensors *w,
                                struct step_result *result)
{
    const int rows = r->batch.rows, classes = r->shape.classes;
    const size_t bytes = (size_t)rows * (size_t)classes * sizeof(float);
    *result = poisoned_result();
    r->prob = guarded_place(&r->prob_arena, bytes, PLACE_END);
    trainer_predict(r->trainer, &r->batch, r->prob, result);
    oracle_forward(&r->oracle, w, &r->batch);
    r->oracle_knows = false;
    struct comparison c;
    compare_begin(&c, "prob", (long long)rows * classes, classes, 0);
    compare_matrix(&c, rows, classes, r->prob, classes, r->oracle.prob.value, r->oracle.prob.bound);
    c.intruded = guarded_intruded(&r->prob_arena);
    case_check(r->proof, row, &c);
}

void check_predict(struct step_rig *r, struct proof_row *row, struct proof_row *loss_row, const char *words)
{
    struct step_result result;
    if (!begin_either(r, "predict", "loss of predict", words)) return;
    trainer_load(r->trainer, &r->given);
    predict_and_compare(r, row, &r->given.w, &result);
    case_end(r->proof, row);
    result_case(r, loss_row, "loss of predict", words, &result);
}

/* One tensor's gradient, from the change of w under an update with v = 1; and v itself. */
static void compare_gradient(struct step_rig *r, struct proof_row *row, int tensor)
{
    const struct rmsprop_constants k = rmsprop_constants(READBACK_RATE, r->plan.rho, r->plan.epsilon);
    const struct oracle_tensor *truth = &r->oracle.gradient[tensor];
    const float *w = tensor_data(&r->given.w, tensor);
    const float *new_w = tensor_data(&r->stored.model.w, tensor),
                *new_v = tensor_data(&r->stored.model.v, tensor);
    const size_t count = tensor_count(&r->shape, tensor);
    struct comparison gradient, v;
    compare_begin(&gradient, tensor_name(tensor), (long long)count, tensor_columns(&r->shape, tensor),
                  flags_of(r));
    compare_begin(&v, "v", (long long)count, tensor_columns(&r->shape, tensor), 0);
    for (size_t i = 0; i < count; i++) {
        const double g = truth->value[i], error = truth->bound[i];
        const double got = ((double)w[i] - (double)new_w[i]) * (sqrt((double)new_v[i]) + k.epsilon) / k.lr;
        const double bound = bound_readback(&k, g, error, new_v[i], new_w[i]);
        const struct allowance allowed = bound_rmsprop_v(&k, 1.0, g, error);
        compare_element(&gradient, got, g, bound, bound, 0.0);
        compare_element(&v, new_v[i], oracle_rmsprop_v(&k, g, 1.0), allowed.below, allowed.above, 1.0);
    }
    /* v = 1 hardly moves: its share of the bound is that of rounding 0.9, whatever the gradient. It must be
     * right, but the row's worst share is of gradients alone; v's is in the rows of updates. */
    if (v.wrong == 0) v.worst = 0.0;
    case_check(r->proof, row, &gradient);
    case_check(r->proof, row, &v);
}

void check_gradient(struct step_rig *r, struct proof_row *row, struct proof_row *loss_row, const char *words)
{
    struct step_result result = poisoned_result();
    struct model ones;
    if (!begin_either(r, "gradients", "loss of step", words)) return;
    network_alloc(&ones, &r->shape);
    if (!ones.w.w1) {
        case_fail(r->proof, row, "no memory for a model");
        case_end(r->proof, row);
        return;
    }
    network_copy(&ones, &r->given, &r->shape);
    for (int i = 0; i < TENSOR_COUNT; i++)
        for (size_t j = 0; j < tensor_count(&r->shape, i); j++) tensor_data(&ones.v, i)[j] = 1.0f;
    trainer_load(r->readback_trainer, &ones);
    network_free(&ones);
    trainer_step(r->readback_trainer, &r->batch, &result);
    step_rig_store(r, r->readback_trainer);
    ask_oracle(r, &r->given.w);
    for (int i = 0; i < TENSOR_COUNT; i++) compare_gradient(r, row, i);
    case_end(r->proof, row);
    result_case(r, loss_row, "loss of step", words, &result);
}

/* One tensor's new w and v. */
static void compare_update(struct step_rig *r, struct proof_row *row, const struct model *from, int tensor)
{
    const struct rmsprop_constants k = rmsprop_constants(r->plan.lr, r->plan.rho, r->plan.epsilon);
    struct comparison w, v;
    update_compare(&k, &r->oracle, from, &r->stored.model, tensor, flags_of(r), &w, &v);
    case_check(r->proof, row, &w);
    case_check(r->proof, row, &v);
}

/* Steps with what the trainer holds, which is `from`, and compares the new parameters. */
static void step_and_compare(struct step_rig *r, struct proof_row *row, const struct model *from,
                             struct step_result *result)
{
    *result = poisoned_result();
    trainer_step(r->trainer, &r->batch, result);
    step_rig_store(r, r->trainer);
    ask_oracle(r, &from->w);
    for (int i = 0; i < TENSOR_COUNT; i++) compare_update(r, row, from, i);
    if (step_rig_intruded(r) > 0) case_fail(r->proof, row, "store wrote outside the tensors");
}

void check_update(struct step_rig *r, struct proof_row *row, struct proof_row *loss_row, const char *words)
{
    struct step_result result;
    if (!begin_either(r, "update", "loss of update", words)) return;
    trainer_load(r->trainer, &r->given);
    step_and_compare(r, row, &r->given, &result);
    case_end(r->proof, row);
    result_case(r, loss_row, "loss of update", words, &result);
}

void check_again(struct step_rig *r, struct proof_row *row, const char *words)
{
    struct step_result result;
    if (!begin(r, "predict and step again", words)) return;
    trainer_load(r->trainer, &r->given);
    trainer_step(r->trainer, &r->batch, &result);
    step_rig_store(r, r->trainer);
    r->oracle_knows = false;
    network_copy(&r->given, &r->stored.model, &r->shape); /* what the trainer now holds, by its own account */
    predict_and_compare(r, row, &r->given.w, &result);
    compare_result(r, row, &result);
    step_and_compare(r, row, &r->given, &result);
    compare_result(r, row, &result);
    case_end(r->proof, row);
}
