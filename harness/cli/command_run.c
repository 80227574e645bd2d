/* SPDX-License-Identifier: MIT
 *
 * bench run and bench prove: a run, a proof, a sweep, or an earlier one resumed. */
#include <string.h>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/training.h"

/* What no limit of a single flag says. */
static int check_options(const struct options *o, struct error *e)
{
    if (strcmp(o->attribution, "a-only") == 0)
        return error_set(e, EXIT_USAGE, "--attribution a-only: only for bench ab; allowed are on, off");
    if (o->target_accuracy > 0 && grid_is_sweep(&o->grid))
        return error_set(e, EXIT_USAGE,
                         "--target-accuracy: cannot be used in a sweep; give --threads, --batch and --hidden "
                         "one value each");
    if (o->json && grid_is_sweep(&o->grid))
        return error_set(e, EXIT_USAGE,
                         "--json: cannot be used in a sweep; each of its points has a summary.json");
    if (o->save && grid_is_sweep(&o->grid))
        return error_set(
            e, EXIT_USAGE,
            "--save: cannot be used in a sweep; give --threads, --batch and --hidden one value each");
    if (o->seeds > 1 && !(o->target_accuracy > 0))
        return error_set(e, EXIT_USAGE,
                         "--seeds %d: needs --target-accuracy; give the validation accuracy to train for",
                         o->seeds);
    if (o->seed > UINT64_MAX - (uint64_t)(o->seeds - 1))
        return error_set(e, EXIT_USAGE, "--seed %llu with --seeds %d: the last seed would exceed %llu",
                         (unsigned long long)o->seed, o->seeds, (unsigned long long)UINT64_MAX);
    return 0;
}

int command_run(const struct options *o, const struct invocation *invocation, struct error *e)
{
    if (check_options(o, e) || output_check(e)) return (int)e->code;
    interrupt_install();
    if (o->resume) return command_resume(o, invocation, e);
    if (grid_is_sweep(&o->grid)) return command_sweep(o, invocation, e);
    return training_once(o, invocation, NULL, false, e);
}
