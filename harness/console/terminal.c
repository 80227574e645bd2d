/* SPDX-License-Identifier: MIT */
#include "console/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int within_limits(long columns)
{
    if (columns < TERMINAL_MIN_WIDTH) return TERMINAL_MIN_WIDTH;
    return columns > TERMINAL_MAX_WIDTH ? TERMINAL_MAX_WIDTH : (int)columns;
}

int terminal_width(FILE *out)
{
    const char *columns = getenv("COLUMNS");
    struct winsize w;
    char *end = NULL;
    const long asked = columns && *columns ? strtol(columns, &end, 10) : 0;
    if (asked > 0 && *end == 0) return within_limits(asked);
    if (ioctl(fileno(out), TIOCGWINSZ, &w) == 0 && w.ws_col > 0) return within_limits(w.ws_col);
    return 0;
}

int terminal_page_width(FILE *out)
{
    const int width = terminal_width(out);
    return width ? width : TERMINAL_USUAL_WIDTH;
}

bool terminal_live(FILE *out)
{
    const char *term = getenv("TERM");
    return isatty(fileno(out)) && !(term && strcmp(term, "dumb") == 0);
}

bool terminal_colour(FILE *out)
{
    const char *no_color = getenv("NO_COLOR");
    return terminal_live(out) && !(no_color && *no_color);
}

char *terminal_paint(FILE *terminal, enum tone tone, const char *word, char text[TERMINAL_WORD])
{
    static const char *const codes[] = {[TONE_PLAIN] = "",
                                        [TONE_GOOD] = "\033[1;32m",
                                        [TONE_BAD] = "\033[1;31m",
                                        [TONE_UNSURE] = "\033[1;33m",
                                        [TONE_STRONG] = "\033[1m"};
    const bool painted = tone != TONE_PLAIN && terminal_colour(terminal);
    snprintf(text, TERMINAL_WORD, "%s%s%s", painted ? codes[tone] : "", word, painted ? "\033[0m" : "");
    return text;
}

void terminal_word(FILE *out, enum tone tone, const char *word)
{
    char text[TERMINAL_WORD];
    fputs(terminal_paint(out, tone, word, text), out);
}
