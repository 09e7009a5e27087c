"""Where things are."""

from pathlib import Path

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
EXAMPLES = ROOT / "examples"
SHARED = ROOT.parent / "shared"
"""Trained networks and data that are no part of the repository."""
GATES_LIBRARY = Path(__file__).with_name("gates.lib")
"""A library of cells, small and written by hand."""
