/* SPDX-License-Identifier: MIT */
#ifndef LB_PLUGIN_PROBE_H
#define LB_PLUGIN_PROBE_H

#include "backends/plugin_facts.h"

/* Has a child process load the plug-in and report what it says of itself. 0, or EXIT_USAGE when it cannot be
 * loaded, answers wrongly, crashes, leaves, or takes longer than 5 seconds; EXIT_INTERNAL when there is no
 * child to be had. To be called before this process uses OpenMP, whose threads a fork does not copy. */
int plugin_probe_facts(struct plugin_facts *facts, const char *path, struct error *e);

#endif
