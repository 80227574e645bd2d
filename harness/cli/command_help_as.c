/* SPDX-License-Identifier: MIT
 *
 * bench help-as FORM: for the build, which installs what comes out, and for the shells' completions, which
 * ask for the names of the backends while their user types. Not shown in --help. */
#include <string.h>

#include "backends/registry.h"
#include "cli/commands.h"
#include "cli/help_as.h"
#include "cli/output.h"

static void print_backends(FILE *out)
{
    for (int i = 0; i < registry_count(); i++) fprintf(out, "%s\n", registry_at(i)->name);
}

int command_help_as(const struct invocation *invocation, struct error *e)
{
    static const struct {
        const char *name;
        void (*print)(FILE *out);
    } forms[] = {
        {"man", help_as_man}, {"md", help_as_md},     {"bash", help_as_bash},
        {"zsh", help_as_zsh}, {"fish", help_as_fish}, {"backends", print_backends},
    };
    const char *form = invocation->argc == 3 ? invocation->argv[2] : "";
    if (output_check(e)) return (int)e->code;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(form, forms[i].name) == 0) {
            forms[i].print(stdout);
            return EXIT_OK;
        }
    return error_set(e, EXIT_USAGE,
                     "'%.100s' is not a form of help; allowed is one of man, md, bash, zsh, fish, backends",
                     form);
}
