"""How a stage of a network gets onto an engine: what each engine tells of itself in a file of its own."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tospike.gen.place.options import Engine, PlanOptions
from tospike.hw.params import AcceleratorParams, EngineParams, IntFormat, WeightSource, of_layer, require
from tospike.sim.design import Design
from tospike.sim.network import Array, Network, Shape, Stage

MemoryInit = dict[str, list[int]]
"""What an engine's memories hold, by their names: a word after the other."""


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
    def engine(self) -> Engine:
        """What the user wants its layer to run on."""
        return self.own.engine or Engine.usual(spiking=self.stage.is_spiking)

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
    stages: tuple[Stage, ...]
    """As they run on it."""


def _never(site: Site) -> None:
    return None


def _no_memories(params: EngineParams, design: Design, index: int) -> MemoryInit:
    return {}


def _no_stages(params: AcceleratorParams, index: int, engine: EngineParams, rng: np.random.Generator) -> list[Stage]:
    return []


@dataclass(frozen=True, kw_only=True)
class Placer:
    """What `gen` knows of an engine: where it comes in a chain, and what it holds there."""

    place: Callable[[Site], Placed | None] = _never
    """The engine with the stages that run on it, the site's first; ``None`` leaves them to others.

    Where the user wants it and it cannot be had, an `InputError` tells why.
    """
    insert: Callable[[Site], EngineParams | None] = _never
    """The engine, where the site's stage needs it upstream although it runs none: an encoder, a delay.

    ``None`` where it is there already.
    """
    pack: Callable[[Any, Design, int], MemoryInit] = _no_memories
    """What the memories of an engine hold, from its parameters, the design and its index there."""
    random_stages: Callable[[AcceleratorParams, int, Any, np.random.Generator], list[Stage]] = _no_stages
    """Random stages to try it with, from the chain, its index and its parameters."""
    random_input: Callable[[Any], dict[str, Any]] | None = None
    """What an encoder says of the time of its input, as `InputSpec` has it."""


def require_weights_on_chip(site: Site, engines: str) -> None:
    """Refuse weights that are not on chip, for ``engines`` that cannot have others.

    Raises
    ------
    InputError
        They are streamed in.
    """
    require(
        site.options.weights is WeightSource.MEMORY,
        f"{engines} engines have their weights on chip: give --weights memory, or leave --engine {site.engine} out",
    )


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


def chosen_engines(network: Network, options: PlanOptions) -> tuple[Engine, ...]:
    """Return what the user wants each stage to run on.

    Raises
    ------
    InputError
        An engine for another kind of network, or several kinds of engine in an ANN.
    """
    kind, name = ("snn", "an SNN") if network.is_spiking else ("ann", "an ANN")
    sites = Site(network=network, options=options).each
    for site in sites:
        what = f"{site.stage.name}.engine" if "engine" in site.given else "--engine"
        others = " or ".join(engine for engine in Engine if kind in engine.kinds)
        require(
            kind in site.engine.kinds,
            f"{what} {site.engine} is not for {name}, which {network.name!r} is: give {others}, or leave it out",
        )
    first = sites[0]
    for site in sites:
        require(
            network.is_spiking or site.engine is first.engine,
            f"layer {first.stage.name!r} is to run on {first.engine} and {site.stage.name!r} on {site.engine}, but "
            "all layers of an ANN run on the same: give --engine instead",
        )
    return tuple(site.engine for site in sites)


def random_integers(rng: np.random.Generator, fmt: IntFormat, shape: tuple[int, ...]) -> Array:
    """Return integers of a format, all equally likely."""
    return rng.integers(fmt.min, fmt.max, size=shape, endpoint=True)
