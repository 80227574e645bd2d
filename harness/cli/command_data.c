/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"
#include "cli/output.h"
#include "data/dataset.h"
#include "data/show.h"

int command_data(const struct options *o, struct error *e)
{
    struct dataset d = {.fd = -1};
    if (output_check(e) || dataset_open(&d, o->data, e)) return (int)e->code;
    data_show(&d, stdout); /* whether it arrived is seen when stdout is flushed */
    dataset_close(&d);
    return EXIT_OK;
}
