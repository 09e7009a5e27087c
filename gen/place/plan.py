"""Map an integer network to a chain of engines."""

from dataclasses import replace

from tospike.gen.place.host import host_side
from tospike.gen.place.options import Counters, PlanOptions
from tospike.gen.place.placer import Placed, Site, chosen_engines
from tospike.gen.place.placers import PLACERS
from tospike.hw.params import AcceleratorParams, EngineParams, InputError, require
from tospike.sim.design import Design
from tospike.sim.network import Activation, Network, SpikingNeuron, Stage


def plan(network: Network, options: PlanOptions | None = None) -> Design:
    """Place every stage on an engine, with the encoders and delays that the stages need.

    Raises
    ------
    InputError
        A stage's neuron is not quantised, or no engine runs the stage with these options.
    """
    options = options or PlanOptions()
    for stage in network.stages:
        require(
            not isinstance(stage.neuron, Activation | SpikingNeuron),
            f"stage {stage.name!r} is not quantised",
        )
    chosen_engines(network, options)
    engines: tuple[EngineParams, ...] = ()
    stages: tuple[Stage, ...] = ()
    counts: tuple[int, ...] = ()
    done = 0
    while done < len(network.stages):
        placed = _next(Site(network=network, options=options, index=done, engines=engines))
        done += len(placed.stages) - placed.added
        engines, stages, counts = (*engines, placed.engine), (*stages, *placed.stages), (*counts, len(placed.stages))
    # an engine may run a stage in another form, or an additional one
    network = replace(network, stages=stages)
    params = AcceleratorParams(name=_name(network), engines=engines, **host_side(network, options))
    if options.counters is Counters.NONE:
        params = params.without_counters()
    return Design(params=params, network=network, stage_counts=counts)


def _next(site: Site) -> Placed:
    """Return the next engine of a chain."""
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
