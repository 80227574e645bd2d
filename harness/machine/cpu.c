/* SPDX-License-Identifier: MIT */
#include "machine/cpu.h"

#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean_text.h"
#include "machine/isa_tiers.h"

static enum isa_tier cap = ISA_TIER_COUNT; /* no cap */
static const char *const onednn_caps[] = {"DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA"};

static const struct {
    uint32_t bit;
    const char *name;
} names[] = {
    {ISA_AVX2, "avx2"},
    {ISA_FMA, "fma"},
    {ISA_AVX512F, "avx512f"},
    {ISA_AVX512BW, "avx512bw"},
    {ISA_AVX512DQ, "avx512dq"},
    {ISA_AVX512VL, "avx512vl"},
    {ISA_AVX512BF16, "avx512_bf16"},
};

/* GCC and clang set these bits only where XCR0 says that the operating system saves the registers. */
uint32_t cpu_found(void)
{
    __builtin_cpu_init();
    uint32_t isa = 0;
    if (__builtin_cpu_supports("avx2")) isa |= ISA_AVX2;
    if (__builtin_cpu_supports("fma")) isa |= ISA_FMA;
    if (__builtin_cpu_supports("avx512f")) isa |= ISA_AVX512F;
    if (__builtin_cpu_supports("avx512bw")) isa |= ISA_AVX512BW;
    if (__builtin_cpu_supports("avx512dq")) isa |= ISA_AVX512DQ;
    if (__builtin_cpu_supports("avx512vl")) isa |= ISA_AVX512VL;
    if (__builtin_cpu_supports("avx512bf16")) isa |= ISA_AVX512BF16;
    return isa;
}

uint32_t cpu_usable(void)
{
    return cap == ISA_TIER_COUNT ? cpu_found() : cpu_found() & isa_tier_needs(cap);
}

int cpu_set_cap(const char *name, const char *where, struct error *e)
{
    const enum isa_tier tier = isa_tier_named(name);
    if (tier == ISA_TIER_COUNT)
        return error_set(e, EXIT_USAGE, "%s: '%.200s' is not an ISA cap; allowed are %s", where, name,
                         isa_tier_choices + 1);
    cap = tier;
    setenv("BENCH_MAX_ISA", name, 1);
    for (size_t i = 0; i < sizeof onednn_caps / sizeof *onednn_caps; i++)
        setenv(onednn_caps[i], isa_tier_onednn(tier), 1);
    return 0;
}

bool cpu_cap_has_set(const char *variable)
{
    const size_t length = strcspn(variable, "=");
    for (size_t i = 0; cap != ISA_TIER_COUNT && i < sizeof onednn_caps / sizeof *onednn_caps; i++)
        if (strlen(onednn_caps[i]) == length && strncmp(variable, onednn_caps[i], length) == 0) return true;
    return false;
}

const char *cpu_cap_name(void)
{
    return cap == ISA_TIER_COUNT ? NULL : isa_tier_name(cap);
}

char *cpu_isa_names(uint32_t mask, char *text, size_t size)
{
    size_t used = 0;
    snprintf(text, size, "baseline");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!(mask & names[i].bit) || used >= size) continue;
        used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "+" : "", names[i].name);
    }
    return text;
}

const char *cpu_model(void)
{
    static char model[64];
    unsigned r[12] = {0};
    if (model[0]) return model;
    for (unsigned i = 0; i < 3; i++)
        if (!__get_cpuid(0x80000002u + i, &r[4 * i], &r[4 * i + 1], &r[4 * i + 2], &r[4 * i + 3])) break;
    memcpy(model, r, 48);
    char *start = model + strspn(model, " ");
    memmove(model, start, strlen(start) + 1);
    for (size_t n = strlen(model); n && model[n - 1] == ' '; n--) model[n - 1] = 0;
    if (!model[0]) snprintf(model, sizeof model, "unknown x86-64");
    return clean_text(model); /* a hypervisor may say anything */
}
