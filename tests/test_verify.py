"""The cocotb benches run on generated Verilog, and they notice a design that is wrong."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tospike.gen.cache import Cache
from tospike.gen.folder import generate
from tospike.gen.random_design import random_design
from tospike.hw.params import (
    CHANGE,
    SPIKE,
    AcceleratorParams,
    ActivationParams,
    ArrayParams,
    Dataflow,
    DelayParams,
    DeltaParams,
    DenseLayer,
    EncoderParams,
    Encoding,
    EventParams,
    HostEventParams,
    HostInput,
    HostOutput,
    InputError,
    IntFormat,
    LeakKind,
    LeakParams,
    NeuronKind,
    NeuronParams,
    Readout,
    Reset,
    Sweep,
    SystolicParams,
    WeightSource,
)
from tospike.tb.verify import verify

ACT = IntFormat(bits=5, signed=True)
BYTE = IntFormat(bits=8, signed=False)
LI = NeuronParams(kind=NeuronKind.LI, state_bits=12, leak=LeakParams(kind=LeakKind.MULTIPLY, decay=3000))


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
    hidden = EventParams(
        inputs=10,
        neurons=7,
        lanes=3,
        payload=encoder.output.payload,
        weight_bits=4,
        neuron=NeuronParams(threshold=9, state_bits=12, reset=Reset.SUBTRACT),
        bias=True,
    )
    last = EventParams(inputs=7, neurons=4, lanes=3, weight_bits=4, neuron=LI, readout=Readout.MEMBRANE)
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
    hidden = EventParams(
        inputs=10,
        neurons=7,
        lanes=3,
        payload=BYTE.difference,
        weight_bits=4,
        neuron=NeuronParams(kind=NeuronKind.I, state_bits=16),
        readout=Readout.MEMBRANE,
        bias=True,
        activation=ActivationParams(act=BYTE, clamp=(0, 255), shift=17, change_threshold=2),
        delta=True,
    )
    last = replace(hidden, inputs=7, neurons=5, lanes=2, activation=None, sweep=Sweep.TOUCHED)
    return AcceleratorParams(name="delta_ann", engines=(encoder, hidden, last))


def core(readout):
    engine = EventParams(
        inputs=9, neurons=6, lanes=4, neuron=NeuronParams(threshold=40, state_bits=10), readout=readout, writable=True
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


@pytest.mark.parametrize("name", DESIGNS)
def test_designs_pass(tmp_path, name):
    results = verify(make(tmp_path / "d", name), samples=4, cache=Cache(root=tmp_path / "cache"))
    assert [r.message for r in results if not r.passed] == []
    assert sum(not r.skipped for r in results) == 6 + ("streamed" in name) + (
        DESIGNS[name][0].host_input is HostInput.TOKENS
    )


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus Verilog is not installed")
@pytest.mark.parametrize("name", DESIGNS)
def test_designs_pass_on_icarus(tmp_path, name):
    """Icarus knows unknown values: whatever is not reset, and matters, shows."""
    folder = make(tmp_path / "d", name)
    results = verify(folder, samples=4, simulator="icarus", waves=True, cache=Cache(root=tmp_path / "cache"))
    assert [r.message for r in results if not r.passed] == []
    assert (folder / "verify" / "dump.fst").stat().st_size > 1000


def test_a_wrong_design_fails(tmp_path):
    """The benches compare with the network in the folder: swap it for another, and they must object."""
    folder = make(tmp_path / "d", "os")
    other = generate(
        tmp_path / "other",
        kind="test",
        params=DESIGNS["os"][0],
        design=random_design(DESIGNS["os"][0], seed=4),
        choices={},
    ).path
    manifest = json.loads((other / "manifest.json").read_text())
    for file in ("generic/ann.v", "mem/engine_0_weights.hex"):
        content = (folder / file).read_bytes()
        assert content != (other / file).read_bytes()
        (other / file).write_bytes(content)
        manifest["files"][file] = hashlib.sha256(content).hexdigest()
    (other / "manifest.json").write_text(json.dumps(manifest))
    results = {r.name: r.passed for r in verify(other, samples=3, cache=Cache(root=tmp_path / "cache"))}
    assert not results["identification_and_unmapped_registers"]
    assert not results["lone_samples_are_exact_to_the_cycle"]


def test_bad_arguments(tmp_path):
    with pytest.raises(InputError, match="not a generated design"):
        verify(tmp_path)
    with pytest.raises(InputError, match="simulator must be verilator or icarus, not 'vcs'"):
        verify(make(tmp_path / "d", "core-count"), simulator="vcs")
    with pytest.raises(InputError, match="samples must be at least 1, not 0"):
        verify(Path("d"), samples=0)
