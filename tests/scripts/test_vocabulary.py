# SPDX-License-Identifier: MIT
"""One word for one thing: no identifier of the sources has a word in it for which the project uses the field's term.
Comments and texts are free.

Arguments: SOURCE-ROOT"""
import os
import re
import sys
import unittest

# old word: the term
TERMS = {
    "arm": "contender", "arms": "contenders", "blank": "zero, space", "equalised": "even", "fewest": "min",
    "folder": "directory, dir", "folders": "directories, dirs", "hump": "bimodality", "humps": "bimodality",
    "kept": "prior, cached, saved", "ledger": "checks", "moment": "timestamp", "moments": "timestamps",
    "origin": "provenance", "origins": "provenances", "pulse": "heartbeat", "room": "capacity, available",
    "tally": "proof_context", "testimony": "observation", "turned": "transposed", "witness": "observer",
    "words": "argv, message, reason",
}
TOPS = ("harness", "kernels", "scripts", "tests", "examples", "packaging", ".ci")
# Strings and comments, which go, or an identifier.
C = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|([A-Za-z_]\w*)', re.DOTALL)
PYTHON = re.compile(r'#[^\n]*|"""(?:\\.|[^\\])*?"""|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|([A-Za-z_]\w*)', re.DOTALL)


def pattern_of(name, text):
    if name.endswith((".c", ".h", ".cc", ".def")):
        return C
    return PYTHON if name.endswith(".py") or "python" in text.partition("\n")[0] else None


def old_in(text, pattern):
    """(identifier, old word in it)"""
    for identifier in {match.group(1) for match in pattern.finditer(text) if match.group(1)}:
        for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", identifier):
            if word.lower() in TERMS:
                yield identifier, word.lower()


def complaints(root):
    for top in TOPS:
        for directory, _, names in os.walk(os.path.join(root, top)):
            for name in names:
                path = os.path.join(directory, name)
                with open(path, encoding="utf-8", errors="replace") as f:
                    text = f.read()
                pattern = pattern_of(name, text)
                for identifier, word in sorted(old_in(text, pattern)) if pattern else ():
                    yield f"{os.path.relpath(path, root)}: {identifier}: say {TERMS[word]}, not {word}"


class Vocabulary(unittest.TestCase):
    def test_sources(self):
        self.assertEqual("\n".join(complaints(root_dir)), "")

    def test_finds(self):
        found = old_in('int run_folder, ARM_COUNT; /* kept */ char *s = "words"; // room\nlookRoom(harm, keptless);', C)
        self.assertEqual(sorted(found), [("ARM_COUNT", "arm"), ("lookRoom", "room"), ("run_folder", "folder")])
        found = old_in('words = """kept\n"""  # room\nrow["folder"] = \'arm\' + f(moments, moment=1)', PYTHON)
        self.assertEqual(sorted(found), [("moment", "moment"), ("moments", "moments"), ("words", "words")])


root_dir = sys.argv.pop(1)
unittest.main()
