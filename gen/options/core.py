"""Options of a spiking core without a network."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from tospike.gen.place.options import COUNTER_BITS, Counters, Engine, PlanOptions
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
    NeuronParams,
    NeuronUpdate,
    NoiseParams,
    PayloadCode,
    Readout,
    RegisterParams,
    Reset,
    ResetTiming,
    SpikingLayerParams,
    SpikingParams,
    check_options,
    neuron_params,
    option,
    require,
    require_range,
    same_option,
)
from tospike.hw.params.neurons.leak import MAX_DECAY_BITS, MAX_SHIFT
from tospike.hw.params.neurons.sliding import MAX_TAP_SHIFT, NEGATIVE_TAP


class SpikingEngine(StrEnum):
    """The engine of a spiking layer."""

    EVENT = Engine.EVENT.value
    REGISTER = Engine.REGISTER.value


@dataclass(frozen=True, kw_only=True)
class LayerOptions:
    """A layer of identical neurons, whose weights the host writes."""

    PANEL: ClassVar = "Layer"

    inputs: int = option(256, "Input addresses")
    neurons: int = option(256, "Neurons")
    lanes: int | None = option(None, "Neurons updated per cycle", unset="8; register engine: all of them")
    engine: SpikingEngine = option(SpikingEngine.EVENT, "Neuron states in a memory (event) or in registers (register)")
    weight_bits: int = option(8, "Weight bits")
    payload_bits: int = option(1, "Payload bits of an event, unsigned; 1: spikes")
    recurrent: bool = option(False, "Feed spikes back as events of the next step")
    update: NeuronUpdate = option(
        NeuronUpdate.ALL, "Words updated per time step: all, or only active ones (IF and I without bias)"
    )
    readout: Readout | None = option(None, "Readout", unset="spikes; membrane for i and li")
    bias: bool = option(False, "One bias per neuron, added in every step")
    counters: Counters = same_option(PlanOptions, "counters")
    core_only: bool = option(False, "Generate the bare core without host port, for tospike synth")

    def engine_of(self, neuron: NeuronParams) -> SpikingLayerParams:
        """Return the engine, with these neurons.

        Raises
        ------
        InputError
            A number is out of range, or the engine or the neuron does not support an option.
        """
        knobs: dict[str, Any] = {
            "inputs": self.inputs,
            "neurons": self.neurons,
            "payload": IntFormat(bits=self.payload_bits, signed=False),
            "weight_bits": self.weight_bits,
            "neuron": neuron,
            "readout": self.readout or (Readout.SPIKES if neuron.spikes else Readout.MEMBRANE),
            "bias": self.bias,
            "recurrent": self.recurrent,
            "writable": True,
            "counter_bits": COUNTER_BITS[self.counters],
        }
        if self.engine is SpikingEngine.EVENT:
            return SpikingParams(**knobs, lanes=8 if self.lanes is None else self.lanes, update=self.update)
        layer = RegisterParams(**knobs)
        require(
            self.lanes in (None, layer.neurons) and self.update is NeuronUpdate.ALL,
            f"a register engine updates its {layer.neurons} neurons at once: leave --lanes and --update out",
        )
        return layer

    def accelerator(self, neuron: NeuronParams) -> AcceleratorParams:
        """Return an accelerator of this engine alone, whose host port takes tokens."""
        layer = self.engine_of(neuron)
        return AcceleratorParams(
            name="spiking",
            engines=(layer,),
            host_input=HostInput.TOKENS,
            host_output=HostOutput.TOKENS if layer.readout is Readout.SPIKES else HostOutput.DENSE,
        )


@dataclass(frozen=True, kw_only=True)
class NeuronOptions:
    """The neurons; options that a neuron model does not have are ignored."""

    PANEL: ClassVar = "Neuron"

    neuron: NeuronKind = option(NeuronKind.LIF, "Neuron model")
    state_bits: int = option(16, "Membrane bits")
    threshold: int = option(64, "Spike threshold")
    comparison: Comparison = option(Comparison.ABOVE, "Spike when v > threshold (above) or v >= threshold")
    reset: Reset = option(Reset.ZERO, "Reset of the membrane by a spike")
    v_reset: int = option(0, "Membrane after a reset by --reset value")
    reset_timing: ResetTiming = option(ResetTiming.SAME, "Time step in which a spike resets the membrane")
    spike_bits: int = option(1, "Up to 2**BITS - 1 spikes per neuron and step")
    code: PayloadCode = option(PayloadCode.COUNT, "What the payload of a spike of several bits tells")
    refractory: int = option(0, "Refractory steps after a spike")
    initial: int = option(0, "Initial membrane potential")
    lower_bound: int | None = option(None, "Lower bound of the membrane", unset="none")
    leak: LeakKind = option(LeakKind.SHIFT, "Leak by shift or by multiplier")
    leak_shift: int = option(4, "v loses v / 2**shift per step", low=1, high=MAX_SHIFT)
    decay: int = option(3840, "Multiplier of the leak, in units of 2**-decay-bits")
    decay_bits: int = option(12, "Fraction bits of the decay", low=1, high=MAX_DECAY_BITS)
    current_bits: int = option(16, "CuBa: bits of the synaptic current")
    synapse_leak: LeakKind = option(LeakKind.SHIFT, "CuBa: leak of the current")
    synapse_shift: int = option(1, "CuBa: i loses i / 2**shift per step", low=1, high=MAX_SHIFT)
    synapse_decay: int = option(2048, "CuBa: multiplier of that leak, in units of 2**-decay-bits")
    leak_bias: int = option(0, "CuBa: added to the membrane in every step")
    state_fraction_bits: int = option(0, "Fraction bits of states beyond those of weights")
    adaptation: int = option(0, "Increase of an adaptive threshold per spike; 0: constant threshold")
    adaptation_leak: LeakKind = option(LeakKind.SHIFT, "Leak of the adaptive threshold")
    adaptation_shift: int = option(4, "The increase a loses a / 2**shift per step", low=1, high=MAX_SHIFT)
    adaptation_decay: int = option(3840, "Multiplier of that leak, in units of 2**-decay-bits")
    noise_bits: int = option(0, "Threshold noise bits; 0: none")
    noise_shift: int = option(0, "Threshold noise is multiplied by 2**shift; rounded if that is negative")
    noise_draws: int = option(1, "Uniform numbers whose sum is the noise; 4: nearly Gaussian")
    noise_scale: int = option(1, "Threshold noise is multiplied by this, too")
    noise_seed: int = option(1, "Seed of the threshold noise")
    taps: str = option("1,2,3", "Sliding: inputs from 1, 2, ... steps ago are weighted by 1 / 2**TAP; -TAP negates")
    tap_dilation: int = option(1, "Sliding: steps between those inputs")

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def params(self) -> NeuronParams:
        """The neuron.

        Raises
        ------
        InputError
            A number is out of range, or the neuron does not support an option.
        """
        kind = self.neuron
        own: dict[str, object] = {}
        if kind.leaks:
            own["leak"] = self._leak("decay", self.leak, self.leak_shift)
        if kind.synaptic:
            own["current_bits"] = self.current_bits
            own["synapse"] = self._leak("synapse_decay", self.synapse_leak, self.synapse_shift)
        adaptation = noise = None
        if self.adaptation:
            leak = self._leak("adaptation_decay", self.adaptation_leak, self.adaptation_shift)
            adaptation = AdaptationParams(step=self.adaptation, leak=leak)
        if self.noise_bits:
            noise = NoiseParams(
                bits=self.noise_bits,
                shift=self.noise_shift,
                seed=self.noise_seed,
                draws=self.noise_draws,
                scale=self.noise_scale,
            )
        return neuron_params(
            kind,
            state_bits=self.state_bits,
            threshold=self.threshold if kind.spikes else 1,
            comparison=self.comparison,
            reset=self.reset,
            v_reset=self.v_reset,
            reset_timing=self.reset_timing,
            spike_bits=self.spike_bits,
            code=self.code,
            refractory=self.refractory,
            initial=self.initial,
            lower_bound=self.lower_bound,
            leak_bias=self.leak_bias,
            state_fraction_bits=self.state_fraction_bits,
            taps=_taps(self.taps),
            dilation=self.tap_dilation,
            adaptation=adaptation,
            noise=noise,
            **own,
        )

    def _leak(self, decay: str, kind: LeakKind, shift: int) -> LeakParams:
        """Return a leak, with the option ``decay`` as its multiplier."""
        multiplier = getattr(self, decay)
        require_range(decay.replace("_", "-"), multiplier, 0, 1 << self.decay_bits)
        return LeakParams(kind=kind, shift=shift, decay=multiplier, decay_bits=self.decay_bits)


def _taps(text: str) -> tuple[int, ...]:
    """Return ``1,-2,3`` as taps, of which the second is negative."""
    parts = [part.strip() for part in text.split(",")]
    require(
        all(part.removeprefix("-").isdecimal() for part in parts),
        f"--taps {text!r} is not a list of numbers, for example 1,-2,3",
    )
    for part in parts:
        require_range("taps", int(part.removeprefix("-")), 0, MAX_TAP_SHIFT)
    return tuple(int(part.removeprefix("-")) + NEGATIVE_TAP * part.startswith("-") for part in parts)
