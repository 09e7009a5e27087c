"""What is varied: a layer, its activity, and the hardware on both sides."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import product
from typing import Any

from tospike.compare.energy.counters.work import StatePlacement
from tospike.hw.params import InputError, require, require_range


@dataclass(frozen=True, kw_only=True)
class Point:
    """A dense layer as an ANN (systolic engine) and as an SNN (event engine) with the same weights' width.

    ``rows`` x ``cols`` is the array; its ``rows`` results share every weight, which is the ANN's reuse: a frame has
    ``rows`` positions, and energies are per position.
    """

    inputs: int = 128
    outputs: int = 64
    steps: int = 8
    weight_bits: int = 8
    act_bits: int = 8
    state_bits: int = 16
    lanes: int = 8
    rows: int = 1
    cols: int = 8
    state: StatePlacement = StatePlacement.BUILT
    spike_rate: float = 0.05
    """Spikes per input and time step."""
    density: float = 0.5
    """Fraction of the ANN's activations that is not zero."""
    technology: str = "horowitz45"
    samples: int = 4
    seed: int = 1

    def __post_init__(self) -> None:
        require_range("inputs", self.inputs, 1, 1 << 14)
        require_range("outputs", self.outputs, 1, 1 << 14)
        require_range("steps", self.steps, 1, 1024)
        require_range("samples", self.samples, 1, 10_000)
        require(0 <= self.spike_rate <= 1, f"spike-rate must be from 0 to 1, not {self.spike_rate}")
        require(0 < self.density <= 1, f"density must be above 0 and at most 1, not {self.density}")

    @property
    def spikes_per_activation(self) -> float:
        """n: spikes for each activation that is not zero, summed over the steps."""
        return self.steps * self.spike_rate / self.density

    def to_json(self) -> dict[str, Any]:
        """Return the fields, as JSON takes them."""
        return asdict(self)


AXES = tuple(field.name for field in fields(Point))


def grid(base: Point, axes: Mapping[str, Sequence[Any]]) -> tuple[Point, ...]:
    """Return every combination of the values of ``axes``, the last axis fastest; other fields as in ``base``.

    Raises
    ------
    InputError
        An axis that there is not, has no values or has one twice; or a value that no hardware takes.
    """
    for name, values in axes.items():
        require(name in AXES, f"nothing to sweep is called {name!r}: use one of {', '.join(AXES)}")
        require(len(values) > 0, f"the sweep of {name} has no values")
        require(len(set(values)) == len(values), f"the sweep of {name} has a value twice")
    return tuple(replace(base, **dict(zip(axes, values, strict=True))) for values in product(*axes.values()))


def parse_values(name: str, text: str) -> tuple[Any, ...]:
    """Return ``4,8,16`` as values of the axis ``name``.

    Raises
    ------
    InputError
        A value is not of the axis' kind.
    """
    kind = {field.name: field.type for field in fields(Point)}[name]
    assert isinstance(kind, type)
    values = []
    for part in text.split(","):
        try:
            values.append(kind(part.strip()))
        except ValueError:
            names = ", ".join(item.value for item in StatePlacement)
            wanted = {int: "a whole number", float: "a number"}.get(kind, f"one of {names}")
            raise InputError(f"{part.strip()!r} in --{name.replace('_', '-')} {text} is not {wanted}") from None
    return tuple(values)
