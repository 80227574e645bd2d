# SPDX-License-Identifier: MIT
"""test_help_as.py BENCH WHAT NAMES: the completions of bash, zsh and fish, and the man page by mandoc, groff and man, each
by the program that reads it; or `install`: where `meson install` puts them. 77 where that program is not here. NAMES: that
the program is installed under."""
import os
import re
import shutil
import subprocess
import sys

from cli_common import check, clean_environment, finish, run, scratch, skip

bench, NAMES = os.path.abspath(sys.argv[1]), sys.argv[3].split()


def need(name):
    found = shutil.which(name)
    if not found:
        skip(f"{name} is not installed")
    return found


def made(form, directory, name):
    """The file that the build would install."""
    result = run(bench, "help-as", form)
    check(result.returncode == 0 and result.stderr == "", f"help-as {form}: {result.stderr}")
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(result.stdout)
    return path


def call(*argv, **more):
    return subprocess.run(argv, capture_output=True, text=True, timeout=100, env=clean_environment(**more))


def commands():
    page = run(bench, "--help").stdout
    return re.findall(r"^  ([a-z][a-z-]+) ", page[page.index("Commands:"):page.index("Common flags:")], re.MULTILINE)


def all_flags():
    pages = "".join(run(bench, "help", command).stdout for command in commands())
    return set(re.findall(r"^  (--[a-z][a-z-]*)", pages, re.MULTILINE)) - {"--benchmark"}


def bash_offers(shell, path, *argv):
    """What bash would offer for the last argument."""
    script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _lanebench; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    result = call(shell, "--norc", "-uc", script, "bash", path, bench, *argv)
    check(result.returncode == 0 and result.stderr == "", f"bash, {argv}: {result.stderr}")
    return [w for w in result.stdout.split("\n") if w.strip()]


def test_bash(directory):
    shell, path = need("bash"), made("bash", directory, "bench")
    registered = call(shell, "--norc", "-c", 'source "$1"; complete -p', "bash", path)
    check(set(registered.stdout.splitlines()) == {f"complete -F _lanebench {name}" for name in NAMES}, f"complete -p: {registered}")
    check(call(shell, "-n", path).stderr == "", "bash -n")

    def offers(*argv):
        return sorted(w.strip() for w in bash_offers(shell, path, *argv))
    names = run(bench, "help-as", "backends").stdout.split()
    check(offers("--ba") == ["--backend", "--batch"], f"--ba: {offers('--ba')}")
    check(offers("data", "--ba") == [], f"data --ba: {offers('data', '--ba')}")
    check(offers("--backend", "") == sorted(names + ["all"]), f"--backend: {offers('--backend', '')}")
    check(offers("prove", "--backend", "av") == [n for n in sorted(names) if n.startswith("av")], "--backend av")
    check(offers("--backend", "naive,on") == [f"naive,{n}" for n in names if n.startswith("on")], "--backend naive,on")
    check(offers("--backend", "=", "nai") == ["naive"] and "naive" in offers("--backend", "="), "--backend=nai")
    check(offers("--max-isa", "") == ["avx2", "avx512", "baseline"], f"--max-isa: {offers('--max-isa', '')}")
    check(offers("--format", "csv,") == ["csv,jsonl"], f"--format: {offers('--format', 'csv,')}")
    check(offers("--epochs", "") == [], "--epochs wants a number")
    check(offers("do") == ["doctor"] and {"run", "micro", "ab"} <= set(offers("")), f"commands: {offers('')}")
    check("help-as" not in offers("") and "worker" not in offers(""), "hidden commands stay hidden")
    os.makedirs(os.path.join(directory, "set of images"))
    check(offers("--data", directory + "/set") == [directory + "/set of images"], "--data: a directory with spaces in its name")
    check(path not in offers("--data", directory + "/"), "--data: no files")
    check(path in offers("--plugin", directory + "/be"), "--plugin: a file")
    check(set(names) <= set(offers("ab", "")), f"ab: {offers('ab', '')}")
    check(offers("report", directory + "/set") == [directory + "/set of images"], f"report: {offers('report', directory + '/set')}")
    check(offers("help", "do") == ["doctor"], f"help do: {offers('help', 'do')}")
    everything = set().union(*(offers(c, "--") for c in offers("")))
    check(all_flags() <= everything, f"flags that are not offered: {all_flags() - everything}")


def test_zsh(directory):
    path = made("zsh", directory, "_lanebench")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    check(text.startswith(f"#compdef {' '.join(NAMES)}\n"), "zsh finds the file by its first line")
    check(all(f"{flag}=[" in text or f"{flag}[" in text for flag in all_flags()), "zsh: every flag")
    shell = need("zsh")
    result = call(shell, "-f", "-n", path)
    check(result.returncode == 0 and result.stderr == "", f"zsh -n: {result.stderr}")
    script = 'autoload -Uz compinit && compinit -u -D; source <("$1" help-as zsh); print -- ${(k)_comps[(R)_lanebench]}'
    sourced = call(shell, "-f", "-c", script, "zsh", bench)
    check(set(sourced.stdout.split()) == set(NAMES) and sourced.stderr == "", f"zsh, sourced: {sourced}")


def test_fish(directory):
    path, shell = made("fish", directory, "lanebench.fish"), need("fish")
    result = call(shell, "-N", "-n", path)
    check(result.returncode == 0 and result.stderr == "", f"fish -n: {result.stderr}")
    for name in NAMES:
        os.symlink(bench, os.path.join(directory, name))
    search = directory + os.pathsep + os.environ["PATH"]

    def offers(line):
        done = call(shell, "-N", "-c", f'source "{path}"; complete -C "{line}"', PATH=search, HOME=directory)
        check(done.returncode == 0 and done.stderr == "", f"fish, {line!r}: {done.stderr}")
        return {w.split("\t")[0] for w in done.stdout.splitlines()}
    names = set(run(bench, "help-as", "backends").stdout.split())
    for name in NAMES:
        check(offers(name + " --ba") == {"--backend", "--batch"}, f"{name} --ba: {offers(name + ' --ba')}")
    check(offers("lanebench --backend ") >= names | {"all"}, f"--backend: {offers('lanebench --backend ')}")
    check("naive,avx2" in offers("lanebench --backend naive,"), f"--backend naive,: {offers('lanebench --backend naive,')}")
    check(offers("lanebench --max-isa ") == {"baseline", "avx2", "avx512"}, "--max-isa")
    check("doctor" in offers("lanebench do") and "--ba" not in offers("lanebench data --"), "commands")


def test_man(directory):
    reader, path = sys.argv[2], made("man", directory, "lanebench.1")
    flags = {"mandoc": ["-Tlint", "-Wwarning"], "groff": ["-man", "-ww", "-Tutf8", "-z"], "man": ["--warnings", "-l"]}
    result = call(need(reader), *flags[reader], path, MANPAGER="cat", MANROFFOPT="-ww", LC_ALL="C.UTF-8")
    said = result.stderr + (result.stdout if reader == "mandoc" else "")
    check(result.returncode == 0 and said == "", f"{reader}: {said}")


def test_text(directory):
    path = made("man", directory, "lanebench.1")
    with open(path, encoding="utf-8") as f:
        text = f.read().replace("\\-", "-")
    check(all(f"\n.B {flag}" in text for flag in all_flags()), "man: every flag")
    check(all(f"\n.B {code}\n" in text for code in (0, 1, 2, 3, 4, 77, 130)), "man: every exit code")


def test_install(directory):
    meson, build = need("meson"), os.path.dirname(bench)
    if not os.path.exists(os.path.join(build, "harness", "cli", "installed", "lanebench.1")):
        skip("this build makes no man page: sanitized, fuzzing or for another machine")
    result = call(meson, "install", "--no-rebuild", "--destdir", directory, "-C", build)
    check(result.returncode == 0, f"meson install: {result.stdout}{result.stderr}")
    files = {os.path.join(at, n)[len(directory):] for at, _, names in os.walk(directory) for n in names}
    places = [("/share/zsh/site-functions/_lanebench", "zsh")]
    for name in NAMES:
        places += [(f"/share/man/man1/{name}.1", "man"), (f"/share/bash-completion/completions/{name}", "bash"),
                   (f"/share/fish/vendor_completions.d/{name}.fish", "fish")]
    made_of_help = [n for n in files if re.search("/man/|completion|/zsh/", n)]
    check(len(made_of_help) == len(places), f"more or fewer than {places}: {made_of_help}")
    for end, form in places:
        found = [n for n in files if n.endswith(end)]
        check(len(found) == 1, f"{end}: {sorted(files)}")
        for name in found:
            with open(directory + name, encoding="utf-8") as f:
                check(f.read() == run(bench, "help-as", form).stdout, f"{name}: not what help-as {form} says")


with scratch() as scratch_dir:
    {"bash": test_bash, "zsh": test_zsh, "fish": test_fish, "text": test_text, "mandoc": test_man, "groff": test_man,
     "man": test_man, "install": test_install}[sys.argv[2]](scratch_dir)
finish()
