"""Delays of whole steps: RTL against golden model, and what the golden model means."""

from dataclasses import replace

import numpy as np
import pytest
from amaranth.hdl import *
from support.stream_bench import as_token, receive, send_tokens, simulate, train_tokens

from tospike.gen.emit.random_design import blank_design, random_design, random_samples
from tospike.hw.encoders import delay_layout
from tospike.hw.encoders.delay import Delay
from tospike.hw.encoders.delay_layout import counter_names
from tospike.hw.params import (
    AcceleratorParams,
    DelayParams,
    EncoderParams,
    EventWindow,
    HostInput,
    InputError,
    IntFormat,
    LifParams,
    LiParams,
    Readout,
    SpikingParams,
)
from tospike.sim.accelerator import run, spike_trains, stage_spikes
from tospike.sim.encoders.delay import DelayLine, delayed, run_delay
from tospike.sim.network import Network, Stage
from tospike.sim.spiking.window import chain_order

SIGNED = IntFormat(bits=3, signed=True)


def check(params, delays, trains, *, stall=0.0):
    golden = run_delay(params, delays, trains)
    sent = [token for train in trains for token in train_tokens(train)]
    expected = [token for train in golden.sent for token in train_tokens(train)]
    dut = Delay(params, delay_layout.pack(params, delays.tolist()))

    async def producer(ctx):
        await send_tokens(ctx, dut.i, sent, stall=stall)

    async def consumer(ctx):
        received = await receive(ctx, dut.o, len(expected), stall=stall, convert=as_token)
        await ctx.tick().until(~dut.busy)
        await ctx.tick().repeat(2)
        counters = {name: ctx.get(dut.counters[name]) for name in counter_names(params)}
        ctx.set(dut.clear, 1)
        await ctx.tick()
        assert ctx.get(dut.counters.as_value()) == 0
        return received, counters

    received, counters = simulate(dut, producer, consumer)[1]
    assert received == expected
    assert counters == {name: int(counts.sum()) for name, counts in golden.counters.items()}


@pytest.mark.parametrize("stall", [0.0, 0.6])
@pytest.mark.parametrize("steps", [1, 3, 8])
@pytest.mark.parametrize("longest", [1, 2, 4])
@pytest.mark.parametrize("inputs", [1, 2, 7])
def test_delay_equals_golden_model(inputs, longest, steps, stall):
    """Silent, full and sparse trains, one behind the other: what is left of one must not come with the next."""
    rng = np.random.default_rng(100 * inputs + 10 * longest + steps)
    params = DelayParams(inputs=inputs, longest=longest, payload=SIGNED)
    trains = rng.integers(SIGNED.min, SIGNED.max + 1, (6, steps, inputs))
    trains[0] = SIGNED.min
    trains[1] = 0
    trains[3:] *= rng.random((3, steps, inputs)) < 0.3
    check(params, rng.integers(0, longest, inputs, endpoint=True), trains, stall=stall)


@pytest.mark.parametrize("delay", [0, 1, 3])
def test_all_inputs_alike(delay):
    params = DelayParams(inputs=5, longest=3)
    trains = np.random.default_rng(delay).integers(0, 2, (3, 6, 5))
    delays = np.full(5, delay)
    golden = run_delay(params, delays, trains).sent
    assert (golden[:, delay:] == trains[:, : 6 - delay]).all() and not golden[:, :delay].any()
    check(params, delays, trains)


def test_each_input_comes_as_many_steps_later_as_it_has():
    """Spike by spike, also those that come too late."""
    rng = np.random.default_rng(5)
    trains, delays = rng.integers(0, 3, (2, 5, 4)), np.array([0, 2, 7, 1])
    expected = np.zeros_like(trains)
    for sample, step, address in np.argwhere(trains):
        if step + delays[address] < 5:
            expected[sample, step + delays[address], address] = trains[sample, step, address]
    assert (delayed(trains, delays) == expected).all()
    line = DelayLine(delays, 2)
    assert (np.stack([line.step(values) for values in trains.swapaxes(0, 1)], axis=1) == expected).all()


def test_counters_and_operations():
    """2 inputs, delays 0 and 2: of 3 values one is dropped, from a slot behind the last step."""
    params, train = DelayParams(inputs=2, longest=2), np.array([[[1, 1], [0, 1], [0, 0]]])
    golden = run_delay(params, np.array([0, 2]), train)
    assert {name: int(count[0]) for name, count in golden.counters.items()} == {
        "values": 3,
        "ticks": 3,
        "samples": 1,
        "scanned": 3 * 2,  # steps 0 and 2, and the one after the last
        "sent": 2,
    }
    assert {name: int(count[0]) for name, count in golden.operations.items()} == {
        "activation_read": 6,
        "activation_write": 6,
    }


NIBBLE = IntFormat(bits=4, signed=False)
LAYER = SpikingParams(inputs=7, neurons=6, lanes=4, payload=NIBBLE, weight_bits=4, neuron=LifParams(threshold=9))
LAST = SpikingParams(inputs=6, neurons=3, lanes=2, weight_bits=4, neuron=LiParams(), readout=Readout.MEMBRANE)
CHAIN = AcceleratorParams(
    name="delays",
    engines=(
        EncoderParams(inputs=7, steps=6, payload=NIBBLE),
        DelayParams(inputs=7, longest=3, payload=NIBBLE),
        LAYER,
        DelayParams(inputs=6, longest=2),
        LAST,
    ),
)


def test_stages_of_a_chain_with_delays():
    design = random_design(CHAIN, seed=1)
    assert [design.engine_of(stage) for stage in range(2)] == [2, 4]
    x = random_samples(design, 5, seed=2)
    first, second = spike_trains(design, x)
    direct = np.repeat(x[:, None], 6, axis=1)
    assert (stage_spikes(design, 0, direct) == first).all()
    assert (stage_spikes(design, 1, first) == second).all()
    plain = replace(design, network=replace(design.network, stages=blank_delays(design.network)))
    assert (run(plain, x).outputs != run(design, x).outputs).any()
    assert blank_design(CHAIN).network.stages[0].delays.tolist() == [0] * 7


def blank_delays(network: Network) -> tuple[Stage, ...]:
    return tuple(replace(stage, delays=np.zeros_like(stage.delays)) for stage in network.stages)


def test_delays_of_an_image_go_by_its_addresses():
    """A network knows an image channel by channel, an engine with a window gets it position by position."""
    window = EventWindow(shape=(2, 2, 3), channels=2, kernel=(1, 1))
    engines = (
        DelayParams(inputs=12, longest=3),
        SpikingParams(inputs=12, neurons=12, lanes=2, window=window, weight_bits=4, neuron=LifParams(threshold=2)),
        DelayParams(inputs=12, longest=3),
        SpikingParams(inputs=12, neurons=3, weight_bits=4, readout=Readout.COUNT),
    )
    params = AcceleratorParams(name="image", engines=engines, host_input=HostInput.TOKENS)
    design = random_design(params, seed=4)
    x = random_samples(design, 4, seed=5)
    delays = design.network.stages[0].delays
    in_network_order = np.zeros_like(x)
    in_network_order[..., chain_order(window.shape)] = x
    first, second = spike_trains(design, x)
    assert (stage_spikes(design, 0, in_network_order) == first).all()
    assert (stage_spikes(design, 1, first) == second).all()
    moved = delayed(in_network_order, delays)[..., chain_order(window.shape)]
    without = replace(design.network.stages[0], delays=np.zeros_like(delays))
    network = replace(design.network, stages=(without, design.network.stages[1]))
    assert (spike_trains(replace(design, network=network), moved)[0] == first).all()
    assert (spike_trains(replace(design, network=network), x)[0] != first).any()


def test_what_delays_cannot_be():
    with pytest.raises(InputError, match="the longest delay must be an integer from 1 to 255, not 256"):
        DelayParams(inputs=1, longest=256)
    params = DelayParams(inputs=2, longest=3)
    with pytest.raises(InputError, match=r"2 delays from 0 to 3, not \[0, 4\]"):
        delay_layout.pack(params, [0, 4])
    trains = np.zeros((1, 2, 2), dtype=int)
    with pytest.raises(InputError, match="delays from 0 to 4 do not fit 0 to 3"):
        run_delay(params, np.array([0, 4]), trains)
    with pytest.raises(InputError, match="payloads from 0 to 2 do not fit 0 to 1"):
        run_delay(params, np.array([0, 1]), trains + np.array([0, 2]))
    with pytest.raises(InputError, match=r"shape \(steps, 2\) and \(2,\) delays, not \(2, 2\) and \(3,\)"):
        run_delay(params, np.zeros(3, dtype=int), trains)
    stage = random_design(CHAIN, seed=1).network.stages[0]
    with pytest.raises(InputError, match="needs 7 delays that are not negative"):
        replace(stage, delays=np.array([0, 0, -1, 0, 0, 0, 0]))
