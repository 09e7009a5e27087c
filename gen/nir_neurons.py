"""NIR's neurons, which are differential equations, in discrete time."""

import math

import nir
import numpy as np
from numpy.typing import NDArray

from tospike.gen.nir_frameworks import DecayRule
from tospike.gen.nir_options import Integration, NirOptions
from tospike.hw.params import InputError, NeuronKind, Reset, require
from tospike.sim.network import Membrane, Parameter

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
"""Relative spread below which a layer's parameters count as equal: they pass through float32."""


def membrane(node: nir.NIRNode, label: str, shape: tuple[int, ...], options: NirOptions) -> Membrane:
    """The neuron of a layer whose outputs have ``shape``; a Threshold is one that forgets at once.

    Raises
    ------
    InputError
        A parameter that is missing, out of range, or of another shape; a time constant, but no dt.
    """
    take = _Parameters(node, label, math.prod(shape), options)
    kind = KINDS[type(node)]
    gain, decay, rest = take.membrane(kind)
    synapse_gain, synapse_decay = take.synapse() if kind.synaptic else (1.0, 0.0)
    return Membrane(
        kind=kind,
        decay=decay,
        gain=gain,
        rest=rest,
        synapse_decay=synapse_decay,
        synapse_gain=synapse_gain,
        threshold=take.threshold() if kind.spikes else 1.0,
        comparison=options.comparison,
        reset=options.reset,
        v_reset=take.v_reset() if kind.spikes else 0.0,
        reset_timing=options.reset_timing,
        spike_bits=options.spike_bits if kind.spikes else 1,
        refractory=options.refractory if kind.spikes else 0,
        initial=options.initial if kind.spikes else 0.0,
    )


def real_numbers(node: nir.NIRNode, name: str, label: str) -> NDArray[np.float64]:
    """A node's array of finite real numbers.

    Raises
    ------
    InputError
        It is none.
    """
    values = np.asarray(getattr(node, name))
    require(values.dtype.kind in "iuf", f"{label}: {name} is {values.dtype}, not real numbers")
    require(bool(np.isfinite(values).all()), f"{label}: {name} holds NaN or infinity: train or export it again")
    return values.astype(np.float64)


class _Parameters:
    """The parameters of one node in discrete time."""

    def __init__(self, node: nir.NIRNode, label: str, neurons: int, options: NirOptions):
        self._node = node
        self._label = label
        self._neurons = neurons
        self._options = options

    def _take(self, name: str) -> Parameter:
        """One value where all neurons have the same, else one for each."""
        values = real_numbers(self._node, name, self._label).ravel()
        require(
            values.size in (1, self._neurons),
            f"{self._label}: {name} has {values.size} values for {self._neurons} neurons",
        )
        if float(np.ptp(values)) <= TOLERANCE * float(np.abs(values).max()):
            return float(values[0])
        return values

    def _positive(self, name: str) -> Parameter:
        values = self._take(name)
        require(bool(np.all(values > 0)), f"{self._label}: {name} must be positive, not {np.min(values):g}")
        return values

    def _steps(self, name: str) -> tuple[Parameter, Parameter]:
        """dt / tau, and the decay in a step."""
        tau = self._positive(name)
        dt = self._dt(f"has a time constant ({name})")
        fraction = dt / tau
        if self._options.decay is DecayRule.EXPONENTIAL:
            return fraction, np.exp(-fraction)
        require(
            bool(np.all(fraction <= 1 + TOLERANCE)),
            f"{self._label}: dt {dt:g} s is longer than {name} {np.min(tau):g} s: give the dt that the network was "
            "trained with",
        )
        return fraction, np.maximum(0.0, 1 - fraction)

    def membrane(self, kind: NeuronKind) -> tuple[Parameter, Parameter, Parameter]:
        """Gain, decay, and what a leak potential adds in a step."""
        if isinstance(self._node, nir.Threshold):
            return 1.0, 0.0, 0.0
        r = self._positive("r")
        if not kind.leaks:
            lasting = 1.0 if self._options.integration is Integration.STEP else self._dt("integrates over time")
            return r * lasting, 1.0, 0.0
        fraction, decay = self._steps("tau_mem" if kind.synaptic else "tau")
        return r * fraction, decay, fraction * self._take("v_leak")

    def _dt(self, why: str) -> float:
        if self._options.dt is None:
            raise InputError(
                f"{self._label} {why}, but NIR holds no time step: give --dt in seconds, or --framework for that of "
                "the framework that trained it"
            )
        return self._options.dt

    def synapse(self) -> tuple[Parameter, Parameter]:
        """Gain and decay of the synaptic current."""
        fraction, decay = self._steps("tau_syn")
        return self._positive("w_in") * fraction, decay

    def threshold(self) -> Parameter:
        """The threshold."""
        return self._positive("threshold" if isinstance(self._node, nir.Threshold) else "v_threshold")

    def v_reset(self) -> Parameter:
        """What the file resets to, where the options take it."""
        value = self._take("v_reset") if hasattr(self._node, "v_reset") else 0.0
        require(
            self._options.reset is Reset.VALUE or not np.any(value),
            f"{self._label}: v_reset is {np.max(np.abs(value)):g}, but the reset is {self._options.reset.value}: give "
            "--reset value for a reset to v_reset",
        )
        return value
