/* SPDX-License-Identifier: MIT
 *
 * The checks that are made once, when all epochs are done. */
#include <math.h>
#include <string.h>

#include "integrity/lines.h"
#include "backends/describe.h"

/* Four standard errors of a mean over the samples, taking the scatter of a sample's loss as twice its mean.
 * Two backends that differ in their roundings only were seen closer by two orders of magnitude. */
static double loss_band(const struct integrity_ground *g, double loss)
{
    return 4.0 * 2.0 * loss / sqrt((double)g->data->train.count);
}

void integrity_judge_loss(struct integrity *i, const struct integrity_ground *g,
                          const struct integrity *reference, const char *reference_name)
{
    if (i->epochs == 0) return;
    if (!reference || reference->epochs == 0) {
        lines_not_applicable(i, CHECK_LOSS, "no other built-in backend trained in this run");
        return;
    }
    /* Worse than guessing: the training diverges, and nothing can be expected of it. */
    if (!(reference->first_loss < log(g->shape.classes))) {
        lines_not_applicable(i, CHECK_LOSS, "the other backend's training diverges");
        return;
    }
    const double band = loss_band(g, reference->first_loss);
    const double apart = fabs(i->first_loss - reference->first_loss);
    struct integrity_line *line = lines_take(i, CHECK_LOSS, apart <= band, 0.0);
    if (!line) return;
    SAY(line->expected, "%.9g, within %.3g", reference->first_loss, band);
    SAY(line->seen, "%.9g", i->first_loss);
    SAY(line->message, "training loss of epoch 1 against that of %s", reference_name);
}

void integrity_judge_file(struct integrity *i, const char *before, const char *after)
{
    if (!before[0]) {
        lines_not_applicable(i, CHECK_FILE, "it is part of this program");
        return;
    }
    struct integrity_line *line = lines_take(i, CHECK_FILE, strcmp(before, after) == 0, 0.0);
    if (!line) return;
    SAY(line->expected, "%s", before);
    SAY(line->seen, "%s", after[0] ? after : "cannot be read");
    SAY(line->message, "SHA-256 of its file at the end");
}

/* glibc's own, or what a sanitizer puts before it on purpose and hands on. */
static bool is_known_clock(const char *file)
{
    static const char *const known[] = {"libc.",   "libc-",    "linux-vdso", "libasan",
                                        "libtsan", "libubsan", "libclang_rt"};
    const char *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (strncmp(name, known[k], strlen(known[k])) == 0) return true;
    return false;
}

void integrity_judge_preload(struct integrity *i, const char *preload, const char *clock_home)
{
    const bool empty = !preload || !*preload;
    struct integrity_line *line = lines_take(i, CHECK_PRELOAD, empty || is_known_clock(clock_home), 0.0);
    if (!line) return;
    SAY(line->expected, "%s", empty ? "" : "clock_gettime of the C library");
    SAY(line->seen, "%s", empty ? "" : clock_home);
    if (empty)
        SAY(line->message, "LD_PRELOAD is empty");
    else
        SAY(line->message, "note: LD_PRELOAD=%s", preload);
}

void integrity_judge_implementation(struct integrity *i, const char *implementation)
{
    char reference[160];
    if (!implementation[0]) {
        lines_not_applicable(i, CHECK_IMPLEMENTATION, "it names none");
        return;
    }
    struct integrity_line *line = lines_take(i, CHECK_IMPLEMENTATION, true, 0.0);
    if (!line) return;
    SAY(line->seen, "%s", implementation);
    if (describe_reference(implementation, reference, sizeof reference))
        SAY(line->message, "note: uses a reference implementation, so a comparison with it is not fair: %s",
            reference);
    else
        SAY(line->message, "no reference implementation among them");
}

enum integrity_check integrity_violated(const struct integrity *i)
{
    int check = 0;
    while (check < CHECK_COUNT && i->line[check].status != INTEGRITY_VIOLATION) check++;
    return (enum integrity_check)check;
}
