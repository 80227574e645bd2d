/* SPDX-License-Identifier: MIT
 *
 * bench model: the network, as Keras' summary() shows one. */
#include "cli/commands.h"
#include "cli/output.h"
#include "console/table.h"
#include "data/dataset.h"
#include "train/network.h"

enum { GROUPED_SIZE = 28 }; /* 20 digits, 6 commas */

/* "407,050" */
static const char *grouped(size_t number, char text[GROUPED_SIZE])
{
    char digits[GROUPED_SIZE];
    const int count = snprintf(digits, sizeof digits, "%zu", number);
    char *to = text;
    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0) *to++ = ',';
        *to++ = digits[i];
    }
    *to = 0;
    return text;
}

static void add_layer(struct table *t, const char *name, int batch, int units, const char *activation,
                      size_t parameters)
{
    char text[GROUPED_SIZE];
    table_cell(t, "%s", name);
    table_cell(t, "(%d, %d)", batch, units);
    table_cell(t, "%s", activation);
    table_cell(t, "%s", grouped(parameters, text));
}

/* 0, or -1 where memory is short. */
static int print_layers(const struct shape *s, int batch, FILE *out)
{
    static const char *const head[] = {"layer", "output shape", "activation", "parameters"};
    const size_t hidden = tensor_count(s, TENSOR_W1) + tensor_count(s, TENSOR_B1);
    const size_t output = tensor_count(s, TENSOR_W2) + tensor_count(s, TENSOR_B2);
    char text[GROUPED_SIZE];
    struct table t;
    table_init(&t, "lllr", "0000");
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) table_cell(&t, "%s", head[i]);
    add_layer(&t, "input, pixels / 255", batch, s->inputs, "", 0);
    add_layer(&t, "hidden, dense", batch, s->hidden, "relu", hidden);
    add_layer(&t, "output, dense", batch, s->classes, "softmax", output);
    table_cell(&t, "%s", "total");
    table_cell(&t, "%s", "");
    table_cell(&t, "%s", "");
    table_cell(&t, "%s", grouped(hidden + output, text));
    table_print(&t, out);
    const int code = t.failed ? -1 : 0;
    table_free(&t);
    return code;
}

int command_model(const struct options *o, struct error *e)
{
    struct dataset d = {.fd = -1};
    if (output_check(e) || dataset_open(&d, o->data, e)) return (int)e->code;
    const struct shape shape = {d.rows * d.cols, o->hidden, DATASET_CLASSES};
    const int images = (int)d.train.count;
    if (print_layers(&shape, o->batch, stdout)) error_set(e, EXIT_INTERNAL, "out of memory");
    printf("\nloss       categorical cross-entropy, mean over a batch\n"
           "optimizer  RMSprop, learning rate %g, rho " TEXT_OF(RMSPROP_RHO) ", epsilon " TEXT_OF(
               RMSPROP_EPSILON) ", no momentum\n"
                                "start      weights Glorot uniform from --seed, biases 0\n"
                                "epoch      %d images in a new order, in %d steps of up to %d\n"
                                "data       dataset=%s\n",
           o->lr, images, images / o->batch + (images % o->batch != 0), o->batch, d.name);
    dataset_close(&d);
    return (int)e->code;
}
