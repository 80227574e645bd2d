#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The ReFrame class with a stand-in for reframe, the syntax of the Spack recipe and of the sbatch scripts, and fleet.ini.

Arguments: SOURCE-ROOT"""
import json
import os
import subprocess
import sys
import tempfile
import types
import unittest

from fleet_case import backend, summary


class Namespace(dict):
    """What ReFrame's metaclass puts into the body of a test."""

    def __init__(self):
        super().__init__(parameter=lambda values: values[0], variable=lambda kind, value=None: value,
                         run_before=lambda stage: lambda method: method, sanity_function=lambda method: method)


class Meta(type):
    @classmethod
    def __prepare__(mcs, name, bases):
        return Namespace() if bases else {}


class RunOnlyRegressionTest(metaclass=Meta):
    pass


def same(found, wanted, message):
    if found != wanted:
        raise AssertionError(message.format(found))
    return True


def with_reframe():
    """The class of packaging/reframe/lanebench.py."""
    found = []
    sanity = types.SimpleNamespace(all=all, assert_eq=same, make_performance_function=lambda function, unit: (function(), unit))
    utility = types.ModuleType("reframe.utility")
    utility.sanity = sanity
    reframe = types.ModuleType("reframe")
    reframe.RunOnlyRegressionTest, reframe.simple_test, reframe.utility = RunOnlyRegressionTest, found.append, utility
    sys.modules |= {"reframe": reframe, "reframe.utility": utility, "reframe.utility.sanity": sanity}
    path = source_root + "/packaging/reframe/lanebench.py"
    with open(path, encoding="utf-8") as f:
        exec(compile(f.read(), path, "exec"), {"__name__": "lanebench"})
    return found[0]


class ReFrame(unittest.TestCase):
    def test_of(self, change=lambda s: None):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        os.mkdir(place.name + "/run")
        document = summary("x000000000001", "CPU")
        change(document)
        with open(place.name + "/run/summary.json", "w", encoding="utf-8") as f:
            json.dump(document, f)
        test = with_reframe()()
        test.stagedir = place.name
        test.set_command()
        return test

    def test_good(self):
        test = self.test_of()
        self.assertEqual((test.executable, test.executable_opts[:4]), ("bench", ["run", "--quiet", "--backend", "avx2,onednn"]))
        self.assertTrue(test.proven())
        test.set_figures()
        self.assertEqual(test.perf_variables, {"share_of_peak": (0.5, "1"), "seconds_per_epoch": (0.7771, "s"),
                                               "speed_over_onednn": (1.5, "x")})

    def test_bad(self):
        for change, why in ((lambda s: s.update(exit_code=5), "exit code 5"),
                            (lambda s: s["backends"].__setitem__(0, backend("avx2", 0.5, 0.5, verified=False)), "not proven"),
                            (lambda s: s["backends"][0]["integrity"].update(violations=["clock"]), "integrity")):
            with self.assertRaisesRegex(AssertionError, why):
                self.test_of(change).proven()

    def test_not_established(self):
        test = self.test_of(lambda s: s["backends"][0]["speedup_over"]["onednn"].update(interval_95=[None, None]))
        test.set_figures()
        self.assertNotIn("speed_over_onednn", test.perf_variables)


class Syntax(unittest.TestCase):
    def test_spack(self):
        path = source_root + "/packaging/spack/package.py"
        with open(path, encoding="utf-8") as f:
            text = f.read()
        compile(text, path, "exec")
        with open(source_root + "/meson_options.txt", encoding="utf-8") as f:
            self.assertIn("option('onednn'", f.read())

    def test_sbatch(self):
        for name in ("one-node", "threads"):
            path = f"{source_root}/examples/slurm/{name}.sbatch"
            self.assertEqual(subprocess.run(["sh", "-n", path], check=False).returncode, 0)

    def test_ini(self):
        from fleetlib import targets
        fleet = targets.read_ini(source_root + "/examples/slurm/fleet.ini")
        self.assertEqual([(t["name"], t["repeat"]) for t in fleet["targets"]],
                         [("zen4", 1), ("zen4", 2), ("zen4", 3), ("granite-rapids", 1)])


source_root = sys.argv[1]
unittest.main(argv=["test_packaging"])
