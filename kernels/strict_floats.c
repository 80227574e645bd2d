/* SPDX-License-Identifier: MIT
 *
 * Run when the build is configured, with the user's own flags, as C and as C++: whether floating point means
 * what the source says. The exit code is 1 when it does not, and the first line says in which way. */
#include <float.h>
#include <stdio.h>

/* The first where the compiler says so itself. */
#if defined __FAST_MATH__
#define SAID "fast maths (__FAST_MATH__)"
#elif defined __FINITE_MATH_ONLY__ && __FINITE_MATH_ONLY__
#define SAID "maths without NaN and Inf (__FINITE_MATH_ONLY__)"
#elif defined __ASSOCIATIVE_MATH__
#define SAID "sums in any order (__ASSOCIATIVE_MATH__)"
#elif defined __RECIPROCAL_MATH__
#define SAID "division by way of the reciprocal (__RECIPROCAL_MATH__)"
#elif FLT_EVAL_METHOD != 0
#define SAID "floats in a wider format (FLT_EVAL_METHOD)"
#else
#define SAID NULL
#endif

#define ALONE __attribute__((noinline))

ALONE static int is_nan(float x)
{
    return x != x;
}

ALONE static float reassociable(float a, float b)
{
    return a + b - b;
}

/* The reciprocal pays where a divisor serves several times. */
ALONE static float divided(float a, float b, float c, float d, float divisor)
{
    return (a / divisor) * (b / divisor) - (c / divisor) * (d / divisor);
}

ALONE static float plus_zero(float x)
{
    return x + 0.0f;
}

/* Where the CPU has FMA, as the vector files use it. */
ALONE __attribute__((target("fma"))) static float contractible(float a, float b, float c)
{
    return a * b + c;
}

ALONE static int as_constant(void)
{
    const volatile double tenth = 0.1;
    const volatile float rounded = 0.1f;
    return tenth == (double)rounded;
}

static const char *what_differs(void)
{
    /* volatile: the compiler must not do the sums itself */
    volatile float zero = 0.0f, one = 1.0f, large = 1e8f, tiny = 1e-30f, divisor = 41.0f, least = FLT_MIN;
    volatile float factor = 1.0f + 0x1p-12f, product = 1.0f + 0x1p-11f;
    if (SAID) return SAID;
    if (!is_nan(zero / zero)) return "maths without NaN and Inf";
    if (reassociable(one, large) != 0.0f) return "sums in another order than written";
    if (divided(divisor, divisor, zero, zero, divisor) != 1.0f) return "division by way of the reciprocal";
    if (1.0f / plus_zero(-zero) < 0.0f) return "maths without signed zeros";
    if (__builtin_cpu_supports("fma") && contractible(factor, factor, -product) != 0.0f)
        return "products and sums contracted to FMA";
    if (as_constant()) return "constants in single precision";
    volatile float subnormal = least * 0.5f;
    if (subnormal == 0.0f || tiny * 1e-10f == 0.0f) return "subnormals flushed to zero (FTZ, DAZ)";
    return NULL;
}

int main(void)
{
    const char *const what = what_differs();
    if (what) puts(what);
    return what != NULL;
}
