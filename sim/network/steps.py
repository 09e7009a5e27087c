"""A float spiking network step by step: all layers go through a step before the next one begins, and none is kept."""

from collections.abc import Iterator, Mapping

from tospike.hw.params import InputError, require
from tospike.sim.encoders.delay import DelayLine
from tospike.sim.network import Network, SpikingNeuron
from tospike.sim.network.layers import currents
from tospike.sim.network.membrane import Floats, NeuronState


def neuron_states(network: Network, samples: int) -> list[NeuronState]:
    """Return the neurons of each stage, at the start of so many samples.

    Raises
    ------
    InputError
        An ANN, or a quantised network.
    """
    require(network.is_spiking, f"network {network.name!r} is an ANN: it has no time steps")
    states = []
    for stage in network.stages:
        if not isinstance(stage.neuron, SpikingNeuron):
            raise InputError(f"stage {stage.name!r} is quantised: run the golden model, not the float reference")
        states.append(NeuronState(stage.neuron, (samples, stage.synapses.outputs)))
    return states


def float_steps(
    network: Network, values: Floats, states: list[NeuronState], wanted: Mapping[int, Floats] | None = None
) -> Iterator[int]:
    """Run ``states`` on encoded ``values`` (N, steps, inputs); gives each step when all stages have gone through it.

    ``wanted`` are spikes (N, steps, outputs) of some stages that decide where rounding might: see `NeuronState.step`.
    """
    wanted = wanted or {}
    pasts = [None if stage.delays is None else DelayLine(stage.delays, len(values)) for stage in network.stages]
    constant = values.strides[1] == 0 and pasts[0] is None
    first = currents(network.stages[0].synapses, values[:, 0])
    for step in range(values.shape[1]):
        sent = values[:, step]
        for index, (stage, law, past) in enumerate(zip(network.stages, states, pasts, strict=True)):
            sent = sent if past is None else past.step(sent)
            current = first if constant and index == 0 else currents(stage.synapses, sent)
            if stage.recurrent is not None:
                current = current + law.sent @ stage.recurrent.T
            sent = law.step(current, wanted[index][:, step] if index in wanted else None)
        yield step
