"""Thirty designs of every engine, option and encoder, whose figures are on record in ``figures.json``."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from support.neuron_cases import of_kind

from tospike.gen.emit.random_design import random_design, random_samples
from tospike.gen.place.options import PlanOptions
from tospike.gen.place.plan import plan
from tospike.hw.params import (
    CHANGE,
    SPIKE,
    AcceleratorParams,
    ActivationParams,
    AdaptationParams,
    ArrayParams,
    ChangeParams,
    Comparison,
    CubaLifParams,
    CubaLiParams,
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
    IntFormat,
    LeakKind,
    LeakParams,
    LifParams,
    LiParams,
    NeuronKind,
    NeuronUpdate,
    NoiseParams,
    Readout,
    RegisterParams,
    RequantizeParams,
    Reset,
    ResetTiming,
    SpikingParams,
    SystolicParams,
    WeightSource,
)
from tospike.sim.network import Accumulator, Conv2d, Dense, InputSpec, MaxPool2d, Network, Requantize, Stage, Window

SEED, SAMPLES = 11, 6
S5, U4, BYTE = IntFormat(bits=5, signed=True), IntFormat(bits=4, signed=False), IntFormat(bits=8, signed=False)
MULTIPLY = LeakParams(kind=LeakKind.MULTIPLY, decay=3000)
LIF = LifParams(threshold=9, state_bits=12)
LI = LiParams(state_bits=12, leak=MULTIPLY)
DEFAULT = LIF


def systolic(dataflow, *, finer=0, **knobs):
    array = ArrayParams(rows=2, cols=3, dataflow=dataflow, act=S5, weight_bits=4, acc_bits=16 + finer)
    layers = (
        DenseLayer(rows=2, inputs=7, outputs=5, clamp=(0, S5.max)),
        DenseLayer(rows=2, inputs=5, outputs=4),
    )
    engine = SystolicParams(array=array, layers=layers, requantize=RequantizeParams(fraction_bits=finer), **knobs)
    return AcceleratorParams(name="ann", engines=(engine,))


def layer(inputs, neurons, neuron=DEFAULT, **knobs):
    knobs = {"lanes": 3, "weight_bits": 4, **knobs}
    return SpikingParams(inputs=inputs, neurons=neurons, neuron=neuron, **knobs)


def registers(inputs, neurons, neuron=DEFAULT, **knobs):
    return RegisterParams(inputs=inputs, neurons=neurons, neuron=neuron, weight_bits=4, **knobs)


def spiking(*layers, **knobs):
    return AcceleratorParams(name="snn", engines=layers, **{"host_input": HostInput.TOKENS, **knobs})


def encoded(encoding, *others, **knobs):
    encoder = EncoderParams(inputs=10, steps=4, encoding=encoding, payload=BYTE)
    hidden = layer(10, 7, payload=encoder.output.payload, bias=True)
    last = layer(7, 4, LI, readout=Readout.MEMBRANE)
    return spiking(encoder, hidden, *others, last, host_input=HostInput.DENSE, **knobs)


def event_ann(*sizes, act=U4, finer=0, host_output=HostOutput.DENSE):
    engines = []
    for inputs, neurons in pairwise(sizes):
        hidden = len(engines) < len(sizes) - 2
        activation = ActivationParams(act=act, clamp=(act.min, act.max), shift=13) if hidden else None
        knobs = {
            "lanes": 3,
            "act": act,
            "weight_bits": 4,
            "state_bits": 16 + finer,
            "fraction_bits": finer,
            "bias": True,
        }
        engines.append(EventAnnParams(inputs=inputs, neurons=neurons, activation=activation, **knobs))
    return AcceleratorParams(name="event_ann", engines=tuple(engines), host_output=host_output)


def delta_ann():
    encoder = DeltaParams(inputs=10, steps=4, threshold=2, amounts=True, payload=BYTE)
    activation = ChangeParams(act=BYTE, clamp=(0, 255), shift=17, change_threshold=2)
    knobs = {"lanes": 3, "act": BYTE, "weight_bits": 4, "bias": True}
    hidden = DeltaAnnParams(inputs=10, neurons=7, activation=activation, **knobs)
    last = DeltaAnnParams(inputs=7, neurons=5, **knobs)
    return AcceleratorParams(name="delta_ann", engines=(encoder, hidden, last))


def changes():
    encoder = DeltaParams(inputs=10, steps=4, threshold=20, payload=BYTE)
    engines = (encoder, layer(10, 7, payload=CHANGE), layer(7, 4, LI, readout=Readout.MEMBRANE))
    return AcceleratorParams(name="changes", engines=engines)


def recordings():
    engines = (DelayParams(inputs=10, longest=2), layer(10, 7), layer(7, 4, readout=Readout.COUNT))
    events = HostEventParams(time_bin=100, steps=5)
    return AcceleratorParams(name="recordings", engines=engines, host_input=HostInput.EVENTS, host_events=events)


def windows():
    first = EventWindow(shape=(2, 6, 6), channels=4, kernel=(3, 3), padding=(1, 1, 1, 1))
    second = EventWindow(shape=(4, 6, 6), channels=4, kernel=(2, 2), stride=(2, 2), pool=(2, 1), depthwise=True)
    chain = [layer(w.inputs, w.neurons, window=w, lanes=2) for w in (first, second)]
    return spiking(*chain, host_output=HostOutput.FIRST_SPIKE)


def convolutions():
    """A network of convolutions on the conv engine."""
    rng = np.random.default_rng(SEED)
    act = IntFormat(bits=6, signed=True)

    weight, bias = rng.integers(-8, 8, (5, 2, 3, 3)), rng.integers(-99, 99, 5)
    synapses = Conv2d(shape=(2, 7, 6), weight=weight, bias=bias, stride=(1, 1), padding=(1, 1, 1, 1), groups=1)
    neuron = Requantize(multiplier=rng.integers(1 << 13, 1 << 15, 5), shift=19, clamp=(0, act.max))
    pool = MaxPool2d(shape=synapses.output_shape, window=Window(kernel=(2, 2), stride=(2, 2)))
    last = Dense(weight=rng.integers(-8, 8, (4, pool.outputs)), bias=rng.integers(-99, 99, 4))
    stages = (
        Stage(name="conv", synapses=synapses, neuron=neuron),
        Stage(name="pool", synapses=pool, neuron=Accumulator()),
        Stage(name="last", synapses=last, neuron=Accumulator()),
    )
    spec = InputSpec(inputs=84, format=act)
    return plan(Network(name="conv", input=spec, stages=stages), PlanOptions(rows=2, cols=3))


DRAWN = (Encoding.DIRECT, Encoding.RATE, Encoding.STOCHASTIC, Encoding.TTFS, Encoding.PHASE)
"""In the order of the record: a code that is added must not change what is drawn."""


def random_chain(seed):
    """An encoder or none, 1 to 3 layers of any neuron, delays before some."""
    rng = np.random.default_rng(seed)

    def choose(*options):
        return options[rng.integers(len(options))]

    steps = choose(2, 3, 5)
    spikes = choose(False, True)
    first = EncoderParams(inputs=choose(5, 9), steps=steps, encoding=choose(*DRAWN), payload=U4)
    engines = [] if spikes else [first]
    before = first.output if engines else replace(first.output, payload=SPIKE)
    for place in range(choose(1, 2, 3)):
        if choose(False, False, True):
            engines.append(DelayParams(inputs=before.addresses, longest=choose(1, 3), payload=before.payload))
        kind = choose(NeuronKind.IF, NeuronKind.LIF, NeuronKind.CUBA_LIF, NeuronKind.SLIDING)
        knobs = {} if kind is NeuronKind.SLIDING else {"reset": choose(Reset.ZERO, Reset.SUBTRACT)}
        neuron = of_kind(kind, threshold=7, state_bits=10, leak=choose(MULTIPLY, LeakParams()), **knobs)
        make = choose(layer, registers)
        engines.append(
            make(
                before.addresses,
                choose(4, 7, 8),
                neuron,
                payload=before.payload,
                bias=choose(False, True),
                recurrent=choose(False, True),
                readout=choose(Readout.SPIKES, Readout.COUNT) if place == 2 else Readout.SPIKES,
            )
        )
        before = engines[-1].output
    return AcceleratorParams(
        name="chain",
        engines=tuple(engines),
        host_input=HostInput.TOKENS if spikes else HostInput.DENSE,
        host_output=HostOutput.TOKENS,
    )


def _parameters():
    subtract = replace(LIF, reset=Reset.SUBTRACT)
    return {
        "systolic-os": systolic(Dataflow.OS, finer=2),
        "systolic-ws-writable": systolic(Dataflow.WS, writable=True),
        "systolic-streamed": systolic(Dataflow.OS, weights=WeightSource.STREAM, weight_queue=4),
        "event-ann": event_ann(9, 7, 5, finer=3),
        "event-ann-argmax": event_ann(6, 5, 4, host_output=HostOutput.ARGMAX),
        "delta-ann": delta_ann(),
        "rate": encoded(Encoding.RATE),
        "direct": encoded(Encoding.DIRECT),
        "lfsr-argmax": encoded(Encoding.STOCHASTIC, host_output=HostOutput.ARGMAX),
        "latency-delay": encoded(Encoding.TTFS, DelayParams(inputs=7, longest=5)),
        "phase": encoded(Encoding.PHASE),
        "changes": changes(),
        "recordings": recordings(),
        "windows-first-spike": windows(),
        "touched-subtract": spiking(
            layer(9, 11, IfParams(threshold=20, reset=Reset.SUBTRACT), update=NeuronUpdate.ACTIVE),
            host_output=HostOutput.TOKENS,
        ),
        "early-several-spikes": spiking(
            layer(9, 6, replace(subtract, spike_bits=2)), host_output=HostOutput.EARLY, decision_steps=5
        ),
        "registers": spiking(
            registers(9, 7, replace(subtract, reset_timing=ResetTiming.SNNTORCH), bias=True, recurrent=True),
            registers(7, 4, LI, readout=Readout.MEMBRANE),
        ),
        "adaptive-noisy-writable": spiking(
            layer(9, 7, replace(LIF, adaptation=AdaptationParams(step=2), noise=NoiseParams(bits=3)), writable=True),
            layer(7, 4, replace(LIF, refractory=2, comparison=Comparison.AT_LEAST), readout=Readout.COUNT),
        ),
        "cuba-varying": spiking(
            layer(
                9,
                7,
                CubaLifParams(
                    threshold=9, state_bits=12, leak=replace(MULTIPLY, varies=True), synapse=MULTIPLY, leak_bias=1
                ),
            ),
            layer(7, 4, CubaLiParams(state_bits=12, leak=MULTIPLY), readout=Readout.MEMBRANE),
        ),
    } | {f"chain-{seed}": random_chain(seed) for seed in range(10)}


def designs():
    """The design and its samples, by name."""
    made = {name: random_design(params, seed=SEED) for name, params in _parameters().items()}
    made["convolutions"] = convolutions()
    return {name: (design, random_samples(design, SAMPLES, seed=SEED)) for name, design in made.items()}
