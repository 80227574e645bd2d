/* SPDX-License-Identifier: MIT
 *
 * How this program is started again. /proc/self/exe is the way, but where the user named the dynamic loader
 * (ld.so [OPTION...] bench ...), it is the loader, which must be given its options and the program again. */
#ifndef LB_OWN_PROGRAM_H
#define LB_OWN_PROGRAM_H

/* To be called once by main, with its argc; without it a start through the loader is not noticed. */
void own_program_started(int argc);

/* The file that holds this program, relative to the working directory or absolute. */
const char *own_program_file(void);

/* What execve("/proc/self/exe") takes for this program to get `arguments` (name first, NULL last). The list
 * is the caller's to free(), the strings are not. NULL: out of memory. */
char **own_program_argv(char *const arguments[]);

#endif
