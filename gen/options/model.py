"""The options that a user gave for a trained network, the same for every command and function."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from tospike.gen.fit.fit import ANY_SOURCE
from tospike.gen.fold.objective import Objective
from tospike.gen.nir.importer import read_options
from tospike.gen.nir.options import NirOptions
from tospike.gen.nir.qualified import QUALIFIES, check_beside_taps, check_qualified
from tospike.gen.options.layers import Layers, check_layers, checked_layers, layers_of, merged, suits
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
    """Arrays or lanes that are chosen instead of given."""

    PANEL: ClassVar = PlanOptions.PANEL

    fit: str | None = option(
        None, f"Auto-size the array, the dataflow engines' arrays, or an SNN's lanes for {named()}"
    )
    objective: Objective = option(
        Objective.LATENCY, "ANN: what --fit optimises; without --engine, it chooses the engine, too"
    )


CLASSES = (NirOptions, OnnxOptions, QuantizeOptions, PlanOptions, FitOptions)
"""The classes whose options `ModelOptions` takes; ``PANEL`` is their heading in a command's help."""
OPTIONS: dict[str, Option] = {
    name: each for cls in CLASSES for name, each in options_of(cls).items() if each.help and not each.layers_only
}
"""Those options, by the names that users see."""
_NIR = options_of(NirOptions)
_ONLY_NIR = frozenset(name for name, each in _NIR.items() if each.help)
"""Options of SNNs only, except that a delta ANN has ``delta_threshold``."""


@dataclass(frozen=True, init=False)
class ModelOptions:
    """Options by the names that users see; one that is not given is as a NIR file states, or has its class's default.

    An option that was not given reads as ``None``: ``ModelOptions(steps=4).lanes is None``.

    Parameters
    ----------
    given
        Options by name, as values of their types or as texts; ``None`` means not given.
    layers
        Options of single layers: by layer, then by option; see `LAYER_OPTIONS`.
    shared
        Whether a second network shares these options: a layer that this one lacks may then belong to the other.
    sources
        The files that they were read from, which no output may replace.
    more
        More options, like ``given``.

    Raises
    ------
    InputError
        There is no such option, or a value is invalid.
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
        """Return these options with ``more``, which wins; ``None`` removes an option."""
        return replace(self, given={**self.given, **more})

    def with_layers(self, layers: Layers) -> "ModelOptions":
        """Return these options with further options of single layers, which win."""
        return replace(self, layers=merged(self.layers, checked_layers(layers, OPTIONS)))

    def for_network(self, network: Network) -> "ModelOptions":
        """Return these options, with only those of single layers that ``network`` has.

        Raises
        ------
        InputError
            The network has no such layer, or the layer cannot have such an option; not if the options are shared.
        """
        if not self.shared:
            check_layers(self.layers, [network])
        return replace(self, layers=layers_of(self.layers, network))

    def of_kind(self, *, spiking: bool) -> "ModelOptions":
        """Return these options for an SNN or an ANN that shares them with the other kind: without the other's own."""
        foreign = {"time_bins"} if spiking else {*self._only_spiking, "input_bits"}
        given = {
            name: value for name, value in self.given.items() if name not in foreign and suits(value, spiking=spiking)
        }
        return replace(self, given=given, shared=True)

    @property
    def _only_spiking(self) -> frozenset[str]:
        """Options of `NirOptions` that this ANN does not have; a delta ANN has ``delta_threshold``."""
        return _ONLY_NIR - {"delta_threshold"} if self._has_delta else _ONLY_NIR

    @property
    def _has_delta(self) -> bool:
        """Whether the ANN is a delta ANN, which computes changes only."""
        return Engine.DELTA in (self.engine, *(own.get("engine") for own in self.layers.values()))

    def nir(self, path: Path, *, spikes: bool = False) -> NirOptions | None:
        """Return what a NIR file states, overridden by the given options; ``None`` for an ANN.

        ``spikes`` tells that the data are spike trains: an ANN then ignores ``steps`` instead of refusing it.
        """
        if path.suffix != ".nir":
            for name in self.given:
                flag = OPTIONS[name].flag
                if name in self._only_spiking and not (spikes and name == "steps"):
                    raise InputError(f"{flag} is for spiking networks (.nir), but {path} is not one: leave it out")
            return None
        require(self.time_bins is None, f"--time-bins is for ANNs (.onnx), but {path} is not one: leave it out")
        stated = read_options(path)
        layers = merged(stated.layers, self._layers(NirOptions))
        own = self._fields(NirOptions)
        check_qualified(own, _anywhere(stated, layers), prefix="--")
        check_beside_taps(own, vars(stated), prefix="--")
        return (stated.preset(self.framework) if self.framework else stated).given(**own, layers=layers)

    @property
    def quantize(self) -> QuantizeOptions:
        """The options of quantisation."""
        return QuantizeOptions(**self._fields(QuantizeOptions), layers=self._layers(QuantizeOptions))

    @property
    def chooses_engine(self) -> bool:
        """Whether ``--fit`` chooses the engine of an ANN, because there is an objective but no engine."""
        engines = [self.engine, *(own.get("engine") for own in self.layers.values())]
        return self.fit is not None and self.objective is not None and not any(engines)

    @property
    def device(self) -> Device | None:
        """The device that the array must fit, if one was given."""
        if self.fit is None:
            return None
        for name in ("rows", "cols", "dataflow", "products_per_multiplier", "fold", "dsp_products"):
            if name in self.given:
                raise InputError(f"--fit chooses the array: leave {OPTIONS[name].flag} out, or --fit")
        return find_device(self.fit)

    @property
    def weight_sources(self) -> tuple[WeightSource, ...]:
        """Where an auto-sized array may have its weights, the best first."""
        return ANY_SOURCE if self.weights is None else (self.weights,)

    @property
    def plan(self) -> PlanOptions:
        """The options of the planner."""
        fields = self._fields(PlanOptions)
        if not self._has_delta:
            fields.pop("delta_threshold", None)
        return PlanOptions(**fields, layers=self._layers(PlanOptions))

    def _fields(self, cls: type) -> dict[str, Any]:
        """Return the given options of a class, by field."""
        return {each.field: self.given[name] for name, each in options_of(cls).items() if name in self.given}

    def _layers(self, cls: type) -> dict[str, dict[str, Any]]:
        """Return the same for each layer that has any."""
        known = options_of(cls)
        own = {
            layer: {known[name].field: value for name, value in given.items() if name in known}
            for layer, given in self.layers.items()
        }
        return {layer: given for layer, given in own.items() if given}


def _anywhere(stated: NirOptions, layers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the options that others qualify, as a file states them, or else as any layer has them."""
    return {name: getattr(stated, name) or any(own.get(name) for own in layers.values()) for name in QUALIFIES.values()}
