/* SPDX-License-Identifier: MIT
 *
 * bench list: every backend of the table, and why one is not ready. */
#include <jansson.h>
#include <omp.h>
#include <stdlib.h>
#include <zlib.h>

#include "backends/registry.h"
#include "base/json_text.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "machine/cpu.h"
#include "machine/topology.h"
#include "machine/build.h"
#include "backends/describe.h"
#include "console/table.h"
#include "console/work_view.h"
#include "data/dataset.h"
#include "console/terminal.h"
#include "console/wrap.h"

enum { INPUTS = 28 * 28 }; /* of the images that the work of a step is told for */

struct listing {
    const struct registry_entry *entry;
    enum backend_status status;
    char why[256], needs[128], own[OP_NAMES_SIZE], inherited[DESCRIBE_INHERITED_SIZE];
    const char *library;
};

static const char *status_text(enum backend_status status)
{
    static const char *const texts[] = {"ready", "unsupported", "not built"};
    return texts[status];
}

/* A backend's functions are called only when the CPU can run them; a plug-in's were by the probe. */
static struct listing look_at(const struct registry_entry *entry)
{
    struct listing l = {.entry = entry};
    const struct backend *b = entry->backend;
    l.status = registry_status(entry, l.why, sizeof l.why);
    if (!b) return l;
    cpu_isa_names(b->needs, l.needs, sizeof l.needs);
    op_set_names(backend_ops(b), " ", l.own, sizeof l.own);
    describe_inherited(entry, l.inherited);
    if (l.status == BACKEND_READY && b->library) l.library = b->library();
    if (entry->plugin && entry->plugin->facts.library[0]) l.library = entry->plugin->facts.library;
    return l;
}

/* What does not fit into the table. */
static void print_notes(const struct topology *t)
{
    const int width = terminal_width(stdout);
    char found[128], usable[128];
    fputc('\n', stdout);
    for (int i = 0; i < registry_count(); i++) {
        const struct listing l = look_at(registry_at(i));
        if (!l.entry->backend) continue;
        wrap_line(stdout, width, "%s: %s", l.entry->name, l.entry->backend->summary);
        wrap_print(stdout, l.own[0] ? l.own : "none", printf("  own ops: "), 4, width);
        if (l.entry->plugin) printf("  plug-in: %s\n", l.entry->plugin->shown_path);
        if (l.inherited[0]) wrap_print(stdout, l.inherited, printf("  inherited from "), 4, width);
    }
    fputc('\n', stdout);
    wrap_print(stdout,
               "NAME:" COMPOSED
               " is a backend's ops without its fused step, NAME+OP:OTHER the same with that op "
               "from another: docs/comparing.md",
               0, 0, width);
    fputc('\n', stdout);
    const char *cap = cpu_cap_name();
    wrap_line(stdout, width, "CPU: %s: %s%s%s%s%s", cpu_model(),
              cpu_isa_names(cpu_found(), found, sizeof found), cap ? ", capped at " : "", cap ? cap : "",
              cap ? ": " : "", cap ? cpu_isa_names(cpu_usable(), usable, sizeof usable) : "");
    wrap_line(stdout, width, "libraries: hwloc %s, zlib %s, jansson %s, Google Benchmark %s, OpenMP %d",
              t->hwloc_version, zlibVersion(), JANSSON_VERSION, build_get()->benchmark, _OPENMP);
}

/* What a step is divided for; threads 0: not asked. */
static struct plan step_plan(const struct options *o)
{
    return (struct plan){.struct_size = sizeof(struct plan),
                         .threads = o->threads,
                         .inputs = INPUTS,
                         .hidden = o->hidden,
                         .classes = DATASET_CLASSES,
                         .batch = o->batch};
}

/* Whether to show the backend's division of the step: its functions are called only if the CPU can run them.
 * */
static bool tells_work(const struct options *o, const struct listing *l)
{
    return o->threads > 0 && l->status == BACKEND_READY && l->entry->backend->work_of;
}

static void print_work(const struct options *o)
{
    const struct plan plan = step_plan(o);
    for (int i = 0; i < registry_count(); i++) {
        const struct listing l = look_at(registry_at(i));
        if (tells_work(o, &l)) work_view_print(l.entry->backend, &plan, stdout);
    }
}

static int print_table(const struct options *o, const struct topology *t, struct error *e)
{
    struct table table;
    table_init(&table, "llllll", "000000");
    static const char *const head[] = {"backend", "status", "needs", "step", "library", "why not ready"};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) table_cell(&table, "%s", head[i]);
    for (int i = 0; i < registry_count(); i++) {
        const struct listing l = look_at(registry_at(i));
        const struct backend *b = l.entry->backend;
        table_cell(&table, "%s", l.entry->name);
        table_cell(&table, "%s", status_text(l.status));
        table_cell(&table, "%s", l.needs);
        table_cell(&table, "%s", !b ? "" : b->step ? "fused" : "composed");
        table_cell(&table, "%s", l.library ? l.library : "");
        table_cell(&table, "%s", l.why);
    }
    const bool failed = table.failed;
    if (!failed) table_print(&table, stdout);
    table_free(&table);
    if (failed) return error_set(e, EXIT_INTERNAL, "out of memory");
    print_notes(t);
    print_work(o);
    return EXIT_OK;
}

/* NULL when out of memory. */
static json_t *listing_json(const struct options *o, const struct listing *l)
{
    const struct backend *b = l->entry->backend;
    json_t *object = json_pack("{s:s, s:s, s:s?}", "name", l->entry->name, "status", status_text(l->status),
                               "why", l->why[0] ? l->why : NULL);
    if (!object || !b) return object;
    json_t *rest = json_pack(
        "{s:s, s:s, s:b, s:b, s:b, s:o, s:o, s:s, s:o}", "summary", b->summary, "needs", l->needs,
        "fused_step", b->step != NULL, "on_request", (b->flags & BACKEND_ON_REQUEST) != 0, "deterministic",
        (b->flags & BACKEND_DETERMINISTIC) != 0, "own_ops", describe_ops_json(backend_ops(b)),
        "inherited_ops", describe_ops_json(OP_ALL & ~backend_ops(b)), "compiler_flags", l->entry->compiled_as,
        "library", json_string_or_null(l->library));
    bool failed = !rest;
    if (l->entry->plugin)
        failed |= json_object_set_new(rest, "plugin", json_string(l->entry->plugin->shown_path)) != 0;
    if (tells_work(o, l)) {
        const struct plan plan = step_plan(o);
        failed |= json_object_set_new(rest, "step_work", work_view_json(b, &plan)) != 0;
    }
    failed |= json_object_update(object, rest) != 0;
    json_decref(rest);
    if (!failed) return object;
    json_decref(object);
    return NULL;
}

static int print_json(const struct options *o, const struct topology *t, struct error *e)
{
    char found[128], usable[128];
    json_t *backends = json_array();
    for (int i = 0; i < registry_count(); i++) {
        const struct listing l = look_at(registry_at(i));
        if (json_array_append_new(backends, listing_json(o, &l)) != 0) { /* also where there is no listing */
            json_decref(backends);
            return error_set(e, EXIT_INTERNAL, "out of memory");
        }
    }
    json_t *root = json_pack(
        "{s:s, s:s, s:s, s:s, s:s?, s:o, s:{s:s, s:s, s:s, s:s, s:i}}", "version", build_get()->version,
        "cpu", cpu_model(), "isa_found", cpu_isa_names(cpu_found(), found, sizeof found), "isa_used",
        cpu_isa_names(cpu_usable(), usable, sizeof usable), "isa_cap", cpu_cap_name(), "backends", backends,
        "libraries", "hwloc", t->hwloc_version, "zlib", zlibVersion(), "jansson", JANSSON_VERSION,
        "google_benchmark", build_get()->benchmark, "openmp", _OPENMP);
    char *text = root ? json_text(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
    json_decref(root);
    if (!text) return error_set(e, EXIT_INTERNAL, "out of memory");
    printf("%s\n", text);
    free(text);
    return 0;
}

int command_list(const struct options *o, struct error *e)
{
    struct topology t;
    if (output_check(e) || topology_read(&t, e)) return (int)e->code;
    if (o->json) return print_json(o, &t, e);
    return print_table(o, &t, e);
}
