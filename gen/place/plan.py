"""Map an integer network to a chain of engines."""

from dataclasses import replace

from tospike.gen.place.host import host_side
from tospike.gen.place.options import Counters, PlanOptions
from tospike.gen.place.placer import Placed, Site, chosen_engines
from tospike.gen.place.placers import PLACERS
from tospike.hw.params import AcceleratorParams, EngineParams, InputError, require
from tospike.sim.design import Design
from tospike.sim.network import Activation, Conv2d, Network, SpikingNeuron, Stage
from tospike.sim.network.layers import ungrouped


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
    _require_images(network)
    network = replace(network, stages=tuple(map(_in_groups, network.stages)))
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
    params = params.with_clock_gating(options.clock_gating)
    return Design(params=params, network=network, stage_counts=counts)


def _in_groups(stage: Stage) -> Stage:
    """Return a stage whose convolution is depthwise or has one group: engines have no others."""
    synapses = stage.synapses
    if not isinstance(synapses, Conv2d) or synapses.groups in (1, synapses.shape[0]):
        return stage
    return replace(stage, synapses=ungrouped(synapses))


def _require_images(network: Network) -> None:
    """Refuse a stage that takes an image as a vector, or a vector as an image: no engine stores values in both ways."""
    for index, stage in enumerate(network.stages):
        taken = getattr(stage.synapses, "shape", ())
        for source in network.sources(index):
            sent = network.stages[source].synapses.output_shape if source >= 0 else ()
            require(
                len(taken) != 3 or len(sent) != 3 or taken == sent,
                f"stage {stage.name!r} takes {taken} (channels, height, width), but gets {sent} from "
                f"{network.stages[source].name!r}: no engine puts the values of a vector at the places of an image, or "
                "scales each value of an image on its own",
            )


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
