/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <string.h>

#include "doctor/checks.h"
#include "doctor/kernel_files.h"

void check_huge_pages(const struct machine_state *p, struct finding *f)
{
    char line[128];
    if (!kernel_line(p->sys, "kernel/mm/transparent_hugepage/enabled", line, sizeof line)) {
        f->state = FINDING_UNKNOWN;
        FINDING_SAY(f->cause, "the kernel does not say whether there are transparent huge pages");
        return;
    }
    const bool never = strstr(line, "[never]") != NULL;
    f->state = never ? FINDING_NOTE : FINDING_FINE;
    FINDING_SAY(f->cause,
                never ? "transparent huge pages are off; bench requests them for images and weights"
                      : "%s: bench gets those that it requests",
                line);
    if (!never) return;
    FINDING_SAY(f->effect, "their effect cannot be measured while they are off");
    FINDING_SAY(f->advice, "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled");
}

void check_address_randomisation(const struct machine_state *p, struct finding *f)
{
    long long value;
    const bool known = kernel_number(p->proc, "sys/kernel/randomize_va_space", &value);
    f->state = !known ? FINDING_UNKNOWN : value ? FINDING_NOTE : FINDING_FINE;
    FINDING_SAY(f->cause, !known ? "the kernel does not say whether addresses are randomised"
                          : value
                              ? "on: each process has different addresses, and thus different cache conflicts"
                              : "off");
    if (!known || !value) return;
    FINDING_SAY(f->effect, "one process cannot measure it; the A/A check of bench ab does");
    FINDING_SAY(f->advice, "setarch -R bench ...    # the same addresses in every run");
}

/* A run on MNIST takes 60 MB for the images, and each worker some 30 MB of its own. */
static const size_t needed_bytes = (size_t)256 << 20;

void check_memory(const struct machine_state *p, struct finding *f)
{
    const bool is_short = p->memory_available<needed_bytes, paged = p->probe.major_faults> 0;
    f->state = is_short ? FINDING_WARNING : FINDING_FINE;
    FINDING_SAY(f->cause, "%zu MiB available; a run on MNIST needs up to %zu", p->memory_available >> 20,
                needed_bytes >> 20);
    FINDING_SAY(f->effect, "%ld pages were read from disk during the probe", p->probe.major_faults);
    if (!is_short && !paged) f->effect[0] = 0;
    if (is_short) FINDING_SAY(f->advice, "ps -eo rss,pid,comm --sort=-rss | head    # shows which");
}
