# SPDX-License-Identifier: MIT
"""What the compiler made of the sources, by objdump and nm:

- objects for every CPU hold nothing beyond baseline x86-64 (no VEX or EVEX, no SSE3 or later);
- avx2 holds no AVX-512, and neither does a function of another backend whose name ends in _avx2, which alone may hold AVX2
  there: the backend calls it where the plan allows;
- wherever control leaves a function to somebody who may not expect it - a return, a jump or a call to another
  object or through a pointer - the upper halves of the vector registers are clean (vzeroupper). A local function
  that is only ever called by name may return with vectors in them, and its callers are then checked in its place.
  The exception, by name: exp and log of one vector are handed by pointer to the one loop that applies them
  (map_stretch), which is checked as their caller;
- kernels and roof loops do not touch the floating-point control registers;
- a backend exports one symbol, backend_NAME, and has no variables, with two exceptions: oneDNN's keeps the text of its version, and cblas what
  it told its library last, which keeps that once for the process itself.

The checker is itself checked on small objects that each break one rule.

Arguments: optimization b_sanitize KIND=LIBRARY..., KIND baseline, backend or roof (the loops that measure an ISA)"""
import os
import re
import shlex
import subprocess
import sys
import tempfile

from cli_common import check, finish, skip

CONTROL = re.compile(r"^v?(ldmxcsr|stmxcsr)$|^f(n?)(ldcw|stcw|ldenv|stenv|init|rstor|save)$|^fxrstor|^xrstor")
# v-names that are no vector instructions
PLAIN_V = {"verr", "verw", "vmcall"}
# VEX-coded general instructions, and what came after SSE2
LATER = re.compile(r"^(andn|bextr|blsi|blsmsk|blsr|bzhi|mulx|pdep|pext|rorx|sarx|shlx|shrx|adcx|adox|popcnt|lzcnt|tzcnt|"
                   r"crc32[bwlq]?|movbe|lddqu|(add|h(add|sub)|addsub)sub(ps|pd)|h(add|sub)p[sd]|mov(ddup|shdup|sldup)|"
                   r"pshufb|ph(add|sub)\w+|palignr|pabs[bwd]|psign[bwd]|pmulhrsw|pmaddubsw|pblend\w+|blend\w+|"
                   r"pm(in|ax)(sb|sd|uw|ud)|pmulld|pmuldq|ptest|round[sp][sd]|pinsr[bdq]|pextr[bdq]|insertps|"
                   r"extractps|dpp[sd]|mpsadbw|packusdw|pmov[sz]x\w+|pcmp(eqq|gtq|[ei]str[im])|movntdqa|aes\w+|"
                   r"pclmul\w+|sha(1|256)\w+)$")
BY_POINTER, THEIR_CALLER = {"vf_exp", "vf_log"}, re.compile(r"^map_stretch\b")
CLEAN = {"vzeroupper", "vzeroall"}
EVEX = re.compile(r"%zmm|%[xy]mm(1[6-9]|2\d|3[01])\b|%k[0-7]\b|\{")


class Instruction:
    def __init__(self, address, text):
        fields = text.split(None, 1)
        while fields and fields[0] in ("rep", "repz", "repnz", "lock", "notrack", "bnd", "data16", "cs"):
            fields = fields[1].split(None, 1) if len(fields) > 1 else [fields[0]]
        self.address = address
        self.name = fields[0] if fields else ""
        self.operands = fields[1] if len(fields) > 1 else ""
        self.symbol = None  # of a relocation: what the linker will put here
        self.target = None  # (name, offset) of a direct jump or call inside the object
        found = re.search(r"^([0-9a-f]+) <([^>+]+)(?:\+0x([0-9a-f]+))?>", self.operands)
        if found:
            self.target = (found.group(2), int(found.group(1), 16))


def output_of(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def disassemble(library):
    """{member: {(section, function): [Instruction]}}"""
    members, functions, section, current = {}, None, "", None
    for line in output_of("objdump", "-dr", "--no-show-raw-insn", library).splitlines():
        if ":     file format" in line:
            functions = members.setdefault(line.split(":")[0], {})
        elif line.startswith("Disassembly of section "):
            section = line.split()[-1].rstrip(":")
        elif (found := re.match(r"^[0-9a-f]+ <(.+)>:$", line)):
            current = functions.setdefault((section, found.group(1)), [])
        elif (found := re.match(r"^\s+[0-9a-f]+: (R_X86_64_\w+)\s+(\S+)", line)):
            if current:
                current[-1].symbol = found.group(2)
        elif (found := re.match(r"^\s+([0-9a-f]+):\s+(\S.*)$", line)):
            current.append(Instruction(int(found.group(1), 16), found.group(2)))
    return members


def is_vector(i):
    return (i.name.startswith("v") and i.name not in PLAIN_V) or EVEX.search(i.operands) or "%ymm" in i.operands


def exposed(library):
    """What tables point to: {(member, section or name, offset)}."""
    found, member, table = set(), "", ""
    for line in output_of("objdump", "-r", library).splitlines():
        if ":     file format" in line:
            member = line.split(":")[0]
        elif line.startswith("RELOCATION RECORDS FOR"):
            table = line.split("[")[1]
        elif (m := re.match(r"^[0-9a-f]+ R_X86_64_\w+\s+(\S+?)(?:([+-])0x([0-9a-f]+))?$", line)):
            if not re.match(r"\.(text|eh_frame|debug|rela)", table) and m.group(2) != "-":
                found.add((member, m.group(1), int(m.group(3) or "0", 16)))
    return found


class Uppers:
    """Where the upper halves may be dirty, function by function of one object."""

    def __init__(self, functions, pointers, global_names):
        self.functions = functions
        self.by_name = {name: code for (_, name), code in functions.items()}
        self.section = {name: section for section, name in functions}
        self.returns_dirty, self.problems = set(), []
        taken = set(global_names)
        for name, code in self.by_name.items():
            start = code[0].address if code else 0
            if (self.section[name], start) in pointers or (name, 0) in pointers:
                taken.add(name)
            for i in code:
                if i.name.startswith("lea") and (m := re.search(r"<([^>+]+)>", i.operands)) and m.group(1) in self.by_name:
                    taken.add(m.group(1))
                if i.symbol and i.name.startswith("lea") and (m := re.match(r"\.text\S*?\+0x([0-9a-f]+)", i.symbol)):
                    taken.update(n for n, c in self.by_name.items() if c and c[0].address == int(m.group(1), 16) + 4)
        self.taken = taken - (BY_POINTER - set(global_names))

    def leaves(self, name, i):
        """None, or where control goes at i: 'return', 'jump' or 'call' (of a foreign or unknown function)."""
        if i.name.startswith("ret"):
            return "return"
        if i.name.startswith("call"):
            if i.operands.startswith("*") and THEIR_CALLER.match(name):
                return None
            return None if i.target and i.symbol is None and i.target[0] in self.by_name else "call"
        if i.name.startswith("j") and i.symbol is not None and ".text" not in i.symbol and ".rodata" not in i.symbol:
            return "jump"
        return None

    def flow(self, name):
        """Walks one function: [(instruction, kind)] at which the upper halves may be dirty."""
        code = self.by_name[name]
        where = {i.address: n for n, i in enumerate(code)}
        after_stop = [n + 1 for n, i in enumerate(code[:-1]) if i.name.startswith(("jmp", "ret"))]
        state, work, bad = {}, [(0, False)], {}
        while work:
            n, dirty = work.pop()
            if n >= len(code) or state.get(n, -1) >= dirty:
                continue
            state[n] = dirty
            i = code[n]
            kind = self.leaves(name, i)
            if kind and dirty:
                bad[i.address] = (i, kind)
            if i.name in CLEAN:
                dirty = False
            elif "%ymm" in i.operands or "%zmm" in i.operands:
                dirty = True
            elif i.name.startswith("call") and not kind:
                dirty = dirty or i.target is None or i.target[0] in self.returns_dirty
            if i.name.startswith("ret"):
                continue
            if i.name.startswith("j"):
                inside = i.target and i.symbol is None and i.target[1] in where and i.target[0] == name
                if inside:
                    work.append((where[i.target[1]], dirty))
                elif i.name.startswith("jmp") and i.operands.startswith("*"):
                    work += [(m, dirty) for m in after_stop]
                elif dirty and not kind:
                    bad[i.address] = (i, "jump")
                if i.name.startswith("jmp"):
                    continue
            work.append((n + 1, dirty))
        return list(bad.values())

    def check(self):
        while True:
            found = {name: self.flow(name) for name in self.by_name if self.by_name[name]}
            more = {name for name, bad in found.items() if any(k == "return" for _, k in bad)} - self.taken
            if more <= self.returns_dirty:
                break
            self.returns_dirty |= more
        for name, bad in found.items():
            for i, kind in bad:
                if kind != "return" or name in self.taken:
                    self.problems.append(f"{name}+{i.address - self.by_name[name][0].address:#x}: {kind} with dirty "
                                         f"upper halves: {i.name} {i.operands} {i.symbol or ''}")
        return self.problems


def symbols(library):
    return [(l.split()[-2], l.split()[-1]) for l in output_of("nm", library).splitlines() if len(l.split()) == 3]


MEMBER = r"\.\d+$"  # of a static struct, which clang keeps in parts


def variables(library):
    """Objects in sections that stay writable: .data.rel.ro is sealed once the program is loaded."""
    rows = re.findall(r"^[0-9a-f]+ .{6}O (\S+)\s+([0-9a-f]+) (.+)$", output_of("objdump", "-t", library), re.M)
    return [f"{section} {re.sub(MEMBER, '', name)}" for section, size, name in rows
            if re.match(r"\.(data|bss|tdata|tbss)|\*COM\*", section) and not section.startswith(".data.rel.ro")]


# Whose libraries are compiled for an ISA of their own.
ISAS = {"avx2": "avx2", "avx512": "avx512", "avx2_sparse": "avx2", "avx512_sparse": "avx512"}


def isa_of(kind, name, function):
    """What a function may hold beyond baseline x86-64."""
    if kind == "backend" and name not in ISAS and re.search(r"_avx2(\.|$)", function):
        return "avx2"
    return None if kind == "baseline" else ISAS.get(name)


def examine(kind, name, library):
    """Rules broken by one library, as text, and how much was looked at."""
    wrong, seen, functions_seen, local_returns = [], 0, 0, set()
    pointers = exposed(library)
    all_symbols = symbols(library)
    global_names = {s for t, s in all_symbols if t in "TWV"}
    for member, functions in disassemble(library).items():
        for (_, function), code in functions.items():
            isa = isa_of(kind, name, function)
            functions_seen += 1
            seen += len(code)
            for i in code:
                place = f"{member}: {function}: {i.name} {i.operands}"
                if isa is None and (is_vector(i) or LATER.match(i.name)):
                    wrong.append(f"not baseline: {place}")
                if isa == "avx2" and EVEX.search(i.operands):
                    wrong.append(f"AVX-512 in avx2: {place}")
                if kind in ("backend", "roof") and CONTROL.match(i.name):
                    wrong.append(f"touches control registers: {place}")
        if kind != "baseline":
            uppers = Uppers(functions, {(s, o) for m, s, o in pointers if m == member}, global_names)
            wrong += uppers.check()
            local_returns |= uppers.returns_dirty
    if kind == "backend":
        exported = [s for t, s in all_symbols if t in "ABCDGRSTVW"]
        if exported != [f"backend_{name}"]:
            wrong.append(f"exports {exported}, not only backend_{name}")
        if name != "onednn":
            wrong += [f"variable: {v}" for v in variables(library) if (name, v) != ("cblas", ".bss told")]
    return wrong, f"{functions_seen} functions, {seen} instructions, vectors returned by {sorted(local_returns) or 'none'}"


BAD = {  # what must be complained about: (as which library, part of the complaint, flags, source)
    "vex": ("baseline", "x", "not baseline", "-mavx", "double f(double a, double b) { return a * b; }"),
    "bmi": ("baseline", "x", "not baseline", "-mbmi2", "unsigned f(unsigned a, int n) { return a >> n; }"),
    "evex": ("backend", "avx2", "AVX-512 in avx2", "-mavx512f",
             "void f(float *x) { for (int i = 0; i < 16; i++) x[i] += 1; } "
             "__m512 backend_avx2(__m512 a) { return _mm512_add_ps(a, a); }"),
    "upper": ("backend", "avx2", "return with dirty", "-mavx2 -mno-vzeroupper",
              "void backend_avx2(float *x) { _mm256_storeu_ps(x, _mm256_add_ps(_mm256_loadu_ps(x), "
              "_mm256_loadu_ps(x + 8))); }"),
    "evex in a function for avx2": ("backend", "other", "AVX-512 in avx2", "-mavx512f",
                                    "void scale_avx2(float *x) { _mm512_storeu_ps(x, _mm512_add_ps(_mm512_loadu_ps(x), "
                                    "_mm512_loadu_ps(x))); }"),
    "vex beside a function for avx2": ("backend", "other", ": scale: v", "-mavx2",
                                       "void scale_avx2(float *x) { x[0] *= 2; } void scale(float *x) { x[0] *= 2; }"),
    "roof upper": ("roof", "avx2", "return with dirty", "-mavx2 -mno-vzeroupper",
                   "void f(float *x) { _mm256_storeu_ps(x, _mm256_add_ps(_mm256_loadu_ps(x), _mm256_loadu_ps(x + 8))); }"),
    "roof evex": ("roof", "avx2", "AVX-512 in avx2", "-mavx512f", "__m512 f(__m512 a) { return _mm512_add_ps(a, a); }"),
    "roof baseline": ("roof", "baseline", "not baseline", "-mavx", "double f(double a, double b) { return a * b; }"),
    "call": ("backend", "avx2", "call with dirty", "-mavx2 -mno-vzeroupper",
             "void other(void); int backend_avx2(float *x) { _mm256_storeu_ps(x, _mm256_add_ps(_mm256_loadu_ps(x), "
             "_mm256_loadu_ps(x + 8))); other(); return 1; }"),
    "hidden upper": ("backend", "avx2", "return with dirty", "-mavx2 -mno-vzeroupper",
                     "__attribute__((noinline)) static __m256 twice(__m256 a) { return _mm256_add_ps(a, a); } "
                     "void backend_avx2(float *x) { x[0] = _mm256_cvtss_f32(twice(_mm256_loadu_ps(x))); }"),
    "mxcsr": ("backend", "avx2", "control registers", "-msse2",
              "void backend_avx2(void) { _mm_setcsr(_mm_getcsr() | 0x8040); }"),
    "export": ("backend", "naive", "exports", "-O1", "void helper(void) {} void backend_naive(void) {}"),
    "variable": ("backend", "naive", "variable", "-O1", "static int n; int backend_naive(void) { return n++; }"),
}
GOOD = ("backend", "avx2", "-mavx2 -mfma",
        "__attribute__((noinline)) static __m256 twice(__m256 a) { return _mm256_add_ps(a, a); } void other(void); "
        "int backend_avx2(float *x) { _mm256_storeu_ps(x, twice(_mm256_loadu_ps(x))); other(); "
        "_mm256_storeu_ps(x, twice(_mm256_loadu_ps(x))); return 1; }")


def compile_sample(directory, flags, source):
    path = os.path.join(directory, "sample.c")
    with open(path, "w", encoding="ascii") as f:
        f.write("#include <immintrin.h>\n" + source + "\n")
    compiled = os.path.join(directory, "sample.o")
    subprocess.run([*shlex.split(os.environ.get("CC", "cc")), "-O2", *flags.split(), "-fPIC", "-c", path, "-o", compiled],
                   check=True)
    return compiled


def check_checker():
    with tempfile.TemporaryDirectory() as directory:
        for what, (kind, name, complaint, flags, source) in BAD.items():
            wrong, _ = examine(kind, name, compile_sample(directory, flags, source))
            check(any(complaint in w for w in wrong), f"the checker overlooks '{what}': {wrong}")
        kind, name, flags, source = GOOD
        wrong, _ = examine(kind, name, compile_sample(directory, flags, source))
        check(not wrong, f"the checker complains of a good object: {wrong}")


def main():
    optimization, sanitize, *libraries = sys.argv[1:]
    if sanitize != "none" or optimization in ("0", "g"):
        skip(f"sanitizers and -O0 leave other code than users run (b_sanitize={sanitize}, optimization={optimization})")
    check_checker()
    for library in libraries:
        kind, path = library.split("=", 1)
        name = os.path.basename(path)[3:-2].replace("backend_", "").replace("roof_", "")
        wrong, looked_at = examine(kind, name, path)
        print(f"{kind} {name}: {looked_at}")
        check(not wrong, f"{kind} {name}: {len(wrong)} broken rules:\n  " + "\n  ".join(wrong[:20]))
    finish()


main()
