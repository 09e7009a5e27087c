"""Whole chains in the simulator, host beat to host beat: outputs, counters and cycles equal the golden models."""

import numpy as np
import pytest
from amaranth.hdl import *
from support.chains import check_chain, random_chain, run_rtl
from support.stream_bench import ONE_FRAME

from tospike.hw.params import (
    AcceleratorParams,
    EncoderParams,
    InputError,
    IntFormat,
    Readout,
    SpikingParams,
)
from tospike.sim.cycles.chain import chain_cycles
from tospike.sim.encoders.encoder import run_encoder
from tospike.sim.spiking.golden import run_event


@pytest.mark.parametrize("seed", range(24))
def test_chain(seed):
    check_chain(*random_chain(np.random.default_rng(seed)))


@pytest.mark.parametrize("encoding", ONE_FRAME)
def test_an_encoder_that_waits_for_its_engine(encoding):
    """Values come faster than an engine of one lane takes them, so that entries wait, sent or not."""
    rng = np.random.default_rng(4)
    payload = IntFormat(bits=4, signed=False)
    encoder = EncoderParams(inputs=24, steps=2, encoding=encoding, payload=payload)
    engine = SpikingParams(
        inputs=24, neurons=2, lanes=1, payload=encoder.output.payload, weight_bits=4, readout=Readout.COUNT
    )
    chain = AcceleratorParams(name="chain", engines=(encoder, engine))
    frames = rng.integers(0, 16, (20, 24))
    weight, bias = rng.integers(-8, 8, (2, 24)), np.zeros(2, dtype=np.int64)
    coded = run_encoder(encoder, frames)
    run = run_event(engine, weight, bias, coded.sent)
    results, _ = run_rtl(chain, [(weight, bias, None, None)], frames)
    assert [cycles for _, cycles in results] == chain_cycles(chain, frames[:, None], [coded, run]).tolist()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1400))
def test_many_chains(seed):
    check_chain(*random_chain(np.random.default_rng(seed)))


def test_frames_without_an_encoder_are_refused():
    engine = SpikingParams(inputs=2, neurons=2, readout=Readout.COUNT)
    with pytest.raises(InputError, match=r"the first engine takes a spike train, .* put an encoder before it"):
        AcceleratorParams(name="chain", engines=(engine,))
