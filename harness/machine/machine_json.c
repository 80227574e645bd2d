/* SPDX-License-Identifier: MIT */
#include "machine/machine_json.h"

#include <cpuid.h>
#include <ctype.h>
#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clean_text.h"
#include "base/json_text.h"
#include "machine/cpu.h"
#include "machine/library_env.h"

extern char **environ;

const char *machine_hypervisor(void)
{
    static char name[13];
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 31))) return NULL;
    __cpuid(0x40000000u, a, b, c, d);
    const unsigned registers[3] = {b, c, d};
    memcpy(name, registers, 12);
    for (char *p = name; *p; p++)
        if (!isprint((unsigned char)*p)) *p = 0;
    for (size_t n = strlen(name); n && name[n - 1] == ' '; n--) name[n - 1] = 0;
    return name[0] ? name : "unknown";
}

/* The first line of a file of the kernel's, "" when it cannot be read. */
static const char *kernel_line(const char *path, char *line, size_t size)
{
    line[0] = 0;
    FILE *f = fopen(path, "re");
    if (!f) return line;
    if (!fgets(line, (int)size, f)) line[0] = 0;
    fclose(f);
    line[strcspn(line, "\n")] = 0;
    return line;
}

json_t *machine_cpu_json(void)
{
    char found[128], usable[128], line[128];
    unsigned a = 0, b = 0, c = 0, d = 0;
    __get_cpuid(1, &a, &b, &c, &d);
    const unsigned base_family = (a >> 8) & 15, base_model = (a >> 4) & 15;
    const unsigned family = base_family == 15 ? base_family + ((a >> 20) & 255) : base_family;
    const unsigned model =
        base_family == 15 || base_family == 6 ? base_model | ((a >> 12) & 0xf0) : base_model;
    const char *hypervisor = machine_hypervisor();
    return json_pack("{s:s, s:i, s:i, s:i, s:s, s:s, s:s?, s:b, s:s?, s:o}", "model", cpu_model(), "family",
                     (int)family, "model_number", (int)model, "stepping", (int)(a & 15), "isa_found",
                     cpu_isa_names(cpu_found(), found, sizeof found), "isa_used",
                     cpu_isa_names(cpu_usable(), usable, sizeof usable), "isa_cap", cpu_cap_name(),
                     "hypervisor", hypervisor != NULL, "hypervisor_vendor", hypervisor, "frequency_governor",
                     json_string_or_null(kernel_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
                                                     line, sizeof line)));
}

json_t *machine_system_json(void)
{
    struct utsname u;
    char thp[128], clock[64];
    if (uname(&u) != 0) return json_null();
    return json_pack(
        "{s:s, s:o, s:s, s:s, s:o, s:o, s:I}", "kernel", u.sysname, "kernel_release",
        json_string_or_null(u.release), "machine", u.machine, "libc", gnu_get_libc_version(),
        "transparent_hugepages",
        json_string_or_null(kernel_line("/sys/kernel/mm/transparent_hugepage/enabled", thp, sizeof thp)),
        "clocksource",
        json_string_or_null(kernel_line("/sys/devices/system/clocksource/clocksource0/current_clocksource",
                                        clock, sizeof clock)),
        "memory_bytes", (json_int_t)sysconf(_SC_PHYS_PAGES) * (json_int_t)sysconf(_SC_PAGESIZE));
}

/* 0 means unknown or none and becomes null. */
static json_t *size_or_null(size_t bytes)
{
    return bytes ? json_integer((json_int_t)bytes) : json_null();
}

static json_t *kinds_json(const struct topology *t)
{
    json_t *kinds = json_array();
    for (int i = 0; i < t->kinds_count; i++) {
        const struct core_kind *kind = &t->kinds[i];
        json_t *object = json_pack("{s:o, s:i, s:i}", "name", json_string_or_null(kind->name), "cores",
                                   kind->cores, "pus", kind->pus);
        if (object && json_array_append_new(kinds, object) == 0) continue;
        json_decref(kinds);
        return NULL;
    }
    return kinds;
}

json_t *machine_topology_json(const struct topology *t)
{
    json_t *places = json_array();
    for (int i = 0; i < t->places_count; i++)
        if (json_array_append_new(places, json_integer(t->places[i])) != 0) {
            json_decref(places);
            return NULL;
        }
    return json_pack("{s:i, s:i, s:i, s:i, s:i, s:o, s:i, s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:s}",
                     "packages", t->packages, "cores", t->cores, "pus", t->pus, "allowed_pus", t->allowed_pus,
                     "allowed_cores", t->allowed_cores, "core_kinds", kinds_json(t), "numa_nodes",
                     t->numa_nodes, "cgroup_quota_cpus",
                     t->quota_cpus > 0 ? json_real(t->quota_cpus) : json_null(), "default_threads",
                     t->default_threads, "places", places, "l1d_bytes", size_or_null(t->l1d_bytes),
                     "l2_bytes", size_or_null(t->l2_bytes), "l3_bytes", size_or_null(t->l3_bytes),
                     "l3_sharing_cores", size_or_null((size_t)t->l3_sharing_cores), "file", "topology.xml");
}

/* variable: NAME=VALUE; length: of the name. */
static int set_variable(json_t *object, const char *variable, size_t length)
{
    char *name = strndup(variable, length), *key = name ? utf8_copy(name) : NULL;
    const int code = key ? json_object_set_new(object, key, json_string_of_bytes(variable + length + 1)) : -1;
    free(key);
    free(name);
    return code;
}

json_t *machine_environment_json(void)
{
    json_t *object = json_object();
    for (char **variable = environ; *variable; variable++) {
        const char *equals = strchr(*variable, '=');
        if (!equals || !library_env_is_recorded(*variable)) continue;
        if (set_variable(object, *variable, (size_t)(equals - *variable)) == 0) continue;
        json_decref(object);
        return NULL;
    }
    return object;
}
