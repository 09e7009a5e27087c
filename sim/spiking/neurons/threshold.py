"""Threshold, refractory period, adaptation and reset."""

import numpy as np

from tospike.hw.params import PayloadCode, Reset, ResetTiming
from tospike.hw.params.neurons.threshold import ThresholdParams
from tospike.sim.arithmetic import Ints, leak
from tospike.sim.spiking.neurons.model import NeuronModel, Updated


def count_spikes(membrane: Ints, params: ThresholdParams) -> Ints:
    """Return how many multiples of the threshold each membrane exceeds, at most ``params.spike.max``."""
    above = membrane - params.limit
    if params.threshold == 0 or params.spike.max == 1:  # all multiples at once
        return (above > 0) * np.int64(params.spike.max)
    return np.clip(-(-above // params.threshold), 0, params.spike.max)  # rounded up


class ThresholdModel(NeuronModel):
    """A neuron with a threshold.

    ::

        v <- reset_value                                                    (while refractory)
        x = v + noise - threshold_offset - pending_reset * threshold
        spikes = multiples of the threshold that x exceeds                  (0 while refractory)
        v <- v after the reset
        pending_reset <- multiples of the threshold that v still exceeds    (ResetTiming.SNNTORCH)
        threshold_offset <- leak(threshold_offset) + step * (spikes > 0)
    """

    params: ThresholdParams

    def fire(self, v: Ints) -> Updated:
        """Count the spikes, reset the membranes, and update the auxiliary states."""
        params, aux = self.params, self.aux
        refractory = aux["refractory_count"] > 0 if "refractory_count" in aux else None
        if refractory is not None:
            v = np.where(refractory, params.reset_value, v)
        compared = v if self.noise is None else v + self.noise.step()
        if params.pending_reset:
            compared = compared - aux["pending_reset"] * params.threshold
        if params.adaptation is not None:
            compared = compared - aux["threshold_offset"]
        coded = params.code is not PayloadCode.COUNT
        spikes = self._power_of_two(compared) if coded else count_spikes(compared, params)
        if refractory is not None:
            spikes = np.where(refractory, 0, spikes)
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

    def _power_of_two(self, compared: Ints) -> Ints:
        """Return the payloads of bursts or phases, and move each neuron to its next place."""
        params, place = self.params, self.aux["spike_place"]
        last = params.spike_bits - 1
        payload = 1 << (place if params.code is PayloadCode.BURST else last - place)
        above = compared >= payload * params.threshold + (not params.spikes_at_threshold)
        if params.code is PayloadCode.BURST:
            self.aux["spike_place"] = np.where(above, np.minimum(place + 1, last), 0)
        else:
            self.aux["spike_place"] = (place + 1) % params.spike_bits
        return payload * above

    def reset(self, v: Ints, spikes: Ints) -> Updated:
        """Reset the membranes ``v`` of neurons that spiked."""
        params = self.params
        if params.reset is Reset.NONE:
            return Updated(spikes=spikes, after=v, base=v)
        delayed = params.reset_timing is ResetTiming.NEXT
        if params.reset is not Reset.SUBTRACT:
            reset = np.where(spikes > 0, params.reset_value, v)
            return Updated(spikes=spikes, after=v if delayed else reset, base=reset)
        amount = spikes * params.threshold
        if delayed:
            return Updated(spikes=spikes, after=v, base=v, amount=amount)
        reset = v - amount
        return Updated(spikes=spikes, after=reset, base=reset)
