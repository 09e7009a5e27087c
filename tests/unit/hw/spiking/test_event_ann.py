"""An ANN on event engines: what it computes, and its RTL, host beat to host beat."""

import json
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from support.chains import run_rtl
from support.command_line import tospike
from support.networks import write_networks
from support.paths import EXAMPLES
from support.stream_bench import END, TICK, as_token, receive, send_tokens, simulate, value

from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.observe import engine_activities
from tospike.compare.energy.technology import load_technology
from tospike.compare.study.engines import option_changes
from tospike.gen.data.datasets import load_data
from tospike.gen.emit.memory_init import pack
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.place.options import Engine, PlanOptions
from tospike.gen.place.plan import plan
from tospike.hw.params import (
    AcceleratorParams,
    ActivationParams,
    EventAnnParams,
    InputError,
    IntFormat,
    RequantizeParams,
    Rounding,
    TokenFormat,
    WeightSource,
)
from tospike.hw.spiking.activate import Activate
from tospike.sim import accelerator as golden
from tospike.sim.network import Conv2d, Requantize
from tospike.sim.spiking.ann import activate
from tospike.sim.systolic.layers import run_integers

ENGINES = (Engine.SYSTOLIC, Engine.EVENT)
U4, S4, U1 = IntFormat(bits=4, signed=False), IntFormat(bits=4, signed=True), IntFormat(bits=1, signed=False)


def chain(act, sizes, *, lanes, ends_in_activations=False, shift=12, bias=True, finer=0):
    """Layers of ``sizes`` neurons; the first size is that of the input."""
    engines = []
    for number, (inputs, neurons) in enumerate(pairwise(sizes), start=1):
        last = number == len(sizes) - 1 and not ends_in_activations
        activation = ActivationParams(act=act, clamp=(act.min, act.max), shift=shift)
        engines.append(
            EventAnnParams(
                inputs=inputs,
                neurons=neurons,
                lanes=lanes,
                act=act,
                weight_bits=4,
                state_bits=16 + finer,
                fraction_bits=finer,
                bias=bias,
                activation=None if last else activation,
            )
        )
    return AcceleratorParams(name="chain", engines=tuple(engines))


CHAINS = (
    chain(U4, (9, 7, 5), lanes=3),
    chain(S4, (1, 1, 1), lanes=1),
    chain(U4, (5, 20, 9, 4), lanes=8, ends_in_activations=True),
    chain(U1, (12, 6, 3), lanes=2, shift=14),
    chain(S4, (16, 8, 8), lanes=8, shift=18, bias=False),
    chain(U4, (6, 3), lanes=1),
    chain(U4, (6, 5, 3), lanes=2, shift=16, finer=4),
)


@pytest.mark.parametrize("params", CHAINS)
def test_rtl_equals_golden_in_outputs_counters_and_cycles(params):
    design = random_design(params, seed=3)
    samples = random_samples(design, 5, seed=4)
    assert not samples[0].any() and samples[1].all(), "nothing at all, and everything at its maximum"
    expected = golden.run(design, samples)
    arrays = []
    for stage in design.network.stages:
        factors = stage.neuron.multiplier if isinstance(stage.neuron, Requantize) else None
        arrays.append((stage.dense.weight, stage.dense.bias, None, None, factors))
    results, counters = run_rtl(params, arrays, samples)
    assert [words for words, _ in results] == [[int(v) & 0xFFFF_FFFF for v in row] for row in expected.outputs]
    assert [cycles for _, cycles in results] == expected.cycles.tolist()
    for index, counted in enumerate(counters):
        assert counted == {name: int(expected.counters[f"{index}.{name}"].sum()) for name in counted}
    assert sum(counted["ticks"] for counted in counters) == 0, "an ANN has no time steps"
    assert all(0 < c["activations"] <= c["results"] for c in counters if "results" in c), "a test of something"


@pytest.mark.parametrize("params", CHAINS)
def test_golden_computes_the_integer_network(params):
    design = random_design(params, seed=5)
    samples = random_samples(design, 30, seed=6)
    result = golden.run(design, samples)
    assert (result.outputs == run_integers(design.network, samples)).all()
    assert not any(name.endswith("saturations") and values.any() for name, values in result.counters.items())
    first = params.engines[0]
    synapses = result.engine_operations[0]["sop" if first.payload == U1 else "mac"]
    assert (synapses == np.count_nonzero(samples, axis=1) * first.neurons).all(), "zeros cost nothing"


def test_activations_are_half_up_and_clamped():
    params = ActivationParams(act=S4, clamp=(-8, 7), shift=1)
    membranes = np.array([[-100, -3, -2, -1, 0, 1, 2, 3, 100]])
    assert activate(params, membranes, np.ones(9, dtype=np.int64)).tolist() == [[-8, -1, -1, 0, 0, 1, 1, 2, 7]]
    down = replace(params, requantize=RequantizeParams(rounding=Rounding.FLOOR))
    assert activate(down, membranes, np.full(9, 2)).tolist() == [[-8, -3, -2, -1, 0, 1, 2, 3, 7]]


@pytest.mark.parametrize("stall", [0.0, 0.6])
def test_frames_follow_each_other_through_the_queue(stall):
    """Whatever the consumer does: no token is lost, zeros are left out, END and TICK keep their places."""
    membranes = TokenFormat(addresses=6, payload=IntFormat(bits=12, signed=True))
    params = ActivationParams(act=U4, clamp=(0, 15), shift=4)
    dut = Activate(membranes, params)
    rng = np.random.default_rng(7)
    frames = rng.integers(-200, 400, (12, 6))
    frames[3], frames[4] = -5, 2000  # a frame of which nothing is left, and one of which all is
    tokens = [t for frame in frames for t in [*(value(a, int(v)) for a, v in enumerate(frame)), TICK, END]]
    multipliers = np.array([1, 2, 3, 1, 16, 5])
    sent = activate(params, frames, multipliers)
    expected = [t for frame in sent for t in [*(value(a, int(v)) for a, v in enumerate(frame) if v), TICK, END]]

    async def memory(ctx):
        async for _, _, address in ctx.tick().sample(dut.address):
            ctx.set(dut.multiplier, int(multipliers[min(address, 5)]))

    async def producer(ctx):
        await send_tokens(ctx, dut.i, tokens, stall=stall / 2)

    async def consumer(ctx):
        received = await receive(ctx, dut.o, len(expected), stall=stall, convert=as_token)
        await ctx.tick().repeat(20)
        return received, ctx.get(dut.busy), ctx.get(dut.o.valid)

    assert simulate(dut, producer, consumer, background=[memory])[1] == (expected, 0, 0)


def test_what_makes_no_activations_is_refused():
    with pytest.raises(InputError, match="activations from 0 to 15 do not fit membranes of 4 bits"):
        replace(CHAINS[0].engines[0], state_bits=4)


def test_activations_that_cannot_be_zero_are_refused():
    with pytest.raises(InputError, match="include 0"):
        ActivationParams(act=U4, clamp=(1, 15), shift=4)
    with pytest.raises(InputError, match="fit 4 bits"):
        ActivationParams(act=U4, clamp=(0, 16), shift=4)


def test_multipliers_must_fit_the_engine():
    design = random_design(CHAINS[0], seed=3)
    images = pack(design)
    assert len(images[0]["multipliers"]) == 7 and "multipliers" not in images[1]
    stage = design.network.stages[0]
    short = replace(stage, neuron=replace(stage.neuron, multiplier=stage.neuron.multiplier[:-1]))
    damaged = replace(design, network=replace(design.network, stages=(short, *design.network.stages[1:])))
    with pytest.raises(InputError, match="takes 7 multipliers of activations, not 6"):
        pack(damaged)
    with pytest.raises(InputError, match="multipliers of activations must have shape"):
        golden.run(damaged, random_samples(design, 2, seed=1))


def test_what_is_zero_costs_neither_weights_nor_products():
    design = random_design(CHAINS[0], seed=3)
    nothing, everything = random_samples(design, 2, seed=4)[:, None]
    priced = {}
    for name, x in (("nothing", nothing), ("everything", everything)):
        result = golden.run(design, x)
        priced[name] = counter_energy(load_technology("horowitz45"), design.params, result.counters, result.cycles)
        first, second = engine_activities(design, x, result)
        assert first.layers[0].events == np.count_nonzero(x)
        assert not first.layers[0].spiking
        assert first.counts()["weight_read"] == np.count_nonzero(x) * 7
        assert first.counts()["activation_write"] == second.layers[0].events == result.counters["1.values"]
    zero, full = (priced[name].terms for name in ("nothing", "everything"))
    assert full["mac"] > zero["mac"], "a bias alone may still reach the second layer"
    assert full["weight_read"] > zero["weight_read"]
    assert full["multiplier_read"] >= zero["multiplier_read"] > 0
    assert {"requantize", "activation_write", "activation_read"} <= set(full)


def test_changes_of_such_an_ann_are_of_bits_and_lanes():
    changes = dict(option_changes(SimpleNamespace(design=SimpleNamespace(params=CHAINS[4]))))
    assert changes == {"ANN: 4 lanes": {"lanes": 4}, "ANN: 16 lanes": {"lanes": 16}}, "its bits are 4 already"


def test_what_event_engines_cannot_run_is_refused():
    network = random_design(CHAINS[0], seed=3).network
    with pytest.raises(InputError, match="give --weights memory"):
        plan(network, PlanOptions(engine=Engine.EVENT, weights=WeightSource.STREAM))
    window = Conv2d(shape=(1, 3, 3), weight=np.ones((7, 1, 3, 3), dtype=np.int64), bias=np.zeros(7, dtype=np.int64))
    stages = (replace(network.stages[0], synapses=window), *network.stages[1:])
    with pytest.raises(InputError, match="chains of dense layers only"):
        plan(replace(network, stages=stages), PlanOptions(engine=Engine.EVENT))


def test_the_digits_give_the_same_logits_on_either_engine():
    data = load_data("digits")
    both = [prepare(EXAMPLES / "digits_ann.onnx", data, ModelOptions(engine=kind)) for kind in ENGINES]
    x = both[0].integers(data.x)
    dense, sparse = (golden.run(one.design, x) for one in both)
    assert (dense.outputs == sparse.outputs).all()
    assert sparse.operations["mac"].mean() < 0.6 * dense.operations["mac"].mean()
    assert sparse.cycles.max() < dense.cycles.min()
    classes = plan(both[1].quantized.network, PlanOptions(engine=Engine.EVENT, argmax=True))
    assert (golden.run(classes, x).predictions == dense.predictions).all()


@pytest.mark.slow
def test_a_generated_design_is_verified_with_stalls(tmp_path):
    write_networks(tmp_path)
    options = ("--data", "npz:d.npz", "--engine", "event", "--lanes", "2", "--out", "d")
    made = tospike("generate", "network", "a.onnx", *options, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    manifest = json.loads((tmp_path / "d" / "manifest.json").read_text())
    assert manifest["choices"]["hardware"]["engine"] == "event"
    checked = tospike("verify", "d", cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
