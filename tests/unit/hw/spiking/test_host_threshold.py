"""A threshold that the host writes between samples: event and register engine against the golden model."""

from dataclasses import replace

import numpy as np
import pytest
from support.event_engine import expected_tokens, finish, random_case
from support.stream_bench import as_token, receive, send_tokens, simulate, train_tokens, write_config

from tospike.gen.emit.serialize import decode, encode
from tospike.hw.layout import config_writes
from tospike.hw.params import (
    IfParams,
    InputError,
    LiParams,
    NeuronKind,
    NeuronUpdate,
    Readout,
    RegisterParams,
    Reset,
    ResetTiming,
    SpikingParams,
)
from tospike.hw.spiking.engine import EventEngine
from tospike.hw.spiking.layout import counter_names, memories, pack
from tospike.hw.spiking.register import RegisterEngine
from tospike.sim.spiking.golden import run_event

KINDS = [kind for kind in NeuronKind if kind.spikes]


def host_case(rng, *, lanes, neurons, kind):
    """A random engine whose threshold the host writes."""
    while True:
        params, *arrays = random_case(rng, lanes=lanes, neurons=neurons, kind=kind)
        neuron = params.neuron
        if neuron.spike_bits == 1 and not neuron.pending_reset and neuron.spikes:
            neuron = replace(neuron, threshold=1, host_threshold=True).hardware
            return replace(params, neuron=neuron, update=NeuronUpdate.ALL, writable=True), *arrays


def with_threshold(params, threshold):
    return replace(params, neuron=replace(params.neuron, threshold=threshold))


def in_registers(params):
    shared = ("inputs", "neurons", "payload", "weight_bits", "neuron", "readout", "count_bits", "bias", "recurrent")
    return RegisterParams(**{name: getattr(params, name) for name in shared}, writable=True)


def check(engine, params, weight, bias, inputs, recurrent, decays, thresholds, *, stall, seed):
    """Write each sample's threshold when the engine rests, then send the sample."""
    runs = [
        run_event(with_threshold(params, threshold), weight, bias, inputs[n : n + 1], recurrent, decays)
        for n, threshold in enumerate(thresholds)
    ]
    expected = [expected_tokens(params, run, 0) for run in runs]
    listed = [None if array is None else array.tolist() for array in (weight, bias, recurrent, decays)]
    dut = engine(params, pack(params, *listed, threshold=params.neuron.largest))
    shapes = memories(params)
    region = [shape.name for shape in shapes].index("threshold")

    async def producer(ctx):
        for n, threshold in enumerate(thresholds):
            while ctx.get(dut.busy):
                await ctx.tick()
            await write_config(ctx, dut, [(region, *write) for write in config_writes(shapes[region], [threshold])])
            await ctx.tick().repeat(3)
            await send_tokens(ctx, dut.i, train_tokens(inputs[n]), stall=stall, seed=seed + n)
            for _ in range(2):  # until the last token is inside
                await ctx.tick()

    async def consumer(ctx):
        count = sum(map(len, expected))
        received = await receive(ctx, dut.o, count, stall=stall, seed=seed + 1, convert=as_token)
        return received, await finish(ctx, dut)

    received, counters = simulate(dut, producer, consumer)[1]
    assert received == [token for tokens in expected for token in tokens]
    assert counters == {name: sum(int(run.counters[name].sum()) for run in runs) for name in counter_names(params)}
    return runs


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("engine", [EventEngine, RegisterEngine])
def test_thresholds_written_between_samples(engine, kind, seed):
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    params, *arrays = host_case(rng, lanes=int(rng.integers(1, 5)), neurons=int(rng.integers(1, 12)), kind=kind)
    params = in_registers(params) if engine is RegisterEngine else params
    most = params.neuron.largest
    thresholds = [1, most, int(rng.integers(1, min(most, 12))), int(rng.integers(1, most + 1))]
    check(engine, params, *arrays, thresholds, stall=(0.0, 0.3, 0.7)[seed], seed=seed)


def test_groups_of_lanes_share_the_threshold():
    """More than 16 lanes, whose memories have a part per group; the spikes differ between thresholds."""
    rng = np.random.default_rng(5)
    neuron = IfParams(state_bits=10, threshold=1, reset=Reset.SUBTRACT, host_threshold=True).hardware
    params = SpikingParams(inputs=6, neurons=40, lanes=36, weight_bits=4, neuron=neuron, writable=True)
    weight, bias = rng.integers(-8, 8, (40, 6)), np.zeros(40, dtype=np.int64)
    inputs = np.repeat(rng.integers(0, 2, (1, 6, 6)), 4, axis=0)
    runs = check(EventEngine, params, weight, bias, inputs, None, None, [1, 3, 9, 510], stall=0.3, seed=1)
    spikes = [int(run.spikes.sum()) for run in runs]
    assert spikes == sorted(spikes, reverse=True) and len(set(spikes)) == 4 and spikes[-1] == 0


def test_the_hardware_is_the_same_for_all_thresholds():
    one, other = (IfParams(state_bits=8, threshold=t, host_threshold=True) for t in (1, 126))
    assert one.hardware == other.hardware and one.hardware.threshold == 126
    assert decode(encode(one)) == one
    assert "host_threshold" not in encode(IfParams())  # older designs keep their hash
    assert IfParams(threshold=3).hardware.threshold == 3 and LiParams().hardware == LiParams()


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"threshold": 127}, "threshold must be an integer from 1 to 126, not 127"),
        ({"threshold": 0}, "threshold must be an integer from 1 to 126, not 0"),
        ({"spike_bits": 2, "reset": Reset.SUBTRACT}, "a threshold that the host writes allows one spike"),
        ({"reset": Reset.SUBTRACT, "reset_timing": ResetTiming.SNNTORCH}, "and no reset timing snntorch"),
    ],
)
def test_what_cannot_be_is_refused(knobs, message):
    with pytest.raises(InputError, match=message):
        IfParams(**{"state_bits": 8, "threshold": 1} | knobs, host_threshold=True)


def test_words_without_events_are_updated_too():
    neuron = IfParams(state_bits=8, threshold=5, host_threshold=True)
    with pytest.raises(InputError, match="give --update all"):
        SpikingParams(inputs=2, neurons=2, neuron=neuron, update=NeuronUpdate.ACTIVE)


def test_a_word_out_of_range_is_refused():
    neuron = IfParams(state_bits=8, threshold=5, host_threshold=True)
    params = SpikingParams(inputs=1, neurons=1, lanes=1, neuron=neuron, readout=Readout.COUNT)
    assert pack(params, [[1]], [0], threshold=5)["threshold"] == [5]
    for wrong in (0, 127, None):
        with pytest.raises(InputError, match=f"must be from 1 to 126, not {wrong}"):
            pack(params, [[1]], [0], threshold=wrong)
