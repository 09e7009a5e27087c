"""One design for all networks of a shape: the host writes their weights into its memories."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, cast

from tospike.gen.emit.folder import design_hash
from tospike.hw.params import InputError, require
from tospike.hw.params.neurons.threshold import ThresholdParams
from tospike.sim.design import Design

MOST_NAMED = 3
"""Differences that a message names, at most."""


def writable_design(design: Design, weight_bits: Mapping[str, int]) -> Design:
    """Return a design whose memories the host may write.

    Parameters
    ----------
    weight_bits
        Bits of the weights of any network, by stage.

    Raises
    ------
    InputError
        The weights of an engine cannot be written.
    """
    engines = []
    for index, engine in enumerate(design.params.engines):
        names = [stage.name for stage in design.stages_of(index)]
        engines.append(engine.as_writable(max((weight_bits.get(name, 0) for name in names), default=0)))
    return replace(design, params=replace(design.params, engines=tuple(engines), unused_inputs=()))


def on_design_of(design: Design, host: Design, *, name: str) -> Design:
    """Return a network on the hardware of another one, after writing its memories.

    Parameters
    ----------
    design
        The network on hardware of its own.
    host
        The design that will hold it.
    name
        Of ``host``, for errors.

    Raises
    ------
    InputError
        The memories of ``host`` cannot be written, or its hardware differs from what the network needs; the message
        says in what.
    """
    if not any(engine.is_writable for engine in host.params.engines):
        raise InputError(f"the weights of {name} cannot be written: generate it with --writable")
    found = [f"{place} {mine}, not {theirs}" for place, mine, theirs in _differences(design.params, host.params)]
    if found:
        more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
        raise InputError(
            f"{design.network.name} needs other hardware than {name}: {', '.join(found[:MOST_NAMED])}{more}; give the "
            "options with which it was generated"
        )
    found_here = replace(design, params=host.params)
    if design_hash(found_here) != design_hash(host):
        raise InputError(
            f"{design.network.name} needs other constants than {name} holds, such as delays of inputs, which cannot be "
            "written: generate hardware of its own"
        )
    return found_here


def host_thresholds(design: Design) -> dict[str, int]:
    """Return the thresholds that the host may write, by layer, in units of the layer's membranes."""
    return {name: neuron.threshold for name, neuron in _host_neurons(design).items()}


def with_threshold(design: Design, layer: str, threshold: int) -> Design:
    """Return a design with another threshold of a layer, in units of its membranes, on the same hardware.

    Raises
    ------
    InputError
        There is no such layer, its threshold cannot be written, or it is out of range.
    """
    written = _host_neurons(design)
    require(
        layer in written,
        f"layer {layer!r} has no threshold that the host writes (those that have: {', '.join(written) or 'none'}): "
        "compile with writable and the layer's threshold-factor",
    )
    neuron = replace(written[layer], threshold=threshold)
    stages = (replace(s, neuron=neuron) if s.name == layer else s for s in design.network.stages)
    return replace(design, network=replace(design.network, stages=tuple(stages)))


def _host_neurons(design: Design) -> dict[str, ThresholdParams]:
    """Return the neurons whose threshold the host may write, by layer."""
    return {
        stage.name: cast(ThresholdParams, stage.neuron)
        for stage in design.network.stages
        if getattr(stage.neuron, "host_threshold", False)
    }


def layer_options_of(design: Design) -> Iterator[dict[str, Any]]:
    """Yield, for each stage of a design, the options that give another network the same number formats."""
    for index, engine in enumerate(design.params.engines):
        neuron = getattr(engine, "neuron", None)
        names = {"threshold": "threshold", "state_bits": "state_bits", "fraction_bits": "state_fraction_bits"}
        options = {option: getattr(neuron, name, None) for option, name in names.items()}
        if neuron is not None and neuron.host_threshold:  # which each network has of its own
            del options["threshold"]
        for stage in design.stages_of(index):
            yield {name: value for name, value in options.items() if value is not None and stage.is_spiking}


def _differences(mine: Any, theirs: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the place and both values of each difference between parameters, except the names of the designs."""
    if type(mine) is type(theirs) and is_dataclass(mine):
        for field in fields(mine):
            if not place and field.name == "name":  # of the whole design
                continue
            inner = f"{place}.{field.name}" if place else field.name
            yield from _differences(getattr(mine, field.name), getattr(theirs, field.name), inner)
    elif isinstance(mine, tuple) and isinstance(theirs, tuple) and len(mine) == len(theirs):
        for index, (one, other) in enumerate(zip(mine, theirs, strict=True)):
            yield from _differences(one, other, f"{place}[{index}]")
    elif mine != theirs:
        yield place, _short(mine), _short(theirs)


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(_short, value))})"
    return type(value).__name__ if is_dataclass(value) else str(value)
