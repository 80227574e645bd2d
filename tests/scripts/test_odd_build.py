# SPDX-License-Identifier: MIT
"""Builds that few people make: of a source directory whose name holds quotes and backslashes, with flags that hold them, too,
and with -Dunity=on, where all the C files of a target are one.

Arguments: the source's root, and the C and C++ compilers"""
import glob
import os
import shlex
import shutil
import subprocess
import sys
import tempfile

root, cc, cxx = sys.argv[1:]
FLAG = '-DSAID="a\\\\b"'  # the value is a C string
TELL = r"""
#include <stdio.h>
#include <harness/machine/build_config.h>
#include <harness/machine/build_commit.h>
int main(void) { printf("%s\n%s\n%s\n", SOURCE_ROOT, BUILD_FLAGS, BUILD_COMMIT); }
"""


def call(*argv, **more):
    more.setdefault("input", "")
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode != 0:
        sys.exit(f"FAILED: {' '.join(argv)[:300]}\n{done.stdout[-3000:]}")
    return done.stdout


def copy_source(to):
    """The files of the repository, and as a repository: the build says which commit it is of."""
    if not os.path.exists(root + "/.git"):
        print("skipped: needs a git repository")
        sys.exit(77)
    names = call("git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in filter(lambda name: name and os.path.exists(f"{root}/{name}"), names):
        os.makedirs(os.path.dirname(f"{to}/{name}"), exist_ok=True)
        shutil.copy2(f"{root}/{name}", f"{to}/{name}")
    git = ["git", "-C", to, "-c", "user.name=t", "-c", "user.email=t@example.org"]
    call(*git, "init", "-q")
    call(*git, "add", ".")
    call(*git, "commit", "-qm", "one")
    return call(*git, "rev-parse", "HEAD").strip()


def joined_objects(build):
    """The objects of several C files each. meson wrote what joins them when it configured."""
    objects = []
    for path in glob.glob(glob.escape(build) + "/**/*-unity*.c", recursive=True):
        with open(path, encoding="utf-8") as f:
            if f.read().count("#include") > 1:
                directory, name = os.path.split(os.path.relpath(path, build))
                objects.append(f"{directory}/meson-generated_{name}.o")
    return objects


for tool in ("meson", "ninja", "git"):
    if not shutil.which(tool):
        print("skipped: needs", tool)
        sys.exit(77)
for variable in ("CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS"):
    os.environ.pop(variable, None)
os.environ.update(CC=cc, CXX=cxx)
with tempfile.TemporaryDirectory(prefix="lanebench-test-") as scratch:
    source = scratch + '/a"b\\c'
    build = source + "/build"
    commit = copy_source(source)
    call("meson", "setup", build, source, "--buildtype=plain", "-Dunity=on", "-Dunity_size=10000", "-Dc_args=" + shlex.quote(FLAG))
    joined = joined_objects(build)
    warned = "warning:" in call("ninja", "-C", build, "harness/machine/build_commit.h", *joined)
    call(*cc.split(), "-x", "c", "-I", build, "-o", scratch + "/tell", "-", input=TELL)
    said = call(scratch + "/tell").splitlines()
failures = [f"{s!r} instead of {e!r}" for s, e in zip(said, (source, FLAG, commit)) if not s.endswith(e)]
if warned:
    failures.append("the compiler warns")
if not joined:
    failures.append("no target of several files was built as one")
for failure in failures:
    print("FAILED:", failure)
print(f"{len(joined)} objects of several files, {len(failures)} failures")
sys.exit(1 if failures else 0)
