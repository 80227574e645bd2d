/* SPDX-License-Identifier: MIT
 *
 * One function per subcommand. Each returns the exit code of the program; where it failed, e says why. */
#ifndef LB_COMMANDS_H
#define LB_COMMANDS_H

#include "cli/options.h"

/* The command line as typed, for the record. */
struct invocation {
    int argc;
    char **argv;
};

int command_run(const struct options *o, const struct invocation *invocation,
                struct error *e); /* run and prove */
int command_sweep(const struct options *o, const struct invocation *invocation, struct error *e);
int command_resume(const struct options *o, const struct invocation *invocation, struct error *e);
int command_sweep_resume(const char *dir, const struct options *o, const struct invocation *invocation,
                         struct error *e);
int command_list(const struct options *o, struct error *e);
int command_micro(const struct options *o, const struct invocation *invocation, struct error *e);
int command_roofline(const struct options *o, const struct invocation *invocation, struct error *e);
int command_ab(const struct options *o, const struct invocation *invocation, struct error *e);
int command_compare(const struct options *o, struct error *e);
int command_gate(const struct options *o, const struct invocation *invocation, struct error *e);
int command_tune(const struct options *o, struct error *e);
int command_doctor(const struct options *o, struct error *e);
int command_help_as(const struct invocation *invocation, struct error *e);
/* report, plot, fetch-mnist. Returns only where it failed. */
int command_script(const struct options *o, const struct invocation *invocation, struct error *e);
int command_data(const struct options *o, struct error *e);
int command_model(const struct options *o, struct error *e);

#endif
