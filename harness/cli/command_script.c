/* SPDX-License-Identifier: MIT
 *
 * bench report, plot and fetch-mnist: programs in Python, which take the place of this one with the arguments
 * that follow the command. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/own_program.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "machine/places.h"

static const char *file_of(enum command command)
{
    return command == COMMAND_REPORT ? "report.py" : command == COMMAND_PLOT ? "plot.py" : "fetch_mnist.py";
}

int command_script(const struct options *o, const struct invocation *invocation, struct error *e)
{
    char path[PATH_MAX], program[PATH_MAX]; /* the report asks the program to compare runs */
    const char *const name = command_of(o->command)->name, *const chosen = getenv("PYTHON");
    const char *const python = chosen && *chosen ? chosen : "python3";
    const char *const script = places_script(file_of(o->command), path, sizeof path);
    if (!script)
        return error_set(e, EXIT_INTERNAL, "%s: this program cannot find its own file: is /proc mounted?",
                         name);
    if (realpath(own_program_file(), program)) setenv("LANEBENCH_PROGRAM", program, 1);
    if (access(script, R_OK) != 0)
        return error_set(e, EXIT_INTERNAL, "%s: %s: %s; install Lanebench again (meson install)", name,
                         script, strerror(errno));
    const size_t own = (size_t)invocation->argc - 2;
    const char **const call = xmalloc((own + 4) * sizeof *call);
    call[0] = python;
    call[1] = "-B"; /* an installed tree stays as it was installed */
    call[2] = script;
    memcpy(call + 3, invocation->argv + 2, own * sizeof *call);
    call[own + 3] = NULL;
    execvp(python, (char *const *)call);
    error_set(e, EXIT_INTERNAL,
              "%s: %.200s: %s; it needs Python 3.9 or later: apt install python3, or set PYTHON", name,
              python, strerror(errno));
    free(call);
    return (int)e->code;
}
