/* SPDX-License-Identifier: MIT
 *
 * Which machine, as far as measurements care, in twelve or thirteen characters. */
#ifndef LB_ENV_ID_H
#define LB_ENV_ID_H

#include <jansson.h>

#include "base/short_id.h"
#include "machine/topology.h"

enum { ENV_ID_SIZE = SHORT_ID_SIZE };

/* The short_id() of the SHA-256 of what stays the same from run to run on one machine: CPU
 * model, family, stepping and ISA, hypervisor, cores, caches, and what of them this process may use (cpuset
 * and quota). Not in it: kernel and libraries, which updates change, and settings of a run such as an ISA
 * cap. cpu and topology are the sections of these names of a machine.json, of this run or of another one. ""
 * when one of the facts is missing, or out of memory. Returns id. */
char *env_id_of(const json_t *cpu, const json_t *topology, char id[ENV_ID_SIZE]);

/* Of this machine. */
char *env_id_here(const struct topology *t, char id[ENV_ID_SIZE]);

#endif
