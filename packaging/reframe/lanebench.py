# SPDX-License-Identifier: MIT
"""Lanebench for ReFrame: reframe -c packaging/reframe -S bench=/path/to/build/bench -r

A backend passes when its proof passed, no integrity check failed and the run ended by itself. The figures are its share
of peak, its seconds per epoch, and its speed over the reference backend in the same run. `reference` is empty, because
seconds depend on the kind of node: set yours per system, or per CPU as in reference = {'$index': ('$processor.arch',
'backend'), ('zen4', 'avx512'): {'share_of_peak': (0.85, -0.03, None, '1')}}."""

import json
import os

import reframe as rfm
import reframe.utility.sanity as sn


@rfm.simple_test
class lanebench(rfm.RunOnlyRegressionTest):
    descr = "Training epochs of a proven backend"
    valid_systems = ["*"]
    valid_prog_environs = ["*"]
    backend = parameter(["avx2", "avx512"])
    bench = variable(str, value="bench")
    reference_backend = variable(str, value="onednn")
    epochs = variable(int, value=20)
    exclusive_access = True

    @run_before("run")
    def set_command(self):
        self.executable = self.bench
        self.executable_opts = ["run", "--quiet", "--backend", f"{self.backend},{self.reference_backend}", "--epochs",
                                str(self.epochs), "--out", "run"]

    def backend_of(self, name):
        with open(os.path.join(self.stagedir, "run", "summary.json"), encoding="utf-8") as f:
            summary = json.load(f)
        return summary, next(b for b in summary["backends"] if b["backend"] == name)

    @sanity_function
    def proven(self):
        summary, backend = self.backend_of(self.backend)
        return sn.all([sn.assert_eq(summary["exit_code"], 0, "the run ended with exit code {0}"),
                       sn.assert_eq(backend["verified"], True, "not proven: {0}"),
                       sn.assert_eq(backend["integrity"]["violations"], [], "integrity: {0}")])

    @run_before("performance")
    def set_figures(self):
        _, backend = self.backend_of(self.backend)
        figures = {"share_of_peak": (backend["share_of_peak"], "1"), "seconds_per_epoch": (backend["median_seconds"], "s")}
        over = backend["speedup_over"].get(self.reference_backend)
        if over and over["interval_95"][0] is not None:  # without an interval nothing is established
            figures["speed_over_" + self.reference_backend] = (over["ratio"], "x")
        self.perf_variables = {name: sn.make_performance_function(lambda value=value: value, unit)
                               for name, (value, unit) in figures.items()}
