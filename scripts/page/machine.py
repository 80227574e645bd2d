# SPDX-License-Identifier: MIT
"""The machine box: the circumstances of the run."""

from lanebench import fmt
from lanebench.run import cpu_text

from . import builds, markup
from .markup import tag

def box(run):
    facts = [(name, text) for name, text in rows(run) if text]
    title = f"Run {run.tag}: {run.run_id}" if run.tag else f"Run {run.run_id}"
    if run.host:
        title = f"Peer {fmt.listed(b.label for b in run.backends)}"
    items = (tag("div", tag("dt", name), tag("dd", text)) for name, text in facts)
    return tag("div", tag("h3", title), tag("dl", *items, class_="facts"), class_="box")


def rows(run):
    cpu, topology, system, build = (run.section(s) for s in ("cpu", "topology", "system", "build"))
    yield "run", run.run_id
    yield "when", run.machine.get("time_utc") or ""
    yield "CPU", cpu_text(cpu) or "unknown"
    yield "ISA", isa(cpu)
    yield "cores", cores(topology)
    yield "caches", caches(topology)
    if "hypervisor" in cpu:
        yield "virtual", f"yes ({cpu.get('hypervisor_vendor') or 'unnamed'})" if cpu["hypervisor"] else "no"
    yield "governor", (cpu.get("frequency_governor") or "not known") if "frequency_governor" in cpu else ""
    yield "threads", threads(run, topology)
    yield "data", data(run)
    yield "training", training(run)
    yield "system", " ".join(str(system[k]) for k in ("kernel", "kernel_release") if system.get(k))
    yield "memory", fmt.bytes_text(system["memory_bytes"]) if isinstance(system.get("memory_bytes"), int) else ""
    yield "compiler", " ".join(str(build[k]) for k in ("compiler", "buildtype") if build.get(k))
    yield "commit", run.commit + (f" of {build['commit_date']}" if build.get("commit_date") else "")
    yield "binary", builds.binary_text(run)
    yield "libraries", libraries(run)
    yield "setting", "; ".join(setting(b.facts["setting"]) for b in run.backends if b.facts.get("setting"))
    yield "environment id", run.env_id


def setting(found):
    """What a peer was run with, as it says it."""
    return ", ".join(f"{k} {v}" for k, v in found.items()) if isinstance(found, dict) else str(found)


def isa(cpu):
    if not cpu:
        return ""
    used, found = cpu.get("isa_used") or "", cpu.get("isa_found") or ""
    text = str(used).replace("+", ", ")
    return text if used == found else f"{text} (found: {str(found).replace('+', ', ')})"


def kinds(found):
    """The kinds of a hybrid CPU's cores, the fastest first; "" of one kind, and of files from before there were any."""
    if not isinstance(found, list) or len(found) < 2:
        return ""
    return "of several kinds: " + ", ".join(f"{k.get('cores')} {k.get('name') or 'others'}" for k in found)


def cores(topology):
    if not topology:
        return ""
    allowed, there, units = (topology.get(k) for k in ("allowed_cores", "cores", "pus"))
    quota = topology.get("cgroup_quota_cpus")
    known = [f"{allowed} of {there} allowed" if None not in (allowed, there) else "",
             f"{units} processing units" if units is not None else "",
             kinds(topology.get("core_kinds")),
             f"quota {quota:g} CPUs" if isinstance(quota, (int, float)) else "no quota" if "cgroup_quota_cpus" in topology
             else ""]
    return ", ".join(k for k in known if k)


def caches(topology):
    sizes = ((n, topology.get(k)) for n, k in (("L1d", "l1d_bytes"), ("L2", "l2_bytes"), ("L3", "l3_bytes")))
    return ", ".join(f"{n} {fmt.bytes_text(b)}" for n, b in sizes if isinstance(b, int) and b > 0)


def threads(run, topology):
    places = topology.get("places")
    text = str(run.threads)
    return text + f", on processing units {', '.join(map(str, places))}" if isinstance(places, list) and text else text


def data(run):
    train, test = (run.fact("dataset", k) for k in ("train_images", "test_images"))
    counts = f": {fmt.grouped(str(train))} + {fmt.grouped(str(test))} images" if isinstance(train, int) else ""
    return run.dataset + counts


def training(run):
    s = run.section("settings")
    if not all(k in s for k in ("inputs", "hidden", "classes", "batch", "lr", "seed")):
        return ""
    return (f"{s['inputs']}-{s['hidden']}-{s['classes']}, batch {s['batch']}, RMSprop, learning rate {s['lr']}, "
            f"seed {s['seed']}")


def libraries(run):
    found = [str(b.facts["library"]) for b in run.backends if b.facts.get("library")]
    return ", ".join(dict.fromkeys(found))


def render(runs):
    return markup.section("machine", "Run and machine", tag("div", *(box(r) for r in runs), class_="boxes"))
