/* SPDX-License-Identifier: MIT */
#include "proof/oracle_step.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proof/bounds.h"
#include "proof/oracle.h"

/* A fused step may work on integer pixels and scale later: the rounding of pixel / 255 and one more. */
enum { PIXEL_ROUNDINGS = 2 };

/* ---- memory */

static int tensor_open(struct oracle_tensor *t, size_t count)
{
    t->value = calloc(count + 1, sizeof *t->value);
    t->bound = calloc(count + 1, sizeof *t->bound);
    return t->value && t->bound ? 0 : -1;
}

static void tensor_close(struct oracle_tensor *t)
{
    free(t->value);
    free(t->bound);
}

int oracle_step_open(struct oracle_step *o, const struct shape *shape, int batch)
{
    *o = (struct oracle_step){.shape = *shape, .batch = batch};
    const size_t rows = (size_t)batch, in = (size_t)shape->inputs;
    const size_t hidden = rows * (size_t)shape->hidden, out = rows * (size_t)shape->classes;
    o->nonzero_count = calloc(rows, sizeof *o->nonzero_count);
    o->nonzero_column = calloc(rows * in, sizeof *o->nonzero_column);
    o->nonzero_value = calloc(rows * in, sizeof *o->nonzero_value);
    o->scratch = calloc((size_t)shape->hidden, sizeof *o->scratch);
    int failed = !o->nonzero_count || !o->nonzero_column || !o->nonzero_value || !o->scratch;
    failed |=
        tensor_open(&o->z1, hidden) | tensor_open(&o->hidden, hidden) | tensor_open(&o->dhidden, hidden);
    failed |= tensor_open(&o->logits, out) | tensor_open(&o->prob, out) | tensor_open(&o->dlogits, out);
    for (int i = 0; i < TENSOR_COUNT; i++) failed |= tensor_open(&o->gradient[i], tensor_count(shape, i));
    if (!failed) return 0;
    oracle_step_close(o);
    return -1;
}

void oracle_step_close(struct oracle_step *o)
{
    struct oracle_tensor *const all[] = {&o->z1, &o->hidden, &o->logits, &o->prob, &o->dlogits, &o->dhidden};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) tensor_close(all[i]);
    for (int i = 0; i < TENSOR_COUNT; i++) tensor_close(&o->gradient[i]);
    free(o->nonzero_count);
    free(o->nonzero_column);
    free(o->nonzero_value);
    free(o->scratch);
    memset(o, 0, sizeof *o);
}

/* ---- forward */

static void read_images(struct oracle_step *o, const struct batch *b)
{
    const size_t in = (size_t)o->shape.inputs;
    for (int i = 0; i < o->rows; i++) {
        const uint8_t *image = b->pixels + (size_t)b->index[i] * in;
        int count = 0;
        for (int j = 0; j < o->shape.inputs; j++) {
            if (image[j] == 0) continue;
            o->nonzero_column[(size_t)i * in + (size_t)count] = j;
            o->nonzero_value[(size_t)i * in + (size_t)count] = oracle_gather(image[j]);
            count++;
        }
        o->nonzero_count[i] = count;
    }
}

/* value += x w, gauge += x |w| along a row of W1; x > 0. */
static void add_scaled(int n, double x, const float *restrict w, double *restrict value,
                       double *restrict gauge)
{
    for (int j = 0; j < n; j++) value[j] += x * (double)w[j];
    for (int j = 0; j < n; j++) gauge[j] += x * fabs((double)w[j]);
}

/* z1 = X W1 + b1 and hidden = relu(z1). A sum of N nonzero terms, bias included, has N roundings at most: N -
 * 1 additions and a product. ReLU never increases an error, and a z1 that is surely negative gives an exact
 * 0. */
static void forward_hidden(struct oracle_step *o, const struct tensors *w)
{
    const int hidden = o->shape.hidden;
    const size_t in = (size_t)o->shape.inputs;
    o->ambiguous = 0;
    for (int i = 0; i < o->rows; i++) {
        double *z = o->z1.value + (size_t)i * (size_t)hidden, *e = o->z1.bound + (size_t)i * (size_t)hidden;
        double *h = o->hidden.value + (size_t)i * (size_t)hidden,
               *he = o->hidden.bound + (size_t)i * (size_t)hidden;
        const int count = o->nonzero_count[i];
        for (int j = 0; j < hidden; j++) {
            z[j] = w->b1[j];
            e[j] = fabs(z[j]);
        }
        for (int t = 0; t < count; t++) {
            const size_t at = (size_t)i * in + (size_t)t;
            add_scaled(hidden, o->nonzero_value[at], w->w1 + (size_t)o->nonzero_column[at] * (size_t)hidden,
                       z, e);
        }
        const double gamma = count > 0 ? bound_gamma(count + 1.0 + PIXEL_ROUNDINGS) : BOUND_EXACT;
        for (int j = 0; j < hidden; j++) {
            e[j] = e[j] > 0.0 ? gamma * e[j] + count * BOUND_TINY : BOUND_EXACT;
            h[j] = fmax(z[j], 0.0);
            he[j] = z[j] <= -e[j] ? 0.0 : e[j];
            o->ambiguous += e[j] > 0.0 && fabs(z[j]) <= e[j];
        }
    }
}

/* logits = hidden W2 + b2: errors of hidden carried through, and the roundings of the units that can be
 * active. */
static void forward_logits(struct oracle_step *o, const struct tensors *w)
{
    const int hidden = o->shape.hidden, classes = o->shape.classes;
    double carried[ORACLE_MAX_CLASSES], gauge[ORACLE_MAX_CLASSES];
    for (int i = 0; i < o->rows; i++) {
        const double *h = o->hidden.value + (size_t)i * (size_t)hidden;
        const double *he = o->hidden.bound + (size_t)i * (size_t)hidden;
        double *z = o->logits.value + (size_t)i * (size_t)classes,
               *e = o->logits.bound + (size_t)i * (size_t)classes;
        int active = 0;
        for (int c = 0; c < classes; c++) {
            z[c] = w->b2[c];
            gauge[c] = fabs(z[c]);
            carried[c] = 0.0;
        }
        for (int j = 0; j < hidden; j++) {
            if (h[j] + he[j] == 0.0) continue;
            const float *w2 = w->w2 + (size_t)j * (size_t)classes;
            for (int c = 0; c < classes; c++) {
                z[c] += h[j] * (double)w2[c];
                carried[c] += he[j] * fabs((double)w2[c]);
                gauge[c] += (h[j] + he[j]) * fabs((double)w2[c]);
            }
            active++;
        }
        const double gamma = active > 0 ? bound_gamma(active + 1.0) : BOUND_EXACT;
        for (int c = 0; c < classes; c++) /* a sum of zeros is exact: so are its ties */
            e[c] = gauge[c] == 0.0 ? 0.0 : carried[c] + gamma * gauge[c] + active * BOUND_TINY;
    }
}

static double largest(const double *list, int count)
{
    double max = list[0];
    for (int i = 1; i < count; i++) max = fmax(max, list[i]);
    return max;
}

/* Loss, probabilities and their gradient of one row.
 *
 * Sensitivity: p = 1 / (1 + r) with r the sum over the other classes of exp(z_k - z_c). Logits off by e_k
 * change r by a factor within exp(+-D), D = e_c + max e_k, and p by at most p (1 - p) (exp(D) - 1), and 1.
 * The loss, log(1 + r) of the label, changes by at most log(1 + (1 - p) (exp(D) - 1)), and D. To this come
 * the roundings of softmax itself, taken at the ends of these intervals. */
static double output_row(struct oracle_step *o, int i, int label, double *loss_bound)
{
    const int n = o->shape.classes;
    const size_t at = (size_t)i * (size_t)n;
    const double *e = o->logits.bound + at, e_max = largest(e, n), scale = 1.0 / o->rows;
    struct oracle_softmax s;
    oracle_softmax_xent(n, o->logits.value + at, label, &s);
    for (int c = 0; c < n; c++) {
        const double change = fmin(1.0, s.p[c] * s.rest[c] * expm1(e[c] + e_max));
        const double p_error = change + bound_probability(n, s.p[c] + change, s.shift[c] + 2.0 * e_max);
        const double delta = c == label ? -s.rest[c] : s.p[c];
        o->prob.value[at + (size_t)c] = s.p[c];
        o->prob.bound[at + (size_t)c] = p_error;
        o->dlogits.value[at + (size_t)c] = delta * scale;
        o->dlogits.bound[at + (size_t)c] = bound_logit_gradient(fabs(delta), p_error, scale);
    }
    const double apart = e[label] + e_max;
    const double change = fmin(apart, log1p(s.rest[label] * expm1(apart)));
    *loss_bound =
        change + bound_loss(n, s.log_sum + 2.0 * e_max, s.shift[label] + 2.0 * e_max, s.loss + change);
    return s.loss;
}

/* Whether the label is surely (1), surely not (0) or possibly (-1) the first largest logit. */
static int prediction(const double *z, const double *e, int n, int label)
{
    int verdict = 1;
    for (int k = 0; k < n; k++) {
        if (k == label) continue;
        const double min_lead = (z[label] - e[label]) - (z[k] + e[k]);
        const double max_lead = (z[label] + e[label]) - (z[k] - e[k]);
        const int wins_ties = label < k;
        if (wins_ties ? max_lead < 0.0 : max_lead <= 0.0) return 0;
        if (wins_ties ? min_lead < 0.0 : min_lead <= 0.0) verdict = -1;
    }
    return verdict;
}

void oracle_forward(struct oracle_step *o, const struct tensors *w, const struct batch *b)
{
    o->rows = b->rows;
    read_images(o, b);
    forward_hidden(o, w);
    forward_logits(o, w);
    o->loss_sum = o->loss_bound = 0.0;
    o->correct_min = o->correct_max = 0;
    double gauge = 0.0;
    const size_t classes = (size_t)o->shape.classes;
    for (int i = 0; i < o->rows; i++) {
        const int label = b->labels[b->index[i]];
        double bound;
        const double loss = output_row(o, i, label, &bound);
        const int right = prediction(o->logits.value + (size_t)i * classes,
                                     o->logits.bound + (size_t)i * classes, o->shape.classes, label);
        o->loss_sum += loss;
        o->loss_bound += bound;
        gauge += loss + bound;
        o->correct_min += right == 1;
        o->correct_max += right != 0;
    }
    o->loss_bound += bound_gamma(o->rows) * gauge; /* the losses may be summed in float */
}

/* ---- backward */

/* dW2 = hidden^T dlogits, db2 = column sums of dlogits; at most rows roundings a term. */
static void backward_output(struct oracle_step *o)
{
    const size_t hidden = (size_t)o->shape.hidden, classes = (size_t)o->shape.classes;
    const double gamma = bound_gamma(o->rows);
    struct oracle_tensor *const w2 = &o->gradient[TENSOR_W2], *const b2 = &o->gradient[TENSOR_B2];
    for (size_t j = 0; j < hidden * classes; j++) {
        w2->value[j] = 0.0;
        w2->bound[j] = o->rows * BOUND_TINY;
    }
    for (size_t c = 0; c < classes; c++) b2->value[c] = b2->bound[c] = 0.0;
    for (int i = 0; i < o->rows; i++) {
        const double *d = o->dlogits.value + (size_t)i * classes,
                     *de = o->dlogits.bound + (size_t)i * classes;
        const double *h = o->hidden.value + (size_t)i * hidden, *he = o->hidden.bound + (size_t)i * hidden;
        for (size_t c = 0; c < classes; c++) {
            b2->value[c] += d[c];
            b2->bound[c] += de[c] + gamma * (fabs(d[c]) + de[c]);
        }
        for (size_t j = 0; j < hidden; j++) {
            if (h[j] + he[j] == 0.0) continue;
            double *value = w2->value + j * classes, *bound = w2->bound + j * classes;
            for (size_t c = 0; c < classes; c++) {
                const double most = fabs(d[c]) + de[c];
                value[c] += h[j] * d[c];
                bound[c] += h[j] * de[c] + he[j] * most + gamma * (h[j] + he[j]) * most;
            }
        }
    }
}

/* dhidden = dlogits W2^T, then through the ReLU: where it may be on or off, the whole gradient is in doubt.
 */
static void backward_hidden(struct oracle_step *o, const struct tensors *w)
{
    const size_t hidden = (size_t)o->shape.hidden, classes = (size_t)o->shape.classes;
    const double gamma = bound_gamma((double)classes);
    for (int i = 0; i < o->rows; i++) {
        const double *d = o->dlogits.value + (size_t)i * classes,
                     *de = o->dlogits.bound + (size_t)i * classes;
        const double *z = o->z1.value + (size_t)i * hidden, *e = o->z1.bound + (size_t)i * hidden;
        double *value = o->dhidden.value + (size_t)i * hidden, *bound = o->dhidden.bound + (size_t)i * hidden;
        for (size_t j = 0; j < hidden; j++) {
            const float *w2 = w->w2 + j * classes;
            double sum = 0.0, error = (double)classes * BOUND_TINY;
            for (size_t c = 0; c < classes; c++) {
                sum += d[c] * (double)w2[c];
                error += (de[c] + gamma * (fabs(d[c]) + de[c])) * fabs((double)w2[c]);
            }
            const int on = z[j] > e[j], off = z[j] <= -e[j];
            value[j] = z[j] > 0.0 ? sum : 0.0;
            bound[j] = off ? 0.0 : on ? error : fabs(sum) + error;
        }
    }
}

/* value += x d, bound += x e along a row of dW1; x > 0. */
static void add_outer(size_t n, double x, const double *restrict d, const double *restrict e,
                      double *restrict value, double *restrict bound)
{
    for (size_t j = 0; j < n; j++) value[j] += x * d[j];
    for (size_t j = 0; j < n; j++) bound[j] += x * e[j];
}

/* dW1 = X^T dhidden, db1 = column sums of dhidden. */
static void backward_input(struct oracle_step *o)
{
    const size_t in = (size_t)o->shape.inputs, hidden = (size_t)o->shape.hidden;
    struct oracle_tensor *const w1 = &o->gradient[TENSOR_W1], *const b1 = &o->gradient[TENSOR_B1];
    memset(w1->value, 0, in * hidden * sizeof *w1->value);
    memset(w1->bound, 0, in * hidden * sizeof *w1->bound);
    for (size_t j = 0; j < hidden; j++) b1->value[j] = b1->bound[j] = 0.0;
    for (int i = 0; i < o->rows; i++) {
        const double *d = o->dhidden.value + (size_t)i * hidden, *de = o->dhidden.bound + (size_t)i * hidden;
        for (size_t j = 0; j < hidden; j++) {
            const double most = fabs(d[j]) + de[j];
            b1->value[j] += d[j];
            b1->bound[j] += de[j] + bound_gamma(o->rows) * most;
            /* what a pixel of 1 adds to the bound; the underflow counts for the least pixel, 1 / 255, too */
            o->scratch[j] = de[j] + bound_gamma(o->rows + PIXEL_ROUNDINGS) * most +
                            (most > 0.0 ? 256.0 * BOUND_TINY : 0.0);
        }
        for (int t = 0; t < o->nonzero_count[i]; t++) {
            const size_t at = (size_t)i * in + (size_t)t, row = (size_t)o->nonzero_column[at] * hidden;
            add_outer(hidden, o->nonzero_value[at], d, o->scratch, w1->value + row, w1->bound + row);
        }
    }
}

void oracle_backward(struct oracle_step *o, const struct tensors *w)
{
    backward_output(o);
    backward_hidden(o, w);
    backward_input(o);
}
