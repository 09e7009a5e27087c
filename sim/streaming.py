"""Golden model of an SNN on a stream without an end: part by part, in memory that does not depend on its length.

The hardware clears its states at an END only, so a stream is one sample whose END never comes. Fed in parts of any
length, the spikes are those of the whole stream in one sample, and the counters add up to its counters, but for what
the END adds: a sample, and the update of all words that clears them. There are no cycles: those of a part depend on
what is still in the pipeline.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import EngineParams, EventParams, InputError, Readout, require
from tospike.sim.accelerator import as_sample
from tospike.sim.design import Design
from tospike.sim.models import MODELS, run_spiking
from tospike.sim.network.output_order import as_network
from tospike.sim.spiking.arrays import engine_arrays, with_threshold
from tospike.sim.spiking.golden import check_event, event_counters
from tospike.sim.spiking.running import RunningLayer

Checkpoint = Mapping[str, NDArray[Any]]
"""Arrays by ``engine.name``: what `numpy.savez` takes and `numpy.load` returns."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """What a part of the stream gave."""

    spikes: NDArray[np.uint8]
    """(steps, outputs) spikes of the last layer, in the network's order."""
    counters: Mapping[str, int]
    """The hardware's counters of this part, with their names as in `tospike.sim.result.Result`."""


class SpikingStream:
    """A chain of spiking layers that carries its state from part to part.

    Raises
    ------
    InputError
        The design has another engine, a neuron that fires in phases, or a membrane as its answer: these need an END.
    """

    def __init__(self, design: Design) -> None:
        self._design = design
        self._layers = [_layer(design, index, params) for index, params in enumerate(design.params.engines)]

    def feed(self, spikes: NDArray[np.integer]) -> Part:
        """Take the next (steps, inputs) payloads of the stream.

        Raises
        ------
        InputError
            They do not fit the input.
        """
        sent: NDArray[np.integer] = as_sample(self._design, np.asarray(spikes)[None])
        counters = {"inputs": int(np.count_nonzero(sent))}
        for index, (params, layer) in enumerate(self._layers):
            arrays = engine_arrays(params, self._design, index)
            check_event(params, arrays.weight, arrays.bias, sent, arrays.recurrent)
            steps = layer.advance(sent, ends=False)
            counted = event_counters(params, sent, steps.spikes, steps.updated, steps.saturations)
            counted["samples"] = counted["samples"] - 1
            counted["update_words"] = counted["update_words"] - params.words
            counters |= {f"{index}.{name}": int(values[0]) for name, values in counted.items()}
            sent = steps.spikes
        return Part(spikes=as_network(self._design.params, sent)[0], counters=counters)

    def checkpoint(self) -> Checkpoint:
        """Return the state of all layers."""
        return {
            f"{index}.{name}": values
            for index, (_, layer) in enumerate(self._layers)
            for name, values in layer.arrays().items()
        }

    def resume(self, checkpoint: Checkpoint) -> None:
        """Continue from a state that `checkpoint` returned for the same design.

        Raises
        ------
        InputError
            It is that of another design.
        """
        numbers = {name.partition(".")[0] for name in checkpoint}
        require(
            numbers == {str(index) for index in range(len(self._layers))},
            f"the checkpoint has layers {', '.join(sorted(numbers))}, but the design has {len(self._layers)}",
        )
        for index, (_, layer) in enumerate(self._layers):
            prefix = f"{index}."
            layer.restore({n.removeprefix(prefix): a for n, a in checkpoint.items() if n.startswith(prefix)})


def _layer(design: Design, index: int, params: EngineParams) -> tuple[EventParams, RunningLayer]:
    if MODELS[type(params)].run is not run_spiking:
        raise InputError(f"engine {index} runs no spiking layer: a stream without an end needs spiking layers only")
    params = cast(EventParams, params)  # what `run_spiking` takes
    require(params.neuron.firing is None, f"engine {index} fires in a phase at the end of a sample: a stream has none")
    require(params.readout is not Readout.MEMBRANE, f"engine {index} answers with membranes, at the end of a sample")
    arrays, params = engine_arrays(params, design, index), with_threshold(params, design, index)
    return params, RunningLayer(params, arrays.weight, arrays.bias, 1, arrays.recurrent, arrays.decays)
