# SPDX-License-Identifier: MIT
"""The PyTorch peer: the same training in another framework, at its best setting, for comparison. Only worker.py and
what it imports (steps.py, oracle.py) need torch."""


class PeerError(Exception):
    """Ends the program: one line that says what, where and what to do, and the exit code."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


EXIT_PROOF, EXIT_USAGE, EXIT_DATA, EXIT_NOTHING, EXIT_INTERNAL, EXIT_INTERRUPTED = 1, 2, 6, 77, 99, 130
