/* SPDX-License-Identifier: MIT */
#include "base/clean_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* Bytes of the character at s in well-formed UTF-8 (RFC 3629), or 0. */
static size_t character(const unsigned char *s)
{
    if (s[0] < 0x80) return 1;
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
        const size_t length = character(s);
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

/* As many whole characters as fit, a byte that is none as \xNN. */
static void copy_characters(char *to, size_t size, const char *from)
{
    size_t used = 0, length;
    for (const unsigned char *s = (const unsigned char *)from; *s; s += length ? length : 1) {
        char escape[5];
        length = character(s);
        const size_t wanted = length ? length : sizeof escape - 1;
        if (size - used <= wanted) break;
        if (!length) snprintf(escape, sizeof escape, "\\x%02x", *s);
        memcpy(to + used, length ? (const char *)s : escape, wanted);
        used += wanted;
    }
    to[used] = 0;
}

char *clean_copy(char *to, size_t size, const char *from)
{
    copy_characters(to, size, from ? from : "");
    return clean_text(to);
}

char *utf8_copy(const char *bytes)
{
    const size_t size = 4 * strlen(bytes) + 1;
    char *copy = xmalloc(size);
    copy_characters(copy, size, bytes);
    return copy;
}
