# SPDX-License-Identifier: MIT
"""The layers of the harness: a directory includes only itself and those earlier in the list of harness/meson.build, which
CONTRIBUTING.md repeats; kernels/ includes nothing of the harness; no header includes itself through others, and no source
file does through the headers of others.

Arguments: SOURCE-ROOT"""
import os
import re
import sys
import tempfile
import unittest

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def layers_of(root):
    return re.findall(r"^subdir\('(\w+)'\)$", read(os.path.join(root, "harness", "meson.build")), re.MULTILINE)


def includes_of(root):
    """{file: files it includes}, of all C sources, by their paths from the root; system headers are left out."""
    found = {}
    for top in ("kernels", "harness"):
        for directory, _, names in os.walk(os.path.join(root, top)):
            for name in names:
                if name.endswith((".c", ".h", ".cc", ".def")):
                    path = os.path.join(directory, name)
                    places = [directory, os.path.join(root, "harness"), os.path.join(root, "kernels")]
                    paths = [next((os.path.join(p, i) for p in places if os.path.isfile(os.path.join(p, i))), None)
                             for i in INCLUDE.findall(read(path))]
                    found[os.path.relpath(path, root)] = [os.path.relpath(p, root) for p in paths if p]
    return found


def upward(root):
    layers = layers_of(root)
    rank = {f"harness/{layer}": i for i, layer in enumerate(layers, 1)} | {"kernels": 0}

    def rank_of(path):
        directory = os.path.dirname(path)
        return 0 if directory.split("/")[0] == "kernels" else rank.get("/".join(directory.split("/")[:2]))

    for path, targets in sorted(includes_of(root).items()):
        if rank_of(path) is None:
            yield f"{path}: its directory is not in harness/meson.build"
        for target in targets:
            if rank_of(path) is not None and (rank_of(target) is None or rank_of(target) > rank_of(path)):
                yield f"{path} includes {target}, of a higher layer"


def modules_of(includes):
    """{module: modules it uses}: a source file with the header of its name. A header without a source file of its name
    belongs to whoever includes it."""
    sources = {os.path.splitext(path)[0] for path in includes if path.endswith((".c", ".cc"))}

    def used(path, seen):
        name = os.path.splitext(path)[0]
        if name in sources:
            return {name}
        if path in seen:
            return set()
        return set().union(*(used(target, seen | {path}) for target in includes[path]))

    found = {name: set() for name in sources}
    for path, targets in includes.items():
        name = os.path.splitext(path)[0]
        if name in sources:
            found[name] |= set().union(*(used(target, set()) for target in targets)) - {name}
    return {name: sorted(modules) for name, modules in found.items()}


def cycles(includes):
    done = set()

    def visit(path, trail):
        if path in trail:
            yield " -> ".join([*trail[trail.index(path):], path])
        elif path not in done:
            for target in includes.get(path, []):
                yield from visit(target, [*trail, path])
            done.add(path)

    for path in sorted(includes):
        yield from visit(path, [])


class Project(unittest.TestCase):
    def test_upward(self):
        self.assertEqual(list(upward(root_dir)), [])

    def test_cycles(self):
        includes = includes_of(root_dir)
        self.assertEqual([*cycles(includes), *cycles(modules_of(includes))], [])

    def test_documented(self):
        text = " ".join(read(os.path.join(root_dir, "CONTRIBUTING.md")).split())
        self.assertIn(" " + ", ".join(layers_of(root_dir)) + " ", text)


class Broken(unittest.TestCase):
    """A harness of two layers, broken in each way."""

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.root = place.name
        for directory in ("kernels", "harness/low", "harness/high"):
            os.makedirs(os.path.join(self.root, directory))
        self.write("harness/meson.build", "subdir('low')\nsubdir('high')\n")
        self.write("harness/high/b.h", '#include "low/a.h"\n')
        self.write("harness/low/a.h", "#include <stddef.h>\n")
        self.write("kernels/k.h", "\n")

    def write(self, path, text):
        with open(os.path.join(self.root, path), "w", encoding="utf-8") as f:
            f.write(text)

    def test_right(self):
        includes = includes_of(self.root)
        self.assertEqual([*upward(self.root), *cycles(includes), *cycles(modules_of(includes))], [])

    def test_upward(self):
        self.write("harness/low/c.c", '#include "high/b.h"\n')
        self.write("kernels/k.c", '#include "low/a.h"\n')
        self.write("harness/other.h", "\n")
        self.assertEqual(len(list(upward(self.root))), 3)

    def test_cycle(self):
        self.write("harness/low/a.h", '#include "low/c.h"\n')
        self.write("harness/low/c.h", '#include "a.h"\n')
        self.assertEqual(list(cycles(includes_of(self.root))), ["harness/low/a.h -> harness/low/c.h -> harness/low/a.h"])

    def test_cycle_of_modules(self):
        self.write("harness/low/a.c", '#include "a.h"\n#include "plain.h"\n')
        self.write("harness/low/plain.h", '#include "c.h"\n')
        self.write("harness/low/c.h", '#include "a.h"\n')
        self.write("harness/low/c.c", '#include "c.h"\n')
        includes = includes_of(self.root)
        self.assertEqual(list(cycles(includes)), [])
        self.assertEqual(list(cycles(modules_of(includes))), ["harness/low/a -> harness/low/c -> harness/low/a"])


root_dir = sys.argv.pop(1)
unittest.main()
