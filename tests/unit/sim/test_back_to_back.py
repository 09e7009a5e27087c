"""Samples back to back: when each answer leaves, by the golden model and in RTL."""

from itertools import pairwise

import numpy as np
import pytest
from support.accelerator_bench import departures_of
from support.conv_engine import Maker
from support.dataflow import chain, layer, random_layers
from support.unrolled import unrolled

from tospike.gen.emit.random_design import random_design, random_samples
from tospike.hw.params import (
    AcceleratorParams,
    ActivationParams,
    ArrayParams,
    ChangeParams,
    Dataflow,
    DelayParams,
    DeltaAnnParams,
    DeltaParams,
    DenseLayer,
    EncoderParams,
    Encoding,
    EventAnnParams,
    EventWindow,
    HostEventParams,
    HostInput,
    HostOutput,
    IfParams,
    InputError,
    IntFormat,
    LifParams,
    LiParams,
    NeuronUpdate,
    Readout,
    RegisterParams,
    Reset,
    SpikingParams,
    SystolicParams,
    ValueSpikesParams,
    WeightSource,
)
from tospike.sim import accelerator
from tospike.sim.cycles import back_to_back as module
from tospike.sim.cycles.back_to_back import BackToBack, back_to_back, departures, depends_on_data, interval

U4, BYTE = IntFormat(bits=4, signed=False), IntFormat(bits=8, signed=False)
LIF = LifParams(threshold=9, state_bits=12, reset=Reset.SUBTRACT)

CHAINS = {
    "folded": chain(layer(12, 8, 4, 2), layer(8, 5, 2, 1, input_lanes=1, last=True)),
    "the class": chain(layer(12, 8, 4, 2), layer(8, 5, 2, 1, input_lanes=1), host_output=HostOutput.ARGMAX),
    "packed": chain(layer(12, 8, 4, 2), layer(8, 5, 2, 1, input_lanes=1, last=True), host_bits=128),
    "unrolled": chain(unrolled([8, 6, 4]), host_bits=128),
    "unrolled, a word per result": chain(unrolled([8, 6, 4], input_lanes=4)),
    "unrolled and folded": chain(
        unrolled([8, 6], last=False), layer(6, 5, 3, 1, input_lanes=6, last=True), host_bits=128
    ),
}


def systolic(*sizes, rows=1, cols=3, batch=1, flow=Dataflow.OS, **knobs):
    """Dense layers on an array; weights are streamed if ``knobs`` have a queue for them."""
    layers = tuple(
        DenseLayer(rows=batch, inputs=inputs, outputs=outputs, clamp=(0, 15) if number < len(sizes) - 2 else None)
        for number, (inputs, outputs) in enumerate(pairwise(sizes))
    )
    array = ArrayParams(rows=rows, cols=cols, dataflow=flow, act=U4, weight_bits=4, acc_bits=20)
    weights = {"weights": WeightSource.STREAM} if "weight_queue" in knobs else {}
    return AcceleratorParams(name="s", engines=(SystolicParams(array=array, layers=layers, **weights, **knobs),))


def event_ann(*sizes, lanes, changes=False):
    """Dense layers on event engines that skip zeros, or unchanged values."""
    engines = []
    for number, (inputs, neurons) in enumerate(pairwise(sizes)):
        make = DeltaAnnParams if changes else EventAnnParams
        threshold = {"change_threshold": 2} if changes else {}
        sends = (ChangeParams if changes else ActivationParams)(act=BYTE, clamp=(0, 255), shift=14, **threshold)
        activation = sends if number < len(sizes) - 2 else None
        knobs = {"act": BYTE, "weight_bits": 4, "bias": True, "activation": activation}
        engines.append(make(inputs=inputs, neurons=neurons, lanes=lanes[number], **knobs))
    first = (DeltaParams(inputs=sizes[0], steps=3, threshold=2, amounts=True, payload=BYTE),) if changes else ()
    return AcceleratorParams(name="e", engines=(*first, *engines))


def spiking(inputs, neurons, neuron=LIF, **knobs):
    return SpikingParams(
        **{"inputs": inputs, "neurons": neurons, "neuron": neuron, "lanes": 2, "weight_bits": 4, **knobs}
    )


def snn(*engines, **knobs):
    return AcceleratorParams(name="n", engines=engines, **{"host_input": HostInput.TOKENS, **knobs})


WINDOW = EventWindow(shape=(2, 3, 4), channels=3, kernel=(2, 2), padding=(1, 0, 0, 1))
IMAGE = spiking(WINDOW.inputs, WINDOW.neurons, window=WINDOW)
ENCODER = EncoderParams(inputs=7, steps=3, encoding=Encoding.RATE, payload=U4)
OTHERS = {
    "array": systolic(9, 7, 5),
    "weight-stationary": systolic(6, 7, 4, flow=Dataflow.WS, rows=2),
    "one layer": systolic(5, 4),
    "results in another order": systolic(2, 9, batch=4, rows=2, cols=3),
    "streamed weights, several beats to a word": systolic(4, 9, 10, cols=9, weight_queue=4),
    "zeros skipped": event_ann(7, 6, 5, lanes=(2, 3)),
    "activations wait for the next layer": event_ann(4, 12, 12, lanes=(12, 1)),
    "unchanged values skipped": event_ann(6, 5, 4, lanes=(2, 3), changes=True),
    "encoder": snn(ENCODER, spiking(7, 5), spiking(5, 4), host_input=HostInput.DENSE, host_output=HostOutput.TOKENS),
    "membranes": snn(
        spiking(6, 5), spiking(5, 3, LiParams(state_bits=12), readout=Readout.MEMBRANE), host_output=HostOutput.ARGMAX
    ),
    "registers and recurrence": snn(
        RegisterParams(inputs=6, neurons=5, neuron=LIF, weight_bits=4, recurrent=True),
        spiking(5, 4, recurrent=True),
        host_output=HostOutput.TOKENS,
    ),
    "active words": snn(
        spiking(6, 9, IfParams(threshold=20, reset=Reset.SUBTRACT), update=NeuronUpdate.ACTIVE),
        host_output=HostOutput.TOKENS,
    ),
    "recordings": snn(
        DelayParams(inputs=6, longest=3),
        spiking(6, 5, readout=Readout.COUNT),
        host_input=HostInput.EVENTS,
        host_events=HostEventParams(time_bin=10, steps=3),
    ),
    "first spike of an image": snn(IMAGE, host_output=HostOutput.FIRST_SPIKE),
    "early": snn(spiking(6, 5), host_output=HostOutput.EARLY, decision_steps=5),
    "early, of an image": snn(IMAGE, host_output=HostOutput.EARLY, decision_steps=5),
}


def images():
    """On the conv engine: loaded while the last layer runs, or not, because that layer reads the image."""
    made = Maker((2, 3, 3)).conv(3, (2, 2)).dense(3).logits()
    return {
        "loaded early": made.design(2, 3),
        "streamed weights": made.design(2, 3, weights=WeightSource.STREAM),
        "residual": Maker((2, 2, 2)).conv(2, (1, 1), relu=False).add(-1, 0, (3, 5)).logits().design(2, 1),
    }


def check(params, samples=12):
    """The golden model's departures are those of the RTL; return the cycles between them."""
    return check_design(random_design(params, seed=1), samples)


def check_design(design, samples):
    x = random_samples(design, samples, seed=1)
    golden = departures(design, x)
    assert departures_of(design, x, between=150) == golden.tolist()
    assert golden[0] == accelerator.run(design, x[:1]).cycles[0]
    return np.diff(golden)


@pytest.mark.parametrize("params", OTHERS.values(), ids=OTHERS)
def test_other_engines(params):
    check(params, samples=4)


@pytest.mark.parametrize("design", images().values(), ids=images())
def test_images(design):
    check_design(design, 3)


def random_array(rng):
    """Layers, batch and array of any size."""
    sizes = rng.integers(1, 12, rng.integers(2, 5)).tolist()
    rows, cols, batch = (int(rng.choice(sides)) for sides in ((1, 2, 3, 5), (1, 2, 3, 5, 9), (1, 1, 2, 4, 7)))
    queue = {"weight_queue": int(rng.choice([4, 8, 16]))} if rng.random() < 0.5 else {}
    return systolic(*sizes, rows=rows, cols=cols, batch=batch, flow=list(Dataflow)[rng.integers(2)], **queue)


@pytest.mark.parametrize("seed", range(3))
def test_random_arrays(seed):
    check(random_array(np.random.default_rng(seed)), samples=5)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 180))
def test_many_random_arrays(seed):
    check(random_array(np.random.default_rng(seed)), samples=5)


@pytest.mark.parametrize("params", CHAINS.values(), ids=CHAINS)
def test_every_answer_leaves_when_the_golden_model_says(params):
    check(params)


@pytest.mark.parametrize("seed", range(4))
def test_random_chains(seed):
    check(random_layers(np.random.default_rng(seed)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 160))
def test_many_random_chains(seed):
    check(random_layers(np.random.default_rng(seed)))


def test_a_sample_per_cycle():
    assert (check(CHAINS["unrolled"], samples=60) == 1).all()


def test_the_interval_of_a_long_stream():
    assert [interval(CHAINS[name]) for name in ("packed", "unrolled", "unrolled, a word per result")] == [20, 1, 6]


def test_the_slowest_layer_determines_the_throughput():
    params = CHAINS["packed"]
    assert (check(params)[4:] == max(engine.fold for engine in params.engines)).all()


def test_one_array_overlaps_loading_only():
    """A frame waits for all layers of the one before, but not for its values: 9 cycles are hidden."""
    params = OTHERS["array"]
    alone = accelerator.run(random_design(params, seed=1), np.zeros((1, 9), dtype=np.int64)).cycles[0]
    assert not depends_on_data(params)
    assert 0 < alone - interval(params) <= 9 + 5, "the input's values, and what follows the queue of results"


def test_an_answer_on_the_last_tick_does_not_end_the_sample():
    """After an early answer, the rest of the spike train has still to pass: the next sample waits for it."""
    design = random_design(OTHERS["early"], seed=1)
    x = random_samples(design, 8, seed=1)
    assert (np.diff(departures(design, x)) > 0).all()
    assert back_to_back(design, x).interval > accelerator.run(design, x).cycles.min() / 2


def test_uncompiled_models_say_the_same(monkeypatch):
    for name in ("encoder", "active words", "recordings", "early, of an image", "membranes", "first spike of an image"):
        design = random_design(OTHERS[name], seed=2)
        x = random_samples(design, 6, seed=2)
        fast = departures(design, x)
        with monkeypatch.context() as patch:
            patch.setattr(module, "CompiledLink", type(None))
            assert departures(design, x).tolist() == fast.tolist(), name


def test_the_interval_is_that_of_the_second_half():
    assert BackToBack(departures=np.array([100, 110, 130, 170])).interval == 30
    assert BackToBack(departures=np.array([7])).interval == 7


def test_an_array_that_is_stalled_is_refused():
    array = systolic(6, 5).engines[0]
    params = AcceleratorParams(
        name="a",
        engines=(
            SystolicParams(array=array.array, layers=(DenseLayer(rows=1, inputs=6, outputs=5, clamp=(0, 15)),)),
            ValueSpikesParams(inputs=5, payload=U4, steps=8),
            spiking(5, 4, payload=U4, readout=Readout.COUNT),
        ),
    )
    design = random_design(params, seed=1)
    with pytest.raises(InputError, match="the timing of an array that the engine downstream stalls is not known"):
        departures(design, random_samples(design, 4, seed=1))
