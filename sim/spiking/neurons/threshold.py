"""When a neuron spikes, and what that does to it."""

import numpy as np

from tospike.hw.params import Reset, ResetTiming
from tospike.hw.params.neurons.threshold import ThresholdParams
from tospike.sim.arithmetic import Ints, leak
from tospike.sim.spiking.neurons.model import NeuronModel, Updated


def count_spikes(membrane: Ints, params: ThresholdParams) -> Ints:
    """Return how many thresholds each membrane exceeds, at most as many as a neuron may spike in a step."""
    spikes = np.zeros(membrane.shape, dtype=np.int64)
    for before in range(params.spike.max):
        spikes += membrane > before * params.threshold + params.limit
    return spikes


class ThresholdModel(NeuronModel):
    """Compares, counts spikes, rests, adapts."""

    params: ThresholdParams

    def fire(self, v: Ints) -> Updated:
        """Spikes of the membranes that do not rest, and what the neurons remember of them."""
        params, aux = self.params, self.aux
        resting = aux["refractory_count"] > 0 if "refractory_count" in aux else np.zeros(v.shape, dtype=bool)
        v = np.where(resting, params.reset_value, v)
        compared = v + (0 if self.noise is None else self.noise.step())
        if params.pending_reset:
            compared = compared - aux["pending_reset"] * params.threshold
        if params.adaptation is not None:
            compared = compared - aux["threshold_offset"]
        spikes = np.where(resting, 0, count_spikes(compared, params))
        updated = self.reset(v, spikes)
        if "refractory_count" in aux:
            aux["refractory_count"] = np.where(
                spikes > 0, params.refractory_steps, np.maximum(aux["refractory_count"] - 1, 0)
            )
        if params.pending_reset:
            aux["pending_reset"] = count_spikes(updated.after, params)
        if params.adaptation is not None:
            threshold_offset = leak(aux["threshold_offset"], params.adaptation.leak)
            aux["threshold_offset"] = self.add(threshold_offset, (spikes > 0) * params.adaptation.step, params.state)
        return updated

    def reset(self, v: Ints, spikes: Ints) -> Updated:
        """What ``spikes`` do to the membranes ``v``."""
        params = self.params
        if params.reset is Reset.NONE:
            return Updated(spikes=spikes, after=v, base=v)
        late = params.reset_timing is ResetTiming.NEXT
        if params.reset is not Reset.SUBTRACT:
            reset = np.where(spikes > 0, params.reset_value, v)
            return Updated(spikes=spikes, after=v if late else reset, base=reset)
        amount = spikes * params.threshold
        if late:
            return Updated(spikes=spikes, after=v, base=v, amount=amount)
        return Updated(spikes=spikes, after=v - amount, base=v - amount)
