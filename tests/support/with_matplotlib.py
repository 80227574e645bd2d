# SPDX-License-Identifier: MIT
"""For tests of charts: the first python3 in PATH may be a version manager's, which does not see the system's matplotlib."""

import os
import shutil
import subprocess
import sys


def go_on_with_matplotlib():
    """Starts this program again under a python3 that has it, where this one has not; without any, ends it as skipped."""
    for candidate in (sys.executable, "python3", "/usr/bin/python3"):
        found = shutil.which(candidate)
        if found and subprocess.run([found, "-c", "import matplotlib"], capture_output=True).returncode == 0:
            if found != shutil.which(sys.executable):
                os.execv(found, [found, *sys.argv])
            return
    print("skipped: no python3 with matplotlib (apt install python3-matplotlib)")
    sys.exit(77)
