"""Options of a partition."""

from dataclasses import dataclass
from typing import ClassVar

from tospike.compare.partition.result import Objective
from tospike.hw.params import check_options, option

MOST_PLACEMENTS = 1 << 12
"""Placements that are all evaluated."""


@dataclass(frozen=True, kw_only=True)
class PartitionOptions:
    """What a partition minimises, and how it is priced and verified."""

    PANEL: ClassVar = "Partition"

    objective: Objective = option(Objective.ENERGY, "What the placement minimises, of a lone sample")
    max_accuracy_loss: float = option(
        0.0, "Most points of accuracy below the most accurate placement; all of an exact pair have the same", low=0
    )
    technology: str = option("horowitz45", "Prices of energy and area")
    rtl_samples: int = option(0, "Samples for the Verilog of the best placement and the runner-up", low=0)

    def __post_init__(self) -> None:
        check_options(self)
