/* SPDX-License-Identifier: MIT
 *
 * Width and colours of a terminal, which is a pseudo-terminal here. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "console/terminal.h"
#include "console/wrap.h"

static FILE *terminal, *file;

static int open_both(void **state)
{
    (void)state;
    const struct winsize size = {.ws_col = 93, .ws_row = 20};
    const int pty = posix_openpt(O_RDWR | O_NOCTTY);
    if (pty < 0 || grantpt(pty) || unlockpt(pty)) {
        puts("skipped: no pseudo-terminal here");
        exit(77);
    }
    terminal = fopen(ptsname(pty), "w");
    file = tmpfile();
    setenv("TERM", "xterm", 1);
    unsetenv("COLUMNS");
    unsetenv("NO_COLOR");
    return !terminal || !file || ioctl(fileno(terminal), TIOCSWINSZ, &size);
}

static void width_is_of_columns_or_the_terminal(void **state)
{
    (void)state;
    assert_int_equal(terminal_width(terminal), 93);
    assert_int_equal(terminal_width(file), 0);
    setenv("COLUMNS", "70", 1);
    assert_int_equal(terminal_width(terminal), 70);
    assert_int_equal(terminal_width(file), 70);
    setenv("COLUMNS", "3", 1);
    assert_int_equal(terminal_width(file), TERMINAL_MIN_WIDTH);
    setenv("COLUMNS", "many", 1);
    assert_int_equal(terminal_width(terminal), 93);
    unsetenv("COLUMNS");
}

static void only_terminals_show_colours(void **state)
{
    (void)state;
    char text[TERMINAL_WORD];
    assert_string_equal(terminal_paint(terminal, TONE_BAD, "SLOWER", text), "\033[1;31mSLOWER\033[0m");
    assert_string_equal(terminal_paint(terminal, TONE_PLAIN, "pass", text), "pass");
    assert_string_equal(terminal_paint(file, TONE_BAD, "SLOWER", text), "SLOWER");
    setenv("NO_COLOR", "1", 1);
    assert_string_equal(terminal_paint(terminal, TONE_BAD, "SLOWER", text), "SLOWER");
    setenv("NO_COLOR", "", 1);
    assert_string_equal(terminal_paint(terminal, TONE_GOOD, "PROVEN", text), "\033[1;32mPROVEN\033[0m");
    setenv("TERM", "dumb", 1);
    assert_string_equal(terminal_paint(terminal, TONE_GOOD, "PROVEN", text), "PROVEN");
    assert_false(terminal_live(terminal));
    setenv("TERM", "xterm", 1);
}

static void colours_take_no_columns(void **state)
{
    (void)state;
    const char coloured[] = "\033[1;31mSLOWER\033[0m: caf\xc3\xa9";
    assert_int_equal(wrap_columns(coloured, sizeof coloured - 1), 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(width_is_of_columns_or_the_terminal),
        cmocka_unit_test(only_terminals_show_colours),
        cmocka_unit_test(colours_take_no_columns),
    };
    return cmocka_run_group_tests(tests, open_both, NULL);
}
