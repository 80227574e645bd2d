#!/bin/sh
# SPDX-License-Identifier: MIT
# Which commit a build says it is of: that of its own repository, never that of one around it or named by variables.
#
# Arguments: the script that tells it. The one that writes the header for the build lies beside it.
set -eu
script=$1
command -v git > /dev/null || { echo "skipped: needs git"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
GIT_COMMITTER_DATE=2020-01-02T03:04:05+06:00
export GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM GIT_COMMITTER_DATE
failed=0

expect() { # what it is, what the script must print ("" for a failure), what it printed
    [ "$2" = "$3" ] || { echo "FAILED: $1: '$3' instead of '$2'"; failed=1; }
}

make_repository() {
    git init -q "$1"
    echo "$1" > "$1/file"
    git -C "$1" add file
    git -C "$1" -c user.name=t -c user.email=t@example.org commit -qm one
}

make_repository "$work/own"
make_repository "$work/other"
mkdir "$work/own/unpacked" "$work/bare"
own=$(git -C "$work/own" rev-parse HEAD)
expect "its own repository" "$own" "$(sh "$script" "$work/own")"
expect "a directory of another repository" "" "$(sh "$script" "$work/own/unpacked" 2> /dev/null || true)"
expect "no repository" "" "$(sh "$script" "$work/bare" 2> /dev/null || true)"
expect "GIT_DIR of another" "$own" "$(GIT_DIR=$work/other/.git sh "$script" "$work/own")"
expect "GIT_DIR, no repository" "" "$(GIT_DIR=$work/other/.git sh "$script" "$work/bare" 2> /dev/null || true)"
expect "GIT_WORK_TREE of another" "$own" \
    "$(GIT_DIR=$work/other/.git GIT_WORK_TREE=$work/other sh "$script" "$work/own")"
header() { # in a repository; the date of its commit
    mkdir -p "$1/harness/machine"
    cp "$script" "${script%/*}/commit_header.sh" "$1/harness/machine"
    (cd "$1" && sh harness/machine/commit_header.sh) | sed -n 's/^#define BUILD_COMMIT_DATE "\(.*\)"$/date \1/p'
}
expect "the commit's date" "date 2020-01-02T03:04:05+06:00" "$(header "$work/own")"
expect "the date, GIT_DIR of another" "date 2020-01-02T03:04:05+06:00" "$(GIT_DIR=$work/other/.git header "$work/own")"
expect "no repository, no date" "date " "$(header "$work/bare")"
echo changed > "$work/own/file"
expect "changed files" "$own-dirty" "$(sh "$script" "$work/own")"
exit $failed
