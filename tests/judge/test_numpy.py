# SPDX-License-Identifier: MIT
"""numpy's float32 products, computed by one backend through its BLAS interface, against float64.

Each element is c = sum over k of a b in float. However the terms are added, each passes through at most K + 1
roundings (its product and K additions to a sum that starts at zero); with the rounding of a product by alpha = 1
allowed for, K + 2 factors (1 + d), |d| <= u = 2^-24. Hence |c - truth| <= gamma_(K+2) (|A| |B|), gamma_n =
n u / (1 - n u). float64 makes the same with u = 2^-53, which the factor 1 + 2^-20 covers.

Arguments: shim.so backend b_sanitize; or --judge, for the process that has the shim preloaded."""
import sys

SHAPES = [(2, 2, 2), (3, 5, 7), (6, 16, 8), (7, 17, 9), (12, 32, 31), (13, 33, 1), (64, 64, 64), (65, 63, 67),
          (2, 200, 300), (200, 2, 300), (96, 10, 512), (128, 512, 784), (128, 10, 512), (37, 41, 1025)]


def layouts(numpy, matrix):
    """The same values by rows, by columns, inside a larger matrix, as a transpose, and with steps of two."""
    rows, columns = matrix.shape
    wide = numpy.full((rows + 2, columns + 5), numpy.nan, numpy.float32)
    wide[1:-1, 3:-2] = matrix
    steps = numpy.full((2 * rows, 2 * columns), numpy.nan, numpy.float32)
    steps[::2, ::2] = matrix
    return {"rows": numpy.ascontiguousarray(matrix), "columns": numpy.asfortranarray(matrix),
            "inside": wide[1:-1, 3:-2], "transpose": numpy.ascontiguousarray(matrix.T).T,
            "steps": steps[::2, ::2]}


def judge_here():
    import ctypes
    import numpy
    calls = ctypes.CDLL(None).bench_blas_calls
    calls.restype = ctypes.c_long
    random = numpy.random.default_rng(20)
    wrong = missed = products = 0
    worst = 0.0
    for m, n, k in SHAPES:
        a = random.standard_normal((m, k)).astype(numpy.float32)
        b = random.uniform(-1, 2, (k, n)).astype(numpy.float32)
        truth = a.astype(numpy.float64) @ b.astype(numpy.float64)
        ku = (k + 2) * 2.0**-24
        bound = ku / (1 - ku) * (1 + 2.0**-20) * (abs(a).astype(numpy.float64) @ abs(b).astype(numpy.float64))
        for in_a, left in layouts(numpy, a).items():
            for in_b, right in layouts(numpy, b).items():
                for call in (numpy.dot, numpy.matmul):
                    before = calls()
                    got = call(left, right)
                    products += 1
                    # matmul has loops of its own for strides that BLAS does not know; vectors go to sgemv
                    if call is numpy.dot and min(m, n, k) > 1 and calls() == before:
                        missed += 1
                    share = abs(got.astype(numpy.float64) - truth) / bound
                    worst = max(worst, float(share.max()))
                    if not (share <= 1).all():
                        i, j = numpy.argwhere(~(share <= 1))[0]
                        wrong += 1
                        if wrong <= 3:
                            print(f"wrong: {call.__name__} {m}x{n}x{k} A by {in_a}, B by {in_b}: [{i}][{j}] is "
                                  f"{got[i, j]!r}, not {truth[i, j]!r}: {share[i, j]:.3g} of the bound")
    print(f"{products} products, {calls()} of them by the backend, worst {worst:.3g} of the bound, {wrong} wrong, "
          f"{missed} that did not reach the backend")
    sys.exit(1 if wrong or missed or calls() == 0 else 0)


def main():
    if sys.argv[1:] == ["--judge"]:
        judge_here()
    import os
    import subprocess
    from judge_common import judge, skip, skip_if_unloadable
    from cli_common import check, finish
    shim, backend, sanitize = sys.argv[1:4]
    skip_if_unloadable(shim, sanitize)
    python = "/usr/bin/python3"
    probe = "import numpy; print(numpy.__file__, numpy.__version__)"
    if not os.path.exists(python) or subprocess.run([python, "-c", probe], capture_output=True).returncode:
        skip(f"no numpy in {python}: apt install python3-numpy")
    reach = "import ctypes, numpy; a = numpy.ones((2, 2), 'f'); numpy.dot(a, a + a); " \
            "print(ctypes.CDLL(None).bench_blas_calls())"
    code, output, _ = judge([python, "-c", reach], shim, backend)
    if code == 0 and output.split()[-1] == "0":
        skip("this numpy does not look up cblas_sgemm at run time (it has a BLAS of its own)")
    me = [python, os.path.abspath(__file__), "--judge"]
    for threads in (1, 3):
        code, output, calls = judge(me, shim, backend, threads)
        check(code == 0 and calls > 300, f"numpy on {backend}, {threads} threads: exit {code}\n{output}")
        print(f"{backend}, {threads} threads: {output.strip()}")
    for broken in ("column", "bf16"):
        code, output, _ = judge(me, shim, backend, broken=broken)
        check(code == 1 and "wrong: " in output, f"numpy's judge accepts a library broken by '{broken}'\n{output}")
    finish()


main()
