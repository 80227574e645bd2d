#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints the commit of the source in directory $1, followed by -dirty if tracked files differ. Fails where the directory is
# not the top of a repository of its own: a repository around an unpacked archive says nothing about it, nor do the
# variables (GIT_DIR and others) by which a hook or a user points git elsewhere.
set -eu
cd "$1"
# shellcheck disable=SC2046
unset $(git rev-parse --local-env-vars)
[ -z "$(git rev-parse --show-cdup)" ]
exec git --no-optional-locks describe --always --dirty --abbrev=40 --match=NeVeR
