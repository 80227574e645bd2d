/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "machine/isa_tiers.h"

enum {
    TRAINING = COMMAND_RUN | COMMAND_PROVE | COMMAND_MICRO, /* commands that set up the network */
    JUDGING = COMMAND_AB | COMMAND_GATE,                    /* commands that train and compare */
    EVERY = TRAINING | JUDGING | COMMAND_TUNE | COMMAND_LIST | COMMAND_DATA | COMMAND_MODEL |
            COMMAND_ROOFLINE | COMMAND_DOCTOR | COMMAND_COMPARE,
    SHAPED = TRAINING | COMMAND_AB | COMMAND_TUNE | COMMAND_LIST | COMMAND_MODEL, /* that take its sizes */
    MAX_FLAGS = 48,
    MAX_COMMANDS = 24,
};
_Static_assert((int)MAX_FLAGS <= 64, "a bit for each in struct options' given");

#define AT(member) offsetof(struct options, member)

const struct option_spec option_table[] = {
    {"backend", "LIST|all", OPTION_TEXT, 0, 0, "all", TRAINING | COMMAND_GATE | COMMAND_TUNE, "BENCH_BACKEND",
     AT(backend),
     "backends by name, separated by commas; all: every ready one; NAME:composed: its ops without its fused "
     "step"},
    {"plugin", "PATH[:NAME]", OPTION_TEXTS, 0, 0, NULL, TRAINING | JUDGING | COMMAND_LIST, NULL, AT(plugins),
     "add the backend of a shared object, under its own name or NAME; may be repeated"},
    {"epochs", "N", OPTION_INT, 1, 100000, "20", COMMAND_RUN, "BENCH_EPOCHS", AT(epochs), "epochs to train"},
    {"naive-epochs", "N", OPTION_INT, 1, 100000, "1", COMMAND_RUN, "BENCH_NAIVE_EPOCHS", AT(naive_epochs),
     "epochs of naive when it runs beside others, because it is slow"},
    {"batch", "N[,N...]", OPTION_INTS, 1, 65536, "128", SHAPED, "BENCH_BATCH", AT(batch),
     "rows of a training batch; for bench run, a list makes a sweep over all combinations"},
    {"hidden", "N[,N...]", OPTION_INTS, 1, 65536, "512", SHAPED, "BENCH_HIDDEN", AT(hidden),
     "units of the hidden layer; may be a list, too"},
    {"lr", "X", OPTION_REAL, 1e-9, 10, "0.001", TRAINING | COMMAND_AB | COMMAND_MODEL, "BENCH_LR", AT(lr),
     "learning rate of RMSprop (rho " TEXT_OF(RMSPROP_RHO) " and epsilon " TEXT_OF(
         RMSPROP_EPSILON) " are fixed)"},
    {"seed", "S", OPTION_SEED, 0, 0, "42", TRAINING | COMMAND_AB | COMMAND_TUNE, "BENCH_SEED", AT(seed),
     "seed of weights, sample order and proof, the same for all backends"},
    {"target-accuracy", "X", OPTION_REAL, 0.001, 1, NULL, COMMAND_RUN, "BENCH_TARGET_ACCURACY",
     AT(target_accuracy),
     "train until the validation accuracy reaches X, for at most --epochs; target.csv has the time that "
     "takes"},
    {"seeds", "N", OPTION_INT, 1, 1000, "1", COMMAND_RUN, "BENCH_SEEDS", AT(seeds),
     "with --target-accuracy: train once with each seed from S to S + N - 1, for a median and its spread"},
    {"resume", "DIR", OPTION_TEXT, 0, 0, NULL, COMMAND_RUN, NULL, AT(resume),
     "continue an interrupted or killed run or sweep with its settings; only --data, --quiet, --save and "
     "--export-markdown may be given with it"},
    {"case", "TEXT", OPTION_TEXT, 0, 0, NULL, COMMAND_PROVE, NULL, AT(only_case),
     "prove only the case TEXT, copied from a failure, with the same flags; TEXT*: all cases that begin with "
     "TEXT"},
    {"exhaustive", NULL, OPTION_SWITCH, 0, 0, NULL, COMMAND_PROVE, "BENCH_EXHAUSTIVE", AT(exhaustive),
     "also prove every m, n, k up to 67 and exp and log of every float, where these ops are the backend's "
     "own, long lockstep runs, and that ten whole trainings end as accurate as a reference: up to an hour"},
    {"allow-deviation", "rules", OPTION_CHOICE, 0, 0, NULL,
     COMMAND_RUN | COMMAND_PROVE | COMMAND_MICRO | JUDGING, "BENCH_ALLOW_DEVIATION", AT(allow_deviation),
     "time plug-ins even if they break gemm's rules for NaN, Inf, alpha and beta, and mark them as deviating "
     "(cblas needs no flag for this)"},
    {"shapes", "FILE", OPTION_TEXT, 0, 0, NULL, COMMAND_MICRO | COMMAND_TUNE, "BENCH_SHAPES", AT(shapes),
     "time (micro) or tune gemm on these shapes too: lines of m n k, or m n k T N for a transposed A"},
    {"op", "OP[,OP...]", OPTION_TEXT, 0, 0, NULL, COMMAND_AB, "BENCH_OP", AT(op),
     "compare A's composed step with the same step in which these ops are B's"},
    {"rounds", "N", OPTION_INT, 6, 10000, "48", COMMAND_AB, "BENCH_ROUNDS", AT(rounds),
     "rounds of turns; all of them count; 15 or more can show effects of a few per cent"},
    {"epochs-per-turn", "K", OPTION_INT, 1, 1000, "1", COMMAND_AB, "BENCH_EPOCHS_PER_TURN",
     AT(epochs_per_turn), "epochs that a contender trains in its turn"},
    {"order", "random|abba", OPTION_CHOICE, 0, 0, "random", COMMAND_AB, "BENCH_ORDER", AT(order),
     "order of the turns: random, but balanced over the rounds; or A, A again, B in one round and the "
     "reverse in the next"},
    {"processes", "N", OPTION_INT, 1, 1000, "1", COMMAND_AB, "BENCH_PROCESSES", AT(processes),
     "split the rounds among N processes of each contender, each proven and warmed up, so that what is fixed "
     "for the life of a process, such as where its memory lies, takes N values"},
    {"min-effect", "PERCENT", OPTION_REAL, 0.01, 1000, "2", COMMAND_AB, "BENCH_MIN_EFFECT", AT(min_effect),
     "largest difference in time that does not matter: within it, the verdict is SAME"},
    {"fail-on", "slower", OPTION_CHOICE, 0, 0, NULL, COMMAND_AB, "BENCH_FAIL_ON", AT(fail_on),
     "exit 3 if B is slower, 4 if the run cannot tell; without this flag, exit 0 for any verdict"},
    {"baseline", "DIR", OPTION_TEXT, 0, 0, NULL, COMMAND_GATE, "BENCH_BASELINE", AT(baseline),
     "directory of the baseline run; its settings are used again"},
    {"max-slowdown", "PERCENT", OPTION_REAL, 0.1, 10000, "5", COMMAND_GATE, "BENCH_MAX_SLOWDOWN",
     AT(max_slowdown), "largest slowdown tolerated against the baseline"},
    {"allow-other-machine", NULL, OPTION_SWITCH, 0, 0, NULL, COMMAND_GATE, "BENCH_ALLOW_OTHER_MACHINE",
     AT(allow_other_machine), "accept a baseline from another machine"},
    {"threads", "T[,T...]", OPTION_INTS, 1, 1024, NULL,
     TRAINING | COMMAND_AB | COMMAND_ROOFLINE | COMMAND_TUNE | COMMAND_DOCTOR | COMMAND_LIST, "BENCH_THREADS",
     AT(threads),
     "OpenMP threads; if not given, one per allowed physical core of the fastest kind, within the cgroup's "
     "quota; for bench run, a list makes a sweep"},
    {"max-isa", isa_tier_choices + 1, OPTION_CHOICE, 0, 0, NULL, EVERY | COMMAND_WORKER, "BENCH_MAX_ISA",
     AT(max_isa), "use no ISA above this tier"},
    {"tuning", "auto|off|FILE", OPTION_TEXT, 0, 0, "auto", TRAINING | JUDGING | COMMAND_TUNE, "BENCH_TUNING",
     AT(tuning),
     "block sizes of gemm: auto: those that bench tune saved in the cache directory; off: the defaults; "
     "FILE: those in that file"},
    {"attribution", "on|off|a-only", OPTION_CHOICE, 0, 0, "on", COMMAND_RUN | COMMAND_AB, "BENCH_ATTRIBUTION",
     AT(attribution),
     "time the ops inside each epoch, for ops.csv; a-only (bench ab): only A's, which shows what the clock "
     "readings cost"},
    {"timeout", "SECONDS", OPTION_INT, 0, 1000000, "600", TRAINING | JUDGING, "BENCH_TIMEOUT", AT(timeout),
     "kill a backend that makes no progress for SECONDS; 0: never"},
    {"data", "DIR", OPTION_TEXT, 0, 0, NULL, TRAINING | JUDGING | COMMAND_DATA | COMMAND_MODEL | COMMAND_TUNE,
     "BENCH_DATA", AT(data),
     "directory with the four IDX files; if not given, $MNIST_DIR, the cache directory, or the built-in "
     "digits"},
    {"out", "DIR", OPTION_TEXT, 0, 0, NULL, TRAINING | JUDGING | COMMAND_ROOFLINE, "BENCH_OUT", AT(out),
     "directory for the files; if not given, run, ab and gate make one in results/, the others write none"},
    {"format", "csv|csv,jsonl", OPTION_CHOICE, 0, 0, "csv", COMMAND_RUN, "BENCH_FORMAT", AT(format),
     "csv,jsonl: write epochs, ops and proof also as JSON lines; not for a resumed run"},
    {"save", "FILE.npz", OPTION_TEXT, 0, 0, NULL, COMMAND_RUN, "BENCH_SAVE", AT(save),
     "write the trained weights to FILE.npz, for numpy.load(); with several backends, to one FILE-NAME.npz "
     "each"},
    {"export-markdown", "FILE", OPTION_TEXT, 0, 0, NULL,
     COMMAND_RUN | COMMAND_AB | COMMAND_MICRO | COMMAND_COMPARE, "BENCH_EXPORT_MARKDOWN", AT(export_markdown),
     "also write the tables to FILE as Markdown"},
    {"verbose", NULL, OPTION_SWITCH, 0, 0, NULL, COMMAND_PROVE, "BENCH_VERBOSE", AT(verbose),
     "show every class of cases that passed, instead of one line per op"},
    {"quiet", NULL, OPTION_SWITCH, 0, 0, NULL,
     TRAINING | JUDGING | COMMAND_ROOFLINE | COMMAND_TUNE | COMMAND_DOCTOR, "BENCH_QUIET", AT(quiet),
     "print only errors and results"},
    {"json", NULL, OPTION_SWITCH, 0, 0, NULL,
     COMMAND_RUN | COMMAND_PROVE | JUDGING | COMMAND_LIST | COMMAND_ROOFLINE | COMMAND_DOCTOR |
         COMMAND_COMPARE,
     "BENCH_JSON", AT(json),
     "print the results as JSON; for run, ab and gate, that is the content of summary.json"},
    {"help", NULL, OPTION_SWITCH, 0, 0, NULL, EVERY, NULL, AT(help), "this page; -h for short"},
    {"version", NULL, OPTION_SWITCH, 0, 0, NULL, EVERY, NULL, AT(version), "the version; -V for short"},
    {NULL, NULL, OPTION_SWITCH, 0, 0, NULL, 0, NULL, 0, NULL},
};

const struct option_group option_groups[] = {
    {"backend", "Backends"},
    {"epochs", "Training"},
    {"case", "Proof"},
    {"shapes", "Shapes of gemm"},
    {"op", "Comparison"},
    {"baseline", "Baseline"},
    {"threads", "Machine and measurement"},
    {"data", "Input and files"},
    {"verbose", "Output"},
    {NULL, NULL},
};

/* What a value may be: "an integer from 1 to 100000". Returns text. */
static char *option_allowed(const struct option_spec *spec, char *text, size_t size)
{
    switch (spec->type) {
    case OPTION_INT:
        snprintf(text, size, "an integer from %.0f to %.0f", spec->lo, spec->hi);
        break;
    case OPTION_INTS:
        snprintf(text, size, "an integer from %.0f to %.0f, or, for bench run, several separated by commas",
                 spec->lo, spec->hi);
        break;
    case OPTION_SEED:
        snprintf(text, size, "an integer from 0 to %llu", (unsigned long long)UINT64_MAX);
        break;
    case OPTION_REAL:
        snprintf(text, size, "a number from %g to %g", spec->lo, spec->hi);
        break;
    case OPTION_CHOICE:
        *text = 0;
        for (const char *word = spec->argument; word;
             word = strchr(word, '|') ? strchr(word, '|') + 1 : NULL) {
            const size_t used = strlen(text);
            snprintf(text + used, size - used, "%s%.*s", used ? " or " : "", (int)strcspn(word, "|"), word);
        }
        break;
    case OPTION_SWITCH:
        snprintf(text, size, "0 or 1");
        break;
    case OPTION_TEXT:
    case OPTION_TEXTS:
        snprintf(text, size, "%s", spec->argument);
        break;
    }
    return text;
}

/* The word of a choice that value may have meant, in text; NULL: none is near. */
static const char *nearest_choice(const struct option_spec *spec, const char *value, char *text, size_t size)
{
    const char *choices[8] = {NULL};
    char *rest = NULL;
    if (spec->type != OPTION_CHOICE) return NULL;
    snprintf(text, size, "%s", spec->argument);
    for (size_t n = 0; n < sizeof choices / sizeof *choices - 1; n++)
        if (!(choices[n] = strtok_r(n ? NULL : text, "|", &rest))) break;
    return suggest_nearest(value, choices);
}

static int refuse(const struct option_spec *spec, const char *where, const char *value, struct error *e)
{
    char allowed[96], choices[96];
    const char *near = nearest_choice(spec, value, choices, sizeof choices);
    return error_set(e, EXIT_USAGE, "%s: '%.200s' is not allowed;%s%s%s allowed is %s", where, value,
                     near ? " did you mean '" : "", near ? near : "", near ? "'?" : "",
                     option_allowed(spec, allowed, sizeof allowed));
}

/* Plain decimal digits only: no sign, no spaces, no hexadecimal. */
static bool parse_digits(const char *value, unsigned long long *number)
{
    if (!*value || value[strspn(value, "0123456789")]) return false;
    errno = 0;
    *number = strtoull(value, NULL, 10);
    return errno == 0;
}

static bool parse_real(const char *value, double *number)
{
    if (!*value || value[strspn(value, "0123456789.eE+-")]) return false;
    char *end;
    *number = strtod(value, &end);
    return *end == 0 && isfinite(*number);
}

/* One number, or a list where the command makes a sweep of it. */
static int store_ints(struct options *o, const struct option_spec *spec, const char *value, const char *where,
                      struct error *e)
{
    struct int_list *list = &o->grid.axis[grid_axis_named(spec->name)];
    switch (int_list_parse(list, value, (int)spec->lo, (int)spec->hi)) {
    case INT_LIST_OK:
        break;
    case INT_LIST_MALFORMED:
        return refuse(spec, where, value, e);
    case INT_LIST_REPEATED:
        return error_set(e, EXIT_USAGE, "%s: '%.200s' has a value twice; each point of a sweep runs once",
                         where, value);
    case INT_LIST_LONG:
        return error_set(e, EXIT_USAGE, "%s: more than %d values", where, GRID_MAX_VALUES);
    }
    if (list->count > 1 && o->command != COMMAND_RUN)
        return error_set(
            e, EXIT_USAGE,
            "%s: '%.200s' is a list, which makes a sweep: only 'bench run' does that; give one value", where,
            value);
    *(int *)(void *)((char *)o + spec->offset) = list->values[0];
    return 0;
}

/* Whether value is one of the choices, which have '|' between them. */
static bool is_choice(const char *choices, const char *value)
{
    for (const char *word = choices; word; word = strchr(word, '|') ? strchr(word, '|') + 1 : NULL)
        if (strlen(value) == strcspn(word, "|") && strncmp(word, value, strlen(value)) == 0) return true;
    return false;
}

/* Stores one value; where is the flag or the variable that it came from. */
static int store(struct options *o, const struct option_spec *spec, const char *value, const char *where,
                 struct error *e)
{
    void *member = (char *)o + spec->offset;
    unsigned long long integer = 0;
    double real = 0;
    switch (spec->type) {
    case OPTION_SWITCH:
        if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0) return refuse(spec, where, value, e);
        *(bool *)member = value[0] == '1';
        return 0;
    case OPTION_INT:
        if (!parse_digits(value, &integer) || (double)integer < spec->lo || (double)integer > spec->hi)
            return refuse(spec, where, value, e);
        *(int *)member = (int)integer;
        return 0;
    case OPTION_INTS:
        return store_ints(o, spec, value, where, e);
    case OPTION_SEED:
        if (!parse_digits(value, &integer)) return refuse(spec, where, value, e);
        *(uint64_t *)member = integer;
        return 0;
    case OPTION_REAL:
        if (!parse_real(value, &real) || real < spec->lo || real > spec->hi)
            return refuse(spec, where, value, e);
        *(double *)member = real;
        return 0;
    case OPTION_CHOICE:
        if (!is_choice(spec->argument, value)) return refuse(spec, where, value, e);
        *(const char **)member = value;
        return 0;
    case OPTION_TEXT:
    case OPTION_TEXTS:
        if (!*value)
            return error_set(e, EXIT_USAGE, "%s: the value is empty; give %s", where, spec->argument);
        if (spec->type == OPTION_TEXT)
            *(const char **)member = value;
        else
            o->plugins[o->plugin_count++] = value; /* the only one of its type */
        return 0;
    }
    return 0;
}

static int store_defaults(struct options *o, struct error *e)
{
    for (const struct option_spec *s = option_table; s->name; s++)
        if (s->fallback && store(o, s, s->fallback, s->name, e)) return (int)e->code;
    return 0;
}

static int store_environment(struct options *o, struct error *e)
{
    for (const struct option_spec *s = option_table; s->name; s++) {
        const char *value = s->environment ? getenv(s->environment) : NULL;
        if (!value || !*value || !(s->commands & o->command)) continue;
        if (store(o, s, value, s->environment, e)) return (int)e->code;
    }
    return 0;
}

static int unknown_command(const char *word, struct error *e)
{
    const char *known[MAX_COMMANDS];
    char list[192] = "";
    int n = 0;
    for (const struct command_spec *c = command_table; c->name; c++) {
        if (!c->help) continue;
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", n ? ", " : "", c->name);
        known[n++] = c->name;
    }
    known[n] = NULL;
    const char *near = suggest_nearest(word, known);
    return error_set(e, EXIT_USAGE, "'%.100s' is not a command;%s%s%s allowed are %s", word,
                     near ? " did you mean '" : "", near ? near : "", near ? "'?" : "", list);
}

static int unknown_flag(const struct options *o, const char *word, struct error *e)
{
    const char *known[MAX_FLAGS];
    char list[400] = "", bare[64];
    int n = 0;
    for (const struct option_spec *s = option_table; s->name; s++) {
        if (!(s->commands & o->command)) continue;
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s--%s", n ? ", " : "", s->name);
        known[n++] = s->name;
    }
    known[n] = NULL;
    snprintf(bare, sizeof bare, "%.*s", (int)strcspn(word + strspn(word, "-"), "="),
             word + strspn(word, "-"));
    const char *command = command_of(o->command)->name, *near = suggest_nearest(bare, known);
    if (near)
        return error_set(e, EXIT_USAGE, "%.100s: did you mean '--%s'? 'bench %s' has no such flag", word,
                         near, command);
    return error_set(e, EXIT_USAGE, "%.100s: no such flag of 'bench %s'; allowed are %s%s", word, command,
                     list, o->command == COMMAND_MICRO ? ", --benchmark_*" : "");
}

static const struct option_spec *find_flag(const struct options *o, const char *name, size_t length)
{
    for (const struct option_spec *s = option_table; s->name; s++)
        if ((s->commands & o->command) && strlen(s->name) == length && memcmp(s->name, name, length) == 0)
            return s;
    return NULL;
}

/* A word as it is, or the flag that a short one stands for. */
static const char *long_form(const char *word)
{
    if (strcmp(word, "-h") == 0) return "--help";
    return strcmp(word, "-V") == 0 ? "--version" : word;
}

/* One flag at argv[i], its value after '=' or in the next argument. Returns the arguments used, or 0 with e
 * set. */
static int parse_flag(struct options *o, int i, int argc, char **argv, struct error *e)
{
    static char where[MAX_FLAGS][24]; /* "--name" of each flag: outlives the call, for max_isa_from */
    const char *word = long_form(argv[i]);
    const size_t length = strcspn(word, "=");
    const struct option_spec *spec =
        length > 2 && strncmp(word, "--", 2) == 0 ? find_flag(o, word + 2, length - 2) : NULL;
    if (!spec) return unknown_flag(o, argv[i], e), 0;
    char *flag = where[spec - option_table];
    o->given |= (uint64_t)1 << (spec - option_table);
    snprintf(flag, sizeof where[0], "--%s", spec->name);
    const bool joined = word[length] == '=';
    if (spec->type == OPTION_SWITCH) {
        if (joined)
            return error_set(e, EXIT_USAGE, "%s: takes no value; write it without '%.100s'", flag,
                             word + length),
                   0;
        return store(o, spec, "1", flag, e) ? 0 : 1;
    }
    char allowed[96];
    if (!joined && i + 1 >= argc)
        return error_set(e, EXIT_USAGE, "%s: the value is missing; give %s", flag,
                         option_allowed(spec, allowed, sizeof allowed)),
               0;
    if (store(o, spec, joined ? word + length + 1 : argv[i + 1], flag, e)) return 0;
    return joined ? 1 : 2;
}

static int parse_arguments(struct options *o, int first, int argc, char **argv, struct error *e)
{
    for (int i = first; i < argc;) {
        if (o->command == COMMAND_MICRO && strncmp(argv[i], "--benchmark_", 12) == 0) {
            o->passed[o->passed_count++] = argv[i++];
            continue;
        }
        if (argv[i][0] != '-' && o->command == COMMAND_AB && o->operand_count < 2) {
            o->operands[o->operand_count++] = argv[i++];
            continue;
        }
        if (argv[i][0] != '-' && o->command == COMMAND_COMPARE) {
            o->dirs[o->dir_count++] = argv[i++];
            continue;
        }
        if (argv[i][0] != '-')
            return error_set(
                e, EXIT_USAGE,
                "'%.100s': unexpected word after 'bench %s'; values follow their flag, as in --epochs 5",
                argv[i], command_of(o->command)->name);
        const int used = parse_flag(o, i, argc, argv, e);
        if (!used) return (int)e->code;
        i += used;
    }
    return 0;
}

/* bench help [COMMAND]: the same as bench COMMAND --help. */
static int parse_help(struct options *o, int argc, char **argv, struct error *e)
{
    const char *word = argc > 2 ? argv[2] : NULL;
    o->help = true;
    o->overview = !word || strcmp(long_form(word), "--help") == 0;
    if (argc > 3)
        return error_set(e, EXIT_USAGE, "'%.100s': unexpected word after 'bench help %.100s'", argv[3], word);
    if (o->overview) return 0;
    const struct command_spec *c = command_named(word);
    if (!c || !c->help) return unknown_command(word, e);
    o->command = c->command;
    return 0;
}

/* The case asked for, with single spaces: a line that was broken is the same case. */
static int tidy_case(struct options *o, struct error *e)
{
    if (!o->only_case) return 0;
    char *to = o->tidied_case = malloc(strlen(o->only_case) + 2);
    if (!to) return error_set(e, EXIT_INTERNAL, "out of memory");
    for (const char *word = o->only_case; *(word += strspn(word, " \t\n"));) {
        const size_t length = strcspn(word, " \t\n");
        if (to > o->tidied_case) *to++ = ' ';
        memcpy(to, word, length);
        to += length;
        word += length;
    }
    *to = 0;
    o->only_case = o->tidied_case;
    return 0;
}

int options_parse(struct options *o, int argc, char **argv, struct error *e)
{
    memset(o, 0, sizeof *o);
    o->command = COMMAND_RUN;
    o->overview = true;
    int first = 1;
    if (argc > 1 && argv[1][0] != '-') {
        const struct command_spec *c = command_named(argv[1]);
        if (!c) return unknown_command(argv[1], e);
        o->command = c->command;
        o->overview = false;
        first = 2;
    }
    if (o->command == COMMAND_HELP) return parse_help(o, argc, argv, e);
    o->passed = calloc((size_t)argc + 1, sizeof *o->passed);
    o->plugins = calloc((size_t)argc + 1, sizeof *o->plugins);
    o->dirs = calloc((size_t)argc + 1, sizeof *o->dirs);
    if (!o->passed || !o->plugins || !o->dirs) return error_set(e, EXIT_INTERNAL, "out of memory");
    if (o->command & (COMMAND_WORKER | COMMAND_HELP_AS | COMMAND_SCRIPTS)) first = argc;
    if (store_defaults(o, e) || store_environment(o, e) || parse_arguments(o, first, argc, argv, e) ||
        tidy_case(o, e))
        return (int)e->code;
    if (grid_points(&o->grid) == 0)
        return error_set(e, EXIT_USAGE,
                         "--threads, --batch, --hidden: the lists make more than %d combinations",
                         GRID_MAX_POINTS);
    return 0;
}

void options_free(struct options *o)
{
    free(o->passed);
    free(o->plugins);
    free(o->dirs);
    free(o->tidied_case);
    o->passed = NULL;
    o->plugins = NULL;
    o->dirs = NULL;
    o->tidied_case = NULL;
}
