# SPDX-License-Identifier: MIT
"""The parent's side of a worker process, and which Python has torch."""

import json
import os
import shutil
import signal
import subprocess
import sys

from . import EXIT_INTERNAL, EXIT_NOTHING, PeerError, settings

SCRIPTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROBE = "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)"


def has_torch(python):
    try:
        return subprocess.run([python, "-c", PROBE], capture_output=True).returncode == 0
    except OSError:
        return False


# Prints why there is none.
PROBE_GPU = """
import torch
if not torch.cuda.is_available():
    built = torch.version.cuda
    print(f"PyTorch {torch.__version__} " + (f"(CUDA {built}) finds no GPU" if built else "is built without CUDA"))
"""


def require_gpu(python):
    """A PeerError where this Python's torch cannot use one."""
    probe = subprocess.run([python, "-c", PROBE_GPU], capture_output=True, text=True)
    lines = (probe.stderr if probe.returncode else probe.stdout).strip().splitlines()
    if probe.returncode or lines:
        raise PeerError(EXIT_NOTHING, f"--device cuda: {lines[-1] if lines else 'torch cannot be loaded'}: {python}; use a "
                                      "machine with an NVIDIA GPU, and a PyTorch built for it (--python)")


def find_python(asked):
    """--python, else this Python or the system's, whichever sees torch."""
    for python in [asked] if asked else [sys.executable, "/usr/bin/python3"]:
        found = shutil.which(python)
        if found and has_torch(found):
            return found
    raise PeerError(EXIT_NOTHING, f"{asked or 'neither this Python nor /usr/bin/python3'} "
                                  f"{'cannot' if asked else 'can'} import torch: apt install python3-torch, or name a "
                                  "Python that has it with --python")


class Child:
    """One worker. Between requests it may be paused, so that its threads do not spin while others measure."""

    def __init__(self, python, setting, quiet):
        environment = dict(os.environ)
        for name, value in settings.environment(setting).items():
            if name == "LD_LIBRARY_PATH" and environment.get(name):
                value += ":" + environment[name]
            environment[name] = value
        path = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = SCRIPTS + (":" + path if path else "")
        answers, to_us = os.pipe()
        self.answers = os.fdopen(answers, encoding="utf-8")
        # The child inherits the mask: an interrupt from the terminal is the parent's to handle.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self.process = subprocess.Popen([python, "-m", "peer.worker", str(to_us)], env=environment,
                                            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL if quiet else sys.stderr,
                                            stderr=subprocess.DEVNULL if quiet else None, pass_fds=(to_us,), text=True)
        finally:
            os.close(to_us)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

    def ask(self, **request):
        """The answer; a failure in the worker is a PeerError."""
        reply = None
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            line = self.answers.readline()
            reply = json.loads(line) if line else None
        except (BrokenPipeError, ValueError):
            pass
        if reply is None:
            code = self.process.wait()
            how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            raise PeerError(EXIT_INTERNAL, f"the torch process ended with {how} at \"{request['do']}\"")
        if "failed" in reply:
            raise PeerError(reply.get("code", EXIT_INTERNAL), f"torch, at \"{request['do']}\": {reply['failed']}")
        return reply

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.answers.close()
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
