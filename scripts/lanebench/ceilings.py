# SPDX-License-Identifier: MIT
"""The limits of the machine, from roofline.csv: the roofs that products are drawn under."""

from .rows import value

NEEDED = ("threads", "quantity", "isa", "level", "median_per_second")
BANDWIDTHS = ("read", "write", "triad")


class Ceilings:
    """peaks: GFLOP/s by ISA. levels: GB/s by cache level, the fastest of its bandwidths as in
    harness/roof/roofline_cache.c. threads: of both, text; as many as the run had where these were measured, else the
    most; "" without any ceiling."""

    def __init__(self, run):
        rows = [r for r in run.read_optional("roofline.csv", NEEDED) if value(r, "median_per_second") > 0]
        counts = sorted({r["threads"] for r in rows}, key=lambda t: (t == run.threads, len(t), t))
        self.threads = counts[-1] if counts else ""
        self.peaks, self.levels = {}, {}
        for row in rows:
            if row["threads"] != self.threads:
                continue
            rate = value(row, "median_per_second") / 1e9
            if row["quantity"] == "multiply_add":  # before and after all else: the better of both
                self.peaks[row["isa"]] = max(rate, self.peaks.get(row["isa"], 0.0))
            elif row["quantity"] in BANDWIDTHS and row["level"]:
                self.levels[row["level"]] = max(rate, self.levels.get(row["level"], 0.0))

    @property
    def peak(self):
        return max(self.peaks.values())

    def threads_text(self, run):
        """The threads that the ceilings were measured with, and whether the run had as many."""
        text = f"{self.threads} thread{'s' if self.threads != '1' else ''}"
        had = f"; the run had {run.threads or 'an unknown number'}" if run.threads != self.threads else ""
        return text + had


def products_of(backend):
    """The backend's parts that have a place under the ceilings."""
    return [p for p in backend.timed_parts() if p.kind == "product" and p.ai and p.gflops]
