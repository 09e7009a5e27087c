"""``tospike generate``."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from tospike.gen import console
from tospike.gen.bare import generate_array, generate_component
from tospike.gen.data import load_data
from tospike.gen.devices import find_device
from tospike.gen.fit import EITHER
from tospike.gen.fit import fit as fit_engine
from tospike.gen.folder import DesignFolder, generate
from tospike.gen.options import ModelOptions, takes_model_options
from tospike.gen.prepare import prepare
from tospike.gen.streaming import stream_cost
from tospike.gen.technology import with_products
from tospike.gen.vectors import BENCH_SAMPLES
from tospike.gen.written_folder import check_replaceable
from tospike.hw.accelerator import make_engine
from tospike.hw.params import (
    AcceleratorParams,
    AdaptationParams,
    ArrayParams,
    Comparison,
    Dataflow,
    DenseLayer,
    EventParams,
    HostInput,
    HostOutput,
    IntFormat,
    LeakKind,
    LeakParams,
    NeuronKind,
    NeuronParams,
    NoiseParams,
    Readout,
    Reset,
    ResetTiming,
    SpikingEngine,
    Sweep,
    SystolicParams,
    Technology,
    WeightSource,
    require,
)
from tospike.hw.snn.layout import memories

app = typer.Typer(no_args_is_help=True, help="Write Verilog, manifest.json and memory images.")

Out = Annotated[Path, typer.Option(help="Folder for the design; an earlier design there is replaced.")]
Data = Annotated[
    str,
    typer.Option(help="digits, mnist:DIR or npz:FILE (values x,y; spikes,label; or events x,y,p,t_us,offsets,label)."),
]
Model = Annotated[Path, typer.Argument(help="Trained network: .onnx (ANN) or .nir (SNN).", show_default=False)]
TimeBin = Annotated[int | None, typer.Option(help="Events only: length of a time step in microseconds.")]
HoldOut = Annotated[int | None, typer.Option(help="npz without training part: each Nth sample is test, not training.")]
Sensor = Annotated[str | None, typer.Option(help="Events only: WIDTHxHEIGHT [as far as they reach].")]


class ActSign(StrEnum):
    """Signedness of activations on the command line."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"


def _say(line: str) -> None:
    console.out.print(line, highlight=False, soft_wrap=True)


def _say_stream(params: AcceleratorParams) -> None:
    if params.weight_stream:
        _say(str(stream_cost(params.weight_stream)))


def _announce(folder: DesignFolder) -> None:
    _announce_manifest(folder.path, folder.manifest)


def _announce_manifest(path: Path, manifest: Mapping[str, Any]) -> None:
    files = ", ".join(manifest["verilog"].values())
    console.out.print(Text.assemble((str(path), "bold"), f": {files}; README.md tells what else there is"))
    console.out.print(f"module {manifest['top']}, configuration {manifest['config_hash']}", highlight=False)


@app.command(epilog="Example:  tospike generate systolic --rows 8 --cols 8 --gemm 64,64,64 --out build/gemm")
def systolic(
    *,
    out: Out,
    rows: Annotated[int | None, typer.Option(help="Rows of the array [8].")] = None,
    cols: Annotated[int | None, typer.Option(help="Columns of the array [8].")] = None,
    dataflow: Annotated[Dataflow | None, typer.Option(help="Output- or weight-stationary [os].")] = None,
    fit: Annotated[str | None, typer.Option(help="Choose the fastest array that fits ecp5-85k or ice40-up5k.")] = None,
    act_bits: Annotated[int, typer.Option(help="Bits of an activation, 1 to 8.")] = 8,
    act_sign: Annotated[ActSign, typer.Option(help="Signedness of activations.")] = ActSign.SIGNED,
    weight_bits: Annotated[int, typer.Option(help="Bits of a weight, 1 to 8; 1: +1 and -1.")] = 8,
    acc_bits: Annotated[int, typer.Option(help="Bits of an accumulator, up to 32.")] = 32,
    gemm: Annotated[str, typer.Option(help="M,N,K: results (M x N), inner dimension K.")] = "64,64,64",
    technology: Annotated[Technology, typer.Option(help="What multipliers are made of.")] = Technology.GENERIC,
    zero_gating: Annotated[bool, typer.Option("--zero-gating", help="Multipliers rest while an operand is 0.")] = False,
    products_per_multiplier: Annotated[
        int | None, typer.Option(help="1, or 2: two columns share multipliers [ecp5: 2 where widths allow, else 1].")
    ] = None,
    weights: Annotated[
        WeightSource | None, typer.Option(help="On chip, or streamed in [memory; stream if --fit must].")
    ] = None,
    array_only: Annotated[bool, typer.Option("--array-only", help="The bare array, for synthesis.")] = False,
) -> None:
    """A systolic engine for matrix products: activations stream in, writable weights and biases, 32-bit results."""
    check_replaceable(out)
    layer = parse_gemm(gemm)
    single = ArrayParams(
        rows=8 if rows is None else rows,
        cols=8 if cols is None else cols,
        dataflow=dataflow or Dataflow.OS,
        act=IntFormat(bits=act_bits, signed=act_sign is ActSign.SIGNED),
        weight_bits=weight_bits,
        acc_bits=acc_bits,
        zero_gating=zero_gating,
        technology=technology,
    )
    array = with_products(single, products_per_multiplier)
    if array_only:
        require(fit is None and weights is None, "a bare array has no memories: leave --fit and --weights out")
        generate_array(out, params=array)
        console.out.print(Text.assemble((str(out), "bold"), ": the bare array, manifest.json"))
        return
    engine = SystolicParams(array=array, layers=(layer,), writable=True, weights=weights or WeightSource.MEMORY)
    if fit is not None:
        own = (rows, cols, dataflow, products_per_multiplier)
        require(
            all(option is None for option in own),
            "--fit chooses the array: leave --rows, --cols, --dataflow and --products-per-multiplier out, or --fit",
        )
        fitted = fit_engine(engine, find_device(fit), sources=EITHER if weights is None else [weights])
        _say(f"fit: {fitted}")
        engine = fitted.params
    params = AcceleratorParams(name="systolic", engines=(engine,))
    _say_stream(params)
    _announce(generate(out, kind="systolic", params=params, design=None, choices={}))


def parse_gemm(text: str) -> DenseLayer:
    """``M,N,K`` as a layer without requantisation."""
    parts = text.split(",")
    if len(parts) != 3 or not all(part.strip().isdecimal() for part in parts):
        raise typer.BadParameter(f"{text!r} is not M,N,K, for example 64,64,64", param_hint="--gemm")
    m, n, k = (int(part) for part in parts)
    return DenseLayer(rows=m, outputs=n, inputs=k)


def parse_taps(text: str) -> tuple[int, ...]:
    """``1,2,3`` as numbers."""
    parts = text.split(",")
    if not all(part.strip().isdecimal() for part in parts):
        raise typer.BadParameter(f"{text!r} is not a list of numbers, for example 1,2,3", param_hint="--taps")
    return tuple(int(part) for part in parts)


@app.command(epilog="Example:  tospike generate spiking --inputs 256 --neurons 256 --lanes 16 --out build/core")
def spiking(
    *,
    out: Out,
    inputs: Annotated[int, typer.Option(help="Input addresses.")] = 256,
    neurons: Annotated[int, typer.Option(help="Neurons.")] = 256,
    lanes: Annotated[
        int | None, typer.Option(help="Neurons updated per cycle [8; a register engine: all of them].")
    ] = None,
    engine: Annotated[
        SpikingEngine, typer.Option(help="States in a memory of words, or all neurons in registers.")
    ] = SpikingEngine.EVENT,
    weight_bits: Annotated[int, typer.Option(help="Bits of a weight.")] = 8,
    state_bits: Annotated[int, typer.Option(help="Bits of a membrane.")] = 16,
    payload_bits: Annotated[int, typer.Option(help="Bits of an event's payload, unsigned; 1: spikes.")] = 1,
    neuron: Annotated[NeuronKind, typer.Option(help="Neuron.")] = NeuronKind.LIF,
    threshold: Annotated[int, typer.Option(help="Spike when the membrane is above.")] = 64,
    reset: Annotated[Reset, typer.Option(help="What a spike does to the membrane.")] = Reset.ZERO,
    v_reset: Annotated[int, typer.Option(help="Where --reset value leads.")] = 0,
    reset_timing: Annotated[ResetTiming, typer.Option(help="In which step a spike resets.")] = ResetTiming.SAME,
    comparison: Annotated[
        Comparison, typer.Option(help="Spike when v > threshold, or v >= threshold.")
    ] = Comparison.ABOVE,
    spike_bits: Annotated[int, typer.Option(help="Up to 2**BITS - 1 spikes of a neuron in a step.")] = 1,
    refractory: Annotated[int, typer.Option(help="Steps that a neuron rests after a spike.")] = 0,
    initial: Annotated[int, typer.Option(help="Membrane at the start of a sample.")] = 0,
    leak: Annotated[LeakKind, typer.Option(help="Leak by shift or by multiplier.")] = LeakKind.SHIFT,
    leak_shift: Annotated[int, typer.Option(help="v loses v / 2**shift per step.")] = 4,
    decay: Annotated[int, typer.Option(help="Multiplier of the leak, in units of 2**-decay-bits.")] = 3840,
    decay_bits: Annotated[int, typer.Option(help="Fraction bits of the decay.")] = 12,
    current_bits: Annotated[int, typer.Option(help="CuBa: bits of a synaptic current.")] = 16,
    synapse_leak: Annotated[LeakKind, typer.Option(help="CuBa: leak of the current.")] = LeakKind.SHIFT,
    synapse_shift: Annotated[int, typer.Option(help="CuBa: i loses i / 2**shift per step.")] = 1,
    synapse_decay: Annotated[
        int, typer.Option(help="CuBa: multiplier of the leak, in units of 2**-decay-bits.")
    ] = 2048,
    drift: Annotated[int, typer.Option(help="CuBa: added to the membrane in every step.")] = 0,
    weight_shift: Annotated[int, typer.Option(help="Bits by which states are finer than weights.")] = 0,
    adaptation: Annotated[int, typer.Option(help="What a spike adds to an adaptive threshold; 0: it is constant.")] = 0,
    adaptation_leak: Annotated[LeakKind, typer.Option(help="Leak of an adaptive threshold.")] = LeakKind.SHIFT,
    adaptation_shift: Annotated[int, typer.Option(help="It loses a / 2**shift per step.")] = 4,
    adaptation_decay: Annotated[int, typer.Option(help="Multiplier of that leak, in units of 2**-decay-bits.")] = 3840,
    noise_bits: Annotated[int, typer.Option(help="Bits of the noise of a threshold; 0: none.")] = 0,
    noise_shift: Annotated[int, typer.Option(help="The noise is multiplied by 2**shift.")] = 0,
    noise_seed: Annotated[int, typer.Option(help="Seed of the noise.")] = 1,
    taps: Annotated[
        str, typer.Option(help="Sliding: the inputs of 1, 2, ... steps before count 1 / 2**TAP.")
    ] = "1,2,3",
    recurrent: Annotated[
        bool, typer.Option("--recurrent", help="The neurons' spikes are events of the next step.")
    ] = False,
    sweep: Annotated[
        Sweep, typer.Option(help="On a time step sweep all words; or only those touched: IF and I without bias.")
    ] = Sweep.ALL,
    readout: Annotated[
        Readout | None, typer.Option(help="spikes, count or membrane [spikes; membrane for i and li].")
    ] = None,
    bias: Annotated[bool, typer.Option(help="A bias per neuron, added in every step.")] = False,
    core_only: Annotated[
        bool, typer.Option("--core-only", help="Without the host port: the core itself, for `tospike synth`.")
    ] = False,
) -> None:
    """A spiking core: tokens (spikes, time steps) stream in, writable weights, spikes or a readout stream out."""
    readout = readout or (Readout.SPIKES if neuron.spikes else Readout.MEMBRANE)
    if lanes is None:
        lanes = neurons if engine is SpikingEngine.REGISTER else 8
    layer = EventParams(
        inputs=inputs,
        neurons=neurons,
        lanes=lanes,
        engine=engine,
        payload=IntFormat(bits=payload_bits, signed=False),
        weight_bits=weight_bits,
        neuron=NeuronParams(
            kind=neuron,
            state_bits=state_bits,
            threshold=threshold if neuron.spikes else 1,
            comparison=comparison,
            reset=reset,
            v_reset=v_reset,
            reset_timing=reset_timing,
            spike_bits=spike_bits,
            refractory=refractory,
            initial=initial,
            leak=LeakParams(kind=leak, shift=leak_shift, decay=decay, fraction_bits=decay_bits),
            current_bits=current_bits,
            synapse=LeakParams(kind=synapse_leak, shift=synapse_shift, decay=synapse_decay, fraction_bits=decay_bits),
            drift=drift,
            weight_shift=weight_shift,
            taps=parse_taps(taps),
            adaptation=AdaptationParams(
                step=adaptation,
                leak=LeakParams(
                    kind=adaptation_leak, shift=adaptation_shift, decay=adaptation_decay, fraction_bits=decay_bits
                ),
            )
            if adaptation
            else None,
            noise=NoiseParams(bits=noise_bits, shift=noise_shift, seed=noise_seed) if noise_bits else None,
        ),
        readout=readout,
        bias=bias,
        recurrent=recurrent,
        sweep=sweep,
        writable=True,
    )
    if core_only:
        core = make_engine(layer, {shape.name: () for shape in memories(layer)}, 0)
        manifest = generate_component(
            out, kind="spiking-core", component=core, name="spiking_core", params=layer, choices={}
        )
        _announce_manifest(out, manifest)
        return
    params = AcceleratorParams(
        name="spiking",
        engines=(layer,),
        host_input=HostInput.TOKENS,
        host_output=HostOutput.TOKENS if readout is Readout.SPIKES else HostOutput.DENSE,
    )
    _announce(generate(out, kind="spiking", params=params, design=None, choices={}))


@app.command(epilog="Example:  tospike generate network model.onnx --data digits --out build/model")
@takes_model_options
def network(
    *,
    model: Model,
    out: Out,
    data: Data = "digits",
    time_bin_us: TimeBin = None,
    sensor: Sensor = None,
    hold_out: HoldOut = None,
    options: ModelOptions,
) -> None:
    """The accelerator of a trained network, its weights in the memories. The data set calibrates the quantisation."""
    check_replaceable(out)
    data_set = load_data(data, time_bin_us=time_bin_us, steps=options.steps, sensor=sensor, every=hold_out)
    prepared = prepare(model, data_set, options)
    console.warn(prepared.warnings)
    design = prepared.design
    if prepared.fit is not None:
        _say(f"fit: {prepared.fit}")
    _say_stream(design.params)
    samples = prepared.integers(data_set.x[:BENCH_SAMPLES])
    _announce(
        generate(out, kind="network", params=design.params, design=design, choices=prepared.choices, samples=samples)
    )
