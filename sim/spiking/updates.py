"""Which words of neurons a TICK updates: the golden model of `tospike.hw.params.NeuronUpdate`."""

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import EventParams, NeuronUpdate
from tospike.sim.arithmetic import Ints

Flags = NDArray[np.bool_]


class Updates:
    """The marks of (N, words) words, kept from step to step.

    A word is skipped only if an update would not change its neurons. So the golden model updates all words, and the
    marks affect only counts and cycles.
    """

    def __init__(self, params: EventParams, samples: int):
        self._params = params
        self.again: Flags = np.zeros((samples, params.words), dtype=bool)

    def step(self, had_events: Flags, membrane: Ints) -> Flags:
        """Return the (N, words) words that are updated at the end of a step.

        Parameters
        ----------
        had_events
            (N,) whether the step had events, the neurons' own spikes included. Synapses are dense: an event touches all
            words.
        membrane
            (N, neurons) membranes that were compared with the threshold.
        """
        if self._params.update is NeuronUpdate.ALL:
            return np.broadcast_to(np.True_, self.again.shape)
        touched: Flags = had_events[:, None] & self._params.neuron.changes_after_events
        updated: Flags = self.again | touched
        limit = self._params.neuron.spikes_again_above
        if limit is not None:
            self.again = np.any(_words(self._params, membrane > limit), axis=2)
        return updated


def _words(params: EventParams, flags: Flags) -> Flags:
    """Arrange (N, neurons) as (N, words, lanes): the last word of each position may have unused lanes."""
    positions = params.words // params.position_words
    padded = np.zeros((len(flags), positions, params.position_words * params.lanes), dtype=bool)
    padded[:, :, : params.channels] = flags.reshape(len(flags), positions, params.channels)
    return padded.reshape(-1, params.words, params.lanes)


def neurons_of(params: EventParams) -> Ints:
    """Return (words,): the number of neurons in each word."""
    return _words(params, np.ones((1, params.neurons), dtype=bool))[0].sum(axis=1)
