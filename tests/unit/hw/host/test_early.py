"""The class by spike counts, told as soon as it cannot change any more: golden model, RTL, and a network."""

from dataclasses import replace

import numpy as np
import pytest
from support.beats import receive_beats
from support.paths import EXAMPLES
from support.simulators import QUICK
from support.stream_bench import END, TICK, send_tokens, simulate, value

from tospike.gen.convert import ConvertOptions, convert
from tospike.gen.data.datasets import load_data
from tospike.gen.emit.folder import build
from tospike.gen.emit.memory_init import pack
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.gen.load import load_network
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.tools.cache import Cache
from tospike.hw.host.early import EarlyOutput
from tospike.hw.params import (
    AcceleratorParams,
    HostInput,
    HostOutput,
    InputError,
    IntFormat,
    LifParams,
    Readout,
    SpikingParams,
    TokenFormat,
)
from tospike.sim.accelerator import run
from tospike.sim.early import deciding_steps
from tospike.sim.network import Decoding
from tospike.sim.network.reference import run_float
from tospike.tb.evaluate import evaluate
from tospike.tb.inference import Backend
from tospike.tb.replay.replay import replay


def plain(train, most):
    """The first step after which no future can change the winner: each rival gets all that is left, and nobody else."""
    steps, neurons = train.shape
    for step in range(steps):
        counts = train[: step + 1].sum(axis=0)
        winner = int(np.argmax(counts))
        for rival in set(range(neurons)) - {winner}:
            future = counts.copy()
            future[rival] += most * (steps - 1 - step)
            if np.argmax(future) != winner:
                break
        else:
            return step
    raise AssertionError("the last step decides")


def random_trains(rng, count, steps, neurons, most):
    """Trains from silent to full, in which some neurons are more active than others."""
    rates = rng.random((count, 1, neurons)) * np.linspace(0, 1, count)[:, None, None]
    trains = (rng.random((count, steps, neurons)) < rates) * rng.integers(
        1, most, (count, steps, neurons), endpoint=True
    )
    trains[-1] = most
    return trains


@pytest.mark.parametrize("most", [1, 3])
@pytest.mark.parametrize(("steps", "neurons"), [(1, 2), (6, 2), (9, 3), (12, 10)])
def test_the_deciding_step_is_the_first_after_which_nothing_can_change(steps, neurons, most):
    trains = random_trains(np.random.default_rng(steps), 60, steps, neurons, most)
    steps_of = deciding_steps(trains, most)
    assert steps_of.tolist() == [plain(train, most) for train in trains]
    counts = np.cumsum(trains, axis=1)
    winners = np.argmax(counts, axis=2)
    assert (winners[np.arange(60), steps_of] == winners[:, -1]).all()
    assert steps == 1 or len(np.unique(steps_of)) > 2


@pytest.mark.parametrize("stall", [0.0, 0.5])
@pytest.mark.parametrize("bits", [1, 2])
@pytest.mark.parametrize(("steps", "neurons"), [(1, 2), (5, 3), (12, 10)])
def test_hardware_answers_as_the_golden_model(steps, neurons, bits, stall):
    fmt = TokenFormat(addresses=neurons, payload=IntFormat(bits=bits, signed=False))
    trains = random_trains(np.random.default_rng(neurons), 12, steps, neurons, fmt.payload.max)
    tokens = []
    for train in trains:
        for step in train:
            tokens += [*(value(a, int(v)) for a, v in enumerate(step) if v), TICK]
        tokens.append(END)
    dut = EarlyOutput(fmt, steps=steps)

    async def producer(ctx):
        await send_tokens(ctx, dut.i, tokens, stall=stall)

    async def consumer(ctx):
        return await receive_beats(ctx, dut.o, len(trains), stall=stall)

    expected = [(int(winner), 1) for winner in np.argmax(trains.sum(axis=1), axis=1)]
    assert simulate(dut, producer, consumer)[1] == expected


def test_a_train_of_fewer_steps_is_answered_at_its_end():
    dut = EarlyOutput(TokenFormat(addresses=3, payload=IntFormat(bits=1, signed=False)), steps=9)

    async def producer(ctx):
        await send_tokens(ctx, dut.i, [value(2), TICK, value(1), value(2), TICK, END, TICK, END])

    async def consumer(ctx):
        return await receive_beats(ctx, dut.o, 2)

    assert simulate(dut, producer, consumer)[1] == [(2, 1), (0, 1)]


def params_of(neurons, steps):
    layer = SpikingParams(
        inputs=7, neurons=neurons, lanes=2, weight_bits=4, neuron=LifParams(threshold=1), readout=Readout.SPIKES
    )
    return AcceleratorParams(
        name="early",
        engines=(layer,),
        host_input=HostInput.TOKENS,
        host_output=HostOutput.EARLY,
        decision_steps=steps,
    )


@pytest.mark.parametrize("neurons", [2, 5])
def test_cycles_end_with_the_decision(neurons, tmp_path):
    params = params_of(neurons, 6)
    design = random_design(params, seed=1)
    x = random_samples(design, 9, seed=2)
    verilog, _, _ = build(params, pack(design))
    got = replay(verilog, params, x, simulator=QUICK, cache=Cache(root=tmp_path))
    golden = run(design, x)
    assert got.outputs.tolist() == golden.outputs.tolist()
    assert got.cycles.tolist() == golden.cycles.tolist()
    counted = replace(params, host_output=HostOutput.TOKENS, decision_steps=None)
    trains = run(replace(design, params=counted), x).trains
    assert golden.predictions.tolist() == np.argmax(trains.sum(axis=1), axis=1).tolist()
    assert len(np.unique(deciding_steps(trains, 1))) > 1


DIGITS = EXAMPLES / "digits_ann.onnx"


def test_a_network_decides_early_and_as_it_does_late(tmp_path):
    data = load_data("digits")
    path = tmp_path / "snn.nir"
    options = ConvertOptions(steps=12, readout=Readout.COUNT)
    path.write_bytes(convert(load_network(DIGITS), data.train_x, options).to_bytes())
    early = prepare(path, data, ModelOptions(decoding=Decoding.EARLY))
    answer = evaluate(early, data, Backend.RTL, samples=6, simulator=QUICK, cache=Cache(root=tmp_path))
    assert answer.mismatches == 0
    late = prepare(path, data, ModelOptions(argmax=True))
    results = [run(each.design, each.integers(data.x[:100])) for each in (early, late)]
    assert results[0].predictions.tolist() == results[1].predictions.tolist()
    assert (results[0].cycles < results[1].cycles).mean() > 0.5
    predictions = [run_float(each.network, data.x[:100]).predictions.tolist() for each in (early, late)]
    assert predictions[0] == predictions[1]


def test_what_cannot_decide_early_is_refused():
    snn, digits = DIGITS.with_name("digits_snn.nir"), load_data("digits")
    with pytest.raises(InputError, match="does not spike, as --decoding early requires"):
        prepare(snn, digits, ModelOptions(decoding=Decoding.EARLY))
    with pytest.raises(InputError, match="early needs at least 2 neurons to decide between"):
        params_of(1, 4)
    with pytest.raises(InputError, match="steps must be an integer from 1 to 4096, not 0"):
        params_of(2, 0)
    with pytest.raises(InputError, match="early needs the number of time steps, and no other output takes one"):
        replace(params_of(2, 4), decision_steps=None)
    with pytest.raises(InputError, match="early needs the number of time steps, and no other output takes one"):
        replace(params_of(2, 4), host_output=HostOutput.TOKENS)
    counts = replace(params_of(2, 4).engines[0], readout=Readout.COUNT)
    with pytest.raises(InputError, match="early needs spikes: give the last layer the readout spikes"):
        replace(params_of(2, 4), engines=(counts,))
