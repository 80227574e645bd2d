/* SPDX-License-Identifier: MIT */
#include "base/own_program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/xalloc.h"

/* The loader, its options and the program; none where the kernel found the loader itself. */
static char **before;
static int before_count;

void own_program_started(int argc)
{
    if (getauxval(AT_BASE) != 0) return; /* where the kernel put the loader, if it had to find one */
    FILE *const f = fopen("/proc/self/cmdline", "re");
    char *word = NULL;
    size_t size = 0;
    int count = 0;
    while (f && getdelim(&word, &size, 0, f) > 0) {
        char **const longer = xmalloc((size_t)(count + 1) * sizeof *longer);
        if (count > 0) memcpy(longer, before, (size_t)count * sizeof *longer);
        free(before);
        before = longer;
        before[count++] = word;
        word = NULL;
    }
    free(word);
    if (f) fclose(f);
    before_count = count > argc ? count - (argc - 1) : 0;
}

const char *own_program_file(void)
{
    return before_count > 0 ? before[before_count - 1] : "/proc/self/exe";
}

char **own_program_argv(char *const arguments[])
{
    const size_t first = before_count > 0, more = (size_t)before_count;
    size_t own = 0;
    while (arguments[own]) own++;
    char **const argv = malloc((more + own + 1) * sizeof *argv);
    if (!argv) return NULL;
    if (more > 0) memcpy(argv, before, more * sizeof *argv);
    memcpy(argv + more, arguments + first, (own - first + 1) * sizeof *argv);
    return argv;
}
