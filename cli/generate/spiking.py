"""``tospike generate spiking``."""

from typing import Annotated

import typer

from tospike.cli.arguments import Out
from tospike.cli.commands import new_app
from tospike.cli.generate.announce import announce, announce_manifest
from tospike.gen.bare import generate_component
from tospike.gen.folder import generate
from tospike.gen.plan import SpikingEngine, spiking_layer
from tospike.hw.accelerator import make_engine
from tospike.hw.params import (
    AcceleratorParams,
    AdaptationParams,
    Comparison,
    HostInput,
    HostOutput,
    IntFormat,
    LeakKind,
    LeakParams,
    NeuronKind,
    NoiseParams,
    Readout,
    Reset,
    ResetTiming,
    Sweep,
    neuron_params,
)
from tospike.hw.snn.layout import memories

app = new_app()


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
    lower_bound: Annotated[int | None, typer.Option(help="No membrane goes lower into the next step [none].")] = None,
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
    membrane = {"leak": LeakParams(kind=leak, shift=leak_shift, decay=decay, fraction_bits=decay_bits)}
    synapse = LeakParams(kind=synapse_leak, shift=synapse_shift, decay=synapse_decay, fraction_bits=decay_bits)
    current = {"current_bits": current_bits, "synapse": synapse}
    layer = spiking_layer(
        engine,
        inputs=inputs,
        neurons=neurons,
        lanes=lanes,
        payload=IntFormat(bits=payload_bits, signed=False),
        weight_bits=weight_bits,
        neuron=neuron_params(
            neuron,
            state_bits=state_bits,
            threshold=threshold if neuron.spikes else 1,
            comparison=comparison,
            reset=reset,
            v_reset=v_reset,
            reset_timing=reset_timing,
            spike_bits=spike_bits,
            refractory=refractory,
            initial=initial,
            lower_bound=lower_bound,
            drift=drift,
            weight_shift=weight_shift,
            taps=_taps(taps),
            adaptation=AdaptationParams(
                step=adaptation,
                leak=LeakParams(
                    kind=adaptation_leak, shift=adaptation_shift, decay=adaptation_decay, fraction_bits=decay_bits
                ),
            )
            if adaptation
            else None,
            noise=NoiseParams(bits=noise_bits, shift=noise_shift, seed=noise_seed) if noise_bits else None,
            **(membrane if neuron.leaks else {}),
            **(current if neuron.synaptic else {}),
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
        announce_manifest(out, manifest)
        return
    params = AcceleratorParams(
        name="spiking",
        engines=(layer,),
        host_input=HostInput.TOKENS,
        host_output=HostOutput.TOKENS if readout is Readout.SPIKES else HostOutput.DENSE,
    )
    announce(generate(out, kind="spiking", params=params, design=None, choices={}))


def _taps(text: str) -> tuple[int, ...]:
    """``1,2,3`` as numbers."""
    parts = text.split(",")
    if not all(part.strip().isdecimal() for part in parts):
        raise typer.BadParameter(f"{text!r} is not a list of numbers, for example 1,2,3", param_hint="--taps")
    return tuple(int(part) for part in parts)
