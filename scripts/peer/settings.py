# SPDX-License-Identifier: MIT
"""What can be chosen to make PyTorch fast, and the search for the best choice."""

import glob
import os

from . import EXIT_USAGE, PeerError

STEPS = {
    "manual": "written by hand: matrix products and in-place operations into buffers made once, no autograd",
    "manual-compile": "the same, its element-wise operations through torch.compile",
    "eager": "torch.nn, autograd, torch.optim.RMSprop tensor by tensor",
    "foreach": "the same with the optimizer's foreach=True",
    "jit": "forward pass and loss through torch.jit.script, foreach=True",
    "compile": "forward pass and loss through torch.compile, foreach=True",
}
MKLDNN = {
    "on": "torch chooses where to use MKL-DNN (oneDNN)",
    "off": "torch.backends.mkldnn disabled",
    "tensors": "layers work on tensors in MKL-DNN's own layout (steps eager and foreach)",
}
GRAPH = {
    "on": "the kernels of a step recorded once as a CUDA graph and launched together (steps without autograd)",
    "off": "launched one by one",
}
TF32 = {
    "off": "products of float32",
    "on": "products of operands rounded to TF32's 11 significant bits, sums in float32",
}
SYSTEM_BLAS = "system"
CONTENDERS = {"cpu": "torch", "cuda": "torch-cuda"}  # by device: the name in files, tables and charts


def blas_dirs():
    """Directories of BLAS libraries that Debian keeps side by side, by name. One that the system uses by itself is
    covered by `system`."""
    found = {}
    used = {os.path.realpath(p) for p in glob.glob("/usr/lib/*/libblas.so.3")}
    for path in sorted(glob.glob("/usr/lib/*/*/libblas.so.3")):
        if os.path.realpath(path) not in used:
            found.setdefault(os.path.basename(os.path.dirname(path)), os.path.dirname(path))
    return found


def thread_counts(most):
    """most, then powers of two below it."""
    counts, n = [most], 1
    while n < most:
        counts.insert(1, n)
        n *= 2
    return counts


def all_values(device, threads):
    """By axis, in the order in which the search turns to them; the first value of each is where it starts."""
    if device == "cuda":
        return {"step": list(STEPS), "graph": list(GRAPH), "tf32": list(TF32)}
    return {"blas": [SYSTEM_BLAS, *blas_dirs()], "step": list(STEPS), "mkldnn": list(MKLDNN),
            "threads": thread_counts(threads), "wait": ["passive", "active"], "bind": ["no", "yes"]}


def parse_fixed(text, values):
    """'step=manual,threads=2' -> the values that the search leaves alone."""
    fixed = {}
    for part in text.split(",") if text else ():
        key, _, value = part.partition("=")
        if key not in values:
            raise PeerError(EXIT_USAGE, f"--setting {part}: no such key; there are {', '.join(values)}")
        if key == "threads" and value.isdecimal() and 1 <= int(value) <= 4096:
            fixed[key] = int(value)
        elif key != "threads" and value in values[key]:
            fixed[key] = value
        else:
            allowed = "a number from 1" if key == "threads" else ", ".join(map(str, values[key]))
            raise PeerError(EXIT_USAGE, f"--setting {part}: {key} can be {allowed}")
    return fixed


def environment(setting):
    """The variables that must be set before torch starts; none where a GPU does the work."""
    if "threads" not in setting:
        return {}
    threads = str(setting["threads"])
    variables = {name: threads for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS",
                                            "MKL_NUM_THREADS")}
    variables["OMP_WAIT_POLICY"] = setting["wait"]
    variables["OMP_PROC_BIND"] = "close" if setting["bind"] == "yes" else "false"
    if setting["blas"] != SYSTEM_BLAS:
        variables["LD_LIBRARY_PATH"] = blas_dirs()[setting["blas"]]
    return variables


def without_tf32(setting):
    return dict(setting, tf32="off") if "tf32" in setting else setting


def text_of(setting):
    return " ".join(f"{key}={value}" for key, value in setting.items())


def search(values, measure):
    """The fastest setting that changing any one value does not improve: each axis in turn, until a whole pass changes
    nothing. measure(setting, limit) gives seconds, or None for one that does not work or takes longer than `limit`
    seconds. Returns the setting and its seconds, or None when nothing works."""
    seconds, best = {}, {axis: of_axis[0] for axis, of_axis in values.items()}

    def measured(setting, limit):
        key = tuple(setting.values())
        if key not in seconds:
            seconds[key] = measure(dict(setting), limit)
        return seconds[key]

    best_seconds = measured(best, None)
    changed = True
    while changed:
        changed = False
        for axis, of_axis in values.items():
            for value in of_axis:
                candidate = dict(best, **{axis: value})
                taken = measured(candidate, best_seconds)
                if taken is not None and (best_seconds is None or taken < best_seconds):
                    best, best_seconds, changed = candidate, taken, True
    return (best, best_seconds) if best_seconds is not None else None
