"""Layers that fire one after the other, each in a phase of steps of its own."""

from collections.abc import Sequence
from dataclasses import replace

from tospike.hw.params import FiringPhase, NeuronKind, require
from tospike.sim.network import SpikingNeuron, Stage


def steps_needed(layers: int, firing_steps: int) -> int:
    """Return the steps of a sample, for a number of ``layers`` that fire.

    All input comes in the first step, at the end of which the first layer begins to fire; the next one begins in the
    step of its last spikes, as it updates at the end of that step.
    """
    return layers * (firing_steps - 1) + 1


def in_phases(stages: Sequence[Stage], firing_steps: int, steps: int) -> list[Stage]:
    """Return the stages of a spiking network, each with its phase; those that do not fire have one without steps.

    Raises
    ------
    InputError
        A layer leaks, is recurrent or has delays, or a sample has too few ``steps``.
    """
    found, firing = [], 0
    for stage in stages:
        neuron = stage.neuron
        assert isinstance(neuron, SpikingNeuron)
        require(
            neuron.kind in (NeuronKind.IF, NeuronKind.I) and stage.recurrent is None and stage.delays is None,
            f"layer {stage.name!r} leaks, is recurrent or has delays: --firing-steps is for chains of IF neurons, with "
            "I neurons at most at the end",
        )
        phase = FiringPhase(first=0, steps=0)
        if neuron.kind.spikes:
            phase = FiringPhase(first=steps_needed(firing, firing_steps) - 1, steps=firing_steps)
            firing += 1
        found.append(replace(stage, neuron=replace(neuron, firing=phase)))
    needed = steps_needed(firing, firing_steps)
    require(
        steps >= needed,
        f"{firing} layers that fire in {firing_steps} steps each, one after the other, need {needed} steps, not "
        f"{steps}: give --steps {needed}",
    )
    return found
