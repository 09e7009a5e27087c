"""Generated designs of every host port and engine."""

from dataclasses import replace

from tospike.gen.emit.folder import generate
from tospike.gen.emit.random_design import random_design
from tospike.hw.params import (
    CHANGE,
    SPIKE,
    AcceleratorParams,
    ArrayParams,
    ChangeParams,
    Dataflow,
    DelayParams,
    DeltaAnnParams,
    DeltaParams,
    DenseLayer,
    EncoderParams,
    Encoding,
    HostEventParams,
    HostInput,
    HostOutput,
    IntFormat,
    LeakKind,
    LeakParams,
    LifParams,
    LiParams,
    Readout,
    Reset,
    SpikingParams,
    SystolicParams,
    WeightSource,
)

ACT = IntFormat(bits=5, signed=True)


BYTE = IntFormat(bits=8, signed=False)


LI = LiParams(state_bits=12, leak=LeakParams(kind=LeakKind.MULTIPLY, decay=3000))


def systolic(dataflow, **knobs):
    array = ArrayParams(rows=2, cols=3, dataflow=dataflow, act=ACT, weight_bits=4, acc_bits=16)
    layers = (
        DenseLayer(rows=1, inputs=7, outputs=5, clamp=(0, ACT.max)),
        DenseLayer(rows=1, inputs=5, outputs=4),
    )
    return AcceleratorParams(
        name="ann", engines=(SystolicParams(array=array, layers=layers, **knobs),), host_input=HostInput.DENSE
    )


def spiking(encoding):
    encoder = EncoderParams(inputs=10, steps=4, encoding=encoding, payload=BYTE)
    hidden = SpikingParams(
        inputs=10,
        neurons=7,
        lanes=3,
        payload=encoder.output.payload,
        weight_bits=4,
        neuron=LifParams(threshold=9, state_bits=12, reset=Reset.SUBTRACT),
        bias=True,
    )
    last = SpikingParams(inputs=7, neurons=4, lanes=3, weight_bits=4, neuron=LI, readout=Readout.MEMBRANE)
    return AcceleratorParams(name="snn", engines=(encoder, hidden, last))


def delayed_spikes():
    first, *others = spiking(Encoding.RATE).engines
    engines = (first, DelayParams(inputs=10, longest=2), others[0], DelayParams(inputs=7, longest=5), others[1])
    return AcceleratorParams(name="delays", engines=engines)


def recordings():
    first, last = (replace(engine, payload=SPIKE) for engine in spiking(Encoding.DIRECT).engines[1:])
    return AcceleratorParams(
        name="recordings",
        engines=(DelayParams(inputs=10, longest=1), first, last),
        host_input=HostInput.EVENTS,
        host_events=HostEventParams(time_bin=100, steps=5),
    )


def changing_frames():
    first, last = (replace(engine, payload=CHANGE) for engine in spiking(Encoding.DIRECT).engines[1:])
    encoder = DeltaParams(inputs=10, steps=4, threshold=20, payload=BYTE)
    return AcceleratorParams(name="delta", engines=(encoder, first, replace(last, payload=SPIKE)))


def delta_ann():
    encoder = DeltaParams(inputs=10, steps=4, threshold=2, amounts=True, payload=BYTE)
    hidden = DeltaAnnParams(
        inputs=10,
        neurons=7,
        lanes=3,
        act=BYTE,
        weight_bits=4,
        bias=True,
        activation=ChangeParams(act=BYTE, clamp=(0, 255), shift=17, change_threshold=2),
    )
    last = replace(hidden, inputs=7, neurons=5, lanes=2, activation=None)
    return AcceleratorParams(name="delta_ann", engines=(encoder, hidden, last))


def core(readout):
    engine = SpikingParams(
        inputs=9, neurons=6, lanes=4, neuron=LifParams(threshold=40, state_bits=10), readout=readout, writable=True
    )
    output = HostOutput.TOKENS if readout is Readout.SPIKES else HostOutput.DENSE
    return AcceleratorParams(name="core", engines=(engine,), host_input=HostInput.TOKENS, host_output=output)


def early():
    engine = replace(core(Readout.SPIKES).engines[0], writable=False)
    return AcceleratorParams(
        name="early",
        engines=(engine,),
        host_input=HostInput.TOKENS,
        host_output=HostOutput.EARLY,
        decision_steps=7,
    )


DESIGNS = {
    "os": (systolic(Dataflow.OS), True),
    "ws-writable": (systolic(Dataflow.WS, writable=True), False),
    "rate-membrane": (spiking(Encoding.RATE), True),
    "direct-membrane": (spiking(Encoding.DIRECT), True),
    "delays": (delayed_spikes(), True),
    "recordings": (recordings(), True),
    "delta": (changing_frames(), True),
    "delta-ann": (delta_ann(), True),
    "early": (early(), True),
    "core-spikes": (core(Readout.SPIKES), False),
    "core-count": (core(Readout.COUNT), False),
    "os-streamed": (systolic(Dataflow.OS, weights=WeightSource.STREAM, weight_queue=4), True),
    "ws-streamed": (systolic(Dataflow.WS, weights=WeightSource.STREAM, writable=True), False),
    "os-argmax": (replace(systolic(Dataflow.OS), host_output=HostOutput.ARGMAX), True),
    "rate-argmax": (replace(spiking(Encoding.RATE), host_output=HostOutput.ARGMAX), True),
}


def make(folder, name):
    params, trained = DESIGNS[name]
    design = random_design(params, seed=3) if trained else None
    return generate(folder, kind="test", params=params, design=design, choices={}).path
