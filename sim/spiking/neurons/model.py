"""The golden model of a layer's neurons; `tospike.hw.spiking.neurons.cell` is the datapath."""

from typing import NamedTuple

import numpy as np

from tospike.hw.params import IntFormat, NeuronParams, require
from tospike.sim.arithmetic import Ints, saturate
from tospike.sim.spiking.noise import NoiseSource


class Updated(NamedTuple):
    """(N, neurons) spikes and membranes after the comparison with the threshold."""

    spikes: Ints
    after: Ints
    """Membranes as a readout sees them."""
    base: Ints
    """Membranes that the next step begins with, before their leak."""
    amount: Ints | int = 0
    """Subtracted from the membranes after that leak."""


class NeuronModel:
    """The states of (N, neurons) neurons, step by step.

    The caller adds the events of a step to ``start``, and passes the sum to `update`. As in the hardware, `update` does
    everything else, so ``start`` already includes the leak and the bias of the step that begins. Subclasses override
    `membrane`, `fire`, `advance` and `leak`; this class integrates without leak and threshold.

    Parameters
    ----------
    params
        The neuron.
    bias
        (neurons,)
    samples
        N.
    decays
        (neurons, n) decays of the n leaks of ``params.varying``; ``None`` if n is 0.
    noise
        Source of the thresholds' noise.

    Raises
    ------
    InputError
        The initial membrane, with the leak and the bias of the first step, does not fit the state.
    """

    def __init__(
        self,
        params: NeuronParams,
        bias: Ints,
        samples: int,
        decays: Ints | None = None,
        noise: NoiseSource | None = None,
    ):
        self.params = params
        self.bias = bias
        self.decays: dict[str, Ints] = {} if decays is None else dict(zip(params.varying, decays.T, strict=True))
        self.noise = noise
        self.shape = (samples, len(bias))
        self.saturations = np.zeros(samples, dtype=np.int64)
        self.start: Ints = np.zeros(self.shape, dtype=np.int64)
        self.after: Ints = self.start
        """Membranes of the last step, after its reset."""
        self.before: Ints = self.start
        """Membranes of the last step, before its reset."""
        self.aux: dict[str, Ints] = dict.fromkeys(params.aux, self.start)
        """Auxiliary states, by the names in ``params.aux``."""
        self.steps = 0
        """Steps so far."""
        self.advance(np.full(self.shape, params.initial), 0, self.start)
        if params.firing is not None:
            self.bias = np.zeros_like(bias)  # the first step has had it
        require(
            not self.saturations.any(),
            f"an initial membrane of {params.initial} and what the first step adds to it do not fit "
            f"{params.state_bits} bits: give more state-bits",
        )

    def update(self, total: Ints, *, ends: bool = False) -> Ints:
        """End a step.

        Parameters
        ----------
        total
            (N, neurons): ``start`` plus the events.
        ends
            The states are cleared afterwards, so saturations in the leak and bias of a next step do not count.

        Returns
        -------
        (N, neurons) spikes.
        """
        phase, step = self.params.firing, self.steps
        self.steps += 1
        if phase is not None and not phase.covers(step):
            self.start = self.after = self.before = total
            return np.zeros_like(total)
        self.before = self.membrane(total)
        saturations = self.saturations
        updated = self.fire(self.before)
        self.after = updated.after
        self.advance(updated.base, updated.amount, total)
        if ends:
            self.saturations = saturations
        return updated.spikes

    def membrane(self, total: Ints) -> Ints:
        """Return the membranes of this step, given the sum of ``start`` and the events."""
        return total

    def fire(self, v: Ints) -> Updated:
        """Compare the membranes with the threshold, and reset them."""
        return Updated(spikes=np.zeros_like(v), after=v, base=v)

    def advance(self, base: Ints, amount: Ints | int, total: Ints) -> None:
        """Set ``start`` for the next step, from the membranes ``base`` and this step's ``total``."""
        leaked = self.leak(base)
        self.start = self.add(leaked - amount if np.any(amount) else leaked, self.bias, self.params.accumulated)

    def leak(self, membrane: Ints) -> Ints:
        """Return the membranes after the leak."""
        return membrane

    def add(self, value: Ints, addend: Ints | int, fmt: IntFormat) -> Ints:
        """Return the sum saturated to ``fmt``, and count the saturations."""
        unbounded = value + addend
        bounded = saturate(unbounded, fmt)
        saturated = bounded != unbounded
        if saturated.any():
            self.saturations = self.saturations + np.count_nonzero(saturated, axis=1)
        return bounded
