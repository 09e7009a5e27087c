"""The float model of a spiking network step by step: all layers complete a step before the next; no trace is kept."""

from collections.abc import Iterator, Mapping

from tospike.hw.params import InputError, require
from tospike.sim.encoders.delay import DelayLine
from tospike.sim.network import Network, SpikingNeuron
from tospike.sim.network.layers import biases, currents
from tospike.sim.network.membrane import Floats, NeuronState


def neuron_states(network: Network, samples: int) -> list[NeuronState]:
    """Return the neuron states of each stage at the start of N ``samples``.

    Raises
    ------
    InputError
        The network is an ANN, or quantised.
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
    """Advance ``states`` through (N, steps, inputs) encoded ``values``; yield each step when all stages are done.

    ``wanted`` are (N, steps, outputs) spikes of some stages, which break ties: see `NeuronState.step`.
    """
    wanted = wanted or {}
    delay_lines = [None if stage.delays is None else DelayLine(stage.delays, len(values)) for stage in network.stages]
    constant = values.strides[1] == 0 and delay_lines[0] is None
    first = currents(network.stages[0].synapses, values[:, 0])
    for step in range(values.shape[1]):
        sent = values[:, step]
        for index, (stage, state, delay_line) in enumerate(zip(network.stages, states, delay_lines, strict=True)):
            sent = sent if delay_line is None else delay_line.step(sent)
            current = first if constant and index == 0 else currents(stage.synapses, sent)
            if step > 0 and state.neuron.firing is not None:
                current = current - biases(stage.synapses)
            if stage.recurrent is not None:
                current = current + state.sent @ stage.recurrent.T
            sent = state.step(current, wanted[index][:, step] if index in wanted else None)
        yield step
