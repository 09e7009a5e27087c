"""A float spiking network step by step: all layers go through a step before the next one begins, and none is kept."""

from collections.abc import Iterator, Mapping

from tospike.hw.params import InputError, require
from tospike.sim.encoders.delay import DelayLine
from tospike.sim.network import Membrane, Network
from tospike.sim.network.layers import currents
from tospike.sim.network.membrane import Floats, Law


def laws_of(network: Network, samples: int) -> list[Law]:
    """Return the neurons of each stage, at the start of so many samples.

    Raises
    ------
    InputError
        An ANN, or a quantised network.
    """
    require(network.is_spiking, f"network {network.name!r} is an ANN: it has no time steps")
    laws = []
    for stage in network.stages:
        if not isinstance(stage.neuron, Membrane):
            raise InputError(f"stage {stage.name!r} is quantised: run the golden model, not the float reference")
        laws.append(Law(stage.neuron, (samples, stage.synapses.outputs)))
    return laws


def float_steps(
    network: Network, values: Floats, laws: list[Law], wanted: Mapping[int, Floats] | None = None
) -> Iterator[int]:
    """Run ``laws`` on encoded ``values`` (N, steps, inputs); gives each step when all stages have gone through it.

    ``wanted`` are spikes (N, steps, outputs) of some stages that decide where rounding might: see `Law.step`.
    """
    wanted = wanted or {}
    pasts = [None if stage.delays is None else DelayLine(stage.delays, len(values)) for stage in network.stages]
    constant = values.strides[1] == 0 and pasts[0] is None
    first = currents(network.stages[0].synapses, values[:, 0])
    for step in range(values.shape[1]):
        sent = values[:, step]
        for index, (stage, law, past) in enumerate(zip(network.stages, laws, pasts, strict=True)):
            sent = sent if past is None else past.step(sent)
            current = first if constant and index == 0 else currents(stage.synapses, sent)
            if stage.recurrent is not None:
                current = current + law.sent @ stage.recurrent.T
            sent = law.step(current, wanted[index][:, step] if index in wanted else None)
        yield step
