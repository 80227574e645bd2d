#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# test_setup.sh SOURCE_ROOT: the set-up that scripts/run and scripts/test share, on machines made of stand-in commands
# and on a tiny project. Installs nothing.
set -euo pipefail

source_root=$1
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
failures=0

check() { # WHAT CONDITION...
    local what=$1
    shift
    if "$@"; then
        printf 'ok      %s\n' "$what"
    else
        printf 'FAILED  %s\n' "$what"
        failures=$((failures + 1))
    fi
}

contains() { grep -qF -- "$1" "$2"; }
lacks() { ! grep -qF -- "$1" "$2"; }

# stand_in NAME BODY: a command of that name in the stand-ins' directory.
stand_in() {
    printf '#!/bin/bash\n%s\n' "$2" >"$scratch/bin/$1"
    chmod +x "$scratch/bin/$1"
}

# A machine: only the tools of the base system, and the stand-ins.
new_machine() {
    rm -rf "${scratch:?}/bin"
    mkdir "$scratch/bin"
    local tool
    for tool in bash env dirname sort mktemp rm ls cat grep; do
        ln -s "$(command -v "$tool")" "$scratch/bin/$tool"
    done
}

# install NEEDS: what install_needs does on that machine; its output in $scratch/out, its exit code in $code.
install() {
    code=0
    env -u DEBIAN_FRONTEND PATH="$scratch/bin" "$BASH" -c 'set -euo pipefail; . "$1/scripts/setup_common.sh"; install_needs "$2"' test \
        "$source_root" "$1" >"$scratch/out" 2>&1 || code=$?
}

needs='
alpha-dev  tool alpha
beta       tool beta
'

new_machine
stand_in dpkg-query 'printf installed'
stand_in apt-get "echo called >$scratch/apt"
stand_in id 'echo 0'
install "$needs"
check "all installed: nothing is done" [ "$code" -eq 0 -a ! -e "$scratch/apt" -a ! -s "$scratch/out" ]

stand_in dpkg-query '[ "${@: -1}" = beta ] && printf installed || exit 1'
stand_in apt-get "echo \"\$DEBIAN_FRONTEND \$*\" >>$scratch/apt"
install "$needs"
check "as root: succeeds" [ "$code" -eq 0 ]
check "as root: updates the lists" contains "update" "$scratch/apt"
check "as root: installs what is missing" contains "install -y --no-install-recommends alpha-dev" "$scratch/apt"
check "as root: not what is there" lacks beta "$scratch/apt"
check "as root: asks no questions" contains noninteractive "$scratch/apt"

rm -f "$scratch/apt"
stand_in id 'echo 1000'
install "$needs"
check "user without sudo: stops" [ "$code" -eq 1 ]
check "user without sudo: names the line" \
    contains "apt-get update && apt-get install -y --no-install-recommends alpha-dev" "$scratch/out"
check "user without sudo: does not try" [ ! -e "$scratch/apt" ]

stand_in alpha ''
install "$needs"
check "user without sudo, but the tool is there by other means: goes on" [ "$code" -eq 0 ]
rm "$scratch/bin/alpha"

stand_in sudo "echo sudo >>$scratch/apt; \"\$@\""
install "$needs"
check "user with sudo: succeeds" [ "$code" -eq 0 ]
check "user with sudo: uses it" contains sudo "$scratch/apt"
check "user with sudo: says so" contains "Installing with sudo: alpha-dev" "$scratch/out"

stand_in sudo 'exit 1'
install "$needs"
check "sudo refuses: stops" [ "$code" -eq 1 ]
check "sudo refuses: names the line" contains "--no-install-recommends alpha-dev" "$scratch/out"

new_machine
stand_in beta ''
install "$needs"
check "no Debian: stops" [ "$code" -eq 1 ]
check "no Debian: names the missing package" contains "alpha-dev" "$scratch/out"
check "no Debian: not what is there" lacks beta "$scratch/out"

# Build directories, with the real meson on a project of one line.
mkdir "$scratch/project"
printf "project('tiny', default_options : ['buildtype=debug'])\n" >"$scratch/project/meson.build"
configure() {
    code=0
    "$BASH" -c 'set -euo pipefail; . "$1/scripts/setup_common.sh"; project_root=$2
        configure_build build --buildtype=release' test "$source_root" "$scratch/project" >"$scratch/out" 2>&1 || code=$?
}
is_release() {
    meson introspect --buildoptions "$scratch/project/build" |
        python3 -c 'import json, sys
sys.exit({o["name"]: o["value"] for o in json.load(sys.stdin)}["buildtype"] != "release")'
}

configure
check "configures a new build directory" [ "$code" -eq 0 ]
check "as a release build" is_release
touch "$scratch/project/build/old"
configure
check "reconfigures it" [ "$code" -eq 0 -a -e "$scratch/project/build/old" ]
: >"$scratch/project/build/meson-private/coredata.dat"
configure
check "recovers from a broken one" [ "$code" -eq 0 ]
rm "$scratch/project/build/build.ninja"
configure
check "recovers from a half-made one" [ "$code" -eq 0 -a -e "$scratch/project/build/build.ninja" ]
sed -i 's/"source": "[^"]*"/"source": "\/nowhere"/' "$scratch/project/build/meson-info/meson-info.json"
touch "$scratch/project/build/stale"
configure
check "configures one of another path anew" [ "$code" -eq 0 -a ! -e "$scratch/project/build/stale" ]
rm -rf "$scratch/project/build"
mkdir "$scratch/project/build"
touch "$scratch/project/build/thesis.txt"
configure
check "leaves a directory that is no build directory alone" [ "$code" -eq 1 -a -e "$scratch/project/build/thesis.txt" ]
check "and says so" contains "move it away" "$scratch/out"

[ "$failures" -eq 0 ]
