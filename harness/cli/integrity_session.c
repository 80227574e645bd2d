/* SPDX-License-Identifier: MIT */
#include "cli/integrity_session.h"

#include <dlfcn.h>
#include <math.h>
#include <sha256.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

#include "machine/cpu.h"
#include "results/integrity_file.h"
#include "roof/peak.h"
#include "run/program.h"

int integrity_session_open(struct integrity_session *b, const struct session *s)
{
    memset(b, 0, sizeof *b);
    b->session = s;
    return integrity_ground_open(&b->ground, &s->data, &s->shape, s->options->batch, s->plan.threads,
                                 s->options->seed);
}

void integrity_session_close(struct integrity_session *b)
{
    integrity_ground_close(&b->ground);
}

static int find(const struct integrity_session *b, const struct registry_entry *entry)
{
    int i = 0;
    while (i < b->session->count - 1 && b->session->entries[i] != entry) i++;
    return i;
}

struct integrity *integrity_session_of(struct integrity_session *b, const struct registry_entry *entry)
{
    return &b->of[find(b, entry)];
}

/* ---- The end ---- */

static double machine_peak(void *context)
{
    static const double seconds = 0.02;
    const struct integrity_session *b = context;
    double best = 0.0;
    for (int i = 0; i < 5; i++)
        best = fmax(best, peak_gflops(isa_tier_widest(cpu_usable()), b->session->plan.threads, seconds));
    return best;
}

/* The contender whose first loss the others' are compared with: the fallback backend, else any built-in one.
 */
static int find_reference(const struct integrity_session *b, int contender)
{
    int found = -1;
    for (int i = 0; i < b->session->count; i++) {
        const struct registry_entry *entry = b->session->entries[i];
        if (i == contender || registry_plugin_of(entry) || entry->program || b->of[i].epochs == 0) continue;
        if (registry_is_fallback(entry)) return i;
        if (found < 0) found = i;
    }
    return found;
}

static const char *clock_home(void)
{
    Dl_info info;
    int (*clock)(clockid_t, struct timespec *) = clock_gettime;
    void *address;
    memcpy(&address, &clock, sizeof address); /* C has no cast from a function pointer to an object pointer */
    return dladdr(address, &info) != 0 && info.dli_fname ? info.dli_fname : "an unknown place";
}

/* The file of a contender, "" when it is this program. */
static const char *own_file(const struct registry_entry *entry, const char **sha256)
{
    const struct plugin *plugin = registry_plugin_of(entry);
    *sha256 = plugin ? plugin->sha256 : entry->program ? entry->program->sha256 : "";
    return plugin ? plugin->path : entry->program ? entry->program->path : "";
}

static void judge(struct integrity_session *b, int i, const char *implementation)
{
    struct integrity *integrity = &b->of[i];
    const int reference = find_reference(b, i);
    const char *before, *path = own_file(b->session->entries[i], &before);
    char after[65] = "";
    if (*path && !SHA256File(path, after)) after[0] = 0;
    integrity_judge_roof(integrity, machine_peak, b);
    integrity_judge_loss(integrity, &b->ground, reference < 0 ? NULL : &b->of[reference],
                         reference < 0 ? "" : b->session->entries[reference]->name);
    integrity_judge_file(integrity, before, after);
    integrity_judge_preload(integrity, getenv("LD_PRELOAD"), clock_home());
    integrity_judge_implementation(integrity, implementation);
}

int integrity_session_conclude(struct integrity_session *b, struct summary *summary, struct record *record,
                               struct error *e)
{
    const struct session *s = b->session;
    const struct row_identity identity = session_identity(s);
    int code = EXIT_OK;
    b->judged = true;
    for (int i = 0; i < s->count; i++) {
        judge(b, i, summary_row(summary, s->entries[i])->info.implementation);
        if (integrity_violated(&b->of[i]) != CHECK_COUNT) code = EXIT_INTEGRITY;
        record_integrity(record, s->entries[i]->name, integrity_json(&b->of[i]));
    }
    if (integrity_file_write(b->of, s->entries, s->count, s->dir.path, &identity, e)) return (int)e->code;
    return code;
}

void integrity_session_print(const struct integrity_session *b, FILE *out)
{
    int counts[3] = {0, 0, 0};
    if (!b->judged) return;
    for (int i = 0; i < b->session->count; i++) {
        for (int check = 0; check < CHECK_COUNT; check++) {
            const struct integrity_line *line = &b->of[i].line[check];
            counts[line->status]++;
            if (line->status == INTEGRITY_VIOLATION)
                fprintf(out, "INTEGRITY VIOLATED by %s: %s: %s%s%s%s%s\n", b->session->entries[i]->name,
                        integrity_check_name((enum integrity_check)check), line->message,
                        line->expected[0] ? "; expected " : "", line->expected,
                        line->seen[0] ? ", seen " : "", line->seen);
        }
    }
    if (counts[INTEGRITY_VIOLATION])
        fputs("the rows of a contender that violates integrity are in the files; do not trust its numbers\n",
              out);
    else
        fprintf(out, "integrity: %d checks passed, %d do not apply; see integrity.csv\n",
                counts[INTEGRITY_PASS], counts[INTEGRITY_NOT_APPLICABLE]);
}
