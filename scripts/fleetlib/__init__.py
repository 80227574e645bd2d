# SPDX-License-Identifier: MIT
"""What scripts/fleet is made of: targets and their states, the engines that run them, the merged table and its page."""
