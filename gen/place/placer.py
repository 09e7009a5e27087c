"""The placer interface: each engine's own file tells which stages it runs, and how."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tospike.gen.place.options import Engine, Place, PlanOptions
from tospike.hw.params import (
    AcceleratorParams,
    Contents,
    EngineParams,
    IntFormat,
    WeightSource,
    of_layer,
    require,
)
from tospike.sim.design import Design
from tospike.sim.network import Array, Network, Shape, Stage

MemoryInit = dict[str, list[int]]
"""The words of an engine's memories, by the memory's name."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Site:
    """The place of the next engine in a chain."""

    network: Network
    options: PlanOptions
    index: int = 0
    """The first stage that has no engine yet."""
    engines: tuple[EngineParams, ...] = ()
    """The engines upstream."""

    @property
    def stage(self) -> Stage:
        """The first stage that has no engine yet."""
        return self.network.stages[self.index]

    @property
    def next(self) -> "Site | None":
        """The site of the stage after this one; ``None`` after the last."""
        return None if self.is_last else replace(self, index=self.index + 1)

    @property
    def is_last(self) -> bool:
        """Whether this stage is the network's last."""
        return self.index == len(self.network.stages) - 1

    @property
    def payload(self) -> IntFormat:
        """Payload format of the tokens that arrive here."""
        return self.engines[-1].output.payload if self.engines else input_format(self.network)

    @property
    def arriving(self) -> Shape:
        """Shape of the previous stage's output; () for the network's input."""
        return self.network.stages[self.index - 1].synapses.output_shape if self.index else ()

    @property
    def own(self) -> PlanOptions:
        """The stage's options."""
        return of_layer(self.options, self.stage.name)

    @property
    def engine(self) -> Engine:
        """The engine that the user wants for this stage."""
        if self.own.place is not None:
            return self.own.place.engine
        return self.own.engine or Engine.usual(spiking=self.stage.is_spiking)

    @property
    def sends_counts(self) -> bool:
        """Whether this stage spikes and sends the numbers of its spikes: to an event engine of an ANN, or as graded
        spikes."""
        after = self.next
        if after is None or not self.stage.is_spiking:
            return False
        return self.own.place is Place.GRADED or after.takes is Contents.SPARSE_FRAME

    @property
    def takes(self) -> Contents | None:
        """What the engine of this stage takes, for engines between which there are bridges; ``None`` for others."""
        if self.stage.is_spiking:
            return Contents.TRAIN
        return {Engine.SYSTOLIC: Contents.FRAME, Engine.EVENT: Contents.SPARSE_FRAME}.get(self.engine)

    @property
    def activations(self) -> IntFormat:
        """Format of the activations on links between layers of an ANN: in a hybrid, the narrowest that holds all."""
        highest = most_level(self.network) if self.options.is_placed else None
        return input_format(self.network) if highest is None else IntFormat(bits=highest.bit_length(), signed=False)

    @property
    def shared(self) -> Network:
        """The stages from this one on that share an array, as a network."""
        stages = self.network.stages
        end = self.index + 1
        while end < len(stages) and not stages[end].is_spiking and self.each[end].engine is self.engine:
            end += 1
        if end - self.index == len(stages):
            return self.network
        part = stages[self.index : end]
        require(
            not any(stage.sources for stage in stages),
            f"network {self.network.name!r} has branches, which a hybrid has not: leave --place out",
        )
        spec = replace(self.network.input, inputs=part[0].synapses.inputs, format=self.payload)
        return replace(self.network, input=spec, stages=part)

    @property
    def given(self) -> dict[str, Any]:
        """The options that were given for this stage alone."""
        return dict(self.options.layers.get(self.stage.name, {}))

    @property
    def each(self) -> tuple["Site", ...]:
        """A site for every stage of the network, without the engines upstream."""
        return tuple(replace(self, index=index, engines=()) for index in range(len(self.network.stages)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Placed:
    """An engine of a chain, with the stages that it runs."""

    engine: EngineParams
    stages: tuple[Stage, ...]
    """The stages as they run on it."""
    added: int = 0
    """How many of them the network has not: layers that only put results in order."""


def _never(site: Site) -> None:
    return None


def _no_memories(params: EngineParams, design: Design, index: int) -> MemoryInit:
    return {}


def _no_stages(params: AcceleratorParams, index: int, engine: EngineParams, rng: np.random.Generator) -> list[Stage]:
    return []


@dataclass(frozen=True, kw_only=True)
class Placer:
    """What `gen` knows about an engine: its place in a chain, and its memory contents there."""

    place: Callable[[Site], Placed | None] = _never
    """The engine, with the stages that run on it from the site's on; ``None`` leaves them to other engines.

    If the user wants this engine and it cannot run them, an `InputError` says why.
    """
    insert: Callable[[Site], EngineParams | None] = _never
    """An engine that runs no stage, such as an encoder or a delay, if the site's stage needs it upstream.

    ``None`` if the stage does not need it, or it is already there.
    """
    pack: Callable[[Any, Design, int], MemoryInit] = _no_memories
    """The memory contents of an engine, from its parameters, the design and its index there."""
    random_stages: Callable[[AcceleratorParams, int, Any, np.random.Generator], list[Stage]] = _no_stages
    """Random stages to test it with, from the chain, its index and its parameters."""
    stream_order: str = ""
    """The order of the words of streamed weights, if the engine takes them."""
    random_input: Callable[[Any], dict[str, Any]] | None = None
    """For an encoder: the fields of `InputSpec` that its parameters determine."""


def require_weights_on_chip(site: Site, engines: str) -> None:
    """Refuse streamed weights, for ``engines`` that cannot take them.

    Raises
    ------
    InputError
        The weights are to be streamed in.
    """
    require(
        site.options.weights is WeightSource.MEMORY,
        f"{engines} engines have their weights on chip: give --weights memory, or leave --engine {site.engine} out",
    )


def most_level(network: Network) -> int | None:
    """Return the largest activation of all hidden layers; ``None`` if there are none, or negative ones."""
    ranges = [stage.levels for stage in network.stages if stage.levels is not None]
    return max(high for _, high in ranges) if ranges and min(low for low, _ in ranges) == 0 else None


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
        An engine does not run this kind of network, or an ANN has several kinds of engine.
    """
    kind, name = ("snn", "an SNN") if network.is_spiking else ("ann", "an ANN")
    sites = Site(network=network, options=options).each
    if options.is_placed:
        engines = [options.engine, *(given.get("engine") for given in options.layers.values())]
        usual = (None, Engine.usual(spiking=True))  # which is that of all places but arrays
        for engine in engines:
            require(engine in usual, f"--place says where layers run: leave --engine {engine} out")
        return tuple(site.engine for site in sites)
    for site in sites:
        what = f"{site.stage.name}.engine" if "engine" in site.given else "--engine"
        others = " or ".join(engine for engine in Engine if kind in engine.kinds)
        require(
            kind in site.engine.kinds,
            f"{what} {site.engine} is not for {name} such as {network.name!r}: give {others}, or leave it out",
        )
    first = sites[0]
    for site in sites:
        require(
            network.is_spiking or site.engine is first.engine,
            f"layer {first.stage.name!r} is to run on {first.engine} and {site.stage.name!r} on {site.engine}, but "
            "all layers of an ANN run on the same kind of engine: give --engine instead",
        )
    return tuple(site.engine for site in sites)


def random_integers(rng: np.random.Generator, fmt: IntFormat, shape: tuple[int, ...]) -> Array:
    """Return uniformly distributed integers of a format."""
    return rng.integers(fmt.min, fmt.max, size=shape, endpoint=True)
