"""Options of single layers: which exist, how they are written, and which layers of a network can have them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tospike.gen.nir.options import NirOptions
from tospike.gen.place.options import PlanOptions
from tospike.gen.quantize.options import QuantizeOptions
from tospike.hw.params import InputError, Option, options_of, require, require_known
from tospike.sim.network import Conv2d, Dense, Network, Stage

Layers = Mapping[str, Mapping[str, Any]]
"""Options by name, for each layer by name."""
LAYER_OPTIONS: dict[str, Option] = {
    name: each
    for cls in (NirOptions, QuantizeOptions, PlanOptions)
    for name, each in options_of(cls).items()
    if each.kinds
}
"""The options that can be given for a single layer."""
_OF_WEIGHTS = ("weight_bits", "weight_scale", "scale", "per_channel")
_OF_SPIKES = (
    *("reset", "reset_timing", "comparison", "spike_bits", "code", "refractory"),
    *("noise", "noise_shape", "noise_seed", "adaptation", "adaptation_decay", "taps", "tap_dilation"),
)


def parse_layers(texts: Sequence[str]) -> dict[str, dict[str, str]]:
    """Parse texts ``LAYER.OPTION=VALUE`` as options of layers; a later text overrides an earlier one.

    Raises
    ------
    InputError
        A text has another form.
    """
    layers: dict[str, dict[str, str]] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        layer, _, name = key.rpartition(".")
        require(
            bool(layer and name and equals),
            f"--layer {text!r} is not LAYER.OPTION=VALUE, for example fc1.weight-bits=4",
        )
        layers.setdefault(layer, {})[name.replace("-", "_")] = value
    return layers


def parse_by_layer(name: str, text: str) -> tuple[str | None, dict[str, dict[str, str]]]:
    """Parse a text ``VALUE`` or ``LAYER=VALUE,...`` of an option as its value for the network, and those for layers.

    Raises
    ------
    InputError
        A part of the text has another form.
    """
    if "=" not in text:
        return text, {}
    layers: dict[str, dict[str, str]] = {}
    for part in text.split(","):
        layer, equals, value = (each.strip() for each in part.partition("="))
        flag = f"--{name.replace('_', '-')}"
        require(bool(layer and equals and value), f"{flag} {text!r} is neither one value nor LAYER=VALUE,...")
        require(layer not in layers, f"{flag} gives layer {layer!r} twice")
        layers[layer] = {name: value}
    return None, layers


def checked_layers(layers: Layers, of_networks: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return the options of layers, with their values parsed.

    ``of_networks`` are the names of all options of whole networks.

    Raises
    ------
    InputError
        There is no such option of layers, or the value is invalid.
    """
    checked: dict[str, dict[str, Any]] = {}
    require(isinstance(layers, Mapping), f"layers must map each layer to a dict of options, not {layers!r}")
    for layer, given in layers.items():
        require(isinstance(given, Mapping), f"layer {layer!r} must map to a dict of options, not {given!r}")
        for name, value in given.items():
            require(
                name not in of_networks or name in LAYER_OPTIONS,
                f"{layer}.{name.replace('_', '-')} is an option of the whole network: give it without a layer",
            )
            require_known(f"layer {layer!r}: option", name, LAYER_OPTIONS)
            checked.setdefault(layer, {})[name] = LAYER_OPTIONS[name].parse(value, f"{layer}.{name.replace('_', '-')}")
    return checked


def merged(first: Layers, then: Layers) -> dict[str, dict[str, Any]]:
    """Return both; where they differ, ``then`` wins."""
    return {layer: {**first.get(layer, {}), **then.get(layer, {})} for layer in (*first, *then)}


def layers_of(layers: Layers, network: Network) -> dict[str, dict[str, Any]]:
    """Return those options, possibly shared with another network, that layers of this network can have."""
    kept = {
        stage.name: {
            name: value
            for name, value in layers.get(stage.name, {}).items()
            if not _unsuited(name, value, stage, network)
        }
        for stage in network.stages
    }
    return {layer: given for layer, given in kept.items() if given}


def check_layers(layers: Layers, networks: Sequence[Network]) -> None:
    """Refuse options that no layer of any of the networks can have.

    Raises
    ------
    InputError
        There is no such layer (the message names the nearest), or it cannot have such an option.
    """
    stages = [(stage, network) for network in networks for stage in network.stages]
    for layer, given in layers.items():
        require_known("layer", layer, dict.fromkeys(stage.name for stage, _ in stages))
        for name, value in given.items():
            reasons = [_unsuited(name, value, stage, network) for stage, network in stages if stage.name == layer]
            if all(reasons):
                raise InputError(f"{layer}.{name.replace('_', '-')} {reasons[0]}: leave it out")


def suits(value: object, *, spiking: bool) -> bool:
    """Return whether an option's value suits an SNN, or an ANN: some engines run only one of them."""
    return ("snn" if spiking else "ann") in getattr(value, "kinds", ("ann", "snn"))


def _unsuited(name: str, value: object, stage: Stage, network: Network) -> str:
    """Return why a layer cannot have an option; empty if it can."""
    kind = "snn" if network.is_spiking else "ann"
    kinds = LAYER_OPTIONS[name].kinds
    if kind not in kinds:
        return f"is for layers of an {' or '.join(kinds).upper()}, which {network.name!r} is not"
    if not suits(value, spiking=network.is_spiking):
        return f"cannot be {value}, because {network.name!r} is an {kind.upper()}"
    if name in _OF_WEIGHTS and kind == "ann" and not isinstance(stage.synapses, Dense | Conv2d):
        return "is for layers with weights, and this one has none"
    if name in _OF_SPIKES and not getattr(stage.neuron, "spikes", True):
        return "is for neurons that spike, and these do not"
    return ""
