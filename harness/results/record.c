/* SPDX-License-Identifier: MIT */
#include "results/record.h"

#include <errno.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "backends/held_back.h"
#include "base/json_text.h"
#include "machine/cpu.h"
#include "machine/env_id.h"
#include "machine/machine_json.h"
#include "machine/build.h"
#include "backends/describe.h"
#include "base/atomic_file.h"
#include "results/verified.h"
#include "backends/tuning.h"
#include "run/program.h"

json_t *record_build(void)
{
    const struct build *b = build_get();
    json_t *tree = json_null();
    if (b->tree_commit[0]) tree = json_pack("{s:s, s:b}", "commit", b->tree_commit, "dirty", b->tree_dirty);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "version", b->version, "compiler",
                     b->compiler, "buildtype", b->type, "flags", b->flags, "commit", b->commit, "commit_date",
                     b->commit_date, "dirty", b->dirty < 0 ? json_null() : json_boolean(b->dirty),
                     "source_tree_now", tree, "program_sha256", json_string_or_null(b->program_sha256));
}

static json_t *libraries_json(const struct topology *t)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:i}", "hwloc", t->hwloc_version, "zlib", zlibVersion(), "jansson",
                     JANSSON_VERSION, "google_benchmark", build_get()->benchmark, "openmp", _OPENMP);
}

static json_t *data_json(const struct dataset *d)
{
    return json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:{s:s, s:s, s:s, s:s}}", "name", d->name, "source",
                     d->source, "rows", d->rows, "cols", d->cols, "train_images", (int)d->train.count,
                     "test_images", (int)d->test.count, "sha256", "train_images", d->sha256[0],
                     "train_labels", d->sha256[1], "test_images", d->sha256[2], "test_labels", d->sha256[3]);
}

bool record_has_data(const json_t *machine, const struct dataset *d)
{
    static const char *const names[] = {"train_images", "train_labels", "test_images", "test_labels"};
    const json_t *sums = json_object_get(json_object_get(machine, "dataset"), "sha256");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *sum = json_string_value(json_object_get(sums, names[i]));
        if (!sum || strcmp(sum, d->sha256[i]) != 0) return false;
    }
    return true;
}

/* The other build that serves as this backend's worker. */
static json_t *program_json(const struct program *p)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "path", p->shown_path, "sha256", p->sha256, "version",
                     p->version, "commit", p->commit);
}

static json_t *backend_json(const struct registry_entry *entry, const struct plan *plan)
{
    const struct backend *b = entry->backend;
    char needs[128], note[DESCRIBE_NOTE_SIZE];
    const struct blocking is = tuning_effective(entry, plan);
    const uint32_t base_needs = entry->base ? entry->base->backend->needs : 0;
    return json_pack(
        "{s:s, s:o, s:s, s:s, s:b, s:b, s:o, s:o, s:o, s:{s:i, s:i, s:i, s:i, s:i}, s:b, s:o, s:o}", "name",
        b->name, "spec", json_string_of_bytes(entry->spec), "needs",
        cpu_isa_names(b->needs | base_needs, needs, sizeof needs), "compiler_flags", entry->compiled_as,
        "deterministic", registry_is_deterministic(entry), "fused_step", b->step != NULL, "own_ops",
        describe_ops_json(backend_ops(b)), "inherited_ops", describe_ops_json(OP_ALL & ~backend_ops(b)),
        "op_sources", describe_sources_json(entry), "blocking", "mr", is.mr, "nr", is.nr, "mc", is.mc, "nc",
        is.nc, "kc", is.kc, "tuned", tuning_of(registry_op_backend(entry, OP_gemm)->name) != NULL, "library",
        json_string_or_null(b->library ? b->library() : NULL), "note",
        json_string_or_null(describe_note(entry, note)));
}

static void set(struct record *r, const char *key, json_t *value)
{
    if (json_object_set_new(r->root, key, value) != 0) r->lost = true;
}

static void set_in_backend(struct record *r, const char *backend, const char *key, json_t *value)
{
    json_t *object = json_object_get(json_object_get(r->root, "backends"), backend);
    if (json_object_set_new(object, key, value) != 0) r->lost = true;
}

void record_init(struct record *r, const struct run_dir *dir, int argc, char **argv,
                 const struct topology *topology, const struct dataset *data,
                 const struct registry_entry *const *entries, int count, const struct plan *plan)
{
    memset(r, 0, sizeof *r);
    status_file_init(&r->file, dir->path, "machine.json");
    json_t *command = json_array(), *backends = json_object();
    for (int i = 0; i < argc; i++)
        if (json_array_append_new(command, json_string_of_bytes(argv[i])) != 0) r->lost = true;
    for (int i = 0; i < count; i++)
        if (json_object_set_new(backends, entries[i]->name, backend_json(entries[i], plan)) != 0)
            r->lost = true;
    r->root = json_object();
    set(r, "schema", json_integer(1));
    set(r, "run_id", json_string(dir->run_id));
    set(r, "time_utc", json_string(dir->utc));
    set(r, "status", json_string("running"));
    set(r, "exit_code", json_null());
    set(r, "command_line", command);
    set(r, "settings", json_null());
    set(r, "dataset", data ? data_json(data) : json_null());
    set(r, "backends", backends);
    for (int i = 0; i < count; i++)
        if (entries[i]->program)
            set_in_backend(r, entries[i]->name, "program", program_json(entries[i]->program));
    set(r, "build", record_build());
    set(r, "libraries", libraries_json(topology));
    set(r, "cpu", machine_cpu_json());
    set(r, "topology", machine_topology_json(topology));
    set(r, "system", machine_system_json());
    set(r, "environment", machine_environment_json());
    char *held_back = held_back_message(entries, count);
    set(r, "environment_warning", json_string_or_null(held_back));
    free(held_back);
    char id[ENV_ID_SIZE];
    env_id_of(json_object_get(r->root, "cpu"), json_object_get(r->root, "topology"), id);
    if (!*id) r->lost = true;
    set(r, "env_id", json_string(id));
}

void record_free(struct record *r)
{
    status_file_free(&r->file);
    json_decref(r->root);
    r->root = NULL;
}

void record_settings(struct record *r, json_t *settings)
{
    set(r, "settings", settings);
}

void record_continue(struct record *r, const json_t *earlier, json_t *note)
{
    static const char *const same[] = {"run_id", "time_utc", "command_line"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        set(r, same[i], json_deep_copy(json_object_get(earlier, same[i])));
    json_t *notes = json_deep_copy(json_object_get(earlier, "resumed"));
    if (!notes) notes = json_array();
    if (json_array_append(notes, note) != 0) r->lost = true;
    set(r, "resumed", notes);
    json_decref(note);
}

void record_more_settings(struct record *r, json_t *settings)
{
    if (!settings || json_object_update(json_object_get(r->root, "settings"), settings) != 0) r->lost = true;
    json_decref(settings);
}

void record_opened(struct record *r, const char *backend, const struct contender_info *info)
{
    char reference[160] = "";
    describe_reference(info->implementation, reference, sizeof reference);
    set_in_backend(r, backend, "threads", json_integer(info->threads));
    set_in_backend(r, backend, "threads_bound", json_boolean(info->bound));
    set_in_backend(r, backend, "fused_step", json_boolean(info->fused));
    set_in_backend(r, backend, "library", json_string_or_null(info->library));
    set_in_backend(r, backend, "implementation", json_string_or_null(info->implementation));
    set_in_backend(r, backend, "reference_implementation", json_string_or_null(reference));
}

void record_proven(struct record *r, const char *backend, const struct proof_verdict *v, double seconds)
{
    set_in_backend(r, backend, "verified", json_verified(v));
    set_in_backend(r, backend, "proof",
                   json_pack("{s:I, s:I, s:I, s:f, s:f}", "cases", (json_int_t)v->cases, "failed",
                             (json_int_t)v->failed, "deviating", (json_int_t)v->deviating,
                             "worst_error_of_bound", v->worst_of_bound, "seconds", seconds));
}

void record_section(struct record *r, const char *name, json_t *section)
{
    set(r, name, section);
}

void record_clocks(struct record *r, const char *backend, long long reads, double seconds_each, double share)
{
    const bool known = reads >= 0 && isfinite(share);
    set_in_backend(r, backend, "attribution",
                   json_pack("{s:o, s:f, s:o}", "clock_reads_per_epoch",
                             known ? json_integer((json_int_t)reads) : json_null(), "ns_per_clock_read",
                             seconds_each * 1e9, "percent_of_epoch",
                             known ? json_real(100 * share) : json_null()));
}

void record_failed(struct record *r, const char *backend, const char *reason)
{
    set_in_backend(r, backend, "failure", json_string_of_bytes(reason));
}

void record_integrity(struct record *r, const char *backend, json_t *found)
{
    set_in_backend(r, backend, "integrity", found);
}

static int write_status(struct record *r, const char *status, int exit_code, struct error *e)
{
    return status_file_write(&r->file, r->lost ? NULL : r->root, status, exit_code, e);
}

int record_write(struct record *r, int exit_code, struct error *e)
{
    return write_status(r, status_of_end(exit_code), exit_code, e);
}

enum { PATH_SIZE = 3600 };

static char *topology_path(char path[PATH_SIZE], const char *dir)
{
    snprintf(path, PATH_SIZE, "%s/topology.xml", dir);
    return path;
}

/* Nothing when hwloc cannot say. */
static int write_topology(const char *dir, struct error *e)
{
    char path[PATH_SIZE];
    topology_path(path, dir);
    char *xml;
    if (topology_xml(&xml)) return error_set(e, EXIT_INTERNAL, "%s: out of memory", path);
    if (!xml) return 0;
    const int code = file_replace(path, xml, strlen(xml), e);
    free(xml);
    return code;
}

int record_begin(struct record *r, const char *dir, struct error *e)
{
    if (write_topology(dir, e) || write_status(r, "running", 0, e)) return (int)e->code;
    return 0;
}

void record_discard(struct record *r, const char *dir)
{
    char path[PATH_SIZE];
    ending_hold();
    status_file_free(&r->file);
    unlink(r->file.path);
    unlink(topology_path(path, dir));
    ending_let();
}
