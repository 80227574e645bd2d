/* SPDX-License-Identifier: MIT
 *
 * bench doctor: what on this machine disturbs measuring, and what its user could do. */
#include <jansson.h>
#include <math.h>
#include <omp.h>

#include "base/json_text.h"
#include "cli/output.h"
#include "cli/session.h"
#include "console/terminal.h"
#include "console/wrap.h"
#include "doctor/doctor.h"
#include "machine/cpu.h"
#include "machine/machine_json.h"
#include "machine/build.h"
#include "roof/memory_available.h"

extern char **environ;

static json_t *number_or_null(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *ghz_json(const struct probe *r)
{
    json_t *ghz = json_object();
    for (int i = 0; i < ISA_TIER_COUNT; i++)
        if (json_object_set_new(ghz, isa_tier_name((enum isa_tier)i),
                                number_or_null(r->ghz[i] > 0 ? r->ghz[i] : NAN))) {
            json_decref(ghz);
            return NULL;
        }
    return ghz;
}

static json_t *probe_json(const struct probe *r)
{
    return json_pack("{s:i, s:f, s:i, s:f, s:f, s:f, s:f, s:f, s:o, s:f, s:o, s:f, s:f, s:o, s:o, s:o, s:o, "
                     "s:o, s:o, s:I, s:f, s:f, s:o, s:i, s:i}",
                     "threads", r->threads, "seconds", r->seconds, "pieces", r->pieces,
                     "piece_median_seconds", r->piece_median, "piece_p95_seconds", r->piece_p95,
                     "piece_worst_seconds", r->piece_worst, "visible_share", r->visible, "stretch_p95_share",
                     r->stretch_p95, "ghz", ghz_json(r), "ghz_single_thread", r->ghz_single,
                     "slower_after_rest_share", number_or_null(r->slower_after_rest), "wake_seconds",
                     r->wake_seconds, "clock_look_seconds", r->clock_seconds, "steal_share",
                     number_or_null(r->steal), "others_share", number_or_null(r->others), "siblings_share",
                     number_or_null(r->siblings), "runnable_others", number_or_null(r->runnable),
                     "throttled_share", number_or_null(r->throttled), "throttle_events",
                     r->throttle_events < 0 ? json_null() : json_integer(r->throttle_events), "major_faults",
                     (json_int_t)r->major_faults, "multiply_seconds", r->multiply_seconds,
                     "multiply_subnormal_seconds", r->multiply_subnormal_seconds, "llc_best_gbps",
                     number_or_null(r->llc_best), "llc_probes", r->llc_probes, "llc_low", r->llc_low);
}

static json_t *findings_json(const struct finding *findings, int count)
{
    json_t *array = json_array();
    for (int i = 0; i < count; i++) {
        const struct finding *f = &findings[i];
        json_t *object =
            json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "code", f->code, "subject", f->subject, "state",
                      finding_state_name(f->state), "cause", json_string_of_bytes(f->cause), "effect",
                      json_string_of_bytes(f->effect), "advice", json_string_of_bytes(f->advice));
        if (array && object && json_array_append_new(array, object) == 0) continue;
        json_decref(array);
        return NULL;
    }
    return array;
}

static int print_json(const struct machine_state *p, const struct finding *findings, int count,
                      struct error *e)
{
    char id[ENV_ID_SIZE];
    json_t *root =
        json_pack("{s:s, s:s, s:o, s:o}", "env_id", env_id_here(p->topology, id), "cpu", cpu_model(), "probe",
                  probe_json(&p->probe), "findings", findings_json(findings, count));
    return json_print(root, stdout, e);
}

/* A text after the label that begins its line; further lines begin below it. */
static void print_wrapped(int at, const char *text)
{
    wrap_print(stdout, text, at, at, terminal_width(stdout));
}

static void print_first_line(const struct finding *f, const char *more)
{
    char text[600];
    snprintf(text, sizeof text, "%s: %s%s%s", f->subject, f->cause, *more ? "; " : "", more);
    print_wrapped(printf("%s  %-7s  ", f->code, finding_state_name(f->state)), text);
}

static void print_disturbance(const struct finding *f)
{
    print_first_line(f, "");
    if (f->effect[0]) print_wrapped(printf("              seen: "), f->effect);
    if (f->advice[0]) print_wrapped(printf("              do:   "), f->advice);
}

/* What disturbs first, then what might, then all else. */
static void print_text(const struct machine_state *p, const struct finding *findings, int count)
{
    static const enum finding_state order[] = {FINDING_WARNING, FINDING_NOTE, FINDING_UNKNOWN, FINDING_FINE};
    int warnings = 0;
    for (int i = 0; i < count; i++) warnings += findings[i].state == FINDING_WARNING;
    wrap_line(stdout, terminal_width(stdout),
              "%d thing%s disturb%s measurements here; %d thread%s probed for %.1f s, which shows effects of "
              "%.1f %% and more",
              warnings, warnings == 1 ? "" : "s", warnings == 1 ? "s" : "", p->probe.threads,
              p->probe.threads == 1 ? " was" : "s were", p->probe.seconds, 100 * p->probe.visible);
    putchar('\n');
    for (size_t o = 0; o < sizeof order / sizeof *order; o++)
        for (int i = 0; i < count; i++) {
            if (findings[i].state != order[o]) continue;
            if (order[o] == FINDING_WARNING || order[o] == FINDING_NOTE)
                print_disturbance(&findings[i]);
            else
                print_first_line(&findings[i], findings[i].effect);
        }
}

int command_doctor(const struct options *o, struct error *e)
{
    static struct topology topology; /* large */
    static struct finding findings[DOCTOR_MAX];
    if (output_check(e) || topology_read(&topology, e)) return (int)e->code;
    const struct build *b = build_get();
    struct machine_state p = {.proc = "/proc",
                              .sys = "/sys",
                              .topology = &topology,
                              .threads = o->threads ? o->threads : topology.default_threads,
                              .hypervisor = machine_hypervisor(),
                              .build_type = b->type,
                              .build_flags = b->flags,
                              .environment = (const char *const *)environ,
                              .memory_available = memory_available_here(),
                              .openmp_threads = omp_get_max_threads()};
    if (!o->quiet) {
        session_print_machine(&topology, stderr);
        fputs("probing for a few seconds; nothing is changed\n", stderr);
    }
    if (probe_measure(&p.probe, p.proc, p.sys, &topology, p.threads, cpu_usable(), e)) return (int)e->code;
    const int count = doctor_examine(&p, findings);
    if (o->json) return print_json(&p, findings, count, e);
    print_text(&p, findings, count);
    return EXIT_OK;
}
