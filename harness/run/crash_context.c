/* SPDX-License-Identifier: MIT */
#include "run/crash_context.h"

#include <signal.h>
#include <stdlib.h>

enum { ALTERNATE_STACK = 64 * 1024 };

static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGTERM};
enum { SIGNALS = sizeof signals / sizeof *signals };

static struct sigaction before[SIGNALS];
static char *page;
static size_t page_size;
static const char *(*current)(void);

static void append(const char *text, size_t *at)
{
    while (*text && *at + 1 < page_size) page[(*at)++] = *text++;
    page[*at] = 0;
}

static void append_current(void)
{
    size_t at = 0;
    const char *text = current();
    while (at + 1 < page_size && page[at]) at++;
    if (!*text) return;
    append(": ", &at);
    append(text, &at);
}

/* Only async-signal-safe calls. Returning to the instruction that faulted repeats the fault under the old
 * action; a signal that was sent has to be sent again. */
static void on_crash(int number, siginfo_t *info, void *context)
{
    (void)context;
    append_current();
    for (int i = 0; i < SIGNALS; i++) sigaction(signals[i], &before[i], NULL);
    if (info->si_code <= 0) raise(number);
}

void crash_context_install(char *to, size_t size, const char *(*what)(void))
{
    struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    static char memory[ALTERNATE_STACK]; /* so that a stack overflow of the main thread can speak, too */
    const stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
    page = to;
    page_size = size;
    current = what;
    atexit(append_current); /* a normal end finds nothing under way */
    sigaltstack(&stack, NULL);
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < SIGNALS; i++) sigaction(signals[i], &action, &before[i]);
}
