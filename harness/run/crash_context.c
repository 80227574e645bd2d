/* SPDX-License-Identifier: MIT */
#include "run/crash_context.h"

#include <signal.h>
#include <stdlib.h>

enum { ALTERNATE_STACK = 64 * 1024 };

static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGTERM};
enum { SIGNALS = sizeof signals / sizeof *signals };

static struct sigaction before[SIGNALS];
static struct crash_context *page;
static const char *(*current)(void);

static void note_case(void)
{
    const char *text = current();
    size_t at = 0;
    for (; text[at] && at + 1 < sizeof page->case_text; at++) page->case_text[at] = text[at];
    page->case_text[at] = 0;
}

/* Only async-signal-safe calls. Returning to the instruction that faulted repeats the fault under the old
 * action; a signal that was sent has to be sent again. */
static void on_crash(int number, siginfo_t *info, void *context)
{
    (void)context;
    note_case();
    if ((number == SIGSEGV || number == SIGBUS) && info->si_code > 0)
        guarded_describe(info->si_addr, page->access);
    for (int i = 0; i < SIGNALS; i++) sigaction(signals[i], &before[i], NULL);
    if (info->si_code <= 0) raise(number);
}

void crash_context_install(struct crash_context *to, const char *(*what)(void))
{
    struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    static char memory[ALTERNATE_STACK]; /* so that a stack overflow of the main thread can speak, too */
    const stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
    page = to;
    current = what;
    atexit(note_case); /* a normal end finds nothing under way */
    sigaltstack(&stack, NULL);
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < SIGNALS; i++) sigaction(signals[i], &action, &before[i]);
}
