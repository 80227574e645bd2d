/* SPDX-License-Identifier: MIT
 *
 * A program in a user-mode emulator starts other programs on the real CPU. Preloaded into an emulated
 * program, this keeps them in the emulator: execve(PROGRAM, ARGUMENTS) becomes EMULATOR -cpu CPU -0 ARGUMENT0
 * PROGRAM ARGUMENTS, with the emulator's path and the CPU from EMULATOR and EMULATED_CPU in the environment.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_ARGUMENTS = 64, MORE_ARGUMENTS = 5, PATH_SIZE = 4096 };

int execve(const char *path, char *const arguments[], char *const environment[])
{
    static char option_cpu[] = "-cpu", option_name[] = "-0";
    char *const emulator = getenv("EMULATOR"), *const cpu = getenv("EMULATED_CPU");
    char *longer[MAX_ARGUMENTS + MORE_ARGUMENTS + 1];
    char program[PATH_SIZE] = "";
    int count = 0;
    /* Names of this process, such as /proc/self/exe, mean the emulator once it runs anew. */
    const ssize_t length = readlink(path, program, sizeof program - 1);
    if (!emulator || !cpu || length <= 0) {
        errno = ENOTSUP;
        return -1;
    }
    char *const first[MORE_ARGUMENTS + 1] = {emulator, option_cpu, cpu, option_name, arguments[0], program};
    while (count <= MORE_ARGUMENTS) {
        longer[count] = first[count];
        count++;
    }
    for (int i = 1; arguments[i] && count < MAX_ARGUMENTS + MORE_ARGUMENTS; i++)
        longer[count++] = arguments[i];
    longer[count] = NULL;
    return (int)syscall(SYS_execve, emulator, longer, environment);
}
