/* SPDX-License-Identifier: MIT */
#include "machine/places.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/own_program.h"
#include "machine/build_config.h"

static bool is_below(const char *path, const char *dir)
{
    const size_t length = strlen(dir);
    return strncmp(path, dir, length) == 0 && path[length] == '/';
}

const char *places_checkout(void)
{
    char program[PATH_MAX], build[PATH_MAX];
    if (!realpath(own_program_file(), program) || !realpath(BUILD_ROOT, build)) return NULL;
    return is_below(program, build) && access(SOURCE_ROOT "/meson.build", F_OK) == 0 ? SOURCE_ROOT : NULL;
}

/* The directory with scripts/. */
static const char *shared_files(char *path, size_t size)
{
    char program[PATH_MAX];
    const char *const checkout = places_checkout();
    if (checkout || INSTALLED_DATA[0] == '/') return checkout ? checkout : INSTALLED_DATA;
    if (!realpath(own_program_file(), program)) return NULL;
    *strrchr(program, '/') = 0;
    return snprintf(path, size, "%s/%s", program, INSTALLED_DATA) < (int)size ? path : NULL;
}

const char *places_script(const char *name, char *path, size_t size)
{
    char dir[PATH_MAX];
    const char *const root = shared_files(dir, sizeof dir);
    return root && snprintf(path, size, "%s/scripts/%s", root, name) < (int)size ? path : NULL;
}
