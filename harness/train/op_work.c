/* SPDX-License-Identifier: MIT */
#include "train/op_work.h"

#include <string.h>

enum { FLOAT = sizeof(float) };

/* Traffic and operands of one call, as so much for each row of the batch and so much for each step. */
struct linear {
    double row_bytes, step_bytes; /* read and written */
    double row_set, step_set;     /* distinct */
    double updates;               /* each step */
};

/* A product: its rows of the batch, and the matrix that does not depend on the batch. */
static struct linear product(double row_floats, double step_floats)
{
    return (struct linear){.row_bytes = FLOAT * row_floats,
                           .step_bytes = FLOAT * step_floats,
                           .row_set = FLOAT * row_floats,
                           .step_set = FLOAT * step_floats};
}

/* RMSprop of so many weights in the product that makes their gradient: instead of writing it, the product
 * reads and writes weights and mean squares. */
static void add_update(struct linear *l, double weights)
{
    l->updates = weights;
    l->step_bytes += FLOAT * 3 * weights;
    l->step_set += FLOAT * weights;
}

static bool find_product(struct linear *l, const char *name, bool updates, const struct shape *s)
{
    const double in = s->inputs, hid = s->hidden, cls = s->classes;
    if (strncmp(name, "gemm ", 5) == 0) name += 5;
    const bool backward1 = strcmp(name, "backward1") == 0, backward2 = strcmp(name, "backward2") == 0;
    if (strcmp(name, "forward1") == 0 || strcmp(name, "dw1") == 0 || backward1)
        *l = product(in + hid, in * hid);
    else if (strcmp(name, "forward2") == 0 || strcmp(name, "dw2") == 0 || strcmp(name, "dh") == 0)
        *l = product(hid + cls, hid * cls);
    else if (backward2) { /* dw2 and dh: dZ is read by both */
        *l = product(2 * (hid + cls), 2 * hid * cls);
        l->row_set = FLOAT * (2 * hid + cls);
    } else
        return false;
    if (updates && backward1) add_update(l, in * hid);
    if (updates && backward2) { /* W2 is read once, for dh and for its update */
        add_update(l, hid * cls);
        l->step_bytes -= FLOAT * hid * cls;
    }
    return true;
}

/* Ops that the composed step calls for both layers have one line; the hidden layer's call is the larger. */
static bool find_other(struct linear *l, const char *name, const struct shape *s)
{
    const double in = s->inputs, hid = s->hidden, cls = s->classes;
    const double parameters = in * hid + hid + hid * cls + cls;
    if (strcmp(name, "gather") == 0) /* a byte a pixel in, a float out, an index a row */
        *l = (struct linear){.row_bytes = (1 + FLOAT) * in + FLOAT, .row_set = (1 + FLOAT) * in + FLOAT};
    else if (strcmp(name, "bias_act") == 0)
        *l = (struct linear){2 * FLOAT * (hid + cls), FLOAT * (hid + cls), FLOAT * hid, FLOAT * hid, 0};
    else if (strcmp(name, "softmax_xent") == 0) /* a label and a loss a row */
        *l = (struct linear){.row_bytes = 2 * FLOAT * cls + 1 + FLOAT, .row_set = FLOAT * cls + 1 + FLOAT};
    else if (strcmp(name, "relu_grad") == 0)
        *l = (struct linear){.row_bytes = 3 * FLOAT * hid, .row_set = 2 * FLOAT * hid};
    else if (strcmp(name, "bias_grad") == 0)
        *l = (struct linear){FLOAT * (hid + cls), FLOAT * (hid + cls), FLOAT * hid, FLOAT * hid, 0};
    else if (strcmp(name, "rmsprop") ==
             0) /* reads g, v, w and writes v, w; the first layer's call is the larger */
        *l = (struct linear){0, 5 * FLOAT * parameters, 0, 3 * FLOAT * in * hid, parameters};
    else
        return false;
    return true;
}

bool op_updates_in_products(const char *const *names, int count)
{
    static const char *const known[] = {"gather",    "forward1",  "forward2",  "bias_act",  "softmax_xent",
                                        "relu_grad", "backward1", "backward2", "bias_grad", "barrier"};
    int found = 0, backward = 0;
    for (int i = 0; i < count; i++) {
        for (size_t j = 0; j < sizeof known / sizeof *known; j++) found += strcmp(names[i], known[j]) == 0;
        backward += strcmp(names[i], "backward1") == 0;
    }
    return found == count && backward == 1;
}

bool op_work_of(struct op_work *w, const char *name, bool updates, const struct op_load *load)
{
    struct linear l;
    if (!find_product(&l, name, updates, &load->shape) && !find_other(&l, name, &load->shape)) return false;
    w->bytes = load->samples * l.row_bytes + load->steps * l.step_bytes;
    w->updates = load->steps * l.updates;
    w->working_set = load->batch * l.row_set + l.step_set;
    return true;
}
