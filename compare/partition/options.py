"""Options of a partition."""

from dataclasses import dataclass
from typing import ClassVar

from tospike.compare.partition.result import Objective
from tospike.hw.params import check_options, option
from tospike.hw.params.devices import Device, find_device, named

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
    device: str | None = option(None, f"Only placements that fit {named()}, by predicted area", unset="all")
    rtl_samples: int = option(0, "Samples for the Verilog of the best placement and the runner-up", low=0)

    def __post_init__(self) -> None:
        check_options(self)
        _ = self.budget

    @property
    def budget(self) -> Device | None:
        """The device that placements must fit.

        Raises
        ------
        InputError
            There is no such device.
        """
        return None if self.device is None else find_device(self.device)
