/* SPDX-License-Identifier: MIT
 *
 * The command line: one table of flags, from which parsing, the environment twins, --help and the
 * nearest-name hints all come. */
#ifndef LB_OPTIONS_H
#define LB_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "sweep/grid.h"

enum command {
    COMMAND_RUN = 1 << 0,
    COMMAND_LIST = 1 << 1,
    COMMAND_PROVE = 1 << 2,
    COMMAND_MICRO = 1 << 3,
    COMMAND_DATA = 1 << 4,
    COMMAND_REPORT = 1 << 6,
    COMMAND_PLOT = 1 << 7,
    COMMAND_FETCH_MNIST = 1 << 8,
    COMMAND_MODEL = 1 << 9,
    COMMAND_ROOFLINE = 1 << 10,
    COMMAND_AB = 1 << 11,
    COMMAND_GATE = 1 << 12,
    COMMAND_TUNE = 1 << 13,
    COMMAND_DOCTOR = 1 << 16,
    COMMAND_COMPARE = 1 << 19,
    COMMAND_HELP = 1 << 18,    /* parsing turns it into the help of a command */
    COMMAND_HELP_AS = 1 << 17, /* for the build and the shells; not shown */
    COMMAND_WORKER = 1 << 5,   /* for the program's own use; not shown */
};

/* RMSprop's constants that no flag changes, Keras' defaults; and the text of one, for help. */
#define RMSPROP_RHO      0.9
#define RMSPROP_EPSILON  1e-7
#define TEXT_OF(number)  TEXT_OF_(number)
#define TEXT_OF_(number) #number

/* Python programs; the arguments after them are theirs. */
enum { COMMAND_SCRIPTS = COMMAND_REPORT | COMMAND_PLOT | COMMAND_FETCH_MNIST };

/* Texts point into argv, the environment or static storage. */
struct options {
    enum command command;
    bool help, version, quiet, json;
    bool overview; /* help: of all commands, because none was named */
    const char *backend;
    const char *tuning;       /* "off", a file; NULL or "auto": the cache's */
    const char *data;         /* NULL: found by dataset_open */
    const char *out;          /* NULL: see run_dir.h */
    const char *max_isa;      /* NULL: no cap */
    int epochs, naive_epochs; /* see run_contender_epochs */
    int batch, hidden;        /* where a list was given, its first value; so are the threads */
    int threads;              /* 0: as many as the topology advises */
    struct grid grid;         /* the values of each; no threads: not said */
    const char *resume;       /* run: directory of a run or a sweep to continue; NULL: a new one */
    double lr;
    uint64_t seed;
    const char *format;          /* run: "csv" or "csv,jsonl" */
    const char *save;            /* run: file for the trained weights; NULL: none */
    const char *export_markdown; /* file for the tables; NULL: none */
    const char *only_case;       /* prove: the text of one case, or a beginning and '*', with single spaces;
                                    NULL: all */
    bool verbose;                /* prove: every class of cases that passed */
    char *tidied_case;           /* what only_case points to; free with options_free */
    bool exhaustive;             /* prove: also what takes minutes */
    const char *allow_deviation; /* "rules": of plug-ins, too; NULL: not of them */
    const char *shapes;          /* micro: file of further shapes; NULL: none */
    int timeout;                 /* seconds; 0: none */
    const char *operands[2];     /* ab: the contenders A and B, as typed; of one, B */
    int operand_count;
    const char *op; /* ab: "OP[,OP...]", which B alone brings into A's composed step; NULL: none */
    int rounds, epochs_per_turn, processes;
    const char *order;        /* ab: "random" or "abba" */
    const char *attribution;  /* "on", "off"; ab also "a-only" */
    double target_accuracy;   /* run: 0: none */
    int seeds;                /* run: how many, from seed on */
    double min_effect;        /* ab: percent */
    const char *fail_on;      /* ab: "slower", or NULL */
    const char *baseline;     /* gate: directory of a run */
    double max_slowdown;      /* gate: percent */
    bool allow_other_machine; /* gate */
    int plugin_count;
    const char **plugins; /* PATH[:NAME] each, in order; free with options_free */
    int dir_count;
    const char **dirs; /* compare: directories of runs; free with options_free */
    int passed_count;  /* micro: the flags meant for Google Benchmark, in order */
    char **passed;     /* free with options_free */
    uint64_t given;    /* bit i: entry i of option_table was on the command line */
};

enum option_type {
    OPTION_SWITCH,
    OPTION_INT,
    OPTION_INTS, /* an int; for bench run also a list of several, see grid */
    OPTION_SEED,
    OPTION_REAL,
    OPTION_TEXT,
    OPTION_TEXTS,
    OPTION_CHOICE, /* one of the values in argument, which has '|' between them */
};

struct option_spec {
    const char *name;     /* without the dashes */
    const char *argument; /* as shown in --help; NULL for a switch */
    enum option_type type;
    double lo, hi;        /* of numbers, both allowed */
    const char *fallback; /* default value as text, as if given; NULL: none */
    unsigned commands;    /* enum command, or-ed */
    const char *environment;
    size_t offset; /* of its member in struct options */
    const char *help;
};

/* Ends with an entry whose name is NULL. */
extern const struct option_spec option_table[];

/* A group of flags on the help pages: from its first one in option_table to the next group's. */
struct option_group {
    const char *first;
    const char *title;
};

/* In the order of option_table; ends with an entry whose first is NULL. */
extern const struct option_group option_groups[];

enum { COMMAND_EXAMPLES = 3 };

struct command_spec {
    const char *name;
    enum command command;
    const char *operands; /* " A B", as shown after the name */
    const char *help;     /* one line; NULL: hidden */
    const char *more;     /* sentences */
    const char *page;     /* file in docs/ that says more; NULL: none */
    struct {
        const char *line, *purpose;
    } examples[COMMAND_EXAMPLES];
};

/* Ends with an entry whose name is NULL. */
extern const struct command_spec command_table[];

/* NULL: there is none, hidden ones included. */
const struct command_spec *command_named(const char *name);
const struct command_spec *command_of(enum command command);

/* Defaults, then the environment, then argv. EXIT_USAGE with one line on the first thing that is wrong. */
int options_parse(struct options *o, int argc, char **argv, struct error *e);
void options_free(struct options *o);

#endif
