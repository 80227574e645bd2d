/* SPDX-License-Identifier: MIT */
#include "proof/step_compare.h"

#include "proof/oracle.h"

int tensor_columns(const struct shape *s, int tensor)
{
    return tensor == TENSOR_W1 || tensor == TENSOR_B1 ? s->hidden : s->classes;
}

void update_compare(const struct rmsprop_constants *k, const struct oracle_step *o, const struct model *from,
                    const struct model *got, int tensor, unsigned flags, struct comparison *cw,
                    struct comparison *cv)
{
    const struct oracle_tensor *gradient = &o->gradient[tensor];
    const float *w = tensor_data(&from->w, tensor), *v = tensor_data(&from->v, tensor);
    const float *new_w = tensor_data(&got->w, tensor), *new_v = tensor_data(&got->v, tensor);
    const size_t count = tensor_count(&o->shape, tensor);
    const int columns = tensor_columns(&o->shape, tensor);
    compare_begin(cw, tensor_name(tensor), (long long)count, columns, flags | COMPARE_TIGHT);
    compare_begin(cv, "v", (long long)count, columns, flags | COMPARE_TIGHT);
    for (size_t i = 0; i < count; i++) {
        const double g = gradient->value[i], error = gradient->bound[i];
        const struct allowance aw = bound_rmsprop_w(k, v[i], w[i], g, error);
        const struct allowance av = bound_rmsprop_v(k, v[i], g, error);
        compare_element(cw, new_w[i], oracle_rmsprop_w(k, g, v[i], w[i]), aw.below, aw.above, w[i]);
        compare_element(cv, new_v[i], oracle_rmsprop_v(k, g, v[i]), av.below, av.above, v[i]);
    }
}

void result_compare(const struct oracle_step *o, const struct step_result *result, struct comparison *loss,
                    struct comparison *correct)
{
    compare_begin(loss, "loss_sum", 1, 1, 0);
    compare_element(loss, result->loss_sum, o->loss_sum, o->loss_bound, o->loss_bound, 0.0);
    compare_begin(correct, "correct", 1, 1, COMPARE_IDLE_IS_RIGHT);
    compare_element(correct, result->correct, o->correct_min, 0.0, (double)o->correct_max - o->correct_min,
                    0.0);
    /* a count is right or wrong, not near its bound */
    correct->worst = correct->wrong ? COMPARE_HOPELESS : 0.0;
}
