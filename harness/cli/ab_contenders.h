/* SPDX-License-Identifier: MIT
 *
 * The two words of bench ab become three contenders: A, A in a second process, B. */
#ifndef LB_AB_CONTENDERS_H
#define LB_AB_CONTENDERS_H

#include "backends/registry.h"
#include "stats/judge.h"

/* Contenders by enum arm. A word is
 *   NAME[:ARGUMENT]        a backend of this program (--plugin adds some),
 *   PATH.so[:NAME]         a plug-in, where PATH has a slash,
 *   PATH:NAME[:ARGUMENT]   a backend of another build of bench, where PATH has a slash and no colon.
 * Their names are those of their backends; A's second process is NAME.again, and B is NAME.b where it would
 * have A's name. The arms live as long as the program. EXIT_USAGE, or EXIT_NOTHING when one is not ready. */
int ab_contenders_resolve(struct registry_entry arms[ARM_COUNT], const char *const words[2], struct error *e);

#endif
