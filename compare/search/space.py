"""The space of a side: functions that its networks can have without training, and hardware that can run each of them.

A function is a network with its widths, time steps and code: what it computes. Hardware is an engine with its size:
every hardware of a function computes the same outputs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from tospike.compare.report.design import Kind
from tospike.compare.study.layers import ann_bits, weight_bits
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import Prepared
from tospike.gen.place.options import Engine, Products
from tospike.hw.params import Dataflow, Encoding, NeuronUpdate, ceil_div

Choice = tuple[tuple[str, bool | int | str], ...]
"""Model options by name, in a fixed order: hashable, and the same in JSON."""

WEIGHT_BITS = (3, 4, 6)
ACT_BITS = (2, 3, 4, 6)
"""In addition to those of the network as given."""
CODES = (Encoding.DIRECT, Encoding.RATE, Encoding.PHASE, Encoding.TTFS)
"""Codes of values that need no random numbers."""


@dataclass(frozen=True, kw_only=True)
class Function:
    """A network of a side, with the widths, steps and code that it does not have as given."""

    side: Kind
    network: int
    """Its number among those of the side."""
    given: Choice = ()

    @property
    def is_quantised_after_training(self) -> bool:
        """Whether it differs from the network as given."""
        return bool(self.given)


@dataclass(frozen=True, kw_only=True)
class EngineAxes:
    """A kind of engine, and the values of each option that shapes it."""

    side: Kind
    chosen_by: Mapping[str, Any]
    """Options that choose it."""
    axes: Mapping[str, Sequence[Any]]
    is_usual: bool = True
    """Whether it is searched unless options choose another."""


_SIDES = (1, 2, 4, 8)
_COLUMNS = (1, 2, 4, 8, 16, 32)
_LANES = (1, 2, 4, 8, 16, 32, 64)
_FOLDS = (16, 32, 64, 256, 1024, 4096, 16384)
_GATING = {"clock_gating": (False, True)}

ENGINES: Mapping[str, EngineAxes] = {
    "output-stationary array": EngineAxes(
        side="ann",
        chosen_by={"engine": Engine.SYSTOLIC, "dataflow": Dataflow.OS},
        axes={"rows": _SIDES, "cols": _COLUMNS, **_GATING},
    ),
    "weight-stationary array": EngineAxes(
        side="ann",
        chosen_by={"engine": Engine.SYSTOLIC, "dataflow": Dataflow.WS},
        axes={"rows": _SIDES, "cols": _COLUMNS, **_GATING},
    ),
    "array per layer": EngineAxes(
        side="ann",
        chosen_by={"engine": Engine.DATAFLOW, "products": Products.MULTIPLIERS},
        axes={"fold": _FOLDS},
    ),
    # weights in logic need no memory, but the circuit runs one network only, and SNNs have nothing like it
    "constant weights": EngineAxes(
        side="ann",
        chosen_by={"engine": Engine.DATAFLOW, "products": Products.CONSTANTS},
        axes={},
        is_usual=False,
    ),
    "event engine": EngineAxes(side="ann", chosen_by={"engine": Engine.EVENT}, axes={"lanes": _LANES, **_GATING}),
    "delta engine": EngineAxes(side="ann", chosen_by={"engine": Engine.DELTA}, axes={"lanes": _LANES, **_GATING}),
    "spiking engine": EngineAxes(
        side="snn",
        chosen_by={"engine": Engine.EVENT},
        axes={"lanes": _LANES, "update": (NeuronUpdate.ALL, NeuronUpdate.ACTIVE), **_GATING},
    ),
    "register engine": EngineAxes(side="snn", chosen_by={"engine": Engine.REGISTER}, axes={"lanes": _LANES, **_GATING}),
}
"""Every engine: an array that runs convolutions is a conv engine."""


def without_gating(choice: Choice) -> Choice:
    """Return hardware without what it says of clock gating."""
    return tuple((name, value) for name, value in choice if name != "clock_gating")


def functions(side: Kind, network: int, prepared: Prepared, fixed: ModelOptions) -> Iterator[Function]:
    """Yield the functions of a network, the network as given first; options in ``fixed`` do not change.

    Widths only fall from those of the network as given.
    """
    axes = _ann_axes(prepared) if side == "ann" else _snn_axes(prepared)
    varied = {name: values for name, values in axes.items() if getattr(fixed, name) is None}
    found: dict[Function, None] = {Function(side=side, network=network): None}
    for name in varied:  # one at a time first: those are most often of use
        found |= {Function(side=side, network=network, given=((name, value),)): None for value in varied[name]}
    crossed = {name: values for name, values in varied.items() if name != "encoding"}
    codes = {name: values for name, values in varied.items() if name in ("encoding", "steps")}
    for grid in (crossed, codes):  # codes that the network was not trained with, at its own widths
        for values in product(*((None, *values) for values in grid.values())):
            chosen = tuple((name, value) for name, value in zip(grid, values, strict=True) if value is not None)
            found[Function(side=side, network=network, given=chosen)] = None
    yield from found


def _ann_axes(prepared: Prepared) -> dict[str, list[int | str]]:
    weights, activations = ann_bits(prepared.design.params)
    return {
        "weight_bits": [bits for bits in reversed(WEIGHT_BITS) if bits < weights],
        "act_bits": [bits for bits in reversed(ACT_BITS) if bits < activations],
    }


def _snn_axes(prepared: Prepared) -> dict[str, list[int | str]]:
    spec = prepared.network.input
    axes: dict[str, list[int | str]] = {
        "weight_bits": [bits for bits in reversed(WEIGHT_BITS) if bits < weight_bits(prepared.design.params)]
    }
    if spec.encoding is not None and not spec.encoding.code.takes_frames:
        steps = {ceil_div(spec.steps, 2), ceil_div(3 * spec.steps, 4), 2 * spec.steps} - {spec.steps}
        axes["steps"] = sorted(steps)
        axes["encoding"] = [code.value for code in CODES if code is not spec.encoding]
    return axes


def hardware(side: Kind, fixed: ModelOptions, *, stops_clocks: bool = True) -> Iterator[Choice]:
    """Yield the hardware of a side, engine by engine; options in ``fixed`` do not change.

    Clock gating varies only if it ``stops_clocks``, for the technology that decides.
    """
    for kind in ENGINES.values():
        given = {name: getattr(fixed, name) for name in kind.chosen_by}
        wanted = any(value is not None for name, value in given.items() if name != "engine")
        differs = any(value not in (None, kind.chosen_by[name]) for name, value in given.items())
        if kind.side != side or differs or not (kind.is_usual or wanted):
            continue
        free = {name: values for name, values in kind.axes.items() if getattr(fixed, name) is None}
        if not stops_clocks:
            free.pop("clock_gating", None)
        for values in product(*free.values()):
            chosen = {**kind.chosen_by, **dict(zip(free, values, strict=True))}
            yield tuple((name, value if isinstance(value, int) else str(value)) for name, value in chosen.items())
