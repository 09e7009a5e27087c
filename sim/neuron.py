"""Integer neurons over time: the golden model of `tospike.hw.snn.neuron`."""

import numpy as np

from tospike.hw.params import IntFormat, NeuronParams, Reset, ResetTiming, require
from tospike.sim.arithmetic import Ints, leak, saturate
from tospike.sim.noise import NoiseSource


def count_spikes(membrane: Ints, params: NeuronParams) -> Ints:
    """How many thresholds each membrane exceeds, at most as many as a neuron may spike in a step."""
    if not params.kind.spikes:
        return np.zeros(membrane.shape, dtype=np.int64)
    spikes = np.zeros(membrane.shape, dtype=np.int64)
    for before in range(params.spike.max):
        spikes += membrane > before * params.threshold + params.limit
    return spikes


def split_decays(params: NeuronParams, decays: Ints | None) -> tuple[Ints | None, Ints | None]:
    """The decays of the neurons' membranes and of their synaptic currents, each ``None`` where they do not vary.

    ``decays`` is (neurons, number of leaks that vary).
    """
    if decays is None:
        return None, None
    columns = list(decays.T)
    membranes = columns.pop(0) if params.kind.leaks and params.leak.varies else None
    return membranes, columns.pop(0) if columns else None


class Neurons:
    """The states of (N, neurons) neurons between steps. Events are added to ``start``; `sweep` does the rest.

    Everything else than the additions of events happens in `sweep`, as in the hardware, so that ``start`` holds the
    leak and the bias of the step that begins.
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
        self._leaks, self._synapses = split_decays(params, decays)
        shape = (samples, len(bias))
        self.saturations = np.zeros(samples, dtype=np.int64)
        first = self._decay(np.full(shape, params.initial))
        self.start: Ints = self._add(np.zeros_like(first) if params.kind.synaptic else first, bias, params.accumulated)
        self.after: Ints = np.zeros(shape, dtype=np.int64)
        """Membranes of the last step, after its reset."""
        self.before = self.after
        """Membranes of the last step, before its reset."""
        # behind a synaptic current: the membrane, its leak done
        self._v = self._add(first, params.drift, params.state)
        require(
            not self.saturations.any(),
            f"an initial membrane of {params.initial} and what the first step adds to it do not fit "
            f"{params.state_bits} bits: give more state bits",
        )
        self._rests = np.zeros(shape, dtype=np.int64)  # steps that are left
        self._raised = np.zeros(shape, dtype=np.int64)  # adaptive threshold, above the constant one
        self._noise = noise
        self._inputs = [np.zeros(shape, dtype=np.int64)] * len(params.taps)  # of the steps before, the last one first
        self._owed = np.zeros(shape, dtype=np.int64)  # thresholds that snnTorch subtracts before it compares

    def sweep(self, total: Ints, *, ends: bool = False) -> Ints:
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
        params = self.params
        v = self._add(self._v, total, params.state) if params.kind.synaptic else total
        if params.slides:
            v = self._add(total, sum(x >> tap for x, tap in zip(self._inputs, params.taps, strict=True)), params.state)
            self._inputs = [total, *self._inputs[:-1]]
        self.before = v
        resting = self._rests > 0
        v = np.where(resting, params.reset_value, v)
        noise = 0 if self._noise is None else self._noise.step()
        compared = v - self._owed * params.threshold - self._raised + noise
        spikes = np.where(resting, 0, count_spikes(compared, params))
        fired, amount = spikes > 0, spikes * params.threshold

        late = params.reset_timing is ResetTiming.NEXT
        reset = v - amount if params.reset is Reset.SUBTRACT else np.where(fired, params.reset_value, v)
        reset = v if params.reset is Reset.NONE else reset
        self.after = v if late or params.slides else reset
        late_amount = late and params.reset is Reset.SUBTRACT
        decayed = self._decay(v) - amount if late_amount else self._decay(reset)
        if params.slides:
            decayed = np.zeros_like(v)

        self._rests = np.where(fired, params.rest_steps, np.maximum(self._rests - 1, 0))
        if params.owes:
            self._owed = count_spikes(self.after, params)
        saturations = self.saturations.copy()
        if params.adaptation is not None:
            decayed_threshold = leak(self._raised, params.adaptation.leak)
            self._raised = self._add(decayed_threshold, fired * params.adaptation.step, params.state)
        if params.kind.synaptic:
            self._v = self._add(decayed, params.drift, params.state)
            decayed = leak(total, params.synapse, self._synapses)
        self.start = self._add(decayed, self.bias, params.accumulated)
        if ends:
            self.saturations = saturations
        return spikes

    def _decay(self, membrane: Ints) -> Ints:
        return leak(membrane, self.params.leak, self._leaks) if self.params.kind.leaks else membrane

    def _add(self, value: Ints, addend: Ints | int, fmt: IntFormat) -> Ints:
        unbounded = value + addend
        bounded = saturate(unbounded, fmt)
        self.saturations = self.saturations + np.count_nonzero(bounded != unbounded, axis=1)
        return bounded
