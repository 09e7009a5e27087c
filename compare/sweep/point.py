"""A point of a sweep: a layer, its activity, and the hardware on both sides."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from tospike.compare.energy.counters.work import StatePlacement
from tospike.compare.energy.technology import shipped
from tospike.gen.place.options import PlanOptions
from tospike.gen.quantize.options import QuantizeOptions
from tospike.hw.params import check_options, option, same_option


@dataclass(frozen=True, kw_only=True)
class Point:
    """A dense layer as an ANN (systolic engine) and as an SNN (event engine), with weights of the same width.

    The array has ``rows`` x ``cols`` elements; its ``rows`` results share every weight, which is the ANN's data reuse.
    A frame has ``rows`` positions, and energies are per position.
    """

    inputs: int = option(128, "Inputs of the layer: its fan-in", low=1, high=1 << 14)
    outputs: int = option(64, "Neurons of the layer", low=1, high=1 << 14)
    steps: int = option(8, "SNN: time steps", low=1, high=1024)
    weight_bits: int = option(8, "Weight bits", low=2, high=8)
    act_bits: int = same_option(QuantizeOptions, "act_bits")
    state_bits: int = same_option(QuantizeOptions, "state_bits", 16, unset="")
    lanes: int = same_option(PlanOptions, "lanes", help="SNN: neurons updated per cycle")
    rows: int = same_option(PlanOptions, "rows", help="ANN: rows of the array, which share each weight")
    cols: int = same_option(PlanOptions, "cols", 8, help="ANN: columns of the array", unset="")
    state: StatePlacement = option(StatePlacement.BUILT, "SNN: membranes as built, in memory or in registers")
    spike_rate: float = option(0.05, "SNN: spikes per input and time step", low=0, high=1)
    density: float = option(0.5, "ANN: fraction of non-zero activations", above=0, high=1)
    technology: str = option("horowitz45", f"Prices: {', '.join(shipped())}, or a .toml file")
    samples: int = option(4, "Random samples per point", low=1, high=10_000)
    seed: int = option(1, "Seed of activity and weights", low=0)

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def spikes_per_activation(self) -> float:
        """n: spikes per non-zero activation, summed over the steps."""
        return self.steps * self.spike_rate / self.density

    def to_json(self) -> dict[str, Any]:
        """Return the fields for JSON."""
        return asdict(self)


AXES = tuple(field.name for field in fields(Point))
