/* SPDX-License-Identifier: MIT */
#ifndef LB_HELP_H
#define LB_HELP_H

#include "base/error.h"

struct exit_meaning {
    enum exit_code code;
    const char *meaning;
};

/* Ends with an entry whose meaning is NULL. */
extern const struct exit_meaning exit_meanings[];

#endif
