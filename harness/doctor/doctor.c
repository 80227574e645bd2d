/* SPDX-License-Identifier: MIT */
#include "doctor/doctor.h"

#include "doctor/checks.h"

/* W08, W09, W11 and W12 are left to what only a run can show: drift, two typical times, a slow first epoch, a
 * failed A/A. */
static const struct {
    const char *code, *subject;
    check_function *check;
} checks[] = {
    {"W01", "clock speed", check_clock_speed},
    {"W02", "other load", check_other_load},
    {"W03", "SMT siblings", check_siblings},
    {"W04", "virtual machine", check_steal},
    {"W05", "clock source", check_clock_source},
    {"W06", "build", check_build},
    {"W07", "cgroup quota", check_quota},
    {"W10", "throttling", check_throttling},
    {"W13", "frequency governor", check_governor},
    {"W14", "turbo", check_turbo},
    {"W15", "idle states", check_idle_states},
    {"W16", "huge pages", check_huge_pages},
    {"W17", "address randomisation", check_address_randomisation},
    {"W18", "memory", check_memory},
    {"W19", "environment", check_environment},
    {"W20", "scatter", check_scatter},
    {"W21", "subnormals", check_subnormals},
    {"W22", "kinds of cores", check_core_kinds},
    {"W23", "shared cache", check_shared_cache},
};

enum { CHECKS = sizeof checks / sizeof *checks };
_Static_assert((int)CHECKS <= (int)DOCTOR_MAX, "the list holds every finding");

int doctor_examine(const struct machine_state *p, struct finding findings[DOCTOR_MAX])
{
    for (int i = 0; i < CHECKS; i++) {
        findings[i] = (struct finding){.code = checks[i].code, .subject = checks[i].subject};
        checks[i].check(p, &findings[i]);
    }
    return CHECKS;
}

const char *finding_state_name(enum finding_state state)
{
    static const char *const names[] = {"fine", "warning", "note", "unknown"};
    return names[state];
}
