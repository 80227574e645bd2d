/* SPDX-License-Identifier: MIT
 *
 * How this program starts itself again: through /proc/self/exe. But if the user started it through the
 * dynamic loader (ld.so [OPTION...] bench ...), that is the loader, which needs its options and the program
 * again. */
#ifndef LB_OWN_PROGRAM_H
#define LB_OWN_PROGRAM_H

/* To be called once by main, with its argc; without it a start through the loader is not noticed. */
void own_program_started(int argc);

/* The file that holds this program, relative to the working directory or absolute. */
const char *own_program_file(void);

/* The argv with which execve("/proc/self/exe") passes `arguments` to this program (name first, NULL last).
 * The list is the caller's to free(), the strings are not. NULL: out of memory. */
char **own_program_argv(char *const arguments[]);

#endif
