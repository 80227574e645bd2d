/* SPDX-License-Identifier: MIT */
#include "cli/session.h"

#include <stdlib.h>
#include <string.h>

#include "backends/held_back.h"
#include "cli/settings.h"
#include "console/terminal.h"
#include "console/wrap.h"
#include "machine/cpu.h"
#include "machine/machine_json.h"
#include "machine/build.h"
#include "backends/tuning.h"

bool session_has_dir(const struct session *s)
{
    return s->dir.path[0] != 0;
}

static int open_dir(struct session *s, const char *adds, struct error *e)
{
    const char *out = s->options->out;
    if (s->options->resume) return run_dir_reopen(&s->dir, s->options->resume, e);
    if (!adds) return run_dir_create(&s->dir, out, e);
    if (out) return run_dir_join(&s->dir, out, adds, e);
    run_dir_name(&s->dir);
    return 0;
}

static void make_plan(struct session *s)
{
    const struct options *o = s->options;
    const struct topology *t = &s->topology;
    s->shape = (struct shape){s->data.rows * s->data.cols, o->hidden, DATASET_CLASSES};
    s->plan = (struct plan){.struct_size = sizeof s->plan,
                            .threads = o->threads ? o->threads : t->default_threads,
                            .inputs = s->shape.inputs,
                            .hidden = s->shape.hidden,
                            .classes = s->shape.classes,
                            .batch = o->batch,
                            .lr = (float)o->lr,
                            .rho = (float)RMSPROP_RHO,
                            .epsilon = (float)RMSPROP_EPSILON,
                            .l1d_bytes = t->l1d_bytes,
                            .l2_bytes = t->l2_bytes,
                            .l3_bytes = t->l3_bytes,
                            .isa = cpu_usable(),
                            .skip_phases = strcmp(o->attribution, "off") == 0};
}

/* What the session reads. */
static int open_inputs(struct session *s, struct error *e)
{
    const struct options *o = s->options;
    if (dataset_open(&s->data, o->data, e)) return (int)e->code;
    s->has_data = true;
    make_plan(s);
    /* bench tune starts from the defaults and writes the file itself. */
    return o->command == COMMAND_TUNE ? 0 : tuning_use(o->tuning, s->plan.threads, e);
}

/* Everything but the choice of the backends. */
static int open_rest(struct session *s, const char *adds, struct error *e)
{
    if (topology_read(&s->topology, e)) return (int)e->code;
    if (!*env_id_here(&s->topology, s->env_id)) return error_set(e, EXIT_INTERNAL, "env_id: out of memory");
    if (open_dir(s, adds, e)) return (int)e->code;
    if (open_inputs(s, e)) session_abandon(s);
    return (int)e->code;
}

int session_open(struct session *s, const struct options *o, const char *adds, struct error *e)
{
    memset(s, 0, sizeof *s);
    s->options = o;
    if (registry_select(o->backend, s->entries, &s->count, e)) return (int)e->code;
    if (o->command == COMMAND_RUN &&
        registry_add_opponent(s->entries, &s->count, &s->opponent, &s->opponent_of, e))
        return (int)e->code;
    return open_rest(s, adds, e);
}

int session_open_with(struct session *s, const struct options *o, const struct registry_entry *entries,
                      int count, struct error *e)
{
    memset(s, 0, sizeof *s);
    s->options = o;
    for (int i = 0; i < count; i++) s->entries[s->count++] = &entries[i];
    return open_rest(s, NULL, e);
}

void session_close(struct session *s)
{
    if (s->has_data) dataset_close(&s->data);
    s->has_data = false;
    run_dir_release(&s->dir);
}

void session_abandon(struct session *s)
{
    run_dir_abandon(&s->dir);
    session_close(s);
}

struct row_identity session_identity(const struct session *s)
{
    return (struct row_identity){s->dir.run_id, s->data.name, s->plan.threads, s->options->seed, 1,
                                 s->shape,      s->env_id};
}

/* What only bench run is asked for. 0, or -1 when out of memory. */
static int record_run_settings(json_t *settings, const struct options *o)
{
    json_t *target = o->target_accuracy > 0 ? json_real(o->target_accuracy) : json_null();
    return json_object_set_new(settings, "target_accuracy", target) != 0 ||
                   json_object_set_new(settings, "seeds", json_integer(o->seeds)) != 0
               ? -1
               : 0;
}

void session_record(const struct session *s, const struct invocation *invocation, struct record *record)
{
    const struct options *o = s->options;
    record_init(record, &s->dir, invocation->argc, invocation->argv, &s->topology, &s->data, s->entries,
                s->count, &s->plan);
    json_t *settings =
        json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:f, s:f, s:f, s:i}", "epochs", o->epochs, "naive_epochs",
                  o->naive_epochs, "batch", o->batch, "inputs", s->shape.inputs, "hidden", s->shape.hidden,
                  "classes", s->shape.classes, "lr", o->lr, "rho", RMSPROP_RHO, "epsilon", RMSPROP_EPSILON,
                  "threads", s->plan.threads);
    /* As text: a seed may be larger than JSON's integers. */
    char seed[24];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)o->seed);
    if (json_object_set_new(settings, "seed", json_string(seed)) != 0 ||
        json_object_set_new(settings, "timeout", json_integer(o->timeout)) != 0 ||
        (o->command == COMMAND_RUN && record_run_settings(settings, o) != 0) ||
        settings_add_choices(settings, o, s->entries, s->count) != 0) {
        json_decref(settings);
        settings = NULL; /* the record notices that it is missing */
    }
    record_settings(record, settings);
}

static void print_machine(const struct topology *t, FILE *out)
{
    char isa[128];
    const char *hypervisor = machine_hypervisor(), *cap = cpu_cap_name();
    fprintf(out, "machine   %s, %s%s%s%s%s\n", cpu_model(), cpu_isa_names(cpu_usable(), isa, sizeof isa),
            cap ? ", capped at " : "", cap ? cap : "", hypervisor ? ", virtual: " : "",
            hypervisor ? hypervisor : "");
    fprintf(out, "          %d cores (%d allowed), L1d %zu KiB, L2 %zu KiB, L3 %zu KiB", t->cores,
            t->allowed_cores, t->l1d_bytes / 1024, t->l2_bytes / 1024, t->l3_bytes / 1024);
    if (t->quota_cpus > 0) fprintf(out, ", cgroup quota %.2f CPUs", t->quota_cpus);
    fputc('\n', out);
    if (t->kinds_count > 1)
        fprintf(out, "          hybrid CPU: threads go to the %d fastest cores first%s%s%s\n",
                t->kinds[0].cores, t->kinds[0].name[0] ? " (" : "", t->kinds[0].name,
                t->kinds[0].name[0] ? ")" : "");
    if (t->description_ignored) fputs("warning: HWLOC_* describe another machine; they are ignored\n", out);
}

void session_print_machine(const struct topology *t, FILE *out)
{
    struct wrapped w;
    print_machine(t, wrap_open(&w, out));
    wrap_close(&w, WRAP_LABEL);
}

static void print_held_back(const struct session *s, FILE *out)
{
    char *message = held_back_message(s->entries, s->count);
    if (message) fprintf(out, "warning: %s\n", message);
    free(message);
}

static void print_tunings(const struct session *s, FILE *out)
{
    for (int i = 0; i < s->count; i++) {
        const struct tuning *t = tuning_of(registry_op_backend(s->entries[i], OP_gemm)->name);
        if (!t) continue;
        char text[TUNING_TEXT];
        const struct blocking b = tuning_effective(s->entries[i], &s->plan);
        fprintf(out, "tuning    %s: %s, %.1f %% less time when tuned at %s, commit %.12s\n",
                s->entries[i]->name, tuning_text(&b, text), t->gain_percent, t->utc,
                build_commit_text(t->commit));
    }
}

static void print_session(const struct session *s, FILE *out)
{
    char team[128], commit[32] = "";
    const struct options *o = s->options;
    const char *advice = dataset_advice(s->data.name);
    const struct build *b = build_get();
    if (b->dirty >= 0) snprintf(commit, sizeof commit, "%.12s%s, ", b->commit, b->dirty ? "+changes" : "");
    fprintf(out, "bench %s (%s%s, %s)  run %s\n", b->version, commit, b->compiler, b->type, s->dir.run_id);
    print_machine(&s->topology, out);
    fprintf(out, "network   %d-%d-%d, batch %d, RMSprop lr %g, seed %llu, %d thread%s\n", s->shape.inputs,
            s->shape.hidden, s->shape.classes, o->batch, o->lr, (unsigned long long)o->seed, s->plan.threads,
            s->plan.threads == 1 ? "" : "s");
    fprintf(out, "data      dataset=%s: %u + %u images of %dx%d from %s\n", s->data.name, s->data.train.count,
            s->data.test.count, s->data.rows, s->data.cols, s->data.source);
    fputs("backends ", out);
    for (int i = 0; i < s->count; i++) fprintf(out, " %s", s->entries[i]->name);
    if (o->command & (COMMAND_RUN | COMMAND_AB | COMMAND_GATE))
        fprintf(out, ", %d epoch%s", o->epochs, o->epochs == 1 ? "" : "s");
    fputc('\n', out);
    if (s->opponent)
        fprintf(out, "          and %s, because the step of %s is composed too\n", s->opponent->name,
                s->opponent_of->name);
    print_tunings(s, out);
    if (session_has_dir(s)) fprintf(out, "files     %s\n", s->dir.path);
    if (*advice) fprintf(out, "note: dataset=%s: %s\n", s->data.name, advice);
    print_held_back(s, out);
    topology_team_warning(&s->topology, s->plan.threads, team, sizeof team);
    if (team[0]) fprintf(out, "warning: %s\n", team);
}

void session_print(const struct session *s, FILE *out)
{
    struct wrapped w;
    print_session(s, wrap_open(&w, out));
    wrap_close(&w, WRAP_LABEL);
}
