"""From an integer network to the engines that run it."""

from dataclasses import replace

from tospike.gen.place.host import host_side
from tospike.gen.place.options import PlanOptions
from tospike.gen.place.placer import Placed, Site, chosen_engines
from tospike.gen.place.placers import PLACERS
from tospike.hw.params import AcceleratorParams, EngineParams, InputError, require
from tospike.sim.design import Design
from tospike.sim.network import Activation, Network, SpikingNeuron, Stage


def plan(network: Network, options: PlanOptions | None = None) -> Design:
    """Put every stage on an engine, with the encoders and delays that these need.

    Raises
    ------
    InputError
        A stage has a neuron that is not quantised, or no engine runs it as the options want.
    """
    options = options or PlanOptions()
    for stage in network.stages:
        require(
            not isinstance(stage.neuron, Activation | SpikingNeuron),
            f"stage {stage.name!r} is not quantised",
        )
    network.require_one_kind()
    chosen_engines(network, options)
    engines: tuple[EngineParams, ...] = ()
    stages: tuple[Stage, ...] = ()
    counts: tuple[int, ...] = ()
    while len(stages) < len(network.stages):
        placed = _next(Site(network=network, options=options, index=len(stages), engines=engines))
        engines, stages, counts = (*engines, placed.engine), (*stages, *placed.stages), (*counts, len(placed.stages))
    # an engine may run a stage otherwise than the network has it, or one more
    network = replace(network, stages=stages)
    params = AcceleratorParams(name=_name(network), engines=engines, **host_side(network, options))
    return Design(params=params, network=network, stage_counts=counts)


def _next(site: Site) -> Placed:
    """Return the engine that comes next in a chain."""
    for placer in PLACERS.values():
        if engine := placer.insert(site):
            return Placed(engine=engine, stages=())
    for placer in PLACERS.values():
        if placed := placer.place(site):
            return placed
    raise InputError(f"no engine runs stage {site.stage.name!r}")


def _name(network: Network) -> str:
    name = "".join(c if c.isalnum() else "_" for c in network.name)
    return name if name[:1].isalpha() else f"net_{name}"
