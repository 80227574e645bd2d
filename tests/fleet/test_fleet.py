#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""scripts/fleet with its own engine, and the merged table and map of runs of four machines.

Arguments: SOURCE-ROOT"""
import json
import os
import re
import unittest

from fleet_case import FleetCase, backend, summary


class Local(FleetCase):
    def test_again_completes(self):
        """The others continue beside one that fails; --again runs only that one."""
        self.write("fail", "")
        told = self.call("submit", self.ini("local", "[one]\n[two]\nflags = --may-fail\nrepeats = 2\n"), "--out", self.fleet, code=1)
        self.assertRegex(told, r"one +1  complete\ntwo +1  failed +exit code 1: bench: it was told to fail\n")
        self.call("collect", self.fleet, code=1)
        self.assertEqual([(r["target"], r["repeat"], r["state"], r["backend"]) for r in self.rows()],
                         [("one", "1", "complete", "avx2"), ("one", "1", "complete", "onednn"), ("two", "1", "failed", ""),
                          ("two", "2", "failed", "")])
        os.unlink(self.place + "/fail")
        told = self.call("submit", "--again", self.fleet)
        self.assertEqual(re.findall("submit .*", told), ["submit two 1", "submit two 2"])
        self.call("collect", self.fleet)
        self.assertEqual(len(self.rows()), 6)

    def test_refused(self):
        """Bad files and places: one line, exit 6, no directory."""
        ini = self.ini("local", "[one]\n")
        for text, why in (("", "no \\[fleet\\]"), ("[fleet]\ncommand=x\n", "has no target"), ("[fleet]\ncommand=x\nengine=pbs\n[a]", "engine"),
                          ("[fleet]\ncommand=x\n[a]\nrepeats=0\n", "repeats"), ("[fleet]\ncommand=x\n[../a]\n", "a name has"),
                          ("[fleet]\ncommand=x\n[a]\nnodes=3\n", "nodes is unknown"), ("nonsense", "no section")):
            self.assertRegex(self.call("submit", self.write("bad.ini", text), "--out", self.fleet, code=6), why)
            self.assertFalse(os.path.exists(self.fleet))
        self.call("submit", ini, "--out", self.fleet)
        self.assertIn("exists", self.call("submit", ini, "--out", self.fleet, code=6))
        self.write("fleet/fleet.json", "{}")
        self.assertIn("not the record of a fleet", self.call("status", self.fleet, code=6))


class Unreachable(FleetCase):
    def test_unreachable(self):
        """What was submitted is noted, and --again continues: an sbatch that reaches its controller once, then never
        again."""
        self.write("bin/sbatch", "#!/bin/sh\n[ -e once ] && { echo 'sbatch: error: Unable to contact slurm controller' >&2; exit 1; }\n"
                   "touch once; echo 7\n")
        self.write("bin/scontrol", "#!/bin/sh\necho JobId=7 JobState=PENDING Reason=Resources\n")
        for name in ("sbatch", "scontrol"):
            os.chmod(f"{self.place}/bin/{name}", 0o755)
        self.env = os.environ | {"PATH": f"{self.place}/bin:{os.environ['PATH']}"}
        told = self.call("submit", self.ini("slurm", "[a]\n[b]\n[c]\n"), "--out", self.fleet, code=1)
        self.assertIn("fleet: the scheduler does not answer: sbatch: error: Unable to contact slurm controller", told)
        self.assertEqual({name: state for name, (state, _) in self.states(1).items()},
                         {"a": "pending", "b": "not submitted", "c": "not submitted"})
        os.unlink(self.place + "/once")
        self.assertEqual(re.findall("^submit .*", self.call("submit", "--again", self.fleet, code=1), re.MULTILINE), ["submit b 1", "submit c 1"])


class Merge(FleetCase):
    def merge(self, summaries, code=0, **more):
        runs = [os.path.dirname(self.write(f"run{i}/summary.json", json.dumps(s))) for i, s in enumerate(summaries)]
        self.call("merge", *runs, *more.get("also", []), "--out", self.fleet, code=code)
        with open(self.fleet + "/fleet.html", encoding="utf-8") as f:
            return f.read()

    def test_four_machines(self):
        """A line of the map for each; shares and ratios within a run, and no second of any run."""
        page = self.merge([summary(f"x00000000000{i}", f"CPU {i}", 1 - i / 10) for i in range(4)])
        self.assertEqual(len(set(re.findall(r"env_id (x\w+)", page))), 4)
        self.assertEqual(re.findall(r"--share: ([\d.]+)", page), ["0.500", "0.400", "0.450", "0.400", "0.400", "0.400", "0.350", "0.400"])
        self.assertIn("1.50x (1.40 to 1.60)", page)
        self.assertIn("Every target ran to its end", page)
        with open(self.fleet + "/fleet.csv", encoding="utf-8") as f:
            outputs = page + f.read()
        for i in range(4):
            for seconds in (0.7771, 0.8881):
                self.assertNotIn(f"{seconds * (1 - i / 10):.4g}", outputs)
        self.assertNotRegex(outputs, r"seconds|\d s\b|\dms")

    def test_not_established(self):
        """A ratio without an interval is left out."""
        run = summary("x000000000001", "CPU")
        run["backends"][0]["speedup_over"]["onednn"]["interval_95"] = [None, None]
        self.assertNotIn("1.50x", self.merge([run]))
        self.assertEqual(self.rows()[0]["ratio"], "")

    def test_not_ranked(self):
        """A violation or a failed proof is listed, and its share is not shown."""
        run = summary("x000000000001", "CPU")
        run["backends"][0]["integrity"]["violations"] = ["clock"]
        run["backends"].append(backend("bad", 0.999, 1.0, verified=False, failure="proof failed"))
        page = self.merge([run])
        self.assertEqual(page.count("not ranked"), 2)
        self.assertNotIn("99.9 %", page)

    def test_differences(self):
        other = summary("x000000000002", "CPU")
        other["backends"][1]["library"] = "2.6"
        self.assertIn("library of onednn differs: 2.6, 3.7", self.merge([summary("x000000000001", "CPU"), other]))

    def test_missing_and_damaged(self):
        os.makedirs(self.place + "/none")
        page = self.merge([summary("x000000000001", "<CPU>\ud800"), {"schema": 1, "backends": 1}, {"schema": 3}], code=1, also=[self.place + "/none"])
        self.assertIn("&lt;CPU&gt;\\ud800", page)
        self.assertIn("has no env_id or no list of backends", page)
        self.assertIn("schema 3; only 1 and 2 are known here", page)
        self.assertIn("it has no summary.json", page)


unittest.main(argv=["test_fleet"])
