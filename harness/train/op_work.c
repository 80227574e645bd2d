/* SPDX-License-Identifier: MIT */
#include "train/op_work.h"

#include "train/step_parts.h"

enum { FLOAT = sizeof(float) };

/* Traffic and operands of one call, as so much for each row of the batch and so much for each step. */
struct linear {
    double row_bytes, step_bytes; /* read and written */
    double row_set, step_set;     /* distinct */
    double updates;               /* each step */
};

/* A product: what grows with the rows of the batch, and the matrix that does not. */
static void add_product(struct linear *l, enum step_product_id id, const struct shape *s)
{
    const struct step_product none = step_product(id, s, 0), one = step_product(id, s, 1);
    const double step = FLOAT * step_product_floats(&none);
    const double row = FLOAT * step_product_floats(&one) - step;
    l->row_bytes += row;
    l->row_set += row;
    l->step_bytes += step;
    l->step_set += step;
}

/* RMSprop of so many weights in the product that makes their gradient: instead of writing it, the product
 * reads and writes weights and mean squares. */
static void add_update(struct linear *l, double weights)
{
    l->updates = weights;
    l->step_bytes += FLOAT * 3 * weights;
    l->step_set += FLOAT * weights;
}

static void find_product(struct linear *l, const struct step_part *part, bool updates, const struct shape *s)
{
    const double in = s->inputs, hid = s->hidden, cls = s->classes;
    const bool dw2 = part->products & 1u << PRODUCT_DW2, dh = part->products & 1u << PRODUCT_DH;
    const bool both = dw2 && dh;
    for (int id = 0; id < PRODUCT_COUNT; id++)
        if (part->products & 1u << id) add_product(l, (enum step_product_id)id, s);
    if (both) l->row_set -= FLOAT * cls; /* dZ is an operand of either */
    if (!updates || !part->is_phase) return;
    if (part->products & 1u << PRODUCT_DW1) add_update(l, in * hid);
    if (both) { /* W2 is read once, for dh and for its update */
        add_update(l, hid * cls);
        l->step_bytes -= FLOAT * hid * cls;
    }
}

/* Ops that the composed step calls for both layers have one line; the hidden layer's call is the larger. */
static bool find_op(struct linear *l, enum op_id op, const struct shape *s)
{
    const double in = s->inputs, hid = s->hidden, cls = s->classes;
    const double parameters = in * hid + hid + hid * cls + cls;
    switch (op) {
    case OP_gather: /* a byte a pixel in, a float out, an index a row */
        *l = (struct linear){.row_bytes = (1 + FLOAT) * in + FLOAT, .row_set = (1 + FLOAT) * in + FLOAT};
        return true;
    case OP_bias_act:
        *l = (struct linear){2 * FLOAT * (hid + cls), FLOAT * (hid + cls), FLOAT * hid, FLOAT * hid, 0};
        return true;
    case OP_softmax_xent: /* a label and a loss a row */
        *l = (struct linear){.row_bytes = 2 * FLOAT * cls + 1 + FLOAT, .row_set = FLOAT * cls + 1 + FLOAT};
        return true;
    case OP_relu_grad:
        *l = (struct linear){.row_bytes = 3 * FLOAT * hid, .row_set = 2 * FLOAT * hid};
        return true;
    case OP_bias_grad:
        *l = (struct linear){FLOAT * (hid + cls), FLOAT * (hid + cls), FLOAT * hid, FLOAT * hid, 0};
        return true;
    case OP_rmsprop: /* reads g, v, w and writes v, w; the first layer's call is the larger */
        *l = (struct linear){0, 5 * FLOAT * parameters, 0, 3 * FLOAT * in * hid, parameters};
        return true;
    default:
        return false;
    }
}

bool op_updates_in_products(const char *const *names, int count)
{
    int backward1 = 0;
    for (int i = 0; i < count; i++) {
        const struct step_part *part = step_part_find(names[i]);
        if (!part || !part->is_phase || (part->kind == PART_OP && part->op == OP_rmsprop)) return false;
        backward1 += part->products == 1u << PRODUCT_DW1;
    }
    return backward1 == 1;
}

bool op_work_of(struct op_work *w, const char *name, bool updates, const struct op_load *load)
{
    const struct step_part *part = step_part_find(name);
    struct linear l = {0};
    if (!part || part->kind == PART_WAIT || (load->skips && step_part_reads_images(part))) return false;
    if (part->kind == PART_PRODUCT)
        find_product(&l, part, updates, &load->shape);
    else if (!find_op(&l, part->op, &load->shape))
        return false;
    w->bytes = load->samples * l.row_bytes + load->steps * l.step_bytes;
    w->updates = load->steps * l.updates;
    w->working_set = load->batch * l.row_set + l.step_set;
    return true;
}
