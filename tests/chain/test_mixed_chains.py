"""Chains that mix engines: an array, bridges and spiking layers behind one another."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from support.accelerator_bench import answers_and_counters, answers_of
from support.cochlea import cochlea
from support.dataflow import layer
from support.unrolled import unrolled
from support.windows import convolution, pool, window

from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.engines import ENGINES as ENERGY
from tospike.compare.energy.technology import load_technology
from tospike.compare.study.engines import ENGINES as STUDIED
from tospike.gen.emit.folder import generate
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.gen.place.options import PlanOptions
from tospike.gen.place.placer import Placer
from tospike.gen.place.placers import PLACERS
from tospike.gen.place.plan import plan
from tospike.gen.tools.cache import Cache
from tospike.hw.accelerator import ENGINES as COMPONENTS
from tospike.hw.host.layout import LAYOUTS
from tospike.hw.params import (
    CHANGE,
    SPIKE,
    WORD_KIND,
    WORD_PAYLOAD,
    AcceleratorParams,
    ActivationParams,
    ArrayParams,
    CochleaCode,
    Contents,
    Dataflow,
    DenseLayer,
    EncoderParams,
    Encoding,
    EventAnnParams,
    FrameBufferParams,
    HostInput,
    HostOutput,
    InputError,
    IntFormat,
    LifParams,
    PrimitiveSet,
    Readout,
    RegisterParams,
    Reset,
    SpikeCode,
    SpikeCountParams,
    SpikingParams,
    SystolicParams,
    TokenKind,
    ValueSpikesParams,
)
from tospike.sim import accelerator as golden
from tospike.sim.design import Design
from tospike.sim.models import MODELS
from tospike.sim.network import Accumulator, Conv2d, Dense, InputSpec, MaxPool2d, Network, Requantize, Stage, Window
from tospike.sim.network.output_order import as_network
from tospike.tb.verify import VerifyOptions, verify

TICK, END = (kind << WORD_KIND[0] for kind in (TokenKind.TICK, TokenKind.END))
U4, U6 = IntFormat(bits=4, signed=False), IntFormat(bits=6, signed=False)
LIF = LifParams(threshold=9, state_bits=12, reset=Reset.SUBTRACT)


def array(*sizes, act=U4, last=False, rows=1, cols=3, dataflow=Dataflow.OS):
    """Dense layers on an array; activations leave, or with ``last`` accumulators."""
    shape = ArrayParams(rows=rows, cols=cols, dataflow=dataflow, act=act, weight_bits=4, acc_bits=18)
    ends = [(0, act.max)] * (len(sizes) - 2) + [None if last else (0, act.max)]
    layers = [
        DenseLayer(rows=1, inputs=inputs, outputs=outputs, clamp=clamp)
        for (inputs, outputs), clamp in zip(pairwise(sizes), ends, strict=True)
    ]
    return SystolicParams(array=shape, layers=tuple(layers))


def spiking(inputs, neurons, **knobs):
    return SpikingParams(**{"inputs": inputs, "neurons": neurons, "neuron": LIF, "lanes": 2, "weight_bits": 4, **knobs})


HIDDEN = {
    "act": U4,
    "lanes": 2,
    "weight_bits": 4,
    "bias": True,
    "activation": ActivationParams(act=U4, clamp=(0, 15), shift=13),
}


def chain(*engines, **knobs):
    return AcceleratorParams(name="mixed", engines=engines, **knobs)


CHAINS = {
    "array, graded spikes, spiking": chain(
        array(9, 7), ValueSpikesParams(inputs=7, payload=U4, steps=3), spiking(7, 5, payload=U4, readout=Readout.COUNT)
    ),
    "one step": chain(
        array(5, 6, 4, dataflow=Dataflow.WS, rows=2),
        ValueSpikesParams(inputs=4, payload=U4),
        spiking(4, 3, payload=U4),
        host_output=HostOutput.TOKENS,
    ),
    "spiking, counts, array": chain(
        spiking(6, 7, bias=True),
        SpikeCountParams(inputs=7, count=U4),
        array(7, 5, 4, last=True),
        host_input=HostInput.TOKENS,
    ),
    "counts saturate": chain(
        spiking(4, 5, neuron=replace(LIF, threshold=1)),
        SpikeCountParams(inputs=5, count=IntFormat(bits=1, signed=False)),
        array(5, 3, act=IntFormat(bits=1, signed=False), last=True),
        host_input=HostInput.TOKENS,
        host_output=HostOutput.ARGMAX,
    ),
    "array, spiking, array": chain(
        array(8, 6, act=U6),
        ValueSpikesParams(inputs=6, payload=U6, steps=2),
        spiking(6, 5, payload=U6, lanes=1),
        RegisterParams(inputs=5, neurons=7, neuron=LIF, weight_bits=4),
        SpikeCountParams(inputs=7, count=U4),
        array(7, 3, last=True),
    ),
    "zero-skipping layer, encoder, spiking": chain(
        EventAnnParams(**HIDDEN, inputs=7, neurons=5),
        EncoderParams(inputs=5, steps=3, encoding=Encoding.RATE, payload=U4),
        spiking(5, 4, readout=Readout.COUNT),
    ),
    "spiking, zero-skipping layer": chain(
        spiking(6, 5, readout=Readout.COUNT, count_bits=4),
        EventAnnParams(inputs=5, neurons=4, act=U4, lanes=2, weight_bits=4, bias=True),
        host_input=HostInput.TOKENS,
    ),
    "dataflow layers, class": chain(
        layer(9, 7, 4, 3),
        layer(7, 5, 2, 5, input_lanes=1, output_lanes=5, dsp_products=3),
        unrolled([5, 6], dsps=4, last=False),
        layer(6, 4, 1, 2, input_lanes=6, last=True),
        host_output=HostOutput.ARGMAX,
    ),
    "convolutions and pools": chain(
        convolution(
            window((1, 7, 7), (3, 3), padding=(1, 1, 1, 1), all_rows=True), 4, 4, input_lanes=4, output_lanes=2
        ),
        pool(window((4, 7, 7), (2, 2), stride=(2, 2), lanes=2), input_lanes=2),
        convolution(window((4, 3, 3), (2, 2), lanes=4), 3, 2, input_lanes=2),
        pool(window((3, 2, 2), (2, 1), lanes=3), maximum=False),
        layer(6, 5, 3, 2, input_lanes=3, last=True),
    ),
    "an image": chain(
        pool(window((2, 4, 4), (2, 2), stride=(2, 2)), input_lanes=4),
        convolution(window((2, 2, 2), (1, 2), lanes=2), 3, 3, output_lanes=3, last=True),
    ),
    "cochlea, spiking": chain(
        cochlea(5, code=CochleaCode.LIF, threshold=40, leak_shift=3, multipliers=2),
        spiking(5, 4, readout=Readout.COUNT),
    ),
    "cochlea of changes, spiking": chain(
        cochlea(3, code=CochleaCode.DELTA, threshold=5, sections=1),
        spiking(3, 4, payload=CHANGE),
        host_output=HostOutput.TOKENS,
    ),
    "cochlea, array": chain(cochlea(3, level_bits=4, fraction_bits=0), array(9, 5, 4, last=True)),
    "cochlea, zero-skipping layer": chain(
        cochlea(2, level_bits=3, sent=U4, sparse=True, floor=80),
        EventAnnParams(**HIDDEN, inputs=6, neurons=5),
        EncoderParams(inputs=5, steps=3, encoding=Encoding.RATE, payload=U4),
        spiking(5, 4, readout=Readout.COUNT),
    ),
    "one wide": chain(
        array(1, 1, cols=1),
        ValueSpikesParams(inputs=1, payload=U4, steps=4),
        spiking(1, 1, payload=U4, lanes=1),
        SpikeCountParams(inputs=1, count=U4),
        array(1, 1, cols=1, last=True),
    ),
}


def random_chain(rng):
    """Engines of any kind behind one another, each taking what the one before sends."""

    def choose(*options):
        return options[rng.integers(len(options))]

    from_tokens = choose(False, True)
    size, contents, fmt = choose(1, 5, 8), Contents.TRAIN if from_tokens else choose(*FRAMES), U4
    fmt = SPIKE if from_tokens else fmt
    engines = []
    if not from_tokens and choose(False, True):
        engines.append(random_cochlea(choose))
        size, contents, fmt = engines[0].output.addresses, engines[0].sends, engines[0].output.payload
    for _ in range(choose(2, 3, 4, 5)):
        outputs = choose(1, 4, 7)
        if contents in FRAMES and engines and choose(False, True):
            engine = random_bridge(choose, size, fmt, sparse=contents is Contents.SPARSE_FRAME)
        elif contents is Contents.FRAME:
            flow = choose(*Dataflow)
            engine = array(size, outputs, act=fmt, rows=choose(1, 2), cols=choose(1, 3), dataflow=flow)
        elif contents is Contents.SPARSE_FRAME and choose(False, True):
            encoding = choose(Encoding.DIRECT, Encoding.RATE, Encoding.PHASE)
            engine = EncoderParams(inputs=size, steps=choose(1, 3), encoding=encoding, payload=fmt)
        elif contents is Contents.SPARSE_FRAME:
            knobs = {"lanes": choose(1, 3), "weight_bits": 4, "bias": choose(False, True)}
            activation = ActivationParams(act=U4, clamp=(0, 15), shift=13)
            engine = EventAnnParams(inputs=size, neurons=outputs, act=fmt, activation=activation, **knobs)
        elif choose(False, False, True):
            engine = SpikeCountParams(
                inputs=size, payload=fmt, count=U4, transpose=choose(None, (size, 1), matrix(size))
            )
        else:
            readout = choose(Readout.SPIKES, Readout.SPIKES, Readout.COUNT)
            knobs = {"payload": fmt, "readout": readout, "bias": choose(False, True), "count_bits": 4}
            in_registers = choose(False, False, True)
            make = RegisterParams if in_registers else SpikingParams
            lanes = {} if in_registers else {"lanes": choose(1, 3)}
            engine = make(inputs=size, neurons=outputs, neuron=LIF, weight_bits=4, **knobs, **lanes)
        engines.append(engine)
        size, contents, fmt = engine.output.addresses, engine.sends, engine.output.payload
    host_output = HostOutput.TOKENS if contents is Contents.TRAIN else HostOutput.DENSE
    host_input = HostInput.TOKENS if from_tokens else HostInput.DENSE
    if not any(engine.runs_stages for engine in engines):
        return random_chain(rng)
    return chain(*engines, host_input=host_input, host_output=host_output)


def random_cochlea(choose):
    """From sound to spikes, changes or levels."""
    channels = choose(1, 2, 5)
    knobs = {"sections": choose(1, 2), "multipliers": choose(1, channels), "hop": choose(1, 5), "steps": choose(1, 3)}
    code = choose(*CochleaCode)
    if code is CochleaCode.LEVELS:
        return cochlea(
            channels, **knobs, level_bits=choose(3, 4), sent=U4, floor=choose(0, 60), sparse=choose(False, True)
        )
    return cochlea(channels, **knobs, code=code, threshold=choose(1, 30))


def matrix(size):
    """Rows and columns of ``size`` words."""
    rows = next(rows for rows in (4, 3, 2, 1) if size % rows == 0)
    return rows, size // rows


def random_bridge(choose, size, fmt, *, sparse):
    """From values to spikes, or to values."""
    knobs = {"inputs": size, "payload": fmt, "sparse": sparse, "transpose": choose(None, matrix(size))}
    if choose(False, True):
        return FrameBufferParams(**knobs, values=choose(None, IntFormat(bits=3, signed=False)))
    code = choose(*SpikeCode)
    levels = choose(1, 3, 6, fmt.max)
    if code.is_graded:
        return ValueSpikesParams(**knobs, code=code, levels=choose(None, levels), steps=choose(1, 2, 4))
    return ValueSpikesParams(**knobs, code=code, levels=levels, steps=levels + choose(0, 3))


FRAMES = (Contents.FRAME, Contents.SPARSE_FRAME)


def frame_words(values):
    return [address | int(value) << WORD_PAYLOAD[0] for address, value in enumerate(values) if value]


def check(params, seed):
    """Outputs, cycles and counters of the RTL are those of the golden model, and stalls change no output."""
    design = random_design(params, seed=seed)
    x = random_samples(design, 5, seed=seed)
    expected = golden.run(design, x)
    answers, counters = answers_and_counters(design, x)
    totals = {name: int(counts.sum()) for name, counts in expected.counters.items()}
    assert [cycles for _, cycles in answers] == expected.cycles.tolist()
    assert counters == totals | {"cycles": int(expected.cycles.sum())}
    stalled, counters = answers_and_counters(design, x[:3], stall=0.4)
    assert [words for words, _ in stalled] == [words for words, _ in answers[:3]]
    # a layer that waits is stalled for more cycles
    work = {name: int(counts[:3].sum()) for name, counts in expected.counters.items() if not name.endswith("cycles")}
    assert {name: counters[name] for name in work} == work
    if params.host_output is not HostOutput.TOKENS:
        words = np.array([words for words, _ in answers], dtype=np.uint32).astype(np.int32)
        assert (as_network(params, words) == expected.outputs).all()
        return
    for (words, _), train in zip(answers, expected.trains, strict=True):
        assert words == [word for step in train for word in [*frame_words(step), TICK]] + [END]


@pytest.mark.parametrize("params", CHAINS.values(), ids=CHAINS)
def test_rtl_equals_golden_in_outputs_and_cycles(params):
    check(params, seed=3)


@pytest.mark.parametrize("seed", range(12))
def test_random_chains(seed):
    check(random_chain(np.random.default_rng(seed)), seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1200))
def test_many_random_chains(seed):
    check(random_chain(np.random.default_rng(seed)), seed)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "dataflow layers, class",
        "convolutions and pools",
        "array, spiking, array",
        "one step",
        "spiking, counts, array",
        "cochlea, spiking",
        "cochlea, array",
    ],
)
def test_generated_verilog_equals_golden_in_counters_too(tmp_path, name):
    design = random_design(CHAINS[name], seed=3)
    folder = generate(tmp_path / "d", kind="network", params=CHAINS[name], design=design, choices={}).path
    results = verify(folder, VerifyOptions(samples=4), cache=Cache(root=tmp_path / "cache"))
    assert [result.message for result in results if not result.passed] == []
    assert sum(not result.skipped for result in results) >= 6


@pytest.mark.slow
def test_dataflow_layers_of_vendor_cells(tmp_path):
    params = CHAINS["dataflow layers, class"].with_primitives(PrimitiveSet.ECP5)
    design = random_design(params, seed=3)
    folder = generate(tmp_path / "d", kind="network", params=params, design=design, choices={}).path
    results = verify(folder, VerifyOptions(samples=4), cache=Cache(root=tmp_path / "cache"))
    assert [result.message for result in results if not result.passed] == []


def test_every_registry_knows_every_engine():
    """An engine is told once in each layer."""
    kinds = set(COMPONENTS)
    assert kinds == set(LAYOUTS) == set(MODELS) == set(PLACERS) == set(ENERGY)
    with_layers = {kind for kind, placer in PLACERS.items() if placer.place is not Placer().place}
    assert with_layers == set(STUDIED)


@pytest.mark.parametrize("name", ["array, spiking, array", "dataflow layers, class"])
def test_energy_of_a_mixed_chain_has_a_part_for_each_engine(name):
    params = CHAINS[name]
    design = random_design(params, seed=3)
    result = golden.run(design, random_samples(design, 4, seed=3))
    energy = counter_energy(load_technology("horowitz45"), params, result.counters, result.cycles)
    assert (energy.total > 0).all()


def test_links_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="engine 0 sends a whole frame, but engine 1 takes a spike train: put an enc"):
        chain(array(9, 7), spiking(7, 5, payload=U4))
    with pytest.raises(InputError, match=r"engine 0 sends a spike train, but engine 1 takes a whole frame: it must"):
        chain(spiking(6, 7), array(7, 5, act=SPIKE), host_input=HostInput.TOKENS)


def test_convolutions_before_spikes():
    """The conv engine runs its part of the network, as if that were one of its own."""
    rng = np.random.default_rng(3)
    neuron = Requantize(multiplier=np.full(2, 1 << 14), shift=18, clamp=(0, 15))
    conv = Conv2d(
        shape=(1, 4, 4),
        weight=rng.integers(-8, 8, (2, 1, 2, 2)),
        bias=np.zeros(2, int),
        stride=(1, 1),
        padding=(0,) * 4,
    )
    stages = tuple(
        Stage(name=str(n), synapses=synapses, neuron=neuron)
        for n, synapses in enumerate((conv, MaxPool2d(shape=(2, 3, 3), window=Window(kernel=(3, 1), stride=(1, 1)))))
    )
    stages = (stages[0], replace(stages[1], neuron=Accumulator()))
    dense = Dense(weight=rng.integers(-8, 8, (6, 6)), bias=np.zeros(6, int))
    stages = (*stages, Stage(name="2", synapses=dense, neuron=replace(neuron, multiplier=np.full(6, 1 << 14))))
    ann = Network(name="mixed", input=InputSpec(inputs=16, format=U4), stages=stages)
    (engine,) = plan(ann, PlanOptions(rows=1, cols=2)).params.engines
    spikes = random_design(chain(spiking(6, 4, payload=U4, readout=Readout.COUNT), host_input=HostInput.TOKENS), seed=3)
    design = Design(
        params=chain(engine, ValueSpikesParams(inputs=6, payload=U4, steps=2), *spikes.params.engines),
        network=replace(ann, stages=(*stages, *spikes.network.stages), readout=Readout.COUNT),
        stage_counts=(3, 0, 1),
    )
    x = rng.integers(0, 16, (5, 16))
    expected = golden.run(design, x)
    assert expected.outputs.any()
    answers = answers_of(design, x)
    assert [words for words, _ in answers] == expected.outputs.tolist()
    assert [cycles for _, cycles in answers] == expected.cycles.tolist()
