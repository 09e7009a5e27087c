"""What the C driver is told of a design's samples."""

import numpy as np
import pytest
from support.cochlea import cochlea
from support.designs import DESIGNS

from tospike.gen.driver.interface import interface_of
from tospike.gen.emit.beats import input_beats
from tospike.hw.params import AcceleratorParams, CochleaCode, HostInput, IParams, Readout, SpikingParams

DENSE = [name for name, (params, *_) in DESIGNS.items() if params.host_input is HostInput.DENSE]


def interface(params):
    return interface_of(params, None, version="1.0.0", config_hash=0)


@pytest.mark.parametrize("name", DENSE)
def test_beats_of_a_sample(name):
    params = DESIGNS[name][0]
    frames = (params.input_frames,) if params.input_frames > 1 else ()
    zeros = np.zeros((*frames, params.input.addresses), dtype=np.int64)
    assert interface(params)._beats == len(list(input_beats(params, zeros)))


def test_sound_is_not_bytes():
    front = cochlea(5, code=CochleaCode.LIF, threshold=40, leak_shift=3)
    layer = SpikingParams(inputs=5, neurons=4, lanes=2, weight_bits=4, neuron=IParams(), readout=Readout.MEMBRANE)
    params = AcceleratorParams(name="sound", engines=(front, layer))
    zeros = np.zeros((params.input_frames, params.input.addresses), dtype=np.int64)
    assert params.input_field_bits == 16 and not interface(params).takes_bytes
    assert interface(params)._beats == len(list(input_beats(params, zeros)))
    assert interface(DESIGNS["os"][0]).takes_bytes
