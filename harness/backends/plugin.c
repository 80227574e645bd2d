/* SPDX-License-Identifier: MIT */
#include "backends/plugin.h"

#include <errno.h>
#include <sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clean_text.h"
#include "backends/plugin_probe.h"

/* ---- The text of --plugin ---- */

/* Splits PATH[:NAME] and resolves the path. */
static int find_file(struct plugin *p, const char **given_name, const char *argument, struct error *e)
{
    char path[PLUGIN_PATH_SIZE];
    struct stat s;
    *given_name = NULL;
    if (strlen(argument) >= sizeof path)
        return error_set(e, EXIT_USAGE, "--plugin: the path is longer than %d bytes", PLUGIN_PATH_SIZE - 1);
    snprintf(path, sizeof path, "%s", argument);
    char *colon = strrchr(path, ':');
    if (colon && stat(path, &s) != 0) {
        *colon = 0;
        *given_name = argument + (colon + 1 - path);
    }
    char *resolved = realpath(path, NULL);
    if (!resolved || strlen(resolved) >= sizeof p->path || stat(resolved, &s) != 0) {
        free(resolved);
        return error_set(e, EXIT_USAGE, "--plugin %.200s: %s", path, strerror(errno));
    }
    strcpy(p->path, resolved);
    free(resolved);
    clean_copy(p->shown_path, sizeof p->shown_path, p->path);
    if (!S_ISREG(s.st_mode))
        return error_set(e, EXIT_USAGE,
                         "--plugin %.200s: is not a regular file; give the path of a shared object", path);
    return 0;
}

/* ---- The stub ---- */

static void must_not_run(void)
{
    fputs("bench: internal error: a function of a plug-in was called outside its worker\n", stderr);
    abort();
}

void plugin_make_stub(struct plugin *p)
{
    const struct plugin_facts *f = &p->facts;
    p->stub = (struct backend){
        .abi_version = BACKEND_ABI_VERSION,
        .struct_size = sizeof p->stub,
        .name = f->name,
        .summary = f->summary,
        .needs = f->needs,
        .flags = f->flags,
        .blocking = f->blocking,
        .same_bits_as = f->same_bits_as[0] ? f->same_bits_as : NULL,
        .open = (int (*)(const struct plan *, void **, char *, size_t))must_not_run,
    };
#define OP(op)                                                                                               \
    if (f->has_op[OP_##op]) p->stub.ops.op = (op##_fn *)must_not_run;
#include "ops.def"
#undef OP
    p->stub_step = (struct step_ops){
        .load = (void (*)(void *, const struct model *))must_not_run,
        .step = (void (*)(void *, const struct batch *, struct step_result *))must_not_run,
        .predict = (void (*)(void *, const struct batch *, float *, struct step_result *))must_not_run,
        .store = (void (*)(void *, struct model *))must_not_run,
    };
    if (f->has_flop_done) p->stub_step.flop_done = (double (*)(void *))must_not_run;
    if (f->has_step) p->stub.step = &p->stub_step;
}

int plugin_probe(struct plugin *p, const char *argument, struct error *e)
{
    const char *given_name;
    memset(p, 0, sizeof *p);
    if (find_file(p, &given_name, argument, e) || plugin_probe_facts(&p->facts, p->path, e))
        return (int)e->code;
    if (given_name) plugin_facts_name(p->facts.name, given_name);
    if (plugin_facts_check(&p->facts, p->shown_path, e)) return (int)e->code;
    if (!SHA256File(p->path, p->sha256)) p->sha256[0] = 0;
    plugin_make_stub(p);
    return 0;
}
