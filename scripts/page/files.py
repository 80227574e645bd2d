# SPDX-License-Identifier: MIT
"""The files behind the page, and the commands that repeat the run."""

import fnmatch
import os
import shlex
from urllib.parse import quote

from lanebench.run import FILES

from . import markup
from .markup import tag

MORE = ("history-*.json", "*.jsonl")  # of a name for each backend, and of --format


def render(runs, out):
    return markup.section("files", "Files, and how to repeat the run", *(of_run(run, out) for run in runs))


def of_run(run, out):
    links = [link(path, out) for path in paths_of(run)]
    charts = os.path.join(run.directory, "charts")
    if os.path.isdir(charts):
        links.append(link(charts, out))
    command = reproduce(run)
    title = f"Run {run.tag}: {run.run_id}" if run.tag else ""
    if run.host:
        title = f"Peer {', '.join(b.label for b in run.backends)}"
    return block(title, links, command)


def block(title, links, command):
    return tag("div", tag("h3", title) if title else "", tag("ul", *(tag("li", k) for k in links), class_="links"), command)


def paths_of(run):
    known = [run.paths[name] for name in FILES if run.paths.get(name)]
    more = sorted(name for name in os.listdir(run.directory) if any(fnmatch.fnmatchcase(name, pattern) for pattern in MORE))
    return known + [os.path.join(run.directory, name) for name in more]


def link(path, out, text=None):
    """Relative to the page, so that directory and page can be moved together. text: the name of the file."""
    directory = os.path.dirname(os.path.abspath(out))
    relative = os.path.relpath(os.path.abspath(path), os.path.realpath(directory) if os.path.islink(directory) else directory)
    address = quote(relative.encode("utf-8", "surrogateescape"))
    return tag("a", text or os.path.basename(path), href="./" + address)


def command_of(run):
    """Shell text; None when machine.json does not say."""
    command = run.machine.get("command_line")
    if not isinstance(command, list) or not command:
        return None
    lines = []
    if run.commit != "unknown":
        lines.append(f"git checkout {shlex.quote(str(run.fact('build', 'commit')))}")
    if lines and os.path.basename(str(command[0])) in ("bench", "lanebench"):
        build = os.path.dirname(str(command[0])) or "build"
        lines.append(f"meson setup {shlex.quote(build)} --buildtype=release && meson compile -C {shlex.quote(build)}")
    settings = run.section("environment")
    prefix = " ".join(f"{k}={shlex.quote(str(v))}" for k, v in settings.items())
    lines.append((prefix + " " if prefix else "") + shlex.join(str(word) for word in command))
    return "\n".join(lines)


def reproduce(run):
    text = command_of(run)
    if text is None:
        return markup.note("its files do not name the command that made the run.")
    return tag("div", tag("pre", tag("code", text), tabindex="0"), tag("button", "Copy", type="button", class_="copy"),
               class_="command")
