/* SPDX-License-Identifier: MIT */
#ifndef LB_TEAM_H
#define LB_TEAM_H

#include "cli/session.h"

/* For the commands that call ops in this process, where a training worker has threads of its own: gives
 * OpenMP the session's number of threads and binds each to its place. Says on stderr when that fails. */
void team_bind(const struct session *s);

#endif
