/* SPDX-License-Identifier: MIT
 *
 * The one list of environment variables that change what is measured: those that are recorded, and the
 * settings of libraries that contenders call. */
#ifndef LB_LIBRARY_ENV_H
#define LB_LIBRARY_ENV_H

#include <stdbool.h>

/* Each takes a variable as it stands in environ, NAME=VALUE. */

/* Whether it has one of the prefixes whose variables machine.json records and bench doctor lists: of OpenMP
 * runtimes, BLAS libraries, oneDNN, bench, malloc and hwloc; and LD_PRELOAD. */
bool library_env_is_recorded(const char *variable);

/* Whether it is one of an OpenMP runtime's. */
bool library_env_is_openmp(const char *variable);

/* The library whose speed it changes, among those that the built-in backend of this name calls; NULL when it
 * changes none of them. The place of a library (OPENBLAS_ROOT and the like) is not a setting, nor is what
 * bench itself has set for an ISA cap. */
const char *library_env_changes(const char *variable, const char *backend);

#endif
