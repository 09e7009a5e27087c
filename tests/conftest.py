"""What holds for every test."""

import gc
import zlib

import numpy as np
import pytest

# Amaranth makes millions of objects, and cyclic garbage collection, which finds nothing, visits them again and again
gc.set_threshold(100_000, 50, 1000)


@pytest.fixture(autouse=True)
def own_draws(request):
    """A test draws from its module's ``RNG`` what it would draw alone, whatever ran before it."""
    rng = getattr(request.module, "RNG", None)
    if rng is not None:
        seed = zlib.crc32(request.node.name.encode())
        rng.bit_generator.state = np.random.default_rng(seed).bit_generator.state
