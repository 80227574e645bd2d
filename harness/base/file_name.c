/* SPDX-License-Identifier: MIT */
#include "base/file_name.h"

#include <stdio.h>
#include <string.h>

const char *file_name_of(const char *name, char plain[FILE_NAME_SIZE])
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";
    size_t used = 0;
    for (; *name && used + 4 < FILE_NAME_SIZE; name++)
        used += (size_t)snprintf(plain + used, FILE_NAME_SIZE - used,
                                 strchr(allowed, *name) ? "%c" : "%%%02X", (unsigned char)*name);
    plain[used] = 0;
    return plain;
}
