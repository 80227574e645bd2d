/* SPDX-License-Identifier: MIT
 *
 * The checks of one training step against the oracle. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "proof/bounds.h"
#include "proof/oracle.h"
#include "proof/prove_step.h"
#include "proof/step_compare.h"

/* Few hidden values may all be switched off, images of zeros train no pixel, one class has nothing to learn,
 * and a network that has just learned this batch may have learned all of it: then an idle step is right. */
static unsigned flags_of(const struct step_fixture *r, int tensor)
{
    const bool few = r->shape.hidden < 8 || r->batch.rows * r->shape.hidden < 64;
    const bool zero = tensor == TENSOR_W1 && r->kind == BATCH_ZERO;
    return few || zero || r->learned || r->shape.classes == 1 ? COMPARE_IDLE_IS_RIGHT : 0;
}

static bool begin(struct step_fixture *r, const char *check, const char *parameters)
{
    return case_begin(r->proof, "%s %d-%d-%d rows=%d %s: %s", r->name, r->shape.inputs, r->shape.hidden,
                      r->shape.classes, r->batch.rows, parameters, check);
}

/* Of two cases that come from one run, the first is begun. Whether either is wanted. */
static bool begin_either(struct step_fixture *r, const char *check, const char *loss_check,
                         const char *parameters)
{
    const bool loss_wanted = begin(r, loss_check, parameters);
    return begin(r, check, parameters) || loss_wanted;
}

void ask_oracle(struct step_fixture *r, const struct tensors *w)
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
static void check_unchanged(struct step_fixture *r, struct proof_row *row)
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
    if (guarded_model_intruded(&r->stored) > 0) case_fail(r->proof, row, "store wrote outside the tensors");
}

void check_storage(struct step_fixture *r, struct proof_row *row, const char *parameters)
{
    if (!begin(r, "load, store", parameters)) return;
    trainer_load(r->trainer, &r->given);
    guarded_model_store(&r->stored, r->trainer);
    check_unchanged(r, row);
    struct step_result result;
    trainer_predict(r->trainer, &r->batch, NULL, &result);
    guarded_model_store(&r->stored, r->trainer);
    check_unchanged(r, row);
    case_end(r->proof, row);
}

/* Loss sum and count against the oracle's last forward pass. */
static void compare_result(struct step_fixture *r, struct proof_row *row, const struct step_result *result)
{
    struct comparison loss, correct;
    result_compare(&r->oracle, result, &loss, &correct);
    if (r->learned || r->shape.classes == 1) loss.flags |= COMPARE_IDLE_IS_RIGHT;
    case_check(r->proof, row, &loss);
    case_check(r->proof, row, &correct);
}

static void result_case(struct step_fixture *r, struct proof_row *row, const char *check,
                        const char *parameters, const struct step_result *result)
{
    begin(r, check, parameters);
    compare_result(r, row, result);
    case_end(r->proof, row);
}

/* Predicts with what the trainer holds, as prediction `which` of `count`, 2 at most. */
static void predict(struct step_fixture *r, int which, int count, struct step_result *result)
{
    const size_t floats = (size_t)r->batch.rows * (size_t)r->shape.classes;
    if (which == 0)
        r->prob = guarded_place(&r->prob_arena, "prob", UNIT_FLOAT, (size_t)count * floats * sizeof(float),
                                PLACE_END);
    *result = poisoned_result();
    trainer_predict(r->trainer, &r->batch, r->prob + (size_t)which * floats, result);
}

/* That prediction with the oracle's last forward pass. */
static void compare_prediction(struct step_fixture *r, struct proof_row *row, int which)
{
    const int rows = r->batch.rows, classes = r->shape.classes;
    struct comparison c;
    compare_begin(&c, "prob", (long long)rows * classes, classes, 0);
    compare_matrix(&c, rows, classes, r->prob + which * rows * classes, classes, r->oracle.prob.value,
                   r->oracle.prob.bound);
    check_margins(&c, &r->prob_arena);
    case_check(r->proof, row, &c);
}

/* Predicts once, and compares with the oracle's forward pass for weights w. */
static void predict_and_compare(struct step_fixture *r, struct proof_row *row, const struct tensors *w,
                                struct step_result *result)
{
    predict(r, 0, 1, result);
    oracle_forward(&r->oracle, w, &r->batch);
    r->oracle_knows = false;
    compare_prediction(r, row, 0);
}

void check_predict(struct step_fixture *r, struct proof_row *row, struct proof_row *loss_row,
                   const char *parameters)
{
    struct step_result result;
    if (!begin_either(r, "predict", "loss of predict", parameters)) return;
    trainer_load(r->trainer, &r->given);
    predict_and_compare(r, row, &r->given.w, &result);
    case_end(r->proof, row);
    result_case(r, loss_row, "loss of predict", parameters, &result);
}

/* One tensor's gradient, from the change of w under an update with v = 1; and v itself. */
static void compare_gradient(struct step_fixture *r, struct proof_row *row, int tensor)
{
    const struct rmsprop_constants k = rmsprop_constants(READBACK_RATE, r->plan.rho, r->plan.epsilon);
    const struct oracle_tensor *truth = &r->oracle.gradient[tensor];
    const float *w = tensor_data(&r->given.w, tensor);
    const float *new_w = tensor_data(&r->stored.model.w, tensor),
                *new_v = tensor_data(&r->stored.model.v, tensor);
    const size_t count = tensor_count(&r->shape, tensor);
    struct comparison gradient, v;
    compare_begin(&gradient, tensor_name(tensor), (long long)count, tensor_columns(&r->shape, tensor),
                  flags_of(r, tensor));
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

void check_gradient(struct step_fixture *r, struct proof_row *row, struct proof_row *loss_row,
                    const char *parameters)
{
    struct step_result result = poisoned_result();
    struct model ones;
    if (!begin_either(r, "gradients", "loss of step", parameters)) return;
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
    guarded_model_store(&r->stored, r->readback_trainer);
    ask_oracle(r, &r->given.w);
    for (int i = 0; i < TENSOR_COUNT; i++) compare_gradient(r, row, i);
    case_end(r->proof, row);
    result_case(r, loss_row, "loss of step", parameters, &result);
}

/* One tensor's new w and v. */
static void compare_update(struct step_fixture *r, struct proof_row *row, const struct model *from,
                           int tensor)
{
    const struct rmsprop_constants k = rmsprop_constants(r->plan.lr, r->plan.rho, r->plan.epsilon);
    struct comparison w, v;
    update_compare(&k, &r->oracle, from, &r->stored.model, tensor, flags_of(r, tensor), &w, &v);
    case_check(r->proof, row, &w);
    case_check(r->proof, row, &v);
}

/* Steps with what the trainer holds, which is `from`, and compares the new parameters. */
static void step_and_compare(struct step_fixture *r, struct proof_row *row, const struct model *from,
                             struct step_result *result)
{
    *result = poisoned_result();
    trainer_step(r->trainer, &r->batch, result);
    guarded_model_store(&r->stored, r->trainer);
    ask_oracle(r, &from->w);
    for (int i = 0; i < TENSOR_COUNT; i++) compare_update(r, row, from, i);
    if (guarded_model_intruded(&r->stored) > 0) case_fail(r->proof, row, "store wrote outside the tensors");
}

void check_update(struct step_fixture *r, struct proof_row *row, struct proof_row *loss_row,
                  const char *parameters)
{
    struct step_result result;
    if (!begin_either(r, "update", "loss of update", parameters)) return;
    trainer_load(r->trainer, &r->given);
    step_and_compare(r, row, &r->given, &result);
    case_end(r->proof, row);
    result_case(r, loss_row, "loss of update", parameters, &result);
}

void check_again(struct step_fixture *r, struct proof_row *row, const char *parameters)
{
    struct step_result result;
    if (!begin(r, "predict and step again", parameters)) return;
    trainer_load(r->trainer, &r->given);
    trainer_step(r->trainer, &r->batch, &result);
    guarded_model_store(&r->stored, r->trainer);
    r->oracle_knows = false;
    r->learned = true;
    network_copy(&r->given, &r->stored.model, &r->shape); /* what the trainer now holds, by its own account */
    predict_and_compare(r, row, &r->given.w, &result);
    compare_result(r, row, &result);
    step_and_compare(r, row, &r->given, &result);
    compare_result(r, row, &result);
    case_end(r->proof, row);
}

/* Any call may be the one that completes postponed work, so each order is a separate case; every run of
 * predictions has an order that ends with it. The last ones are compared with the parameters that store()
 * then gives. */
void check_unstored(struct step_fixture *r, struct proof_row *row, const char *parameters, uint64_t seed)
{
    static const char *const orders[] = {"sp", "spp", "ssp", "psp", "spsp", "sspspp", "pssssp"};
    const char *const order = orders[seed % (sizeof orders / sizeof *orders)];
    const int count = strstr(order, "pp") ? 2 : 1;
    struct step_result result[2];
    char check[40];
    int predicted = 0;
    snprintf(check, sizeof check, "%s before store", order);
    if (!begin(r, check, parameters)) return;
    trainer_load(r->trainer, &r->given);
    for (const char *call = order; *call; call++) {
        if (*call == 'p') {
            predict(r, predicted, count, &result[predicted]);
            predicted++;
        } else {
            trainer_step(r->trainer, &r->batch, &result[0]);
            predicted = 0;
        }
    }
    guarded_model_store(&r->stored, r->trainer);
    oracle_forward(&r->oracle, &r->stored.model.w, &r->batch);
    r->oracle_knows = false;
    r->learned = true;
    for (int i = 0; i < count; i++) {
        compare_prediction(r, row, i);
        compare_result(r, row, &result[i]);
    }
    r->learned = false;
    case_end(r->proof, row);
}
