/* SPDX-License-Identifier: MIT
 *
 * The machine as JSON: CPU, operating system, topology, and what of the environment can change a measurement.
 */
#ifndef LB_MACHINE_JSON_H
#define LB_MACHINE_JSON_H

#include <jansson.h>

#include "machine/topology.h"

/* New references, for the caller; NULL when out of memory. */
json_t *machine_cpu_json(void);
json_t *machine_system_json(void);
json_t *machine_topology_json(const struct topology *t);

/* The variables that library_env_is_recorded() names, nothing else. */
json_t *machine_environment_json(void);

/* The hypervisor's name for itself (CPUID leaf 0x40000000), "unknown" when it gives none, NULL on bare metal.
 */
const char *machine_hypervisor(void);

#endif
