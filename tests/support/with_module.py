# SPDX-License-Identifier: MIT
"""For tests that need a module of the system's: the first python3 in PATH may be a version manager's, which does not see
it."""

import os
import shutil
import subprocess
import sys


def go_on_with(module):
    """Starts this program again under a python3 that has it, where this one has not; without any, ends it as skipped."""
    for candidate in (sys.executable, "python3", "/usr/bin/python3"):
        found = shutil.which(candidate)
        if found and subprocess.run([found, "-c", f"import {module}"], capture_output=True).returncode == 0:
            if found != shutil.which(sys.executable):
                os.execv(found, [found, *sys.argv])
            return
    print(f"skipped: no python3 with {module} (apt install python3-{module})")
    sys.exit(77)
