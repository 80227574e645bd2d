#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints the header that tells the program which commit it was built from. Run in the source's root.
commit=$(sh harness/machine/commit.sh . 2> /dev/null) || commit=unknown
printf '/* Generated: the commit that the program was built from. */\n#define BUILD_COMMIT "%s"\n' "$commit"
