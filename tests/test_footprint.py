"""What of an accelerator the energy models get to see."""

import pytest

from tospike.compare import footprint
from tospike.hw.params import AcceleratorParams, ArrayParams, DenseLayer, InputError, SystolicParams, WeightSource


def accelerator(weights):
    layers = (DenseLayer(rows=1, inputs=3, outputs=2),)
    engine = SystolicParams(array=ArrayParams(rows=1, cols=1), layers=layers, weights=weights)
    return AcceleratorParams(name="a", engines=(engine,))


def test_weights_on_chip_are_memory():
    assert footprint.memories(accelerator(WeightSource.MEMORY)).weight_bits > 3 * 2 * 8


def test_streamed_weights_have_no_price():
    with pytest.raises(InputError, match="weights that come from outside is not modelled: leave --weights stream out"):
        footprint.memories(accelerator(WeightSource.STREAM))
