/* SPDX-License-Identifier: MIT
 *
 * bench run --resume DIR: continues a run or a sweep. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/resume.h"
#include "cli/training.h"

static bool is_sweep(const char *dir)
{
    char path[3600];
    snprintf(path, sizeof path, "%s/sweep.json", dir);
    return access(path, F_OK) == 0;
}

static int resume_run(const char *dir, const struct options *o, const struct invocation *invocation,
                      struct error *e)
{
    static struct resumption r; /* large */
    int code = 0;
    json_t *earlier = resume_load(dir, "machine.json", e);
    if (!earlier) return (int)e->code;
    if (resume_is_finished(earlier, &code)) {
        fprintf(stderr, "bench: --resume %s: the run is complete (exit code %d): nothing to do\n", dir, code);
        json_decref(earlier);
        return code;
    }
    if (resume_begin(&r, earlier, dir, o, false, e) == 0)
        code = training_once(&r.options, invocation, &r, false, e);
    else
        code = (int)e->code;
    resume_free(&r);
    return code;
}

int command_resume(const struct options *o, const struct invocation *invocation, struct error *e)
{
    char dir[3500];
    if (resume_check_flags(o, e)) return (int)e->code;
    size_t length = strlen(o->resume);
    while (length > 1 && o->resume[length - 1] == '/') length--;
    if (length >= sizeof dir)
        return error_set(e, EXIT_USAGE, "--resume: the path is longer than %zu bytes", sizeof dir - 1);
    snprintf(dir, sizeof dir, "%.*s", (int)length, o->resume);
    return is_sweep(dir) ? command_sweep_resume(dir, o, invocation, e) : resume_run(dir, o, invocation, e);
}
