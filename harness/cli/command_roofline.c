/* SPDX-License-Identifier: MIT
 *
 * bench roofline: measures what the machine can do at most, with no backend in the way. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "cli/interrupt.h"
#include "cli/saved_roofline.h"
#include "cli/output.h"
#include "cli/session.h"
#include "machine/cpu.h"
#include "machine/env_id.h"
#include "machine/machine_json.h"
#include "results/csv.h"
#include "results/provenance.h"
#include "console/table.h"
#include "roof/memory_available.h"
#include "roof/roofline_cache.h"
#include "roof/roofline.h"

/* Rounds of each measurement and the seconds of one: five seconds in all with three ISAs and four levels. */
enum { ROUNDS = 11 };
static const double round_seconds = 0.005;

/* The share of the memory that is there that working sets may take. */
enum { MEMORY_SHARE = 4 };

static const char columns[] =
    "schema,run_id,threads,quantity,unit,isa,level,working_set_bytes,phase,rounds,median_per_second,"
    "min_per_second,max_per_second,env_id," PROVENANCE_COLUMNS;

struct roofline {
    const struct options *options;
    struct topology topology;
    struct run_dir dir; /* path "": no files */
    char env_id[ENV_ID_SIZE];
    int threads;
    struct csv csv; /* fd -1: no file */
    struct record record;
    struct table table;
    json_t *rows, *left_out;         /* for --json */
    struct roofline_rates one, team; /* for later runs */
    struct error *error;
};

/* ---- what becomes of a row */

static void text_or_empty(struct csv *csv, const char *text)
{
    if (text)
        csv_text(csv, text);
    else
        csv_empty(csv);
}

static int write_row(struct roofline *r, const struct roofline_row *row)
{
    struct csv *csv = &r->csv;
    if (csv->fd < 0) return 0;
    csv_integer(csv, 1);
    csv_text(csv, r->dir.run_id);
    csv_integer(csv, row->threads);
    csv_text(csv, row->quantity);
    csv_text(csv, row->unit);
    csv_text(csv, isa_tier_name(row->tier));
    text_or_empty(csv, row->level);
    if (row->level)
        csv_unsigned(csv, row->working_set);
    else
        csv_empty(csv);
    text_or_empty(csv, row->phase);
    csv_integer(csv, row->rounds);
    csv_real(csv, row->median * 1e9);
    csv_real(csv, row->lowest * 1e9);
    csv_real(csv, row->highest * 1e9);
    csv_text(csv, r->env_id);
    csv_provenance(csv, NULL);
    return csv_end_row(csv, r->error);
}

static void size_text(size_t bytes, char *text, size_t size)
{
    if (bytes >= 10u << 20)
        snprintf(text, size, "%zu MiB", bytes >> 20);
    else
        snprintf(text, size, "%zu KiB", bytes >> 10);
}

static const char *unit_text(const char *unit)
{
    return strcmp(unit, "flop") == 0 ? "GFLOP/s" : strcmp(unit, "byte") == 0 ? "GB/s" : "10^9/s";
}

static void print_row(struct roofline *r, const struct roofline_row *row)
{
    char size[32] = "";
    if (row->level) size_text(row->working_set, size, sizeof size);
    table_cell(&r->table, "%d", row->threads);
    table_cell(&r->table, "%s", row->quantity);
    table_cell(&r->table, "%s", isa_tier_name(row->tier));
    table_cell(&r->table, "%s", row->level ? row->level : row->phase ? row->phase : "");
    table_cell(&r->table, "%s", size);
    table_cell(&r->table, "%.4g", row->median);
    table_cell(&r->table, "%.4g..%.4g", row->lowest, row->highest);
    table_cell(&r->table, "%s", unit_text(row->unit));
}

/* Appends to an array that keeps a failure for later: a NULL array stays one. */
static void append(json_t **array, json_t *object)
{
    if (*array && object && json_array_append_new(*array, object) == 0) return;
    json_decref(*array);
    *array = NULL;
}

static void keep_row(struct roofline *r, const struct roofline_row *row)
{
    append(&r->rows, json_pack("{s:i, s:s, s:s, s:s, s:s?, s:o, s:s?, s:i, s:f, s:f, s:f}", "threads",
                               row->threads, "quantity", row->quantity, "unit", row->unit, "isa",
                               isa_tier_name(row->tier), "level", row->level, "working_set_bytes",
                               row->level ? json_integer((json_int_t)row->working_set) : json_null(), "phase",
                               row->phase, "rounds", row->rounds, "median_per_second", row->median * 1e9,
                               "min_per_second", row->lowest * 1e9, "max_per_second", row->highest * 1e9));
}

static int on_row(void *context, const struct roofline_row *row)
{
    struct roofline *r = context;
    keep_row(r, row);
    roofline_rates_add(&r->one, row);
    if (r->threads > 1) roofline_rates_add(&r->team, row);
    print_row(r, row);
    return write_row(r, row);
}

static void on_left_out(void *context, int threads, const struct level *level)
{
    struct roofline *r = context;
    append(&r->left_out,
           json_pack("{s:i, s:s, s:s}", "threads", threads, "level", level->name, "why", level->why));
    fprintf(stderr, "note: %s is not measured with %d thread%s: %s\n", level->name, threads,
            threads == 1 ? "" : "s", level->why);
}

/* ---- the command */

static void print_setting(const struct roofline *r)
{
    const struct topology *t = &r->topology;
    char team[128];
    session_print_machine(t, stderr);
    fprintf(stderr, "measuring with 1 and %d threads, %d rounds of %g ms each\n", r->threads, ROUNDS,
            round_seconds * 1e3);
    topology_team_warning(t, r->threads, team, sizeof team);
    if (team[0]) fprintf(stderr, "warning: %s\n", team);
}

static int print_json(struct roofline *r)
{
    char isa[128];
    if (!r->rows || !r->left_out) return error_set(r->error, EXIT_INTERNAL, "out of memory");
    json_t *root =
        json_pack("{s:s, s:s, s:s, s:s, s:s?, s:i, s:O, s:O}", "run_id", r->dir.run_id, "env_id", r->env_id,
                  "cpu", cpu_model(), "isa_used", cpu_isa_names(cpu_usable(), isa, sizeof isa), "isa_cap",
                  cpu_cap_name(), "threads", r->threads, "rows", r->rows, "left_out", r->left_out);
    return json_print(root, stdout, r->error);
}

static int open_files(struct roofline *r, const struct invocation *invocation)
{
    struct error *e = r->error;
    const char *out = r->options->out;
    if (!out) {
        run_dir_name(&r->dir);
        return 0;
    }
    if (run_dir_join(&r->dir, out, "roofline.csv", e) ||
        csv_create(&r->csv, r->dir.path, "roofline.csv", columns, e))
        return (int)e->code;
    if (r->dir.continued) return 0;
    record_init(&r->record, &r->dir, invocation->argc, invocation->argv, &r->topology, NULL, NULL, 0, NULL);
    record_settings(&r->record, json_pack("{s:i, s:i, s:f}", "threads", r->threads, "rounds", ROUNDS,
                                          "round_seconds", round_seconds));
    return record_begin(&r->record, r->dir.path, e);
}

/* Leaves nothing of a run without a row, so that the directory is taken by the next try. */
static void discard_files(struct roofline *r)
{
    if (!r->dir.path[0]) return;
    csv_discard(&r->csv);
    if (!r->dir.continued) record_discard(&r->record, r->dir.path);
    record_free(&r->record);
    run_dir_abandon(&r->dir);
}

static int close_files(struct roofline *r, int code)
{
    if (!r->dir.path[0]) return code;
    if (r->error->code && !csv_has_rows(&r->csv)) {
        discard_files(r);
        return code;
    }
    code = exit_code_worst(code, csv_finish(&r->csv, r->error));
    if (r->dir.continued) return code;
    code = exit_code_worst(code, record_write(&r->record, code, r->error));
    record_free(&r->record);
    return code;
}

static int print_results(struct roofline *r)
{
    if (r->options->json) return print_json(r);
    if (r->table.failed) return error_set(r->error, EXIT_INTERNAL, "out of memory");
    table_print(&r->table, stdout);
    return 0;
}

static int measure(struct roofline *r)
{
    const struct roofline_request request = {.threads = r->threads,
                                             .isa = cpu_usable(),
                                             .topology = &r->topology,
                                             .available = memory_available_here() / MEMORY_SHARE,
                                             .rounds = ROUNDS,
                                             .seconds = round_seconds,
                                             .stop = &interrupt_flag,
                                             .row = on_row,
                                             .left_out = on_left_out,
                                             .context = r};
    return roofline_measure(&request, r->error);
}

static void begin_table(struct roofline *r)
{
    static const char *const head[] = {"threads",     "quantity", "isa",      "where",
                                       "working set", "median",   "min..max", ""};
    table_init(&r->table, "rlllrrrl", "00102000");
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) table_cell(&r->table, "%s", head[i]);
    r->one.threads = 1;
    r->team.threads = r->threads;
    struct run_dir now;
    run_dir_name(&now);
    snprintf(r->one.utc, sizeof r->one.utc, "%s", now.utc);
    snprintf(r->team.utc, sizeof r->team.utc, "%s", now.utc);
    r->rows = json_array();
    r->left_out = json_array();
}

/* Whether the machine was as fast after the measurement as before it. */
static bool is_steady(const struct roofline_rates *rates)
{
    const double change = roofline_rates_change(rates);
    if (change <= roofline_max_change) return true;
    fprintf(stderr,
            "warning: nothing is saved for later runs: the multiply-add peak with %d thread%s changed by "
            "%.0f %% during the measurement; repeat it on an idle machine\n",
            rates->threads, rates->threads == 1 ? "" : "s", 100 * change);
    return false;
}

/* Waiting threads measure the scheduler, which is of no use to a run. */
static void save_rates(const struct roofline *r)
{
    if (!is_steady(&r->one) || (r->threads > 1 && !is_steady(&r->team))) return;
    saved_roofline_save(r->env_id, &r->one, r->options->quiet);
    if (r->threads > 1 && r->threads <= r->topology.allowed_pus)
        saved_roofline_save(r->env_id, &r->team, r->options->quiet);
}

int command_roofline(const struct options *o, const struct invocation *invocation, struct error *e)
{
    static struct roofline r = {.csv = {.fd = -1}};
    r.options = o;
    r.error = e;
    if (output_check(e) || topology_read(&r.topology, e)) return (int)e->code;
    r.threads = o->threads ? o->threads : r.topology.default_threads;
    if (!*env_id_here(&r.topology, r.env_id)) return error_set(e, EXIT_INTERNAL, "env_id: out of memory");
    interrupt_install();
    if (open_files(&r, invocation)) {
        discard_files(&r);
        return (int)e->code;
    }
    begin_table(&r);
    if (!o->quiet) print_setting(&r);
    int code = close_files(&r, measure(&r));
    if (code == EXIT_OK) save_rates(&r);
    code = exit_code_worst(code, print_results(&r));
    if (code == EXIT_INTERRUPTED)
        fputs("bench: interrupted; the complete rows are saved\n", stderr);
    else if (r.dir.path[0] && code == EXIT_OK && !o->quiet)
        fprintf(stderr, "results: %s/roofline.csv\n", r.dir.path);
    table_free(&r.table);
    json_decref(r.rows);
    json_decref(r.left_out);
    return code;
}
