"""What of an engine the energy models get to see."""

import pytest

from tospike.compare.energy.engines import memories
from tospike.hw.params import ArrayParams, DenseLayer, InputError, SystolicParams, WeightSource


def engine(weights):
    layers = (DenseLayer(rows=1, inputs=3, outputs=2),)
    return SystolicParams(array=ArrayParams(rows=1, cols=1), layers=layers, weights=weights)


def test_weights_on_chip_are_memory():
    assert memories(engine(WeightSource.MEMORY)).weight_bits == 3 * 2 * 8


def test_streamed_weights_have_no_price():
    with pytest.raises(InputError, match="weights from the host is not modelled: leave out --weights stream"):
        memories(engine(WeightSource.STREAM))
