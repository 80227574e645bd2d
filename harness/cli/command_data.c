/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"
#include "cli/output.h"
#include "console/terminal.h"
#include "console/wrap.h"
#include "data/dataset.h"
#include "data/show.h"

int command_data(const struct options *o, struct error *e)
{
    struct dataset d = {.fd = -1};
    if (output_check(e) || dataset_open(&d, o->data, e)) return (int)e->code;
    data_show(&d, stdout); /* whether it arrived is seen when stdout is flushed */
    const char *advice = dataset_advice(d.name);
    if (*advice) wrap_line(stdout, terminal_width(stdout), "%s: %s", d.name, advice);
    dataset_close(&d);
    return EXIT_OK;
}
