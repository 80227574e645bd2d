#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints the header that tells the program which commit it was built from and when that was made: what the commit itself
# says, so that two builds of it are equal. Run in the source's root.
if commit=$(sh harness/machine/commit.sh . 2> /dev/null); then
    # shellcheck disable=SC2046
    unset $(git rev-parse --local-env-vars)
    date=$(git show -s --no-show-signature --format=%cI "${commit%-dirty}")
else
    commit=unknown date=
fi
cat << EOF
/* Generated: the commit that the program was built from. */
#define BUILD_COMMIT "$commit"
#define BUILD_COMMIT_DATE "$date"
EOF
