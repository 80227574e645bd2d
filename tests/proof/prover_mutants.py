#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The prover is itself proven: one source file of the harness is broken on purpose, and a test that passes with the
right file must fail with the broken one.

  prover_mutants.py make ID SOURCE OUTPUT   writes SOURCE with the mutation ID (at build time)
  prover_mutants.py run PROGRAM...          runs each right program and its broken twins (programs called right_*, ID_*)

Prints for each mutant which checks killed it. A program that passes though a part of it is broken, or that fails in
another place than the one named here, is a failure.
"""
import os
import re
import subprocess
import sys


class Mutant:
    """what: a description. edits: (text, replacement), each text once in the file. kills: program -> (arguments, checks)."""

    def __init__(self, what, edits, kills):
        self.what, self.edits, self.kills = what, edits, kills


def in_bank(name, row):
    """A broken kernel of the bank that must be rejected, and the row of the proof that has to do it."""
    return ["ops", name], [f"{name} must be rejected by {row}"]


MUTANTS = {
    "H1": Mutant(
        "the comparer rejects error > bound, so that NaN passes",
        [("return error <= above && -error <= below;", "return !(error > above || -error > below);")],
        {"compare": ([], ["each_element_counts", "nan_bound_or_truth_fails"]),
         "teeth": in_bank("gemm_does_nothing", "gemm / training shapes")}),
    "H2": Mutant(
        "the oracle asks the backend under test for the truth",
        [("#include <string.h>\n", "#include <stdlib.h>\n#include <string.h>\n\n"
          "void gemm_under_test(enum transpose ta, enum transpose tb, int m, int n, int k, float alpha, const float *a,\n"
          "    int lda, const float *b, int ldb, float beta, float *c, int ldc);\n"),
         ("            gi[j] = (alpha == 0.0f ? 0.0 : fabs((double)alpha) * gi[j]) + fabs(c0);\n        }\n    }\n",
          "            gi[j] = (alpha == 0.0f ? 0.0 : fabs((double)alpha) * gi[j]) + fabs(c0);\n        }\n    }\n"
          "    if (m == 0 || n == 0) return;\n"
          "    const size_t floats = (size_t)(m - 1) * (size_t)ldc + (size_t)n;\n"
          "    float *got = malloc(floats * sizeof *got);\n"
          "    if (!got) abort();\n"
          "    memcpy(got, c, floats * sizeof *got);\n"
          "    gemm_under_test(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, got, ldc);\n"
          "    for (int i = 0; i < m; i++)\n"
          "        for (int j = 0; j < n; j++) value[i * n + j] = (double)got[i * ldc + j];\n"
          "    free(got);\n")],
        {"teeth": in_bank("gemm_in_bf16", "gemm / exact integers")}),
    "H3": Mutant(
        "every element may err as the largest of its matrix may: small rows are free",
        [("    for (int i = 0; i < m; i++)\n        for (int j = 0; j < n; j++) {\n"
          "            const size_t at = (size_t)i * (size_t)n + (size_t)j;\n",
          "    double widest = 0.0;\n"
          "    for (size_t at = 0; at < (size_t)m * (size_t)n; at++) widest = bound[at] > widest ? bound[at] : widest;\n"
          "    for (int i = 0; i < m; i++)\n        for (int j = 0; j < n; j++) {\n"
          "            const size_t at = (size_t)i * (size_t)n + (size_t)j;\n"),
         ("expected[at], bound[at], bound[at],", "expected[at], widest, widest,")],
        # No kernel of the bank: such bounds make the proof mistrust its own cases, and it rejects even right kernels.
        {"compare": ([], ["bounds_are_elementwise"])}),
    "H4": Mutant(
        "only the last column of a result counts",
        [("compare_element(c, got[(size_t)i * (size_t)ld + (size_t)j], expected[at], bound[at], bound[at],",
          "compare_element(c, j < n - 1 ? expected[at] : (double)got[(size_t)i * (size_t)ld + (size_t)j],\n"
          "                            expected[at], bound[at], bound[at],")],
        {"compare": ([], ["each_element_counts"]),
         "teeth": in_bank("gemm_wrong_in_first_column", "gemm / training shapes")}),
    "H5": Mutant(
        "the fallback backend is proven, another one is timed",
        [("parts->prove(w->contender.backend,", "parts->prove(w->contender.fallback,")],
        {"turns": (["a_failed_proof_trains_nothing"], ["a_failed_proof_trains_nothing"])}),
    "H6": Mutant(
        "the loader does not mind more or fewer labels than images",
        [("    if (m == n) return IDX_OK;", "    (void)n;\n    if (m > 0) return IDX_OK;")],
        {"dataset": ([], ["bad_sets"])}),
}


def make(name, source, output):
    with open(source, encoding="utf-8") as file:
        text = file.read()
    for old, new in MUTANTS[name].edits:
        if text.count(old) != 1:
            sys.exit(f"{name}: {source} has {text.count(old)} places that read {old!r}; bring the mutation up to date")
        text = text.replace(old, new)
    with open(output, "w", encoding="utf-8") as file:
        file.write(f'/* Broken on purpose, {name}: {MUTANTS[name].what}. */\n#line 1 "{os.path.basename(source)}"\n' + text)


def failed_checks(program, arguments):
    """The checks that failed, and how the program ended. cmocka names them; so does the bank of broken kernels."""
    run = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=300)
    output = run.stdout + run.stderr
    failed = re.findall(r"^\[  FAILED  \] (?:\S+: )?(\w+)$", output, re.M)
    for mutant, row in re.findall(r"^(\w+):.*\n    NOT KILLED by (.+?):", output, re.M):
        failed.append(f"{mutant} must be rejected by {row}")
    return list(dict.fromkeys(failed)), run.returncode, output


def run(programs):
    named = {os.path.basename(p): p for p in programs}
    wrong = 0
    for name, mutant in MUTANTS.items():
        print(f"{name}: {mutant.what}")
        for program, (arguments, expected) in mutant.kills.items():
            failed, code, output = failed_checks(named[f"right_{program}"], arguments)
            if failed or code != 0:
                print(f"    {program}, unbroken: exit code {code}, failed: {', '.join(failed) or 'nothing'}\n{output}")
                wrong += 1
                continue
            failed, code, output = failed_checks(named[f"{name}_{program}"], arguments)
            survived = [check for check in expected if check not in failed]
            if survived or code == 0:
                print(f"    NOT KILLED in {program} by {', '.join(survived) or 'its exit code'}\n{output}")
                wrong += 1
            else:
                print(f"    killed in {program} by: {'; '.join(failed)}")
    print(f"{len(MUTANTS)} mutants of the prover, {wrong} verdicts wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) == 5 and sys.argv[1] == "make" and sys.argv[2] in MUTANTS:
        make(*sys.argv[2:])
    elif len(sys.argv) > 2 and sys.argv[1] == "run":
        sys.exit(run(sys.argv[2:]))
    else:
        sys.exit(__doc__)
