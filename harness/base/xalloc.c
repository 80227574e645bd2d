/* SPDX-License-Identifier: MIT */
#include "base/xalloc.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/exit_code.h"

void *xmalloc(size_t bytes)
{
    static const char line[] = "bench: out of memory; the rows so far are in the files named .partial\n";
    void *memory = malloc(bytes ? bytes : 1);
    if (memory) return memory;
    const ssize_t ignored = write(STDERR_FILENO, line, sizeof line - 1);
    (void)ignored;
    exit(EXIT_INTERNAL);
}

double *xdoubles(int count)
{
    return xmalloc((size_t)(count > 0 ? count : 0) * sizeof(double));
}
