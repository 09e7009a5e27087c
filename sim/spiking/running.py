"""The neurons of an engine between two steps: what a stream without an end carries on."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import EventParams, NeuronUpdate, Readout, require
from tospike.sim.arithmetic import Ints
from tospike.sim.compiled.events import accumulator
from tospike.sim.spiking.neurons import neuron_model
from tospike.sim.spiking.noise import NoiseSource
from tospike.sim.spiking.updates import Updates

Arrays = Mapping[str, NDArray[Any]]


class Steps(NamedTuple):
    """What the neurons did in T steps."""

    spikes: NDArray[np.uint8]
    """(N, T, neurons)."""
    updated: NDArray[np.bool_]
    """(N, T, words): whether the TICK of the step updates the word."""
    saturations: Ints
    """(N,)."""


class RunningLayer:
    """The neurons of an engine for N samples, which take their steps in as many parts as wanted.

    Parameters as for `tospike.sim.spiking.golden.run_event`, which checks them.
    """

    def __init__(
        self,
        params: EventParams,
        weight: Ints,
        bias: Ints,
        samples: int,
        recurrent: Ints | None = None,
        decays: Ints | None = None,
    ) -> None:
        fine = params.neuron.state_fraction_bits
        self._params = params
        self._weight = np.asarray(weight, dtype=np.int64) << fine
        self._recurrent = None if recurrent is None else np.asarray(recurrent, dtype=np.int64) << fine
        self._noise = None
        positions = params.neurons // params.channels
        if params.neuron.noise is not None:
            drawn = params.words * params.lanes
            self._noise = NoiseSource(params.neuron.noise, neurons=params.neurons, drawn=drawn, positions=positions)
        neuron_bias = np.tile(np.asarray(bias, dtype=np.int64), positions)
        neuron_decays = None if decays is None else np.tile(decays, (positions, 1))
        self.neurons = neuron_model(params.neuron, neuron_bias, samples, neuron_decays, self._noise)
        self._updates = Updates(params, samples)
        self._last: NDArray[np.uint8] | None = None
        """(N, neurons) spikes of the step before, if a recurrent engine has yet to take them."""

    def advance(self, inputs: NDArray[np.integer], *, ends: bool) -> Steps:
        """Take the next T steps.

        Parameters
        ----------
        inputs
            (N, T, inputs) payloads.
        ends
            An END follows. Before it, a recurrent engine takes the spikes of the last step, too: it does not know that
            the step is the last.
        """
        params, neurons = self._params, self.neurons
        samples, steps, _ = inputs.shape
        events = accumulator(params, self._weight, inputs, self._recurrent)
        spikes = np.zeros((samples, steps, params.neurons), dtype=np.uint8)
        updated = np.ones((samples, steps, params.words), dtype=bool)
        if params.neuron.firing is not None:
            updated &= [[[params.neuron.firing.covers(neurons.steps + step)] for step in range(steps)]]
        before = neurons.saturations
        saturations = np.zeros(samples, dtype=np.int64)
        for step in range(steps + (params.recurrent and ends)):
            fed_back = self._last
            total, saturated = events.add(neurons.start, step, fed_back)
            saturations += saturated
            if step < steps:
                clears = ends and step == steps - 1 and params.readout is Readout.MEMBRANE
                spikes[:, step] = neurons.update(total, ends=clears)
                if params.update is NeuronUpdate.ACTIVE:
                    had_events = np.any(inputs[:, step], axis=1)
                    if fed_back is not None:
                        had_events |= np.any(fed_back, axis=1)
                    updated[:, step] = self._updates.step(had_events, neurons.before)
                self._last = spikes[:, step] if self._recurrent is not None else None
        return Steps(spikes, updated, saturations + neurons.saturations - before)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the whole state, to `restore` it in another object of the same engine."""
        neurons = self.neurons
        found: dict[str, NDArray[Any]] = {f"aux.{name}": values for name, values in neurons.aux.items()}
        found |= {"start": neurons.start, "after": neurons.after, "saturations": neurons.saturations}
        found |= {"steps": np.array(neurons.steps), "again": self._updates.again}
        if self._noise is not None:
            found["noise"] = self._noise.history
        if self._last is not None:
            found["last"] = self._last
        return {name: values.copy() for name, values in found.items()}

    def restore(self, arrays: Arrays) -> None:
        """Continue from the state that `arrays` returned.

        Raises
        ------
        InputError
            It is that of another engine.
        """
        own = self.arrays()
        optional = {"last"} if self._recurrent is not None else set()
        fits = set(own) - optional == set(arrays) - optional and all(
            arrays[name].shape == own[name].shape for name in arrays if name in own
        )
        require(fits, "the state is that of another engine, or of another number of samples")
        given = {name: np.asarray(values) for name, values in arrays.items()}
        neurons = self.neurons
        neurons.start, neurons.after, neurons.saturations = given["start"], given["after"], given["saturations"]
        neurons.steps = int(given["steps"])
        neurons.aux = {name: given[f"aux.{name}"] for name in neurons.aux}
        self._updates.again = given["again"]
        if self._noise is not None:
            self._noise.history = given["noise"]
        self._last = given.get("last")
