"""Convolutional SNNs from network to hardware: windows, orders of addresses, RTL."""

from dataclasses import replace

import numpy as np
import pytest
from support.paths import SHARED
from support.simulators import QUICK

from tospike.gen.emit.folder import build
from tospike.gen.emit.memory_init import pack
from tospike.gen.emit.random_design import random_design
from tospike.gen.emit.serialize import decode, encode
from tospike.gen.place.options import PlanOptions
from tospike.gen.place.plan import plan
from tospike.gen.place.windows import window_of
from tospike.gen.quantize.network import quantize
from tospike.gen.tools.cache import Cache
from tospike.hw.params import (
    AcceleratorParams,
    Comparison,
    EventWindow,
    HostInput,
    IfParams,
    InputError,
    IntFormat,
    LifParams,
    NeuronKind,
    Readout,
    Reset,
    SpikingParams,
)
from tospike.sim import accelerator
from tospike.sim.network import Conv2d, Dense, InputSpec, Network, SpikingNeuron, Stage, SumPool2d, Window
from tospike.sim.network.reference import run_float
from tospike.sim.spiking.window import chain_order
from tospike.tb.replay.replay import replay

STEPS = 5


def pooled_weights(rng, shape, pool=2):
    """Random weights, equal within pools."""
    return rng.integers(-4, 5, shape).repeat(pool, axis=2).repeat(pool, axis=3)


def synapses(rng):
    """Convolution, convolution behind a pool, depthwise convolution, dense layer behind a pool, dense layer."""
    dense = pooled_weights(rng, (6, 4, 2, 2)).reshape(6, -1)
    return (
        Conv2d(
            shape=(2, 12, 8), weight=rng.integers(-4, 8, (3, 2, 3, 3)), bias=np.array([0, 1, 0]), padding=(1, 1, 1, 1)
        ),
        Conv2d(shape=(3, 12, 8), weight=pooled_weights(rng, (4, 3, 3, 1)), bias=np.zeros(4, dtype=int), stride=(2, 2)),
        Conv2d(shape=(4, 4, 4), weight=rng.integers(-2, 8, (4, 1, 1, 1)), bias=np.zeros(4, dtype=int), groups=4),
        Dense(weight=dense, bias=np.zeros(6, dtype=int)),
        Dense(weight=rng.integers(-4, 8, (3, 6)), bias=np.zeros(3, dtype=int)),
    )


def networks(seed=0):
    """The same network in integers, and in floating point."""
    rng = np.random.default_rng(seed)
    law = {"threshold": 5, "reset": Reset.SUBTRACT, "comparison": Comparison.AT_LEAST, "spike_bits": 2}
    layers = synapses(rng)
    spec = InputSpec(inputs=192, steps=STEPS, format=IntFormat(bits=1, signed=False))

    def network(neuron):
        stages = tuple(Stage(name=f"s{n}", synapses=layer, neuron=neuron) for n, layer in enumerate(layers))
        return Network(name="net", input=spec, stages=stages, readout=Readout.COUNT)

    integers = network(IfParams(state_bits=12, **law))
    return integers, network(SpikingNeuron(kind=NeuronKind.IF, **law))


def spikes(count, seed=1):
    return (np.random.default_rng(seed).random((count, STEPS, 192)) < 0.2).astype(np.uint8)


def test_golden_model_counts_the_spikes_of_the_float_network():
    integers, exact = networks()
    design, x = plan(integers, PlanOptions(lanes=2)), spikes(8)
    result = accelerator.run(design, x[:, :, chain_order((2, 12, 8))])
    floats = run_float(exact, x)
    assert (result.outputs == floats.outputs).all()
    trains = accelerator.spike_trains(design, x[:, :, chain_order((2, 12, 8))])
    for number, (train, stage) in enumerate(zip(trains, floats.stages, strict=True)):
        assert stage.outputs.any()
        assert (train == stage.outputs).all()
        if number:
            before = floats.stages[number - 1].outputs.astype(np.int64)
            assert (accelerator.stage_spikes(design, number, before) == stage.outputs).all()


def test_batches_do_not_matter(monkeypatch):
    integers, _ = networks()
    design, x = plan(integers), spikes(5)
    whole = accelerator.run(design, x)
    monkeypatch.setattr(accelerator, "BATCH_SPIKES", 2 * STEPS * 700)
    parts = accelerator.run(design, x)
    assert (whole.outputs == parts.outputs).all()
    assert (whole.cycles == parts.cycles).all()
    for name, values in whole.counters.items():
        assert (values == parts.counters[name]).all()
    for ours, theirs in zip(whole.engine_operations, parts.engine_operations, strict=True):
        assert {name: values.tolist() for name, values in ours.items()} == {n: v.tolist() for n, v in theirs.items()}


@pytest.mark.slow
def test_rtl_equals_golden_model(tmp_path):
    integers, _ = networks()
    design, x = plan(integers, PlanOptions(lanes=2)), spikes(2)[:, :2]
    expected = accelerator.run(design, x)
    verilog, _, _ = build(design.params, pack(design))
    got = replay(verilog, design.params, x, simulator=QUICK, cache=Cache(root=tmp_path))
    assert (got.outputs == expected.outputs).all()
    assert (got.cycles == expected.cycles).all()
    assert got.counters == {
        **{name: int(values.sum()) for name, values in expected.counters.items()},
        "cycles": int(expected.cycles.sum()),
    }


def test_windows_of_a_network():
    integers, _ = networks()
    design = plan(integers)
    windows = [engine.window for engine in design.params.engines]
    assert windows == [
        EventWindow(shape=(2, 12, 8), channels=3, kernel=(3, 3), padding=(1, 1, 1, 1)),
        EventWindow(shape=(3, 12, 8), channels=4, kernel=(3, 1), pool=(2, 2)),
        EventWindow(shape=(4, 4, 4), channels=4, kernel=(1, 1), depthwise=True),
        EventWindow(shape=(4, 4, 4), channels=6, kernel=(2, 2), pool=(2, 2)),
        None,
    ]
    # a weight of a pool is stored once
    words = [len(images["weights"]) for images in pack(design)]
    assert words == [9 * 2, 3 * 3, 4, 4 * 4, 6]
    assert decode(encode(design.params)) == design.params


def stage(layer):
    return Stage(name="s", synapses=layer, neuron=LifParams())


@pytest.mark.parametrize(
    ("stride", "padding", "pool"),
    [((2, 2), (2, 0, 2, 4), (2, 2)), ((2, 1), (0, 0, 0, 0), (2, 1)), ((2, 2), (1, 0, 1, 0), (1, 2))],
)
def test_only_a_pool_that_divides_everything_is_one(stride, padding, pool):
    rng = np.random.default_rng(0)
    layer = Conv2d(
        shape=(1, 8, 8),
        weight=pooled_weights(rng, (2, 1, 2, 2)),
        bias=np.zeros(2, dtype=int),
        stride=stride,
        padding=padding,
    )
    window = window_of(stage(layer), ())
    assert window.pool == pool
    assert window.size == layer.output_shape[1:]


def test_random_designs_have_pools_and_depthwise_windows():
    window = EventWindow(shape=(2, 4, 6), channels=4, kernel=(2, 1), pool=(2, 3), depthwise=True, padding=(0, 1, 0, 0))
    engine = SpikingParams(inputs=48, neurons=window.neurons, lanes=2, window=window, readout=Readout.COUNT)
    params = AcceleratorParams(name="a", engines=(engine,), host_input=HostInput.TOKENS)
    design = random_design(params, seed=0)
    assert window_of(design.network.stages[0], ()) == window


def test_what_event_engines_do_not_run():
    integers, _ = networks()
    pool = SumPool2d(shape=(2, 12, 8), window=Window(kernel=(1, 1)), bias=np.zeros(2, dtype=int))
    with pytest.raises(InputError, match="stage 's' is SumPool2d: event engines run chains of dense layers and conv"):
        window_of(stage(pool), ())
    padded = replace(integers.stages[0].synapses, pad_value=1)
    with pytest.raises(InputError, match="pad with zeros"):
        window_of(stage(padded), ())


def test_quantised_convolutions_keep_the_spikes():
    """Weights that are on the grid already: nothing is rounded, nothing saturates."""
    _, exact = networks()
    x = spikes(6)
    quantized = quantize(exact, x).network
    design = plan(quantized)
    result = accelerator.run(design, x[:, :, chain_order((2, 12, 8))])
    assert np.abs(result.outputs - run_float(exact, x).outputs).mean() < 0.5
    assert all(not result.counters[f"{n}.saturations"].any() for n in range(5))


NIR = SHARED / "data/nir"


@pytest.mark.slow
@pytest.mark.skipif(not NIR.is_dir(), reason="needs ../shared/data/nir")
def test_cnn_sinabs_on_nmnist():
    """The published network in RTL: outputs, cycles and counters of a recording equal the golden model's."""
    from tospike.gen.data.datasets import load_data
    from tospike.gen.nir.frameworks import Framework
    from tospike.gen.options.model import ModelOptions
    from tospike.gen.pipeline import prepare
    from tospike.tb.evaluate import evaluate
    from tospike.tb.inference import Backend

    data = load_data(f"npz:{NIR / 'nmnist_train_1000.npz'}", time_bin_us=1000, steps=300)
    prepared = prepare(NIR / "cnn_sinabs.nir", data, ModelOptions(framework=Framework.SINABS, steps=300))
    evaluation = evaluate(prepared, data, Backend.RTL, samples=3)
    assert evaluation.mismatches == 0
    assert evaluation.accuracy == 1
