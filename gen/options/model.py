"""What a user chose about a trained network, whichever command or function it is for."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from tospike.gen.fold.objective import Objective
from tospike.gen.nir.importer import read_options
from tospike.gen.nir.options import NirOptions
from tospike.gen.options.layers import Layers, check_layers, checked_layers, layers_of, merged, suits
from tospike.gen.place.auto_size import ANY_SOURCE
from tospike.gen.place.options import Engine, PlanOptions
from tospike.gen.quantize.options import QuantizeOptions
from tospike.hw.params import InputError, Option, WeightSource, option, options_of, require, require_known
from tospike.hw.params.devices import Device, find_device, named
from tospike.sim.network import Network


@dataclass(frozen=True, kw_only=True)
class OnnxOptions:
    """The choices that ONNX leaves open."""

    PANEL: ClassVar = "What an ONNX file leaves open"

    time_bins: int | None = option(
        None, "ANN on spike trains: bins to sum spikes in; 1: all steps", unset="as the file states"
    )


@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """An array that is chosen instead of given."""

    PANEL: ClassVar = PlanOptions.PANEL

    fit: str | None = option(None, f"Auto-size the systolic array, or the dataflow engines' arrays, for {named()}")
    objective: Objective = option(Objective.LATENCY, "Dataflow: what --fit is to be best at")


CLASSES = (NirOptions, OnnxOptions, QuantizeOptions, PlanOptions, FitOptions)
"""The classes whose options `ModelOptions` takes; ``PANEL`` is the heading under which a command lists them."""
OPTIONS: dict[str, Option] = {
    name: each for cls in CLASSES for name, each in options_of(cls).items() if each.help and not each.layers_only
}
"""Those options, by their names for users."""
_NIR = options_of(NirOptions)
_ONLY_NIR = frozenset(name for name, each in _NIR.items() if each.help)
"""Options that no ANN has, but for what a delta ANN has."""


@dataclass(frozen=True, init=False)
class ModelOptions:
    """Options by their names for users; what is not given keeps the default of its class, or what a NIR file states.

    An option that was not given reads as ``None``: ``ModelOptions(steps=4).lanes is None``.

    Parameters
    ----------
    given
        Options by name, as their types or as texts; ``None`` as the value: not given.
    layers
        Options of single layers by name, for each layer by its name; see `LAYER_OPTIONS`.
    shared
        Whether a second network has these options too: then a layer that this one lacks may be its.
    sources
        The files that they were read from, which no output may replace.
    more
        The same as ``given``.

    Raises
    ------
    InputError
        There is no such option, or it cannot have that value.
    """

    given: Mapping[str, Any]
    layers: Layers
    shared: bool = field(compare=False)
    sources: tuple[Path, ...] = field(compare=False)

    def __init__(
        self,
        given: Mapping[str, Any] | None = None,
        *,
        layers: Layers | None = None,
        shared: bool = False,
        sources: tuple[Path, ...] = (),
        **more: Any,
    ) -> None:
        chosen = {name: value for name, value in {**(given or {}), **more}.items() if value is not None}
        for name, value in chosen.items():
            require_known("option", name, OPTIONS)
            chosen[name] = OPTIONS[name].parse(value, OPTIONS[name].flag)
        object.__setattr__(self, "given", chosen)
        object.__setattr__(self, "layers", checked_layers(layers or {}, OPTIONS))
        object.__setattr__(self, "shared", shared)
        object.__setattr__(self, "sources", sources)

    def __getattr__(self, name: str) -> Any:
        if name not in OPTIONS:
            raise AttributeError(f"there is no option {name!r}")
        return self.given.get(name)

    def but(self, **more: Any) -> "ModelOptions":
        """These options and others, which win; ``None``: not given after all."""
        return replace(self, given={**self.given, **more})

    def with_layers(self, layers: Layers) -> "ModelOptions":
        """These options and others of single layers, which win."""
        return replace(self, layers=merged(self.layers, checked_layers(layers, OPTIONS)))

    def for_network(self, network: Network) -> "ModelOptions":
        """These options with those of its own layers.

        Raises
        ------
        InputError
            It has no such layer, or the layer cannot have such an option; unless another network may.
        """
        if not self.shared:
            check_layers(self.layers, [network])
        return replace(self, layers=layers_of(self.layers, network))

    def of_kind(self, *, spiking: bool) -> "ModelOptions":
        """These options for one of an ANN and an SNN that share them: without what only the other has."""
        foreign = {"time_bins"} if spiking else {*self._only_spiking, "input_bits"}
        given = {
            name: value for name, value in self.given.items() if name not in foreign and suits(value, spiking=spiking)
        }
        return replace(self, given=given, shared=True)

    @property
    def _only_spiking(self) -> frozenset[str]:
        """Options of `NirOptions` that this ANN does not have: a delta ANN has a threshold of changes."""
        return _ONLY_NIR - {"delta_threshold"} if self._has_delta else _ONLY_NIR

    @property
    def _has_delta(self) -> bool:
        """Whether an ANN is to compute changes only."""
        return Engine.DELTA in (self.engine, *(own.get("engine") for own in self.layers.values()))

    def nir(self, path: Path, *, spikes: bool = False) -> NirOptions | None:
        """What a NIR file states, with the given options instead where there are any; ``None`` for an ANN.

        With ``spikes`` the data are spike trains: their steps say nothing about an ANN.
        """
        if path.suffix != ".nir":
            for name in self.given:
                flag = OPTIONS[name].flag
                if name in self._only_spiking and not (spikes and name == "steps"):
                    raise InputError(f"{flag} is for spiking networks (.nir), but {path} is not one: leave it out")
            return None
        require(self.time_bins is None, f"--time-bins is for ANNs (.onnx), but {path} is not one: leave it out")
        stated = read_options(path)
        return (stated.preset(self.framework) if self.framework else stated).given(**self._fields(NirOptions))

    @property
    def quantize(self) -> QuantizeOptions:
        """How to quantise."""
        return QuantizeOptions(**self._fields(QuantizeOptions), layers=self._layers(QuantizeOptions))

    @property
    def device(self) -> Device | None:
        """What the array is to fit."""
        if self.fit is None:
            return None
        for name in ("rows", "cols", "dataflow", "products_per_multiplier", "fold", "dsp_products"):
            if name in self.given:
                raise InputError(f"--fit chooses the array: leave {OPTIONS[name].flag} out, or --fit")
        return find_device(self.fit)

    @property
    def weight_sources(self) -> tuple[WeightSource, ...]:
        """Where weights may be for an array that is to fit, the best first."""
        return ANY_SOURCE if self.weights is None else (self.weights,)

    @property
    def plan(self) -> PlanOptions:
        """How to put stages on engines."""
        fields = self._fields(PlanOptions)
        if not self._has_delta:
            fields.pop("delta_threshold", None)
        return PlanOptions(**fields, layers=self._layers(PlanOptions))

    def _fields(self, cls: type) -> dict[str, Any]:
        """What was given of the options of a class, by its fields."""
        return {each.field: self.given[name] for name, each in options_of(cls).items() if name in self.given}

    def _layers(self, cls: type) -> dict[str, dict[str, Any]]:
        """The same of each layer that has any."""
        known = options_of(cls)
        own = {
            layer: {known[name].field: value for name, value in given.items() if name in known}
            for layer, given in self.layers.items()
        }
        return {layer: given for layer, given in own.items() if given}
