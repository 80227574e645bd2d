/* SPDX-License-Identifier: MIT
 *
 * bench: proves SIMD backends and times them training one network. */
#include <jansson.h>
#include <stdlib.h>

#include "base/atomic_file.h"
#include "base/own_program.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/omp_reexec.h"
#include "console/terminal.h"
#include "machine/cpu.h"
#include "machine/offspring.h"
#include "machine/build.h"
#include "run/worker.h"

/* bench doctor keeps the user's environment, because it reports on it; its teams are of one size. */
static bool measures_here(enum command command)
{
    return command == COMMAND_MICRO || command == COMMAND_ROOFLINE || command == COMMAND_TUNE;
}

static void print_help(const struct options *o)
{
    const int width = terminal_page_width(stdout);
    if (o->overview)
        help_print_overview(stdout, width);
    else
        help_print_command(stdout, command_of(o->command), width);
}

static void print_version(const struct build *b)
{
    if (b->dirty < 0)
        printf("bench %s\n", b->version);
    else
        printf("bench %s (%s)\n", b->version, b->commit);
}

static int dispatch(const struct options *o, const struct invocation *invocation, struct error *e)
{
    if (o->max_isa && cpu_set_cap(o->max_isa, "--max-isa", e)) return (int)e->code;
    if (o->help) {
        print_help(o);
        return EXIT_OK;
    }
    if (o->version) {
        print_version(build_get());
        return EXIT_OK;
    }
    if (o->export_markdown && file_check_place(o->export_markdown, e)) return (int)e->code;
    if (measures_here(o->command) && team_start_again(o, invocation, e)) return (int)e->code;
    if (o->plugin_count > 0) interrupt_install(); /* what a plug-in starts when it is asked is ended, too */
    for (int i = 0; i < o->plugin_count; i++)
        if (registry_add_plugin(o->plugins[i], e)) return (int)e->code;
    switch (o->command) {
    case COMMAND_RUN:
    case COMMAND_PROVE:
        return command_run(o, invocation, e);
    case COMMAND_LIST:
        return command_list(o, e);
    case COMMAND_MICRO:
        return command_micro(o, invocation, e);
    case COMMAND_DATA:
        return command_data(o, e);
    case COMMAND_MODEL:
        return command_model(o, e);
    case COMMAND_DOCTOR:
        return command_doctor(o, e);
    case COMMAND_ROOFLINE:
        return command_roofline(o, invocation, e);
    case COMMAND_AB:
        return command_ab(o, invocation, e);
    case COMMAND_GATE:
        return command_gate(o, invocation, e);
    case COMMAND_COMPARE:
        return command_compare(o, e);
    case COMMAND_TUNE:
        return command_tune(o, e);
    case COMMAND_REPORT:
    case COMMAND_PLOT:
    case COMMAND_FETCH_MNIST:
        return command_script(o, invocation, e);
    case COMMAND_HELP: /* o->help, above */
        break;
    case COMMAND_HELP_AS:
        return command_help_as(invocation, e);
    case COMMAND_WORKER:
        return worker_main(invocation->argc, invocation->argv);
    }
    return EXIT_INTERNAL;
}

int main(int argc, char **argv)
{
    struct error e = {.code = EXIT_OK};
    struct options o;
    const struct invocation invocation = {argc, argv};
    struct offspring left = {.count = 0};
    output_prepare();
    own_program_started(argc);
    json_set_alloc_funcs(xmalloc, free); /* figures that lack a member would be worse than none */
    int code = options_parse(&o, argc, argv, &e);
    const bool is_worker = !code && o.command == COMMAND_WORKER;
    if (!is_worker) offspring_prepare();
    if (!code) code = dispatch(&o, &invocation, &e);
    if (!is_worker) {
        offspring_end(0, &left); /* of a plug-in that has worked in this process */
        offspring_tell(&left, "a backend");
    }
    code = exit_code_worst(code, output_finish(&e));
    if (e.code) fprintf(stderr, "bench: %s\n", e.text);
    options_free(&o);
    return code;
}
