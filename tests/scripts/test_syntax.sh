#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# test_syntax.sh SOURCE_ROOT: every script parses, by bash or by Python, and the commands can be executed.
set -euo pipefail
cd -- "$1"

checked=0
python_files=()
while IFS= read -r -d '' file; do
    first=$(head -n 1 -- "$file")
    case $file:$first in
    *.py:*) python_files+=("$file") ;;
    *.sh:* | *:'#!'*bash*) bash -n "$file" ;;
    *) continue ;;
    esac
    checked=$((checked + 1))
done < <(find .ci scripts tests -type f -print0)
python3 - "${python_files[@]}" <<'PYTHON'
import ast, sys
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as f:
        ast.parse(f.read(), path)
PYTHON

for command in scripts/run scripts/test scripts/plot.py scripts/report scripts/update_readme.py .ci/run; do
    if ! [ -x "$command" ]; then
        printf '%s: cannot be executed\n' "$command"
        exit 1
    fi
done
printf '%d scripts parse\n' "$checked"
[ "$checked" -ge 8 ]
