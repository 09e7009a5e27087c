"""Bridges: what each sends, as it is defined, and which do not exist. Random chains are in tests/chain."""

import numpy as np
import pytest

from tospike.hw.params import (
    SPIKE,
    Contents,
    FrameBufferParams,
    InputError,
    IntFormat,
    SpikeCode,
    SpikeCountParams,
    ValueSpikesParams,
)
from tospike.sim.bridge.golden import run_frame_buffer, run_spike_count, run_value_spikes

U4 = IntFormat(bits=4, signed=False)
FRAME = np.array([[[0, 1, 5, 7, 3, 6]]])


def values_to_spikes(code, **knobs):
    params = ValueSpikesParams(inputs=6, payload=U4, code=code, **knobs)
    return params, run_value_spikes(params, FRAME).sent[0].tolist()


def test_codes():
    assert values_to_spikes(SpikeCode.DIRECT, steps=2)[1] == [[0, 1, 5, 7, 3, 6]] * 2
    assert values_to_spikes(SpikeCode.ONCE, steps=2)[1] == [[0, 1, 5, 7, 3, 6], [0] * 6]
    packed = values_to_spikes(SpikeCode.PACKED, steps=8, levels=7)[1]
    assert [sum(step) for step in packed] == [5, 4, 4, 3, 3, 2, 1, 0]
    even = values_to_spikes(SpikeCode.EVEN, steps=7, levels=7)[1]
    assert [step[2] for step in even] == [0, 1, 1, 0, 1, 1, 1]
    for train in (packed, even):
        assert np.sum(train, axis=0).tolist() == FRAME[0, 0].tolist()


def test_values_beyond_the_levels_saturate():
    for code in SpikeCode:
        params, train = values_to_spikes(code, steps=5, levels=5)
        assert params.stored == IntFormat(bits=3, signed=False)
        assert np.max(train) == (5 if code.is_graded else 1)
        assert params.output.payload == (params.stored if code.is_graded else SPIKE)
        if code is not SpikeCode.DIRECT:
            assert np.sum(train, axis=0).tolist() == [0, 1, 5, 5, 3, 5]


def test_counts_saturate_and_transpose():
    params = SpikeCountParams(inputs=6, count=IntFormat(bits=2, signed=False), transpose=(2, 3))
    train = np.array([[[1, 1, 0, 1, 0, 0]] * 5])
    assert run_spike_count(params, train).sent[0, 0].tolist() == [3, 3, 3, 0, 0, 0]


def test_frames_change_their_contents_and_format():
    narrow = IntFormat(bits=2, signed=False)
    for sparse in (False, True):
        params = FrameBufferParams(inputs=6, payload=U4, values=narrow, sparse=sparse)
        assert {params.takes, params.sends} == {Contents.FRAME, Contents.SPARSE_FRAME}
        assert (params.takes is Contents.SPARSE_FRAME) == params.clears == sparse
        assert run_frame_buffer(params, FRAME).sent[0, 0].tolist() == [0, 1, 3, 3, 3, 3]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: values_to_spikes(SpikeCode.PACKED, steps=6, levels=7),
            "window of 6 steps is too short for values",
        ),
        (lambda: values_to_spikes(SpikeCode.EVEN, steps=6), "even spikes need the number of levels"),
        (lambda: values_to_spikes(SpikeCode.ONCE, levels=16), "levels must be"),
        (lambda: SpikeCountParams(inputs=6, transpose=(4, 2)), "6 words cannot transpose 4 rows and 2 columns"),
    ],
)
def test_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
