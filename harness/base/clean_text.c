/* SPDX-License-Identifier: MIT */
#include "base/clean_text.h"

#include <string.h>

/* Length of the well-formed UTF-8 sequence of more than one byte at s (RFC 3629), or 0. */
static size_t sequence(const unsigned char *s)
{
    const size_t length = s[0] >= 0xc2 && s[0] <= 0xdf   ? 2
                          : s[0] >= 0xe0 && s[0] <= 0xef ? 3
                          : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
                                                         : 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    const unsigned char lowest = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    const unsigned char highest = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    return length && s[1] >= lowest && s[1] <= highest ? length : 0;
}

char *clean_text(char *text)
{
    unsigned char *s = (unsigned char *)text;
    while (*s) {
        const size_t length = *s < 0x80 ? 1 : sequence(s);
        if (*s < 0x20 || *s == 0x7f)
            *s = ' ';
        else if (length == 0)
            *s = '?';
        else if (*s == 0xc2 && s[1] < 0xa0)
            s[0] = s[1] = ' ';
        s += length ? length : 1;
    }
    return text;
}

char *clean_copy(char *to, size_t size, const char *from)
{
    const size_t length = from ? strnlen(from, size) : 0;
    size_t cut = length < size ? length : size - 1;
    /* Back to the start of a character, unless the bytes around the cut are none. */
    if (length == size)
        for (size_t i = 0; i < 4 && i <= cut; i++)
            if (sequence((const unsigned char *)from + cut - i) > i) {
                cut -= i;
                break;
            }
    memcpy(to, from ? from : "", cut);
    to[cut] = 0;
    return clean_text(to);
}
