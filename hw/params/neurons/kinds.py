"""The registry of neuron models."""

from dataclasses import MISSING, fields
from enum import StrEnum
from typing import Any

from tospike.hw.params.check import require
from tospike.hw.params.neurons.cuba import CubaLifParams, CubaLiParams
from tospike.hw.params.neurons.integrating import IfParams, IParams
from tospike.hw.params.neurons.leaky import LifParams, LiParams
from tospike.hw.params.neurons.model import NeuronParams
from tospike.hw.params.neurons.sliding import SlidingParams

NEURONS: tuple[type[NeuronParams], ...] = (
    IfParams,
    LifParams,
    IParams,
    LiParams,
    CubaLifParams,
    CubaLiParams,
    SlidingParams,
)
"""Each has a golden step in `tospike.sim.spiking.neurons` and a datapath in `tospike.hw.spiking.neurons`."""


class NeuronKind(StrEnum):
    """Name of a neuron model, as in NIR where NIR has the model."""

    IF = IfParams.tag
    LIF = LifParams.tag
    I = IParams.tag  # noqa: E741
    LI = LiParams.tag
    CUBA_LIF = CubaLifParams.tag
    CUBA_LI = CubaLiParams.tag
    SLIDING = SlidingParams.tag

    @property
    def params(self) -> type[NeuronParams]:
        """Class of its parameters."""
        return next(cls for cls in NEURONS if cls.tag == self.value)

    @property
    def knobs(self) -> frozenset[str]:
        """Names of its parameters."""
        return frozenset(field.name for field in fields(self.params))

    @property
    def leaks(self) -> bool:
        """Whether the membrane decays."""
        return "leak" in self.knobs

    @property
    def spikes(self) -> bool:
        """Whether the neuron has a threshold."""
        return self.params.spikes

    @property
    def synaptic(self) -> bool:
        """Whether events charge a decaying synaptic current, which the membrane integrates."""
        return self.params.synaptic


def neuron_params(kind: NeuronKind, **knobs: Any) -> NeuronParams:
    """Return a neuron of a kind. A parameter that it lacks may be given if its value is the default.

    Raises
    ------
    InputError
        A parameter that the neuron lacks is not at its default, or a value is out of range.
    """
    defaults = {field.name: field.default for cls in NEURONS for field in fields(cls)}
    for name in knobs.keys() - kind.knobs:
        require(
            knobs[name] == defaults.get(name, MISSING),
            f"{kind.value.upper()} neurons have no {name.replace('_', '-')}: leave it out, or give another neuron",
        )
    return kind.params(**{name: value for name, value in knobs.items() if name in kind.knobs})
