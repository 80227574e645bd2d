/* SPDX-License-Identifier: MIT */
#include "proof/blind_span.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proof/oracle.h"

static size_t parameters(const struct shape *s)
{
    size_t count = 0;
    for (int i = 0; i < TENSOR_COUNT; i++) count += tensor_count(s, i);
    return count;
}

int blind_span_open(struct blind_span *s, const struct shape *shape, const struct plan *plan)
{
    *s = (struct blind_span){.shape = *shape};
    s->constants = rmsprop_constants(plan->lr, plan->rho, plan->epsilon);
    network_alloc(&s->from, shape);
    network_alloc(&s->model, shape);
    network_alloc(&s->after, shape);
    s->slack = calloc(parameters(shape), sizeof *s->slack);
    return s->from.w.w1 && s->model.w.w1 && s->after.w.w1 && s->slack ? 0 : -1;
}

void blind_span_close(struct blind_span *s)
{
    network_free(&s->from);
    network_free(&s->model);
    network_free(&s->after);
    free(s->slack);
    s->slack = NULL;
}

void blind_span_draw(struct blind_span *s, struct rng *rng, int steps)
{
    s->seen = s->length = 0;
    if (steps < SPAN_MIN) return;
    const int most = steps < SPAN_MAX ? steps : SPAN_MAX;
    s->length = SPAN_MIN + (int)rng_below(rng, (uint32_t)(most - SPAN_MIN + 1));
    s->first = (int)rng_below(rng, (uint32_t)(steps - s->length + 1));
}

bool blind_span_begins(const struct blind_span *s, int step)
{
    return s->length > 0 && step == s->first;
}

bool blind_span_has(const struct blind_span *s, int step)
{
    return s->length > 0 && step >= s->first && step < s->first + s->length;
}

void blind_span_note(struct blind_span *s, const struct batch *b, const struct step_result *r)
{
    s->batch[s->seen] = *b;
    s->batch[s->seen].next = NULL; /* valid in this step only */
    s->loss_sum[s->seen++] = r->loss_sum;
}

bool blind_span_ended(const struct blind_span *s)
{
    return s->length > 0 && s->seen == s->length;
}

/* One step of the oracle's own training; it rounds its parameters to float, as everybody must. */
static void train(struct blind_span *s, const struct oracle_step *oracle)
{
    float *slack = s->slack;
    for (int i = 0; i < TENSOR_COUNT; i++) {
        const struct oracle_tensor *gradient = &oracle->gradient[i];
        float *w = tensor_data(&s->model.w, i), *v = tensor_data(&s->model.v, i);
        const size_t count = tensor_count(&s->shape, i);
        for (size_t j = 0; j < count; j++) {
            const double g = gradient->value[j];
            const struct allowance a = bound_rmsprop_w(&s->constants, v[j], w[j], g, gradient->bound[j]);
            const double new_w = oracle_rmsprop_w(&s->constants, g, v[j], w[j]);
            slack[j] += (float)fmax(a.below, a.above);
            v[j] = (float)oracle_rmsprop_v(&s->constants, g, v[j]);
            w[j] = (float)new_w;
        }
        slack += count;
    }
}

/* Of one tensor: how far the backend ended from the oracle, less what the bounds allow, over the way that it
 * went. */
static double deviation(const struct blind_span *s, int tensor, const float *slack)
{
    const float *from = tensor_data(&s->from.w, tensor), *right = tensor_data(&s->model.w, tensor);
    const float *got = tensor_data(&s->after.w, tensor);
    double apart = 0.0, moved = 0.0, allowed = 0.0;
    for (size_t i = 0; i < tensor_count(&s->shape, tensor); i++) {
        const double a = (double)got[i] - right[i], m = (double)right[i] - from[i];
        apart += a * a;
        moved += m * m;
        allowed += (double)slack[i] * slack[i];
    }
    const double excess = sqrt(apart) - sqrt(allowed);
    if (!(excess > 0.0)) return isnan(excess) ? INFINITY : 0.0;
    return excess / sqrt(moved); /* infinite where nothing should have moved */
}

static void judge_loss(const struct blind_span *s, int step, double loss_sum, char *message, size_t size)
{
    const double apart = fabs(s->loss_sum[step] - loss_sum) / s->batch[step].rows;
    if (message[0] || apart <= BOUND_FREE_RUNNING * fmax(1.0, loss_sum / s->batch[step].rows)) return;
    snprintf(message, size, "loss of step %d: expected %.9g, got %.9g", s->first + step + 1, loss_sum,
             s->loss_sum[step]);
}

void blind_span_judge(struct blind_span *s, struct oracle_step *oracle, char *message, size_t size)
{
    message[0] = 0;
    network_copy(&s->model, &s->from, &s->shape);
    memset(s->slack, 0, parameters(&s->shape) * sizeof *s->slack);
    for (int i = 0; i < s->length; i++) {
        oracle_forward(oracle, &s->model.w, &s->batch[i]);
        oracle_backward(oracle, &s->model.w);
        judge_loss(s, i, oracle->loss_sum, message, size);
        train(s, oracle);
    }
    const float *slack = s->slack;
    for (int i = 0; i < TENSOR_COUNT; i++) {
        const double far = deviation(s, i, slack);
        if (!message[0] && !(far <= SPAN_DEVIATION))
            snprintf(message, size, "%s ends %.3g of its way from where it should, at most %.3g is right",
                     tensor_name(i), far, SPAN_DEVIATION);
        slack += tensor_count(&s->shape, i);
    }
}
