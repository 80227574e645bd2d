/* SPDX-License-Identifier: MIT */
#include "console/compare_view.h"

#include <math.h>
#include <string.h>

#include "base/clean_text.h"
#include "console/terminal.h"
#include "console/wrap.h"

/* ", hidden 512 and 128": the values of the first run and of this one. */
static void print_differences(const struct run_comparison *c, int run, FILE *out)
{
    const char *name, *before = ": differs from A in ";
    json_t *pair, *found = run_comparison_differences(c, run);
    json_object_foreach(found, name, pair)
    {
        fprintf(out, "%s%s (%s and %s)", before, name, json_string_value(json_array_get(pair, 0)),
                json_string_value(json_array_get(pair, 1)));
        before = ", ";
    }
    json_decref(found);
}

static void print_runs(const struct run_comparison *c, FILE *out)
{
    struct wrapped w;
    char dir[1024];
    FILE *lines = wrap_open(&w, out);
    for (int i = 0; i < c->count; i++) {
        const struct compared_run *run = &c->runs[i];
        const json_int_t code = json_integer_value(json_object_get(run->summary, "exit_code"));
        fprintf(lines, "%c  %s, run %s of %s", run_letter(i), clean_copy(dir, sizeof dir, run->dir),
                *run->run_id ? run->run_id : "unknown", *run->time ? run->time : "unknown time");
        if (code) fprintf(lines, ", ended with exit code %lld", (long long)code);
        if (json_is_array(json_object_get(run->summary, "resumed"))) fputs(", resumed", lines);
        if (i > 0) print_differences(c, i, lines);
        fputc('\n', lines);
    }
    wrap_close(&w, 3);
    fputc('\n', out);
}

static void interval_cell(struct table *t, struct interval i, int places)
{
    if (isfinite(i.low))
        table_cell(t, "%.*f - %.*f", places, i.low, places, i.high);
    else
        table_cell(t, "%s", "");
}

/* Only what is established. */
static void speed_cells(struct table *t, const struct run_comparison *c, const struct compared_row *row)
{
    const int places = row->speed >= 10 ? 1 : 2;
    if (row->base < 0 || !row->established) {
        for (int i = 0; i < 2; i++) table_cell(t, "%s", "");
        return;
    }
    if (c->same_machine)
        table_cell(t, "%.*fx %c", places, row->speed, run_letter(c->rows[row->base].run));
    else
        table_cell(t, "%.*fx", places, row->speed);
    interval_cell(t, row->range, places);
}

void compare_table(struct table *t, const struct run_comparison *c)
{
    table_init(t, "lllrrrrr", "00102401");
    table_cell(t, "backend");
    table_cell(t, "run");
    table_cell(t, "proof");
    table_cell(t, "median s");
    table_cell(t, "95 %% interval");
    table_cell(t, "disturbed");
    table_cell(t, "%s%s", c->same_machine ? "speed" : "vs ", c->reference ? c->reference : "");
    table_cell(t, "%s %% interval", c->same_machine ? "90" : "95");
    for (int i = 0; i < c->row_count; i++) {
        const struct compared_row *row = &c->rows[i];
        table_cell(t, "%s", row->backend);
        table_cell(t, "%c", run_letter(row->run));
        table_cell(t, "%s", row->proof);
        if (!c->same_machine || isnan(row->median)) { /* seconds of different machines do not compare */
            for (int k = 0; k < 2; k++) table_cell(t, "%s", "");
        } else {
            const int places = row->median < 0.01 ? 5 : row->median < 0.1 ? 4 : 3;
            table_cell(t, "%.*f", places, row->median);
            interval_cell(t, row->interval, places);
        }
        if (row->later > 0)
            table_cell(t, "%d/%d", row->disturbed, row->later);
        else
            table_cell(t, "%s", "");
        speed_cells(t, c, row);
    }
}

/* Whether a row before it says the same of its backend. */
static bool is_repeated(const struct run_comparison *c, int row)
{
    const struct compared_row *r = &c->rows[row];
    for (int i = 0; i < row; i++)
        if (strcmp(c->rows[i].backend, r->backend) == 0 && strcmp(c->rows[i].note, r->note) == 0) return true;
    return false;
}

static void print_notes(const struct run_comparison *c, int width, FILE *out)
{
    for (int i = 0; i < c->row_count; i++)
        if (*c->rows[i].note && !is_repeated(c, i))
            wrap_line(out, width, "%s: %s", c->rows[i].backend, c->rows[i].note);
}

static void print_open(const struct run_comparison *c, int width, FILE *out)
{
    for (int i = 0; i < c->row_count; i++) {
        const struct compared_row *row = &c->rows[i];
        if (row->base < 0 || row->established) continue;
        const struct compared_row *base = &c->rows[row->base];
        wrap_line(out, width, "%s of %c against %s of %c: not established: %s", row->backend,
                  run_letter(row->run), base->backend, run_letter(base->run), row->reason);
    }
}

static void print_limits(const struct run_comparison *c, FILE *out)
{
    const int width = terminal_page_width(out);
    if (c->same_machine)
        wrap_line(out, width,
                  "median: seconds per training epoch, without the first epoch; speed: as a multiple of the "
                  "same backend's in the run beside it, the ratio of the medians; its interval follows from "
                  "those of both medians, and covers the true ratio in at least 90 %% of all cases");
    else
        wrap_line(
            out, width,
            "The runs may be from different machines (env_id), so their seconds are not compared. vs: the "
            "speed as a multiple of that backend's in the same run, the median of the rounds' ratios");
    wrap_line(out, width,
              "These runs did not take turns: if the machine changed between them, that changes these "
              "figures but widens no interval, so there is no verdict. bench ab gives one: it trains two "
              "backends, or two builds, in turns");
}

void compare_print(const struct run_comparison *c, FILE *out)
{
    const int width = terminal_width(out);
    struct table t;
    print_runs(c, out);
    compare_table(&t, c);
    table_print(&t, out);
    table_free(&t);
    fputc('\n', out);
    print_notes(c, width, out);
    print_open(c, width, out);
    print_limits(c, out);
}
