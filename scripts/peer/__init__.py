# SPDX-License-Identifier: MIT
"""The PyTorch peer: the same training in another framework, at its best setting, for comparison. Only worker.py and
what it imports (steps.py, oracle.py) need torch."""


class PeerError(Exception):
    """Ends the program: one line that says what, where and what to do, and the exit code."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


def utf8(value):
    """The value with every byte of a path or a variable that is no UTF-8 as \\xNN, inside lists and dictionaries too."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    if isinstance(value, dict):
        return {utf8(key): utf8(one) for key, one in value.items()}
    return [utf8(one) for one in value] if isinstance(value, (list, tuple)) else value


EXIT_PROOF, EXIT_USAGE, EXIT_DATA, EXIT_NOTHING, EXIT_INTERNAL, EXIT_INTERRUPTED = 1, 2, 6, 77, 99, 130
