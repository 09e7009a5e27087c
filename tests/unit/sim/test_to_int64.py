"""Casts from real numbers to integers are checked."""

import ast
from pathlib import Path

import numpy as np
import pytest

import tospike.gen
import tospike.sim.encoders.encoding
from tospike.hw.params import InputError
from tospike.sim.arithmetic import LARGEST_EXACT, to_int64


def test_nearest_ties_to_even() -> None:
    found = to_int64([-2.5, -1.5, -0.5, 0.5, 1.5, 2.4, 2.6], "values")
    assert found.dtype == np.int64
    assert found.tolist() == [-2, -2, 0, 0, 2, 2, 3]


def test_the_largest_fit() -> None:
    assert to_int64([LARGEST_EXACT, -LARGEST_EXACT], "values").tolist() == [LARGEST_EXACT, -LARGEST_EXACT]
    assert to_int64(np.zeros((0, 3)), "values").shape == (0, 3)
    assert to_int64(np.float32([3e9]), "values").tolist() == [3000000000]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e16, -1e300])
def test_others_are_refused_by_name(bad: float) -> None:
    with pytest.raises(InputError, match=r"^biases of 'fc': .*cannot be an integer"):
        to_int64([0.0, bad, 1.0], "biases of 'fc'")


def test_integers_do_not_wrap() -> None:
    with pytest.raises(InputError, match="labels: 9223372036854775808 cannot be an integer of 64 signed bits"):
        to_int64(np.array([3, 2**63], np.uint64), "labels")


def _unchecked(source: str) -> list[int]:
    """Lines of ``astype`` to an integer type that would take a float: only ``casting`` other than unsafe refuses it."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "astype"):
            continue
        target = ast.unparse(node.args[0])
        casting = [ast.unparse(word.value) for word in node.keywords if word.arg == "casting"]
        if "int" in target and casting != ["'same_kind'"]:
            lines.append(node.lineno)
    return lines


def test_the_search_finds_unchecked_casts() -> None:
    assert _unchecked("a = np.rint(x).astype(np.int64)\nb = y.astype('int32')\nc = z.astype(int, copy=False)") == [
        1,
        2,
        3,
    ]
    assert _unchecked("a = x.astype(np.int64, casting='same_kind')\nb = y.astype(np.float64)") == []


def test_no_cast_in_the_generator_is_unchecked() -> None:
    folder = Path(tospike.gen.__file__).parent
    files = [*folder.rglob("*.py"), Path(tospike.sim.encoders.encoding.__file__)]
    found = {file.name: lines for file in files if (lines := _unchecked(file.read_text(encoding="utf-8")))}
    assert not found, f"use to_int64 for real numbers, casting='same_kind' for integers: {found}"
