"""Convert NIR's neurons, which are differential equations, to discrete time."""

import math
from dataclasses import replace

import nir
import numpy as np
from numpy.typing import NDArray

from tospike.gen.nir.frameworks import DecayRule, Framework, Gain, Integration, Start, TauUnit
from tospike.gen.nir.options import NirOptions
from tospike.gen.nir.tap_weights import tap_weights
from tospike.hw.params import InputError, NeuronKind, Reset, ResetTiming, require
from tospike.sim.network import Parameter, SpikingNeuron
from tospike.sim.network.threshold_noise import ThresholdNoise

KINDS = {
    nir.IF: NeuronKind.IF,
    nir.LIF: NeuronKind.LIF,
    nir.I: NeuronKind.I,
    nir.LI: NeuronKind.LI,
    nir.CubaLIF: NeuronKind.CUBA_LIF,
    nir.CubaLI: NeuronKind.CUBA_LI,
    nir.Threshold: NeuronKind.LIF,
}
TOLERANCE = 1e-5
"""Relative spread below which a layer's parameters count as equal: they are float32."""


def of_snntorch(options: NirOptions) -> bool:
    """Return whether these are snnTorch's rules, from any of its presets."""
    return options.framework is not None and options.framework.value.startswith(Framework.SNNTORCH.value)


def membrane(
    node: nir.NIRNode,
    label: str,
    shape: tuple[int, ...],
    options: NirOptions,
    *,
    position: int = 0,
    recurrent: bool = False,
) -> SpikingNeuron:
    """Return the neuron of a layer whose outputs have ``shape``; a Threshold becomes a LIF with a decay of 0.

    ``position`` is that of the layer, from 0 on: layers with the same seed still draw different noise.

    Raises
    ------
    InputError
        A parameter is missing, out of range or of another shape, or a time constant needs a dt.
    """
    take = _Parameters(node, label, shape, options)
    kind = KINDS[type(node)]
    if options.taps and kind.spikes:
        return _sliding(take, kind, label, shape, options, position)
    gain, decay, rest = take.membrane(kind)
    synapse_gain, synapse_decay = take.synapse() if kind.synaptic else (1.0, 0.0)
    neuron = SpikingNeuron(
        kind=kind,
        decay=decay,
        gain=gain,
        rest=rest,
        synapse_decay=synapse_decay,
        synapse_gain=synapse_gain,
        initial=take.initial(kind),
        floor=None if options.min_v_mem == -math.inf else options.min_v_mem,
    )
    if not kind.spikes:
        return neuron
    # in snnTorch's recurrent cells, a delayed reset to zero discards a whole update: a refractory step
    delayed = options.reset is Reset.ZERO and options.reset_timing is ResetTiming.NEXT
    discards = recurrent and delayed and of_snntorch(options)
    # spyx subtracts after the leak, but of a neuron with a synaptic current before it
    early = kind.synaptic and options.framework is Framework.SPYX
    return replace(
        neuron,
        threshold=take.threshold(),
        comparison=options.comparison,
        reset=options.reset,
        v_reset=take.v_reset(),
        reset_timing=ResetTiming.SAME if discards or early else options.reset_timing,
        spike_bits=options.spike_bits,
        code=options.code,
        refractory=1 if discards else options.refractory,
        noise=_noise(options, position),
        adaptation=options.adaptation,
        adaptation_decay=options.adaptation_decay if options.adaptation else 0.0,
    )


def _sliding(
    take: "_Parameters", kind: NeuronKind, label: str, shape: tuple[int, ...], options: NirOptions, position: int
) -> SpikingNeuron:
    """Return the sliding neurons that a layer with taps has: of the node, they keep gain and threshold alone."""
    require(not kind.synaptic, f"{label} has a synaptic current: taps are for IF, LIF and Threshold")
    weights = tap_weights(options.taps)
    require(
        len(weights) in (1, shape[0]),
        f"{label} has {shape[0]} channels, but taps of {len(weights)}: give one row of taps, or one for each channel",
    )
    each = np.repeat(weights, math.prod(shape) // len(weights), axis=0)
    return SpikingNeuron(
        kind=NeuronKind.SLIDING,
        decay=0.0,
        gain=take.membrane(kind)[0],
        threshold=take.threshold(),
        comparison=options.comparison,
        noise=_noise(options, position),
        adaptation=options.adaptation,
        adaptation_decay=options.adaptation_decay if options.adaptation else 0.0,
        taps=each,
        dilation=options.tap_dilation,
    )


def _noise(options: NirOptions, position: int) -> ThresholdNoise | None:
    """Return the noise of a layer's thresholds."""
    if not options.noise:
        return None
    return ThresholdNoise(deviation=options.noise, shape=options.noise_shape, seed=options.noise_seed + position)


def real_numbers(node: nir.NIRNode, name: str, label: str, *, infinite: bool = False) -> NDArray[np.float64]:
    """Return a node's parameter as an array of real numbers, which must be finite unless ``infinite``.

    Raises
    ------
    InputError
        It is not real, or not finite.
    """
    values = np.asarray(getattr(node, name))
    require(values.dtype.kind in "iuf", f"{label}: {name} is {values.dtype}, not real numbers")
    valid = ~np.isnan(values) if infinite else np.isfinite(values)
    require(bool(valid.all()), f"{label}: {name} holds NaN or infinity: train or export it again")
    return values.astype(np.float64)


def per_value(values: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64] | None:
    """Return one value, or flat one for each of ``shape``; (channels,) or (channels, 1, 1) are those of an image's
    channels. ``None`` if they do not fit."""
    if values.size in (1, math.prod(shape)):
        return values.ravel()
    if len(shape) > 1 and values.shape == shape[:1]:
        values = values.reshape(-1, *[1] * (len(shape) - 1))
    try:
        return np.broadcast_to(values, shape).ravel()
    except ValueError:
        return None


class _Parameters:
    """Converts the parameters of a node to discrete time."""

    def __init__(self, node: nir.NIRNode, label: str, shape: tuple[int, ...], options: NirOptions):
        self._node = node
        self._label = label
        self._shape = shape
        self._options = options

    def _take(self, name: str, *, infinite: bool = False) -> Parameter:
        """Return one value if all neurons have the same, else one per neuron."""
        given = real_numbers(self._node, name, self._label, infinite=infinite)
        values = per_value(given, self._shape)
        if values is None:
            raise InputError(
                f"{self._label}: {name} has {given.size} values for {math.prod(self._shape)} neurons of shape "
                f"{self._shape}"
            )
        if (values == values[0]).all():
            return float(values[0])
        if np.isfinite(values).all() and float(np.ptp(values)) <= TOLERANCE * float(np.abs(values).max()):
            return float(values[0])
        return values

    def _positive(self, name: str) -> Parameter:
        # for a decay of 1, snnTorch writes an infinite time constant and an infinite R
        values = self._take(name, infinite=of_snntorch(self._options) and name not in ("threshold", "v_threshold"))
        require(bool(np.all(values > 0)), f"{self._label}: {name} must be positive, not {np.min(values):g}")
        return values

    def _steps(self, name: str) -> tuple[Parameter, Parameter]:
        """Return the length of a step in units of the time constant, and the decay per step."""
        tau, unit = self._positive(name), self._options.tau_unit
        if unit is TauUnit.STEPS:
            fraction, step = 1 / tau, "a step"
        else:
            dt = self._dt(f"has a time constant ({name})")
            fraction, step = dt / (tau / dt if unit is TauUnit.DT_SECONDS else tau), f"dt {dt:g} s"
        if self._options.decay is DecayRule.EXPONENTIAL:
            return fraction, np.exp(-fraction)
        require(
            bool(np.all(fraction <= 1 + TOLERANCE)),
            f"{self._label}: {step} is longer than {name} {np.min(tau):g} s: give the --dt that the network was "
            "trained with, or --framework norse-export or sinabs-export for a file that Norse or Sinabs exported",
        )
        return fraction, np.maximum(0.0, 1 - fraction)

    def _gain(self, rule: Gain, resistance: Parameter, fraction: Parameter, decay: Parameter) -> Parameter:
        """Return the factor of an input."""
        if rule is Gain.UNIT:
            return 1.0
        if rule is Gain.DECAY:
            return decay
        if rule is Gain.ONE:
            return resistance
        if rule is Gain.ONE_MINUS_DECAY:
            return resistance * (1 - decay)
        with np.errstate(invalid="ignore"):
            product = resistance * fraction
        endless = np.isinf(resistance) & (np.asarray(fraction) == 0)  # R = tau / dt with infinite tau
        return np.where(endless, 1.0, product) if np.any(endless) else product

    def membrane(self, kind: NeuronKind) -> tuple[Parameter, Parameter, Parameter]:
        """Return gain, decay, and the contribution of a leak potential per step."""
        if isinstance(self._node, nir.Threshold):
            return 1.0, 0.0, 0.0
        r = self._positive("r")
        if not kind.leaks:
            return self._integrator_gain(r), 1.0, 0.0
        fraction, decay = self._steps("tau_mem" if kind.synaptic else "tau")
        rule = self._options.gain
        if rule is Gain.SINABS:
            rule = Gain.ONE_MINUS_DECAY if kind.spikes else Gain.ONE
        if rule is Gain.ROCKPOOL:
            rule = Gain.UNIT if kind.spikes else Gain.DECAY
        pull = fraction if rule is Gain.DT_OVER_TAU else 1 - decay
        return self._gain(rule, r, fraction, decay), decay, pull * self._take("v_leak")

    def _integrator_gain(self, r: Parameter) -> Parameter:
        """Return the gain of neurons without a leak."""
        if self._options.integration is Integration.STEP:
            return r
        dt = self._dt("integrates over time")
        require(
            self._options.framework is not Framework.SPIKINGJELLY or bool(np.allclose(r * dt, 1, rtol=1e-3)),
            f"{self._label}: r is {np.max(r):g}, but SpikingJelly writes 1 / dt, which is {1 / dt:g}: give "
            f"--dt {1 / np.max(r):g}, or --integration step",
        )
        return r * dt

    def _dt(self, why: str) -> float:
        if self._options.dt is None:
            raise InputError(
                f"{self._label} {why}, but NIR files hold no time step: give --dt in seconds, or --framework for the "
                "time step of the framework that trained it"
            )
        return self._options.dt

    def synapse(self) -> tuple[Parameter, Parameter]:
        """Return the gain and decay of the synaptic current."""
        fraction, decay = self._steps("tau_syn")
        rule = self._options.synapse_gain
        rule = {Gain.SINABS: Gain.ONE, Gain.ROCKPOOL: Gain.DECAY}.get(rule, rule)
        return self._gain(rule, self._positive("w_in"), fraction, decay), decay

    def initial(self, kind: NeuronKind) -> Parameter:
        """Return the membrane at the start of a sample, in thresholds; a real value if there is no threshold."""
        start = self._options.start
        if start is Start.INITIAL:
            return self._options.initial if kind.spikes else 0.0
        name = "v_leak" if start is Start.LEAK else "v_reset"
        value = self._take(name) if hasattr(self._node, name) else 0.0
        return value / self.threshold() if kind.spikes else value

    def threshold(self) -> Parameter:
        """Return the threshold."""
        return self._positive("threshold" if isinstance(self._node, nir.Threshold) else "v_threshold")

    def v_reset(self) -> Parameter:
        """Return the file's reset value, if the options use one."""
        value = self._take("v_reset") if hasattr(self._node, "v_reset") else 0.0
        require(
            self._options.reset is Reset.VALUE or not np.any(value),
            f"{self._label}: v_reset is {np.max(np.abs(value)):g}, but the reset is {self._options.reset.value}: give "
            "--reset value for a reset to v_reset",
        )
        return value
