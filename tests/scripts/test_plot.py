# SPDX-License-Identifier: MIT
"""test_plot.py PLOT_PY: the charts of a small synthetic run, and what plot.py says of runs that cannot be drawn."""

import contextlib
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
import xml.etree.ElementTree as ElementTree

from cli_common import make_data
from synthetic_run import write_run, write_sweep
from with_module import go_on_with

CHARTS = ("loss", "accuracy", "epoch-time", "difference", "op-speed", "breakdown")
PLOT = os.path.abspath(sys.argv[1])


def plot_process(*arguments, **more):
    return subprocess.run([sys.executable, PLOT, *arguments], capture_output=True, text=True, **more)


def plot(*arguments):
    """plot.py's main() in this process, which has matplotlib loaded: the result as of a process."""
    out, err = io.StringIO(), io.StringIO()
    argv, sys.argv = sys.argv, [PLOT, *arguments]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = plot_module.main()
    finally:
        sys.argv = argv
    return subprocess.CompletedProcess(argv, code, out.getvalue(), err.getvalue())


def plot_svg(*arguments):
    """As SVG alone: what the case is about does not depend on the format, and the PNG takes twice the time."""
    formats = {"svg": plot_module.style.FORMATS["svg"]}
    with unittest.mock.patch.object(plot_module.style, "FORMATS", formats):
        return plot(*arguments)


def edit(path, change):
    with open(path, newline="", encoding="utf-8") as f:
        lines = f.read().splitlines()
    with open(path, "w", newline="", encoding="utf-8") as f:
        f.write("\r\n".join(change(lines)) + "\r\n")


def change_cell(lines, row, column, value):
    """Of the lines of a CSV file without quotes; row 0 is the header."""
    cells = lines[row].split(",")
    cells[lines[0].split(",").index(column)] = value
    return lines[:row] + [",".join(cells)] + lines[row + 1:]


def content(directory, name):
    with open(os.path.join(directory, name), "rb") as f:
        return f.read()


class Plot(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.run_dir = os.path.join(self.scratch.name, "20260101-000000-abcd")
        write_run(self.run_dir, epochs=3)
        self.epochs = os.path.join(self.run_dir, "epochs.csv")

    def check_charts(self, directory, names=CHARTS, prefix="", kinds=("png", "svg")):
        expected = sorted(f"{prefix}{n}.{kind}" for n in names for kind in kinds)
        present = sorted(n for n in os.listdir(directory) if n.startswith(prefix) and (prefix or "compare-" not in n))
        self.assertEqual(present, expected)
        for name in expected:
            path = os.path.join(directory, name)
            if name.endswith("png"):
                with open(path, "rb") as f:
                    head = f.read(24)
                self.assertEqual(head[:8], b"\x89PNG\r\n\x1a\n")
                self.assertGreater(int.from_bytes(head[16:20], "big"), 1500, "pixels across")
            else:
                root = ElementTree.parse(path).getroot()
                self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
                self.assertGreater(sum(1 for _ in root.iter("{http://www.w3.org/2000/svg}path")), 20)

    def refuse(self, code, *parts):
        result = plot(self.run_dir)
        self.assertEqual(result.returncode, code, result.stderr)
        for part in parts:
            self.assertIn(part, result.stderr)
        self.assertNotIn("Traceback", result.stderr)

    def test_all_charts(self):
        result = plot_process(self.run_dir)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.check_charts(os.path.join(self.run_dir, "charts"))
        self.assertEqual(len(result.stdout.splitlines()), 2 * len(CHARTS))
        # The same rows give the same files.
        again = os.path.join(self.scratch.name, "again")
        self.assertEqual(plot(self.run_dir, "--out", again).returncode, 0)
        for name in os.listdir(again):
            self.assertEqual(content(again, name), content(os.path.join(self.run_dir, "charts"), name), name)

    def test_digits(self):
        """Of the very images that the run was made with."""
        directory = make_data(os.path.join(self.scratch.name, "data"))
        sums = [hashlib.sha256(content(directory, f"train-{part}-ubyte")).hexdigest() for part in ("images-idx3", "labels-idx1")]
        path = os.path.join(self.run_dir, "machine.json")
        with open(path, encoding="utf-8") as f:
            machine = json.load(f)

        def tell(images, labels):
            machine["dataset"] = {"name": "data", "source": directory, "sha256": {"train_images": images, "train_labels": labels}}
            with open(path, "w", encoding="utf-8") as f:
                json.dump(machine, f)
        for wrong in ((sums[0], "0"), ("0", sums[1])):
            tell(*wrong)
            run, = plot_module.lanebench_run.load_runs([self.run_dir])
            self.assertIsNone(plot_module.digits.first_digits(run))
        tell(*sums)
        result = plot_svg(self.run_dir)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.check_charts(os.path.join(self.run_dir, "charts"), CHARTS + ("digits",), kinds=("svg",))

    def test_keras_overlay(self):
        log = os.path.join(self.scratch.name, "notebook.csv")
        with open(log, "w", encoding="utf-8") as f:
            f.write("epoch,accuracy,loss,val_accuracy,val_loss\n0,0.92,0.26,0.958,0.139\n1,0.97,0.1,0.97,0.096\n")
        plain, over = (os.path.join(self.scratch.name, name) for name in ("plain", "over"))
        self.assertEqual(plot_svg(self.run_dir, "--out", plain).returncode, 0)
        self.assertEqual(plot_svg(self.run_dir, "--out", over, "--keras", log).returncode, 0)
        self.check_charts(over, kinds=("svg",))
        for name, changes in (("loss.svg", True), ("accuracy.svg", True), ("epoch-time.svg", False)):
            self.assertEqual(content(plain, name) != content(over, name), changes, name)
        result = plot(self.run_dir, "--keras", os.path.join(self.scratch.name, "nowhere.csv"))
        self.assertEqual(result.returncode, 6)
        self.assertIn("nowhere.csv", result.stderr)

    def test_names_of_keras_accuracy(self):
        """Each draws the same curve; a file without any accuracy is in the chart of the loss alone."""
        log = os.path.join(self.scratch.name, "notebook.csv")
        panels = {}
        for name in ("accuracy", "acc", "sparse_categorical_accuracy", "categorical_accuracy", "top_5"):
            with open(log, "w", encoding="utf-8") as f:
                f.write(f"epoch,{name},loss,val_{name},val_loss\n0,0.92,0.26,0.958,0.139\n1,0.97,0.1,0.97,0.096\n")
            history = plot_module.keras.read_keras(log)
            runs = plot_module.lanebench_run.load_runs([self.run_dir])
            figure = plot_module.history.draw_history(runs, "accuracy", "", [history])
            drawn = [axes for axes in figure.get_axes() if axes.get_title("left") == "Keras: notebook"]
            panels[name] = [list(line.get_ydata()) for axes in drawn for line in axes.get_lines()]
            plot_module.style.plt.close(figure)
        self.assertEqual(panels.pop("top_5"), [])
        self.assertEqual(list(panels.values()), [[[0.958, 0.97], [0.92, 0.97]]] * len(panels))

    def test_several_runs_are_compared(self):
        other = os.path.join(self.scratch.name, "other")
        write_run(other, backends=("avx2", "onednn"), epochs=2, slowdown=0.9)
        self.assertEqual(plot_svg(self.run_dir, other).returncode, 0)
        self.check_charts(os.path.join(self.run_dir, "charts"), prefix="compare-", kinds=("svg",))
        self.check_charts(os.path.join(self.run_dir, "charts"), kinds=("svg",))
        self.check_charts(os.path.join(other, "charts"), kinds=("svg",))

    def test_different_machines(self):
        directories = [os.path.join(self.scratch.name, name) for name in ("one", "same", "other")]
        for directory, machine in zip(directories, ("aaaaaaaaaaaa", "aaaaaaaaaaaa", "bbbbbbbbbbbb")):
            write_run(directory, backends=("avx2",), epochs=2, env_id=machine)
        result = plot(directories[0], directories[2])
        self.assertEqual(result.returncode, 6, result.stderr)
        for word in ("not known to be from one machine", "aaaaaaaaaaaa", "bbbbbbbbbbbb", "--mixed-machines"):
            self.assertIn(word, result.stderr)
        self.assertFalse(os.path.exists(os.path.join(directories[0], "charts")))
        load = plot_module.lanebench_run.load_runs
        self.assertFalse(any(run.mixed for run in load(directories[:2])))
        self.assertEqual(plot_svg("--mixed-machines", directories[0], directories[2]).returncode, 0)
        self.assertTrue(all("DIFFERENT MACHINES" in run.footer() for run in load([directories[0], directories[2]], True)))
        self.assertNotIn("DIFFERENT MACHINES", load(directories[:1], True)[0].footer())
        edit(os.path.join(directories[0], "epochs.csv"), lambda lines: lines[:-1] + [lines[-1].replace("aaaaaa", "cccccc")])
        result = plot(directories[0])
        self.assertEqual(result.returncode, 6)
        self.assertIn("rows from different machines", result.stderr)

    def test_killed_run(self):
        os.rename(self.epochs, self.epochs + ".partial")
        with open(self.epochs + ".partial", "a", encoding="utf-8") as f:
            f.write("1,cut,gener")
        result = plot_svg(self.run_dir)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("did not end", result.stderr)
        self.assertIn("not as many fields", result.stderr)
        self.check_charts(os.path.join(self.run_dir, "charts"), kinds=("svg",))

    def test_run_of_an_older_version(self):
        """Without summary.json: every epoch, but no derived figure."""
        os.remove(os.path.join(self.run_dir, "summary.json"))
        result = plot_svg(self.run_dir)
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stderr.count("no summary.json (an older version"), 1, result.stderr)
        self.check_charts(os.path.join(self.run_dir, "charts"), CHARTS[:4], kinds=("svg",))

    def expect_numbers(self, drawn, expected):
        self.assertEqual(len(drawn), len(expected))
        for got, wanted in zip(drawn, expected):
            self.assertAlmostEqual(got, wanted, delta=1e-9 * abs(wanted))

    def test_charts_have_the_figures_of_the_summary(self):
        write_run(self.run_dir, epochs=7)
        runs = plot_module.lanebench_run.load_runs([self.run_dir])
        figures = {found["backend"]: found for found in runs[0].summary["backends"]}
        times, against_naive, against_onednn = plot_module.times.draw_times(runs).get_axes()
        medians = [line.get_xdata()[0] for line in times.get_lines() if line.get_gid() == "median"]
        self.expect_numbers(medians, [found["median_seconds"] for found in figures.values()])
        # Nothing is established about naive, which trained one epoch: no bar but its own, of no length.
        self.expect_numbers([bar.get_width() for bar in against_naive.patches], [0])
        self.expect_numbers([bar.get_x() + bar.get_width() for bar in against_onednn.patches],
                            [figures[name]["speedup_over"]["onednn"]["ratio"] for name in ("avx2", "avx512")] + [1])
        self.assertEqual([text.get_text() for text in against_onednn.texts][0], "not established")
        speeds = plot_module.parts.draw_op_speeds(runs).get_axes()[0]
        self.expect_numbers([bar.get_width() for bar in speeds.patches],
                            [part["gflops"] for found in figures.values() for part in found["ops"] if part.get("gflops")])
        seconds, shares = plot_module.parts.draw_breakdown(runs).get_axes()
        for axes, figure, scale in ((seconds, "seconds", 1), (shares, "share_of_epoch", 100)):
            self.expect_numbers([bar.get_width() for bar in axes.patches],
                                [scale * part[figure] for found in figures.values() for part in found["ops"]])
        plot_module.style.plt.close("all")

    def test_a_note_is_in_every_chart(self):
        self.write_roofline()
        path, note = os.path.join(self.run_dir, "machine.json"), "skips zero pixels; same bits as avx2"
        edit(path, lambda lines: [line.replace('"avx512": {}', f'"avx512": {{"note": "{note}"}}') for line in lines])
        runs = plot_module.lanebench_run.load_runs([self.run_dir])
        figures = [plot_module.history.draw_history(runs, "loss", "Loss"), plot_module.times.draw_times(runs),
                   plot_module.parts.draw_op_speeds(runs), plot_module.parts.draw_breakdown(runs),
                   plot_module.roofline.draw_roofline(runs)]
        sweep = os.path.join(self.scratch.name, "sweep")
        write_sweep(sweep, backends=("avx2", "avx512"), batches=(32,), hidden=(128,))
        for point in ("t1-b32-h128", "t2-b32-h128"):
            os.makedirs(os.path.join(sweep, point))
            shutil.copy(path, os.path.join(sweep, point, "machine.json"))
        figures.append(plot_module.scaling.draw_threads(plot_module.sweep.Sweep(sweep)))
        for figure in figures:
            self.assertIn(f"\navx512 {note}.", "".join(text.get_text() for text in figure.texts))
        plot_module.style.plt.close("all")

    def test_plug_in_empty_fields_and_no_machine(self):
        os.remove(os.path.join(self.run_dir, "machine.json"))
        edit(self.epochs, lambda lines: [line.replace(",avx2,", ",my-kernel,") for line in lines])
        edit(self.epochs, lambda lines: [lines[0]] + [",".join(r.split(",")[:11] + ["", "", ""] + r.split(",")[14:])
                                                      for r in lines[1:]])
        result = plot_svg(self.run_dir)
        self.assertEqual(result.returncode, 0)
        self.assertIn("no machine.json", result.stderr)

    def test_one_backend(self):
        write_run(self.run_dir, backends=("avx512",), epochs=1, peak=300.0)
        result = plot(self.run_dir)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.check_charts(os.path.join(self.run_dir, "charts"), [name for name in CHARTS if name != "difference"])

    def test_difference(self):
        """To the longest of the first, where naive has one epoch; of the epochs that both have."""
        runs = plot_module.lanebench_run.load_runs([self.run_dir])
        avx2, avx512, onednn = ([float(row["val_loss"]) for row in runs[0].find(name).epochs]
                                for name in ("avx2", "avx512", "onednn"))
        figure = plot_module.history.draw_differences(runs)
        loss, accuracy = figure.get_axes()
        self.assertEqual([axes.get_title("left") for axes in (loss, accuracy)], ["validation loss", "validation accuracy"])
        drawn = {line.get_label(): list(line.get_ydata()) for line in loss.get_lines()[1:]}
        self.assertEqual(list(drawn), ["naive", "avx512", "onednn"])
        self.assertEqual(len(drawn["naive"]), 1)
        for name, own in (("avx512", avx512), ("onednn", onednn)):
            self.assertEqual(drawn[name], [number - base for number, base in zip(own, avx2)])
        self.assertEqual(len(accuracy.patches), 1)
        self.assertEqual(list(loss.get_xticks()), [1, 2, 3], "the epochs that are drawn")
        plot_module.style.plt.close(figure)

    def write_roofline(self, rate="4e11"):
        """Of each level, writing is the slowest and the triad the fastest."""
        lines = ["schema,run_id,threads,quantity,unit,isa,level,working_set_bytes,phase,rounds,median_per_second,"
                 "min_per_second,max_per_second,env_id"]
        for threads in (1, 2):
            lines += [f"1,r,{threads},multiply_add,flop,{isa},,,{phase},11,{rate},3e11,5e11,e"
                      for isa in ("baseline", "avx512") for phase in ("before", "after")]
            lines += [f"1,r,{threads},{kind},byte,avx512,{level},4096,,11,{threads * speed * share},1e9,9e11,e"
                      for level, speed in (("L1", 2e11), ("DRAM", 2e10))
                      for kind, share in (("read", 0.7), ("write", 0.5), ("triad", 1.0))]
        with open(os.path.join(self.run_dir, "roofline.csv"), "w", newline="", encoding="utf-8") as f:
            f.write("\r\n".join(lines) + "\r\n")

    def test_roofline(self):
        self.write_roofline()
        result = plot_svg(self.run_dir)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.check_charts(os.path.join(self.run_dir, "charts"), CHARTS + ("roofline",), kinds=("svg",))
        runs = plot_module.lanebench_run.load_runs([self.run_dir])
        axes = plot_module.roofline.draw_roofline(runs).get_axes()[0]
        self.assertIn("L1  400 GB/s", axes.get_legend_handles_labels()[1])
        dots = sorted(tuple(dot.get_offsets()[0]) for dot in axes.collections)
        self.assertEqual(dots, sorted((part["ai"], part["gflops"]) for found in runs[0].summary["backends"]
                                      for part in found["ops"] if part["kind"] == "product"))
        plot_module.style.plt.close("all")

    def test_roofline_not_a_number(self):
        self.write_roofline(rate="fast")
        runs = plot_module.lanebench_run.load_runs([self.run_dir])
        self.assertIsNone(plot_module.roofline.draw_roofline(runs))
        note, = runs[0].notes
        for part in ("roofline.csv:2", "median_per_second", "not a number", "left out"):
            self.assertIn(part, note)

    def test_sweep(self):
        sweep = os.path.join(self.scratch.name, "sweep")
        write_sweep(sweep)
        result = plot(sweep)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.check_charts(os.path.join(sweep, "charts"), ("scaling-threads", "scaling-batch", "scaling-hidden"))
        write_sweep(sweep, threads=(1, 2), batches=(32,), hidden=(128,))
        edit(os.path.join(sweep, "sweep.csv"),  # a contender that failed at one point stops no other
             lambda lines: [",".join(r.split(",")[:10] + [""] * 5 + ["0", "crashed"] + r.split(",")[17:])
                            if "t2-b32-h128" in r and ",onednn," in r else r for r in lines])
        one = os.path.join(self.scratch.name, "one")
        result = plot(sweep, "--out", one)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("onednn with threads 2, batch 32, hidden 128: crashed", result.stderr)
        self.check_charts(one, ("scaling-threads",))
        curves = plot_module.sweep.Sweep(sweep).curves("threads")
        self.assertEqual([(backend, [line["threads"] for line in lines]) for backend, _, lines in curves],
                         [("avx2", [1, 2])])
        self.assertEqual(plot(sweep, self.run_dir).returncode, 6)
        os.remove(os.path.join(sweep, "sweep.csv"))
        result = plot(sweep)
        self.assertEqual(result.returncode, 6)
        self.assertIn("--resume", result.stderr)

    def test_speed_up_of_a_sweep(self):
        sweep = os.path.join(self.scratch.name, "sweep")
        write_sweep(sweep, backends=("avx2",), batches=(32,), hidden=(128,))
        path = os.path.join(sweep, "sweep.csv")
        edit(path, lambda lines: change_cell(change_cell(lines, 3, "speedup", "3.5"), 3, "efficiency", "0.25"))
        figure = plot_module.scaling.draw_threads(plot_module.sweep.Sweep(sweep))
        for axes, expected in zip(figure.get_axes(), ([1, 2 ** 0.8, 3.5], [100, 100 * 2 ** -0.2, 25])):
            line = axes.get_lines()[0]
            self.assertEqual((list(line.get_xdata()), list(line.get_ydata())), ([1, 2, 4], expected))
        edit(path, lambda lines: [",".join(line.split(",")[:-2]) for line in lines])  # an older version's
        self.assertIsNone(plot_module.scaling.draw_threads(plot_module.sweep.Sweep(sweep)))

    def test_no_such_dir(self):
        shutil.rmtree(self.run_dir)
        self.refuse(6, "no such directory")
        self.assertEqual(plot_process(self.run_dir).returncode, 6)

    def test_no_epochs_file(self):
        os.remove(self.epochs)
        self.refuse(6, "no rows in epochs.csv or proof.csv")

    def test_no_rows(self):
        edit(self.epochs, lambda lines: lines[:1])
        self.refuse(6, "epochs.csv", "no rows")

    def test_empty_file(self):
        with open(self.epochs, "w", encoding="utf-8"):
            pass
        self.refuse(6, "epochs.csv", "no column")

    def test_missing_column(self):
        edit(self.epochs, lambda lines: [lines[0].replace("val_loss", "vloss")] + lines[1:])
        self.refuse(6, "epochs.csv", "no column val_loss")

    def test_not_a_number(self):
        edit(self.epochs, lambda lines: [line.replace(",60000,", ",60000,fast") if i == 2 else line
                                         for i, line in enumerate(lines)])
        self.refuse(6, "epochs.csv:3", "train_seconds", "not a number")

    def test_values_that_nothing_can_have(self):
        for path, column, value in (
                (self.epochs, "train_seconds", "0"), (self.epochs, "train_seconds", "-1"), (self.epochs, "train_seconds", "1e308"),
                (self.epochs, "train_seconds", "inf"), (self.epochs, "epoch", "12345678901234567890"),
                (self.epochs, "epoch", "1.5"), (self.epochs, "epoch", "nan"), (self.epochs, "gflops", "-1"),
                (self.epochs, "loss", "1e308")):
            write_run(self.run_dir, epochs=3)
            edit(path, lambda lines: change_cell(lines, 3, column, value))
            self.refuse(6, f"{os.path.basename(path)}:4: {column} is '{value}'")

    def test_a_training_that_diverged_is_drawn(self):
        edit(self.epochs, lambda lines: change_cell(change_cell(lines, 3, "loss", "nan"), 4, "val_loss", "inf"))
        self.assertEqual(plot_svg(self.run_dir).returncode, 0)

    def test_a_row_that_was_cut(self):
        with open(self.epochs, encoding="utf-8") as f:
            whole = f.read().rstrip("\n")
        last = whole.count("\n") + 1
        for cut, part in ((1, "ends inside this row"), (60, "not as many fields")):
            with open(self.epochs, "w", encoding="utf-8") as f:
                f.write(whole[:-cut])
            note, = plot_module.lanebench_run.load_runs([self.run_dir])[0].notes
            self.assertIn(f"epochs.csv:{last}: ", note)
            self.assertIn(part, note)

    def test_a_file_that_is_too_large(self):
        os.truncate(self.epochs, 100 << 20)
        self.refuse(6, "epochs.csv: has 100 MiB")

    def test_what_is_no_file(self):
        fifo = os.path.join(self.scratch.name, "fifo")
        os.mkfifo(fifo)
        result = plot(self.run_dir, "--keras", fifo)
        self.assertEqual((result.returncode, result.stderr), (6, f"plot.py: {fifo}: is not a regular file\n"))

    def test_the_user_s_settings_change_nothing(self):
        plain, styled = (os.path.join(self.scratch.name, name) for name in ("plain", "styled"))
        write_run(self.run_dir, backends=("avx512", "onednn"), epochs=1)
        home = os.path.join(self.scratch.name, "home")
        os.mkdir(home)
        with open(os.path.join(home, "matplotlibrc"), "w", encoding="utf-8") as f:
            f.write("text.usetex: True\nlines.linewidth: 9\naxes.facecolor: red\n")
        env = {**os.environ, "MPLBACKEND": "nonsense", "MPLCONFIGDIR": home, "MATPLOTLIBRC": home}
        self.assertEqual(plot(self.run_dir, "--out", plain).returncode, 0)
        plot_process(env=env)  # says that it makes a list of fonts
        result = plot_process(self.run_dir, "--out", styled, env=env, cwd=home)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(sorted(os.listdir(plain)), sorted(os.listdir(styled)))
        for name in os.listdir(plain):
            self.assertEqual(content(plain, name), content(styled, name), name)

    def test_paths_that_stdout_cannot_encode(self):
        directory = os.path.join(self.scratch.name, "caf\u00e9\udce9")
        write_run(self.run_dir, backends=("avx512",), epochs=1)
        os.rename(self.run_dir, directory)
        result = subprocess.run([sys.executable, PLOT, directory], capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"})
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        self.assertIn(os.fsencode(os.path.join(directory, "charts", "loss.png")) + b"\n", result.stdout)

    def test_stdout_that_is_full(self):
        write_run(self.run_dir, backends=("avx512",), epochs=1)
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = subprocess.run([sys.executable, PLOT, self.run_dir], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual((result.returncode, result.stderr), (99, "plot.py: stdout: No space left on device\n"))

    def test_usage(self):
        self.assertEqual(plot_process().returncode, 2)
        self.assertEqual(plot_process("--nonsense", self.run_dir).returncode, 2)


if __name__ == "__main__":
    go_on_with("matplotlib")
    import plot as plot_module
    unittest.main(argv=sys.argv[:1])
