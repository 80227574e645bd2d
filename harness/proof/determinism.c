/* SPDX-License-Identifier: MIT */
#include "proof/determinism.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xmmintrin.h>

const int determinism_teams[DETERMINISM_TEAMS] = {1, 2, 3, 4, 7, 8, 12, 16, DETERMINISM_LARGEST_TEAM};

void determinism_output(struct determinism_subject *s, const void *data, size_t bytes)
{
    s->output[s->outputs] = data;
    s->output_bytes[s->outputs++] = bytes;
}

static void call(struct determinism_subject *s, int team, int shift)
{
    s->outputs = 0;
    s->call(s, team, shift);
}

static bool take_reference(struct determinism_subject *s)
{
    size_t bytes = 0, at = 0;
    call(s, -1, 0);
    for (int i = 0; i < s->outputs; i++) bytes += s->output_bytes[i];
    s->reference = malloc(bytes ? bytes : 1);
    for (int i = 0; s->reference && i < s->outputs; at += s->output_bytes[i++])
        memcpy(s->reference + at, s->output[i], s->output_bytes[i]);
    return s->reference != NULL;
}

/* Whether all outputs are those of the first call; else which output differs at which byte. */
static bool same_bits(const struct determinism_subject *s, int *output, size_t *byte)
{
    const unsigned char *expected = s->reference;
    for (int i = 0; i < s->outputs; expected += s->output_bytes[i++]) {
        const unsigned char *got = s->output[i];
        if (memcmp(expected, got, s->output_bytes[i]) == 0) continue;
        *output = i;
        *byte = 0;
        while (expected[*byte] == got[*byte]) ++*byte;
        return false;
    }
    return true;
}

/* ---- the same bits */

struct variation {
    const char *name; /* of the row */
    int count;
    int (*team)(int i);
    int (*shift)(int i);
};

static int own_team(int i)
{
    (void)i;
    return -1;
}

static int each(int i)
{
    return i;
}

static int none(int i)
{
    (void)i;
    return 0;
}

/* All there are, over the first `teams` team sizes. */
struct variations {
    char teams_name[18];
    struct variation of[3];
};

static void list_variations(int teams, struct variations *all)
{
    snprintf(all->teams_name, sizeof all->teams_name, "1 to %d threads", determinism_teams[teams - 1]);
    all->of[0] = (struct variation){"10 runs", DETERMINISM_RUNS, own_team, none};
    all->of[1] = (struct variation){all->teams_name, teams, each, none};
    all->of[2] = (struct variation){"16 alignments", DETERMINISM_ALIGNMENTS, own_team, each};
}

/* One call; adds to *different. It fails only where the same bits are promised. */
static void try_once(struct determinism_subject *s, struct proof_row *row, const struct variation *v, int i,
                     int *different)
{
    struct proof *p = s->proof;
    const int team = v->team(i);
    int output = 0;
    size_t byte = 0;
    if (!case_begin(p, "%s same bits, %s: threads=%d shift=%d time=%d", s->op, v->name,
                    team < 0 ? p->plan->threads : determinism_teams[team], v->shift(i), i + 1))
        return;
    call(s, team, v->shift(i));
    if (!same_bits(s, &output, &byte)) {
        ++*different;
        if (s->promised)
            case_fail(p, row, "output %d differs from that of the first call at byte %zu of %zu", output + 1,
                      byte, s->output_bytes[output]);
    }
    case_end(p, row);
}

/* The row's name where the promise holds. */
static void name_row(char *cases, size_t size, const struct variation *v)
{
    snprintf(cases, size, "same bits, %s", v->name);
}

static void vary(struct determinism_subject *s, const struct variation *v)
{
    struct proof_row row;
    int different = 0;
    name_row(row.cases, sizeof row.cases, v);
    if (!proof_cases_wanted(s->proof, row.cases)) return;
    row_begin(s->proof, &row, s->op, "", s->inherited);
    for (int i = 0; i < v->count; i++) try_once(s, &row, v, i, &different);
    if (s->promised)
        name_row(row.cases, sizeof row.cases, v);
    else
        snprintf(row.cases, sizeof row.cases, "%s, not promised, %s", different > 0 ? "differ" : "same",
                 v->name);
    row_end(s->proof, &row);
}

/* ---- MXCSR: control bits 6 (denormals are zero), 13 and 14 (rounding), 15 (flush to zero); all exceptions
 * masked */

enum { MASKED = 0x1f80, CONTROL = 0xffc0 };

static const struct {
    const char *name;
    unsigned bits;
} settings[] = {{"default", 0},   {"ftz", 0x8000}, {"daz", 0x40},    {"ftz,daz", 0x8040},
                {"down", 0x2000}, {"up", 0x4000},  {"zero", 0x6000}, {"zero,ftz,daz", 0xe040}};

/* GCC's runtime leaves each thread's register alone. LLVM's gives every thread of a region the one that the
 * caller has, and the caller its own back after the region: there the caller's decides. */
static void set_everywhere(int threads, unsigned csr)
{
#pragma omp parallel num_threads(threads)
    _mm_setcsr(csr);
    _mm_setcsr(csr);
}

/* Threads of the team whose control bits are not these. */
static int count_changed(int threads, unsigned csr)
{
    int changed = 0;
#pragma omp parallel num_threads(threads) reduction(+ : changed)
    changed += (_mm_getcsr() & CONTROL) != (csr & CONTROL);
    return changed;
}

static void try_setting(struct determinism_subject *s, struct proof_row *row, const char *name, unsigned csr)
{
    struct proof *p = s->proof;
    const int threads = p->plan->threads;
    const unsigned before = _mm_getcsr();
    set_everywhere(threads, csr);
    if (case_begin(p, "%s MXCSR: %s", s->op, name)) {
        call(s, -1, 0);
        const int changed = count_changed(threads, csr);
        if (changed > 0)
            case_fail(p, row, "MXCSR's control bits changed in %d of %d threads", changed, threads);
        case_end(p, row);
    }
    set_everywhere(threads, before);
}

static const char mxcsr_cases[] = "MXCSR kept, 8 settings";

static void vary_mxcsr(struct determinism_subject *s)
{
    struct proof_row row;
    if (!proof_cases_wanted(s->proof, mxcsr_cases)) return;
    row_begin(s->proof, &row, s->op, mxcsr_cases, s->inherited);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        try_setting(s, &row, settings[i].name, MASKED | settings[i].bits);
    row_end(s->proof, &row);
}

static bool variation_wanted(const struct proof *p, const struct variation *v)
{
    char cases[sizeof((struct proof_row *)0)->cases];
    name_row(cases, sizeof cases, v);
    return proof_cases_wanted(p, cases);
}

bool determinism_wanted(const struct proof *p, int teams)
{
    struct variations all;
    bool wanted = proof_cases_wanted(p, mxcsr_cases);
    list_variations(teams, &all);
    for (size_t i = 0; i < sizeof all.of / sizeof *all.of; i++)
        wanted = wanted || variation_wanted(p, &all.of[i]);
    return wanted;
}

void determinism_prove(struct determinism_subject *s)
{
    struct proof_row row;
    struct variations all;
    case_begin(s->proof, "%s same bits, first call", s->op);
    if (!take_reference(s)) {
        row_begin(s->proof, &row, s->op, "same bits", s->inherited);
        s->proof->case_unwanted = false;
        case_fail(s->proof, &row, "out of memory");
        case_end(s->proof, &row);
        row_end(s->proof, &row);
        return;
    }
    list_variations(s->teams, &all);
    for (size_t i = 0; i < sizeof all.of / sizeof *all.of; i++) vary(s, &all.of[i]);
    vary_mxcsr(s);
    free(s->reference);
    s->reference = NULL;
}
