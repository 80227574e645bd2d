/* SPDX-License-Identifier: MIT */
#include "machine/env_id.h"

#include <sha256.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "machine/machine_json.h"

static const char *const cpu_facts[] = {"model",    "family",    "model_number",
                                        "stepping", "isa_found", "hypervisor_vendor"};
static const char *const topology_facts[] = {
    "packages",  "cores",    "pus",      "allowed_pus",      "allowed_cores",    "numa_nodes",
    "l1d_bytes", "l2_bytes", "l3_bytes", "l3_sharing_cores", "cgroup_quota_cpus"};

/* One line "name=value" into the hash. False if the fact is missing. */
static bool add_fact(SHA2_CTX *hash, const json_t *section, const char *name)
{
    const json_t *fact = json_object_get(section, name);
    /* Six digits: a file keeps no more than nine of a quota. */
    char *value = fact ? json_text(fact, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
    if (!value) return false;
    SHA256Update(hash, (const uint8_t *)name, strlen(name));
    SHA256Update(hash, (const uint8_t *)"=", 1);
    SHA256Update(hash, (const uint8_t *)value, strlen(value));
    SHA256Update(hash, (const uint8_t *)"\n", 1);
    free(value);
    return true;
}

char *env_id_of(const json_t *cpu, const json_t *topology, char id[ENV_ID_SIZE])
{
    SHA2_CTX hash;
    char digits[SHA256_DIGEST_STRING_LENGTH];
    bool complete = true;
    SHA256Init(&hash);
    for (size_t i = 0; i < sizeof cpu_facts / sizeof *cpu_facts; i++)
        complete = complete && add_fact(&hash, cpu, cpu_facts[i]);
    for (size_t i = 0; i < sizeof topology_facts / sizeof *topology_facts; i++)
        complete = complete && add_fact(&hash, topology, topology_facts[i]);
    SHA256End(&hash, digits);
    return short_id(id, complete ? digits : "");
}

char *env_id_here(const struct topology *t, char id[ENV_ID_SIZE])
{
    json_t *cpu = machine_cpu_json(), *topology = machine_topology_json(t);
    env_id_of(cpu, topology, id);
    json_decref(cpu);
    json_decref(topology);
    return id;
}
