/* SPDX-License-Identifier: MIT
 *
 * bench compare RUN RUN...: finished runs side by side, from their files; measures nothing. */
#include <string.h>

#include "base/json_text.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "console/compare_view.h"
#include "console/table_markdown.h"

static int export_markdown(const struct run_comparison *c, const char *path, struct error *e)
{
    struct markdown m;
    struct table t;
    markdown_begin(&m, "compare", c->runs[0].run_id);
    if (m.out)
        for (int i = 0; i < c->count; i++)
            fprintf(m.out, "%c: run %s of %s%s", run_letter(i), c->runs[i].run_id, c->runs[i].time,
                    i + 1 < c->count ? "; " : ".\n\n");
    compare_table(&t, c);
    markdown_add(&m, &t);
    return markdown_write(&m, path, e);
}

static int show(const struct run_comparison *c, const struct options *o, struct error *e)
{
    if (o->json)
        json_print(run_comparison_json(c), stdout, e);
    else
        compare_print(c, stdout);
    if (o->export_markdown && !e->code) export_markdown(c, o->export_markdown, e);
    if (c->compared == 0)
        error_set(e, EXIT_INCONCLUSIVE, "%s",
                  c->same_machine || c->reference
                      ? "no backend was timed in two of these runs: there is nothing to compare"
                      : "these runs may be from different machines (env_id), and no backend was timed in all "
                        "of them: there is nothing to compare");
    return (int)e->code;
}

int command_compare(const struct options *o, struct error *e)
{
    struct run_comparison c = {.count = 0};
    if (output_check(e)) return (int)e->code;
    if (o->dir_count < 2 || o->dir_count > COMPARED_RUNS_MAX)
        return error_set(e, EXIT_USAGE, "bench compare: %d directories of runs; give 2 to %d", o->dir_count,
                         COMPARED_RUNS_MAX);
    for (int i = 0; i < o->dir_count; i++)
        if (!*o->dirs[i]) return error_set(e, EXIT_USAGE, "bench compare: the name of a directory is empty");
    if (run_comparison_read(&c, o->dirs, o->dir_count, e) == 0) show(&c, o, e);
    run_comparison_free(&c);
    return (int)e->code;
}
