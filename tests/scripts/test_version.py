# SPDX-License-Identifier: MIT
"""test_version.py SOURCE_ROOT VERSION: the last version of CHANGELOG.md and of debian/changelog is that of meson.build."""
import os
import re
import sys
import unittest

root, version = sys.argv[1:]


def first(pattern, *path):
    with open(os.path.join(root, *path), encoding="utf-8") as f:
        return re.search(pattern, f.read(), re.M).group(1)


class Version(unittest.TestCase):
    def test_changelog(self):
        self.assertEqual(first(r"^## (\S+)$", "CHANGELOG.md"), version)

    def test_debian(self):
        self.assertEqual(first(r"^lanebench \(([^)]*)\) ", "debian", "changelog"), version)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
