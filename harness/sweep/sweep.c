/* SPDX-License-Identifier: MIT */
#include "sweep/sweep.h"

#include <stdio.h>

#include "base/clock.h"
#include "console/eta.h"
#include "console/table_markdown.h"
#include "console/terminal.h"
#include "sweep/sweep_results.h"

static int run_point(struct sweep *s, int i, int points, const struct eta *eta, struct error *e)
{
    char name[GRID_NAME_SIZE], place[3600], time[ETA_TEXT] = "";
    const struct grid_point p = grid_point_at(&s->grid, i);
    snprintf(place, sizeof place, "%s/%s", s->dir.path, grid_point_name(&p, name));
    if (terminal_live(stderr)) eta_text(eta, clock_seconds(), time);
    if (!s->quiet)
        fprintf(stderr, "\npoint %d of %d: %d thread%s, batch %d, hidden %d%s%s\n", i + 1, points, p.threads,
                p.threads == 1 ? "" : "s", p.batch, p.hidden, time[0] ? "; " : "", time);
    return s->run_point(s->context, &p, place, e);
}

/* A contender that fails stops nothing; what would fail at every point ends the sweep. */
static int run_points(struct sweep *s, struct error *e)
{
    int worst = EXIT_OK;
    const int points = grid_points(&s->grid);
    struct eta eta;
    eta_start(&eta, clock_seconds());
    eta_plan(&eta, "points", points);
    for (int i = 0; i < points; i++) {
        if (*s->interrupted) return exit_code_worst(worst, EXIT_INTERRUPTED);
        sweep_record_point(&s->record, i, "running", 0);
        if (sweep_record_write(&s->record, "running", 0, e)) return exit_code_worst(worst, (int)e->code);
        eta_begin(&eta, "points", i + 1, clock_seconds());
        const int code = run_point(s, i, points, &eta, e);
        eta_end(&eta, clock_seconds());
        sweep_record_point(&s->record, i, status_of_end(code), code);
        worst = exit_code_worst(worst, code);
        if (e->code || code == EXIT_INTERRUPTED) break;
    }
    return worst;
}

/* Whether no point has anything, for an error that came before the first row: the directory is then as it was
 * before, and is taken by the next try. What a resumed sweep finds stays. */
static bool abandon(struct sweep *s, const struct sweep_results *results, const struct error *e)
{
    if (!e->code || results->count > 0 || s->resumed) return false;
    sweep_record_discard(&s->record);
    run_dir_abandon(&s->dir);
    return true;
}

static void export_markdown(const struct sweep *s, const struct sweep_results *results, struct error *e)
{
    struct markdown m;
    struct table t;
    markdown_begin(&m, "run", s->dir.run_id);
    sweep_results_table(&t, results);
    markdown_add(&m, &t);
    markdown_write(&m, s->markdown, e);
}

/* sweep.csv and the table, from the points' files; then sweep.json says how it ended. */
static int conclude(struct sweep *s, int code, struct error *e)
{
    struct sweep_results results;
    struct error unread = {.code = EXIT_OK}; /* an error of the run itself comes first */
    const int lost = sweep_results_read(&results, s->dir.path, &s->grid, &unread);
    if (!lost && abandon(s, &results, e)) {
        sweep_results_free(&results);
        return code;
    }
    if (!lost && sweep_results_write(&results, s->dir.path, s->dir.run_id, &unread) == 0 &&
        sweep_results_print(&results, stdout) != 0)
        error_set(&unread, EXIT_INTERNAL, "out of memory for the table; the files are complete");
    if (!lost && s->markdown) export_markdown(s, &results, &unread);
    sweep_results_free(&results);
    printf("results: %s\n", s->dir.path);
    if (unread.code) code = exit_code_worst(code, error_set(e, unread.code, "%s", unread.text));
    if (code == EXIT_INTERRUPTED)
        fprintf(stderr, "bench: interrupted; resume with: bench run --resume %s\n", s->dir.path);
    return exit_code_worst(code, sweep_record_write(&s->record, status_of_end(code), code, e));
}

int sweep_run_points(struct sweep *s, struct error *e)
{
    if (!s->quiet) fprintf(stderr, "sweep of %d points; files in %s\n", grid_points(&s->grid), s->dir.path);
    return conclude(s, run_points(s, e), e);
}
