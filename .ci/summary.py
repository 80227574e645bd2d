#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""summary.py BROKEN-STEPS LOG...: "N passed, N failed, N skipped" over meson's testlog.json of all test runs, after a line
for each test that was skipped. A test that passed but says that it left a part out counts as failed, because otherwise
nothing would show the gap."""
import json
import os
import re
import sys

LEFT_OUT = re.compile(r"^\[  SKIPPED \]|^OK \(skipped=|^skipped: |^not tried", re.MULTILINE)  # cmocka's, unittest's, ours


def lines_of(logs):
    for log in logs:
        if os.path.exists(log):
            with open(log, encoding="utf-8") as f:
                yield from map(json.loads, f)


def reason(output):
    said = re.findall(r"^skipped: (.*)", output, re.MULTILINE) or output.strip().splitlines()
    return said[-1] if said else "no reason given"


def main():
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for entry in lines_of(sys.argv[2:]):
        output = entry.get("stdout", "") + "\n" + entry.get("stderr", "")
        kind = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}.get(entry["result"], "failed")
        if kind == "passed" and LEFT_OUT.search(output):
            kind = "failed"
            print(f"failed: {entry['name']}: passed, and left a part out: {LEFT_OUT.search(output)[0]}")
        if kind == "skipped":
            print(f"skipped: {entry['name']}: {reason(output)}")
        counts[kind] += 1
    counts["failed"] = counts["failed"] or int(sys.argv[1])
    print(", ".join(f"{count} {kind}" for kind, count in counts.items()))


main()
