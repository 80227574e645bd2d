# SPDX-License-Identifier: MIT
"""fleet.html: a map of CPUs and backends, one file without anything from outside. Runs of one machine (env_id) stand
together; nothing is averaged."""

import html

STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --line: #ccc; --hue: 33, 102, 172; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --paper: #16181b; --line: #444; --hue: 103, 169, 207; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 1.5rem auto; max-width: 70rem;
       padding: 0 1rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; } th, td { padding: .3rem .6rem; text-align: right;
border-bottom: 1px solid var(--line); white-space: nowrap; } th:first-child, td:first-child { text-align: left; }
td.share { background: rgba(var(--hue), calc(var(--share) * .55)); } small { opacity: .75; } .mark { font-weight: 600; }
"""


def escaped(value):
    return html.escape("" if value is None else str(value))


def cpu_of(row):
    numbers = "/".join(str(row.get(name, "?")) for name in ("cpu_family", "cpu_model_number", "cpu_stepping"))
    return f"{row.get('cpu_model', 'unknown CPU')} (family/model/stepping {numbers})"


def table(head, lines):
    rows = "".join(f"<tr>{''.join(line)}</tr>\n" for line in lines)
    return f'<div class="wide"><table><thead><tr>{"".join(f"<th>{escaped(h)}</th>" for h in head)}</tr></thead>\n<tbody>{rows}' \
           "</tbody></table></div>\n"


def share_cell(row):
    if not row:
        return "<td></td>"
    share = row.get("share_of_peak")
    if share is None:
        return f'<td title="{escaped(row.get("words"))}"><small>not ranked</small></td>'
    ratio = f'<br><small>{row["ratio"]:.2f}x ({row["ratio_low"]:.2f} to {row["ratio_high"]:.2f})</small>' if "ratio" in row else ""
    deviates = f'<br><small class="mark">{escaped(row["verified"])}</small>' if isinstance(row.get("verified"), str) else ""
    note = f'<br><small>{escaped(row["note"])}</small>' if "note" in row else ""
    return f'<td class="share" style="--share: {min(max(share, 0), 1):.3f}">{100 * share:.1f} %{ratio}{note}{deviates}</td>'


def runs_of(rows):
    """[(first row, {backend: row})], those of one machine together."""
    found = {}
    for row in rows:
        if "env_id" in row:
            found.setdefault((row["env_id"], row["target"], row["repeat"]), []).append(row)
    return [(group[0], {row["backend"]: row for row in group}) for _, group in sorted(found.items())]


def map_of(runs, backends):
    lines = []
    for first, group in runs:
        head = f'<td>{escaped(cpu_of(first))}<br><small>{escaped(first["target"])} {escaped(first["repeat"])}, env_id ' \
               f'{escaped(first["env_id"])}, {escaped(first.get("threads"))} threads</small></td>'
        lines.append([head] + [share_cell(group.get(backend)) for backend in backends])
    return table(["CPU"] + backends, lines)


def proof_of(runs):
    lines = []
    for first, group in runs:
        for backend, row in group.items():
            proven = {True: "proven", False: "not proven", None: "not proven"}.get(row.get("verified"), row.get("verified"))
            values = (first["target"], first["repeat"], backend, proven, row.get("worst_error_of_bound"), row.get("violations"),
                      f'{row.get("disturbed", "")}/{row.get("later_epochs", "")}', row.get("library"), row.get("git_commit"))
            lines.append([f"<td>{escaped(v)}</td>" for v in values])
    return table(["target", "repeat", "backend", "proof", "worst error / bound", "integrity violations", "disturbed epochs",
                  "library", "commit"], lines)


def differing(runs):
    """What differs although its name is the same: versions of a library, builds, settings."""
    notes = []
    for what in ("library", "git_commit", "threads", "batch", "hidden", "dataset"):
        values = {}
        for _, group in runs:
            for backend, row in group.items():
                values.setdefault(backend if what in ("library", "git_commit") else "", set()).add(str(row.get(what)))
        notes += [f"{what}{' of ' + backend if backend else ''} differs: {', '.join(sorted(found))}"
                  for backend, found in sorted(values.items()) if len(found) > 1]
    return notes


def absent(rows):
    lines = [[f"<td>{escaped(row[name])}</td>" for name in ("target", "repeat", "state", "words")] for row in rows
             if "env_id" not in row or row["state"] != "complete"]
    return table(["target", "repeat", "state", "why"], lines) if lines else "<p>Every target ran to its end.</p>"


def page(rows, reference):
    runs = runs_of(rows)
    backends = list(dict.fromkeys(row["backend"] for row in rows if "backend" in row))
    notes = "".join(f"<li>{escaped(note)}</li>" for note in differing(runs))
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Fleet</title><style>{STYLE}</style></head><body>
<h1>Share of peak, by CPU and backend</h1>
<p>Large: share of the multiply-add peak, measured around the epochs of the same run. Small: speed as a multiple of that
of {escaped(reference)} in the same run, with its 95 % interval. Both may be compared between machines; times may not,
and are left out. A share flatters a CPU with a low peak.</p> {map_of(runs, backends)} <h2>What did not run, and
why</h2> {absent(rows)} <h2>Proof and integrity</h2> {proof_of(runs)} <h2>What differs between the runs</h2>
{f"<ul>{notes}</ul>" if notes else "<p>Nothing: the same libraries, builds and settings.</p>"} </body></html>
"""
