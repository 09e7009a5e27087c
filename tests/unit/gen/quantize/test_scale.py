"""Choosing a scale: the search in blocks against one candidate at a time."""

import numpy as np
import pytest

from tospike.gen.quantize.scale import MSE_CANDIDATES, ScaleMethod, choose_scale
from tospike.hw.params import IntFormat


@pytest.mark.parametrize("size", [1, 17, 784, 70_000])
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_the_search_finds_the_least_error(size, bits):
    fmt = IntFormat(bits=bits, signed=True)
    values = np.random.default_rng(size).normal(size=size)
    magnitudes = np.abs(values)

    def error(scale):
        levels = np.minimum(np.rint(magnitudes / scale), fmt.max)
        return float(np.mean((levels * scale - magnitudes) ** 2))

    expected = min((magnitudes.max() / fmt.max * fraction for fraction in MSE_CANDIDATES[::-1]), key=error)
    assert choose_scale(values, fmt, ScaleMethod.MSE) == expected
