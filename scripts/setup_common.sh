# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What scripts/run, scripts/test and .ci/run share: install what is missing, configure, build. Sourced, not run.
# Everything here prints to stderr; stdout belongs to the programs that run afterwards.

project_root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)

# One line per need: the Debian package and how to see, without a package manager, that it is there
# (tool NAME, pc PKG-CONFIG-MODULE, lib HEADER as the C++ compiler finds it, module PYTHON-MODULE).
needs_of_build='
gcc                 tool gcc
g++                 tool g++
meson               tool meson
ninja-build         tool ninja
pkg-config          tool pkg-config
cmake               tool cmake
libdnnl-dev         lib oneapi/dnnl/dnnl.h
ocl-icd-opencl-dev  lib CL/cl.h
libbenchmark-dev    lib benchmark/benchmark.h
libhwloc-dev        pc hwloc
zlib1g-dev          pc zlib
libjansson-dev      pc jansson
libmd-dev           pc libmd
libcmocka-dev       pc cmocka
python3             tool python3
python3-matplotlib  module matplotlib
ca-certificates     file /etc/ssl/certs
'

# shellcheck disable=SC2034  # for .ci/run
needs_of_ci='
clang               tool clang
libomp-dev          clang-lib omp.h
clang-format        tool clang-format
libblas-test        file /usr/lib/x86_64-linux-gnu/blas/xblat3s
python3-numpy       module numpy
valgrind            tool valgrind
qemu-user           tool qemu-x86_64
zsh                 tool zsh
fish                tool fish
mandoc              tool mandoc
'

say() { printf '%s\n' "$*" >&2; }

stop() {
    say "${0##*/}: $*"
    exit 1
}

is_debian_like() {
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null
}

debian_has() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# need_met KIND WHAT: whether the thing itself is usable, however it was installed.
need_met() {
    case $1 in
    tool) command -v "$2" >/dev/null ;;
    pc) command -v pkg-config >/dev/null && pkg-config --exists "$2" ;;
    lib) has_header "$2" g++ -std=c++17 -x c++ ;;
    clang-lib) has_header "$2" clang -fopenmp -x c ;;
    module) python_with "$2" >/dev/null ;;
    file) [ -e "$2" ] ;;
    *) return 1 ;;
    esac
}

# has_header HEADER COMPILER FLAG...
has_header() {
    local header=$1
    shift
    command -v "$1" >/dev/null && printf '#include <%s>\n' "$header" | "$@" -fsyntax-only - 2>/dev/null
}

# python_with MODULE: prints a python3 that can import it. The first one in PATH may be a version manager's, which
# does not see the distribution's packages.
python_with() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3 /usr/bin/python3 /usr/local/bin/python3 \
        $(compgen -c python3. | sort -ru); do
        if command -v "$candidate" >/dev/null && "$candidate" -c "import $1" 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

# missing_packages NEEDS: one package name a line.
missing_packages() {
    local package kind what
    while read -r package kind what; do
        [ -n "$package" ] || continue
        if is_debian_like; then
            debian_has "$package" || printf '%s\n' "$package"
        else
            need_met "$kind" "$what" || printf '%s\n' "$package"
        fi
    done <<<"$1"
}

# still_missing NEEDS PACKAGE...: of these packages, those whose content was not installed in another way either.
still_missing() {
    local needs=$1 package kind what
    shift
    while read -r package kind what; do
        [ -n "$package" ] || continue
        case " $* " in
        *" $package "*) need_met "$kind" "$what" || printf '%s\n' "$package" ;;
        esac
    done <<<"$needs"
}

# install_needs NEEDS: returns when all is there, else stops and names what to do by hand.
install_needs() {
    local needs=$1 missing as_root=()
    mapfile -t missing < <(missing_packages "$needs")
    [ ${#missing[@]} -gt 0 ] || return 0

    if ! is_debian_like; then
        say "Needed and not found, under their Debian names:"
        say "    ${missing[*]}"
        stop "this is not Debian or Ubuntu: please install them with this system's package manager and run this again"
    fi

    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            without_root "$needs" "${missing[@]}"
            return 0
        fi
        as_root=(sudo)
        say "Installing with sudo: ${missing[*]}"
    else
        say "Installing: ${missing[*]}"
    fi

    as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120)
    "${as_root[@]}" update >&2 || say "apt-get update failed; trying with the package lists that are there"
    if ! "${as_root[@]}" install -y --no-install-recommends "${missing[@]}" >&2; then
        without_root "$needs" "${missing[@]}"
    fi
}

# Cannot install: fine when the tools are there by other means, else the end.
without_root() {
    local needs=$1 missing
    shift
    mapfile -t missing < <(still_missing "$needs" "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    say "Packages are missing and cannot be installed from here. As root:"
    say "    apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
    stop "install them and call again"
}

# same_build DIR: whether the directory was configured by this meson for this very place.
same_build() {
    python3 - "$1" "$project_root" "$(meson --version)" <<'PYTHON' 2>/dev/null
import json, os, sys
build, source, version = sys.argv[1:]
with open(os.path.join(build, "meson-info", "meson-info.json"), encoding="utf-8") as f:
    info = json.load(f)
same = (info["meson_version"]["full"] == version and info["directories"]["source"] == source
        and info["directories"]["build"] == build and os.path.exists(os.path.join(build, "build.ninja")))
sys.exit(0 if same else 1)
PYTHON
}

# configure_build NAME MESON-OPTION...: leaves a configured build directory of that name in the project, whatever state
# it was in: absent, stale, half written, of another meson or of another path.
configure_build() {
    local dir="$project_root/$1" log
    shift
    if [ -e "$dir" ] && ! [ -w "$dir" ]; then
        stop "$dir is not writable for $(id -un) (made by another user?): remove it or change its owner"
    fi
    if [ -d "$dir" ] && same_build "$dir"; then
        log=$(mktemp)
        if meson setup --reconfigure "$dir" "$project_root" "$@" >"$log" 2>&1; then
            rm -f "$log"
            return 0
        fi
        rm -f "$log"
        say "$dir cannot be reconfigured; configuring it again from scratch"
    fi
    if [ -d "$dir" ] && [ -n "$(ls -A "$dir")" ]; then
        if ! [ -e "$dir/meson-private" ] && ! [ -e "$dir/meson-info" ] && ! [ -e "$dir/build.ninja" ]; then
            stop "$dir exists and is not a meson build directory: move it away"
        fi
        rm -rf -- "$dir"
    fi
    meson setup "$dir" "$project_root" "$@" >&2 || stop "meson could not configure $dir; the reason is above"
}

# compile_build NAME
compile_build() {
    ninja -C "$project_root/$1" >&2 || stop "the build in $project_root/$1 failed; the first error is above"
}

# run_tests NAME ARGUMENT-OF-MESON-TEST...: three at once on two CPUs, since many wait, for processes or for the disk.
run_tests() {
    local dir="$project_root/$1"
    shift
    meson test -C "$dir" --print-errorlogs --num-processes $((($(nproc) * 3 + 1) / 2)) "$@"
}

# The whole set-up: packages, a release build in build/.
set_up() {
    install_needs "$needs_of_build"
    configure_build build --buildtype=release
    compile_build build
}
