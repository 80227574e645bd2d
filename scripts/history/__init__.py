# SPDX-License-Identifier: MIT
"""The formats of scripts/export: one module each, whose files() is a function from points to {file name: text}."""
