"""How a stage of a network gets onto an engine: the question that each engine answers in a file of its own."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tospike.gen.place.options import PlanOptions
from tospike.hw.params import EngineParams, IntFormat, of_layer, require
from tospike.sim.network import Network, Shape, Stage


@dataclass(frozen=True, kw_only=True, eq=False)
class Site:
    """Where the next engine of a chain goes."""

    network: Network
    options: PlanOptions
    index: int = 0
    """The first stage that has no engine yet."""
    engines: tuple[EngineParams, ...] = ()
    """Those upstream."""

    @property
    def stage(self) -> Stage:
        """That stage."""
        return self.network.stages[self.index]

    @property
    def is_last(self) -> bool:
        """Whether it is the network's output."""
        return self.index == len(self.network.stages) - 1

    @property
    def payload(self) -> IntFormat:
        """What tokens carry here."""
        return self.engines[-1].output.payload if self.engines else input_format(self.network)

    @property
    def arriving(self) -> Shape:
        """Shape of what the stage before sends; () for the network's input."""
        return self.network.stages[self.index - 1].synapses.output_shape if self.index else ()

    @property
    def own(self) -> PlanOptions:
        """The stage's options."""
        return of_layer(self.options, self.stage.name)

    @property
    def given(self) -> dict[str, Any]:
        """Those that were given for this stage alone."""
        return dict(self.options.layers.get(self.stage.name, {}))

    @property
    def each(self) -> tuple["Site", ...]:
        """A site for every stage of the network; what is upstream of them is not told."""
        return tuple(replace(self, index=index, engines=()) for index in range(len(self.network.stages)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Placed:
    """An engine of a chain, with what it runs."""

    engine: EngineParams
    stages: tuple[Stage, ...] = ()
    """As they run on it; none on an encoder, a delay or a bridge."""


@dataclass(frozen=True, kw_only=True)
class Placer:
    """What the planner knows of an engine."""

    place: Callable[[Site], Placed | None]
    """The engine, if it comes next; ``None`` leaves the site to others.

    Where the user wants it and it cannot be had, an `InputError` tells why.
    """


def input_format(network: Network) -> IntFormat:
    """Return the integers that a network takes.

    Raises
    ------
    InputError
        It is not quantised.
    """
    require(network.input.format is not None, f"network {network.name!r} has no integer input format")
    assert network.input.format is not None
    return network.input.format
