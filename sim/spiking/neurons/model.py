"""The golden model of a layer's neurons; `tospike.hw.spiking.neurons.cell` is the datapath."""

from typing import NamedTuple

import numpy as np

from tospike.hw.params import IntFormat, NeuronParams, require
from tospike.sim.arithmetic import Ints, saturate
from tospike.sim.spiking.noise import NoiseSource


class Updated(NamedTuple):
    """What becomes of (N, neurons) membranes when they are compared with their thresholds."""

    spikes: Ints
    after: Ints
    """What a readout shows."""
    base: Ints
    """The membrane that the next step begins with, before its leak."""
    amount: Ints | int = 0
    """Subtracted after that leak."""


class NeuronModel:
    """The states of (N, neurons) neurons between steps. Events are added to ``start``; `update` does the rest.

    Everything else than the additions of events happens in `update`, as in the hardware, so that ``start`` holds the
    leak and the bias of the step that begins. A neuron overrides `membrane`, `fire`, `advance` and `leak` where it
    differs; this is one whose membrane sums up what comes and has no threshold.

    Parameters
    ----------
    params
        The neuron.
    bias
        (neurons,)
    samples
        N.
    decays
        (neurons, n) decays of the n leaks of ``params.varying``; ``None`` if there are none.
    noise
        Draws the noise of the thresholds.

    Raises
    ------
    InputError
        The membrane at the start of a sample, and what the first step adds to it, do not fit.
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
        """States after ``start``, as ``params.aux`` names them."""
        self.advance(np.full(self.shape, params.initial), 0, self.start)
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
            (N, neurons): ``start`` and the events.
        ends
            Nothing becomes of the states: what saturates on the way to a next step does not count.

        Returns
        -------
        (N, neurons) spikes.
        """
        self.before = self.membrane(total)
        saturations = self.saturations
        updated = self.fire(self.before)
        self.after = updated.after
        self.advance(updated.base, updated.amount, total)
        if ends:
            self.saturations = saturations
        return updated.spikes

    def membrane(self, total: Ints) -> Ints:
        """The membrane of this step, by what the events were added to."""
        return total

    def fire(self, v: Ints) -> Updated:
        """Compare the membranes, and reset them."""
        return Updated(spikes=np.zeros_like(v), after=v, base=v)

    def advance(self, base: Ints, amount: Ints | int, total: Ints) -> None:
        """Go to the start of the next step, from the membranes ``base``; ``total`` is what this one summed up."""
        self.start = self.add(self.leak(base) - amount, self.bias, self.params.accumulated)

    def leak(self, membrane: Ints) -> Ints:
        """What remains of a membrane in the next step."""
        return membrane

    def add(self, value: Ints, addend: Ints | int, fmt: IntFormat) -> Ints:
        """The sum in ``fmt``; saturations are counted."""
        unbounded = value + addend
        bounded = saturate(unbounded, fmt)
        self.saturations = self.saturations + np.count_nonzero(bounded != unbounded, axis=1)
        return bounded
