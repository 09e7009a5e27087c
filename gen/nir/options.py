"""Options for what NIR leaves open."""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, ClassVar

from tospike.gen.nir.frameworks import CODING, GUESSED, PRESETS, DecayRule, Framework, Gain, Integration, Start, TauUnit
from tospike.gen.nir.qualified import check_beside_taps, check_qualified
from tospike.gen.nir.tap_weights import tap_weights
from tospike.hw.params import (
    Comparison,
    Encoding,
    InputError,
    IntFormat,
    PayloadCode,
    Readout,
    Reset,
    ResetTiming,
    check_options,
    check_reset,
    of_layer,
    option,
    options_of,
    require,
    require_range,
)
from tospike.hw.params.engines.encoder import LFSR_BITS
from tospike.hw.params.neurons.sliding import MAX_INPUTS
from tospike.sim.network import Decoding, InputSpec
from tospike.sim.network.threshold_noise import MOST_NOISE, NoiseShape

METADATA_KEY = "tospike"
"""Key in the metadata of a NIR graph that may state options; other tools ignore it."""


@dataclass(frozen=True, kw_only=True)
class NirOptions:
    """Everything that NIR leaves open: its equations are continuous, without a time step, a reset or an encoding.

    See :class:`tospike.sim.network.SpikingNeuron` for the resulting neuron.
    """

    PANEL: ClassVar = "What a NIR file leaves open (defaults: where it states nothing)"

    framework: Framework | None = option(None, "Preset of dt and rules of a framework; other options override it")
    """The framework whose preset was used; single options may differ from it. See `preset`."""
    dt: float | None = option(None, "Time step in seconds", above=0, unset="none")
    """Length of a step in seconds, for time constants in seconds."""
    tau_unit: TauUnit = option(TauUnit.SECONDS, "Unit of the file's time constants; dt-seconds: seconds times dt")
    """The unit of the file's time constants."""
    decay: DecayRule = option(DecayRule.EULER, "Decay per step, 1 - dt / tau (euler) or exp(-dt / tau)")
    """The rule from a time constant to a decay, for membranes and synaptic currents."""
    gain: Gain = option(Gain.DT_OVER_TAU, "LIF, LI: gain of the input besides R")
    """The factor of the input to a membrane that decays, besides R; it also applies to v_leak."""
    synapse_gain: Gain = option(Gain.DT_OVER_TAU, "Synaptic currents: gain of the input besides w_in")
    """The same for synaptic currents and w_in."""
    reset: Reset = option(Reset.ZERO, "Reset of the membrane by a spike", per_layer="snn")
    """The effect of a spike on the membrane. Exporters also write v_reset = 0 for subtraction, so the file cannot tell.
    """
    reset_timing: ResetTiming = option(
        ResetTiming.SAME, "Time step in which a spike resets the membrane", per_layer="snn"
    )
    """The step in which the reset takes effect."""
    comparison: Comparison = option(
        Comparison.ABOVE, "Spike when v > threshold (above) or v >= threshold", per_layer="snn"
    )
    """Whether a membrane at its threshold spikes."""
    spike_bits: int = option(1, "Up to 2**BITS - 1 spikes per neuron and step", per_layer="snn")
    """A neuron emits at most ``2**spike_bits - 1`` spikes per step."""
    code: PayloadCode = option(
        PayloadCode.COUNT, "What the payload of a spike tells, if it has several bits", per_layer="snn"
    )
    """The number of spikes in a step, or a power of two: of a burst, or of a phase."""
    refractory: int = option(0, "Refractory steps after a spike", per_layer="snn")
    """Steps after a spike in which a neuron is refractory."""
    initial: float = option(0.0, "Initial membrane potential, in thresholds", unset="0", per_layer="snn")
    """Membrane of spiking neurons at the start of a sample, in thresholds."""
    start: Start = option(Start.INITIAL, "Initial membrane: --initial, v_leak or v_reset")
    """Whether membranes start at ``initial`` or at another value."""
    min_v_mem: float | None = option(
        None, "Lower bound of the membrane in each step, as in Sinabs", unset="none", per_layer="snn"
    )
    """Lower bound of the membrane at the end of a step, as in Sinabs; ``None``: no bound."""
    noise: float = option(
        0.0,
        "Standard deviation of the thresholds' noise, in thresholds",
        low=0,
        high=MOST_NOISE,
        unset="0",
        per_layer="snn",
    )
    """Noise that is added to a membrane for the comparison with the threshold alone; 0: none."""
    noise_shape: NoiseShape = option(
        NoiseShape.GAUSSIAN, "Distribution of the noise: gaussian is a sum of four uniform numbers", per_layer="snn"
    )
    noise_seed: int = option(
        1, "Seed of the noise; each layer adds its position", low=0, high=(1 << 31) - 1, per_layer="snn"
    )
    adaptation: float = option(
        0.0, "Increase of a threshold by a spike, in thresholds", low=0, high=64, unset="0", per_layer="snn"
    )
    """An adaptive threshold: a spike increases it, and the increase decays; 0: constant."""
    adaptation_decay: float = option(
        0.9375, "Decay of that increase per step", low=0, high=1, unset="0.9375", per_layer="snn"
    )
    taps: str = option(
        "",
        "Sliding neurons, with these weights of earlier inputs, such as 0.5,-0.25",
        unset="none",
        per_layer="snn",
    )
    """Weights of earlier inputs relative to the present one, the most recent first: signed powers of two up to 1, or 0;
    with semicolons between the channels if they differ. The neurons then have neither membrane nor reset."""
    tap_dilation: int = option(
        1, "Sliding neurons: steps between those inputs", low=1, high=MAX_INPUTS, per_layer="snn"
    )
    integration: Integration = option(Integration.STEP, "IF and I: v += R I (step) or v += R I dt (time)")
    """How IF and I integrate their input."""
    encoding: Encoding | None = option(Encoding.DIRECT, "Encoding of values over time; not for spike data")
    """How values are encoded over time steps; ``None``: the data are already spike trains."""
    steps: int = option(8, "Time steps per sample", low=1, high=1 << 12)
    """Time steps per sample."""
    input_bits: int = option(4, low=1, high=8)
    """All encodings except direct: unsigned bits of a value."""
    input_max: float = 1.0
    """All encodings except direct: the value that maps to the largest integer."""
    seed: int = option(
        1,
        "Stochastic encoding: seed",
        name="encoding_seed",
        low=1,
        high=(1 << LFSR_BITS) - 1,
    )
    """Stochastic encoding only: seed of its random numbers."""
    delta_threshold: int = option(0, "Delta encoding, delta ANN: send changes above this integer")
    """Delta encoding only: a change is sent if it is larger than this, in integers of ``input_bits``."""
    firing_steps: int | None = option(
        None,
        "IF layers accumulate first and fire in this many steps; with --encoding once",
        low=1,
        high=255,
        unset="all",
    )
    """Each layer accumulates what the previous one sends, and then fires in this many steps, one layer after the other;
    biases count once. ``None``: all layers fire in all steps."""
    readout: Readout | None = option(None, "Readout of the last layer", unset="by the last neuron")
    """``None``: the spike count if the last neuron spikes, else its membrane."""
    decoding: Decoding = option(Decoding.LARGEST, "How the outputs become a class")
    """How the outputs become a class."""
    guessed: tuple[str, ...] = field(default=(), compare=False)
    """The fields that neither the file nor the user stated, although networks are trained with different values."""
    layers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)
    """Options of single layers, by the name of their neurons: those that are options of layers; see `of_layer`."""

    def __post_init__(self) -> None:
        check_options(self)
        check_reset(self)
        require(
            self.min_v_mem is None or -math.inf <= self.min_v_mem <= 0,
            f"min-v-mem must be at most 0, not {self.min_v_mem}",
        )
        require(
            0 <= self.initial < 1,
            f"initial must be a fraction of the threshold, from 0 to below 1, not {self.initial}",
        )
        require(
            self.encoding is not None or self.steps > 1,
            "spike trains need at least 2 steps: give --steps",
        )
        if self.encoding is not None and self.encoding.code.takes_frames:
            require_range("delta-threshold", self.delta_threshold, 0, (1 << self.input_bits) - 2)
        require(
            self.firing_steps is None or self.encoding is Encoding.ONCE,
            "--firing-steps needs an input that is sent in one step: give --encoding once",
        )
        require(0 < self.input_max < float("inf"), f"input-max must be a positive number, not {self.input_max}")
        if self.taps:
            tap_weights(self.taps)
        for layer, own in self.layers.items():
            try:
                check_qualified(own, vars(self))
                check_beside_taps(own, vars(self))
            except InputError as error:
                raise InputError(f"layer {layer!r}: {error}") from None
            of_layer(self, layer)

    def preset(self, framework: Framework) -> "NirOptions":
        """Return these options with the rules of a framework."""
        guessed = (*GUESSED.get(framework, ()), *(name for name in CODING if name in self.guessed))
        return replace(self, framework=framework, guessed=guessed, **PRESETS[framework])  # type: ignore[arg-type]

    def given(self, **given: Any) -> "NirOptions":
        """Return these options with those that the user or the data gave, which are no longer guesses."""
        known = {*given}
        if "dt" in given:  # the user then vouches for time constants in seconds
            known |= {"tau_unit", "synapse_gain"}
        if "initial" in given and "start" not in given:
            given["start"] = Start.INITIAL
        return replace(self, guessed=tuple(name for name in self.guessed if name not in known), **given)

    def of(self, layer: str) -> "NirOptions":
        """Return the options of one layer."""
        own = of_layer(self, layer)
        return replace(own, start=Start.INITIAL) if "initial" in self.layers.get(layer, {}) else own

    def input_spec(self, inputs: int) -> InputSpec:
        """Return the input of a network with ``inputs`` values per sample or step."""
        if self.encoding is None or not self.encoding.code.takes_integers:
            return InputSpec(inputs=inputs, steps=self.steps, encoding=self.encoding)
        fmt = IntFormat(bits=self.input_bits, signed=False)
        scale = self.input_max / fmt.max
        return InputSpec(
            inputs=inputs,
            steps=self.steps,
            encoding=self.encoding,
            format=fmt,
            scale=scale,
            seed=self.seed,
            delta_threshold=self.delta_threshold,
        )

    def describe(self) -> dict[str, Any]:
        """Return every option by name, for JSON and for the metadata of a NIR file; ``None`` becomes "none"."""
        described = {key: _plain(value) for key, value in asdict(self).items() if key not in ("guessed", "layers")}
        layers = {layer: {key: _plain(value) for key, value in own.items()} for layer, own in self.layers.items()}
        return described | ({"layers": layers} if layers else {})

    @classmethod
    def from_description(cls, description: Mapping[str, object]) -> "NirOptions":
        """Return the options from the result of :meth:`describe`; missing ones have their defaults.

        Raises
        ------
        InputError
            There is an unknown option, or an invalid value.
        """
        # how to convert each option from JSON or HDF5
        known: dict[str, Callable[[Any], object]] = {option.name: type(option.default) for option in fields(cls)}
        del known["guessed"], known["layers"]
        optional: dict[str, Callable[[Any], object]] = {
            "framework": Framework,
            "dt": float,
            "min_v_mem": float,
            "firing_steps": int,
            "encoding": Encoding,
            "readout": Readout,
        }
        known |= optional

        def read(given: Mapping[str, object], allowed: Collection[str]) -> dict[str, Any]:
            values: dict[str, Any] = {}
            for key, value in given.items():
                require(key in allowed, f"unknown NIR option {key!r}: there are {', '.join(sorted(allowed))}")
                try:
                    values[key] = None if key in optional and value == "none" else known[key](value)
                except (ValueError, TypeError) as error:
                    raise InputError(f"NIR option {key} cannot be {value!r}") from error
            return values

        whole, layers = dict(description), description.get("layers", {})
        whole.pop("layers", None)
        nested = isinstance(layers, Mapping) and all(isinstance(own, Mapping) for own in layers.values())
        require(nested, f"NIR option layers must map each layer to its options, not {layers!r}")
        assert isinstance(layers, Mapping)
        of_layers = {each.field for each in options_of(cls).values() if each.kinds}
        return cls(**read(whole, known), layers={str(layer): read(own, of_layers) for layer, own in layers.items()})


def _plain(value: Any) -> Any:
    """Return a value as JSON and HDF5 hold it."""
    return "none" if value is None else value.value if isinstance(value, StrEnum) else value
