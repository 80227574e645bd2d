/* SPDX-License-Identifier: MIT
 *
 * What each command is for, as its help page, the man page and docs/bench.md say it. */
#include "cli/options.h"

#include <string.h>

#include "results/gate_results.h"

const struct command_spec command_table[] = {
    {"run",
     COMMAND_RUN,
     "",
     "prove, train and time backends; write the files (the default)",
     "Proves every backend, then trains the proven ones in turns and times each epoch. Prints a table at the "
     "end, and writes its files into a new directory. Lists of --threads, --batch or --hidden make a sweep.",
     "reading-results.md",
     {{"bench --backend avx2,onednn --epochs 5", "two backends, five epochs each"},
      {"bench run --threads 1,2,4 --out scaling", "a sweep over three thread counts"},
      {"bench run --backend avx2 --target-accuracy 0.98", "how long training to 98 % takes"}}},
    {"ab",
     COMMAND_AB,
     " [A] B",
     "which of two is faster: a verdict with its interval",
     "Tells which of two contenders is faster: a verdict with a 95 % interval and an A/A check. A and B are "
     "backends, plug-ins (./mine.so) or backends of another build (PATH/bench:BACKEND); NAME:composed is one "
     "without its fused step. If A is not given, it is the fastest other backend.",
     "comparing.md",
     {{"bench ab avx512 ./mine.so --op gemm", "does my gemm make the epoch faster?"},
      {"bench ab avx2 avx512", "is avx512 faster than avx2?"},
      {"bench ab old/build/bench:avx2 avx2 --fail-on slower", "did a change slow avx2 down?"}}},
    {"prove",
     COMMAND_PROVE,
     "",
     "prove backends, time nothing",
     "Compares every op and every training step with an oracle in double precision, within derived bounds. "
     "Prints one line per op that passed. For a failure it shows what the failing cases have in common, a "
     "map of the wrong elements, and the command that runs the smallest case again.",
     "proof.md",
     {{"bench prove --plugin ./mine.so --backend mine", "prove a plug-in"},
      {"bench prove --backend avx2 --case 'gemm *'", "prove gemm only"},
      {"bench prove --backend avx512 --exhaustive", "everything instead of a sample"}}},
    {"micro",
     COMMAND_MICRO,
     "",
     "time single ops, after their proof",
     "Proves the backends, then times their ops one by one with Google Benchmark, whose own --benchmark_* "
     "flags apply.",
     "reading-results.md",
     {{"bench micro --backend avx2 --benchmark_filter=gemm", "gemm at the shapes of training"},
      {"bench micro --shapes shapes.txt", "gemm at your own shapes too"},
      {"bench micro --benchmark_list_tests", "the names of all cases"}}},
    {"gate",
     COMMAND_GATE,
     "",
     "fail when something is slower than a baseline run: for CI",
     "Trains as the baseline run did and compares. Exits with 3 on a slowdown, with 4 when the run cannot "
     "tell. Every "
     "backend needs at least " TEXT_OF(GATE_MIN_EPOCHS) " epochs in the baseline.",
     "comparing.md",
     {{"bench run --epochs 20 --out baseline", "make a baseline"},
      {"bench gate --baseline baseline", "compare with it"},
      {"bench gate --baseline baseline --max-slowdown 10", "tolerate 10 %"}}},
    {"compare",
     COMMAND_COMPARE,
     " RUN RUN...",
     "show finished runs side by side, from their files",
     "Shows 2 to 26 finished runs side by side: medians with intervals, the speed of each backend relative "
     "to the first run, proofs, and how the runs differ. It gives no verdict, because the runs did not take "
     "turns: bench ab does. For runs from several machines it shows only speeds within each run.",
     "comparing.md",
     {{"bench compare results/old results/new", "two runs"},
      {"bench compare results/2026*", "several, all compared with the first"},
      {"bench compare old new --json", "for scripts"}}},
    {"list",
     COMMAND_LIST,
     "",
     "show the backends, and why one is not ready",
     "Shows every backend: the ISA it needs, whether it is ready, which ops are its own, versions of "
     "libraries. With --threads it also shows how a step is divided among that many threads, even if the "
     "machine has fewer: multiply-adds of the first layer per thread, how many threads get none, and the "
     "efficiency that this allows.",
     NULL,
     {{"bench list --plugin ./mine.so", "all backends, including a plug-in"},
      {"bench list --threads 16 --hidden 1024", "the work of each of 16 threads"},
      {"bench list --json", "for scripts"}}},
    {"report",
     COMMAND_REPORT,
     " RUN_DIR...",
     "write one HTML page about a run, several runs or a sweep",
     "Writes one HTML page about a run or a sweep, or a comparison of several runs. The page needs neither "
     "network nor server. "
     "This command is a Python program: bench report --help shows its flags and exit codes.",
     "reading-results.md",
     {{"bench report my-run", "write my-run/report.html"},
      {"bench report old-run new-run", "compare two runs"},
      {"bench report scaling -o page.html", "a sweep, to a file of your choice"}}},
    {"plot",
     COMMAND_PLOT,
     " RUN_DIR...",
     "draw the charts of runs or of a sweep",
     "Draws charts of one or several runs, or of a sweep, as PNG and SVG. This command is a Python program "
     "and needs matplotlib: bench plot --help shows its flags and exit codes.",
     "reading-results.md",
     {{"bench plot my-run", "draw into my-run/charts/"},
      {"bench plot old-run new-run", "compare two runs"},
      {"bench plot scaling", "draw a sweep"}}},
    {"data",
     COMMAND_DATA,
     "",
     "show the data set",
     "Shows the data set that a run would train on, and where it was found.",
     NULL,
     {{"bench data", "what a run would use"},
      {"bench data --data ./mnist", "a directory with the four IDX files"},
      {"MNIST_DIR=./mnist bench data", "the same through the environment"}}},
    {"fetch-mnist",
     COMMAND_FETCH_MNIST,
     "",
     "download MNIST into the cache directory",
     "Downloads MNIST's four files into the cache directory, where all commands find them, and checks their "
     "content. This command is a Python program: bench fetch-mnist --help shows its flags and exit codes.",
     NULL,
     {{"bench fetch-mnist", "into the cache directory"},
      {"bench fetch-mnist --dest mnist", "into a directory of your choice"},
      {"bench fetch-mnist --mirror URL", "from another place"}}},
    {"model",
     COMMAND_MODEL,
     "",
     "show the network",
     "Shows the network that a run would train: layers, output shapes, activations, parameters, and how it "
     "is trained.",
     NULL,
     {{"bench model", "784-512-10: 407,050 parameters"},
      {"bench model --hidden 1024", "with another hidden layer"},
      {"bench model --data ./images", "for other images"}}},
    {"roofline",
     COMMAND_ROOFLINE,
     "",
     "measure peak arithmetic and memory bandwidth",
     "Measures what the machine can do: multiply-adds and divisions of each ISA, and the bandwidth of each "
     "memory level. Later runs use this to name what limits each op.",
     "reading-results.md",
     {{"bench roofline", "with the default number of threads"},
      {"bench roofline --threads 1", "of one core"},
      {"bench roofline --out results/roof", "write roofline.csv there"}}},
    {"doctor",
     COMMAND_DOCTOR,
     "",
     "find what disturbs measuring on this machine",
     "Finds sources of measurement noise on this machine, shows the effect of each, and suggests what to do, "
     "in a few seconds. "
     "It changes nothing.",
     "measuring.md",
     {{"bench doctor", "examine this machine"},
      {"bench doctor --threads 4", "with four threads"},
      {"bench doctor --json", "for scripts"}}},
    {"tune",
     COMMAND_TUNE,
     "",
     "find the best block sizes of gemm for this machine",
     "Searches the block sizes of gemm for this machine, proves what it found, and keeps it for later runs.",
     "measuring.md",
     {{"bench tune --backend avx2", "tune avx2 for training"},
      {"bench tune --backend avx2 --shapes shapes.txt", "for your own shapes too"},
      {"bench tune --tuning here.json", "keep the result in a file of your own"}}},
    {"help",
     COMMAND_HELP,
     " [COMMAND]",
     "show all flags and examples of a command",
     "Shows the most common flags, or all flags of one command.",
     NULL,
     {{"bench help", "commands and common flags"},
      {"bench help ab", "all about bench ab"},
      {"bench ab --help", "the same"}}},
    {"help-as", COMMAND_HELP_AS, "", NULL, NULL, NULL, {{NULL, NULL}}},
    {"worker", COMMAND_WORKER, "", NULL, NULL, NULL, {{NULL, NULL}}},
    {NULL, COMMAND_RUN, NULL, NULL, NULL, NULL, {{NULL, NULL}}},
};

const struct command_spec *command_named(const char *name)
{
    for (const struct command_spec *c = command_table; c->name; c++)
        if (strcmp(c->name, name) == 0) return c;
    return NULL;
}

const struct command_spec *command_of(enum command command)
{
    const struct command_spec *c = command_table;
    while (c->command != command) c++;
    return c;
}
