"""Options of measurements in gates."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tospike.compare.energy.gates.measure import INSTALLED, GateOptions
from tospike.compare.energy.gates.simulate import DelayModel
from tospike.compare.energy.technology import shipped
from tospike.gen.tools.cache import Cache
from tospike.hw.params import check_options, option


class DelayChoice(StrEnum):
    """The delay models, one or both."""

    ZERO = "zero"
    LIBRARY = "library"
    BOTH = "both"

    @property
    def models(self) -> Sequence[DelayModel]:
        """The chosen delay models."""
        return tuple(DelayModel) if self is DelayChoice.BOTH else (DelayModel(self.value),)


@dataclass(frozen=True, kw_only=True)
class LibraryOptions:
    """The cell library and the type of multipliers."""

    target: str = option(
        "osu018", f"Cells: {', '.join(INSTALLED)} (from make asic-tools), or a Liberty file (.lib, .lib.gz)"
    )
    booth: bool = option(False, "Booth multipliers instead of arrays of partial products")

    def options(self, cache: Cache) -> GateOptions:
        """Return the options of a measurement with both delay models and the technology that matches the cells.

        Raises
        ------
        InputError
            There is no such library, or it is not installed.
        """
        return GateOptions.on(self.target, booth=self.booth, cache=cache)


@dataclass(frozen=True, kw_only=True)
class NetworkGateOptions(LibraryOptions):
    """Options of measuring a network in gates."""

    delays: DelayChoice = option(DelayChoice.BOTH, "Gate delays: none (zero: no glitches), the library's, or both")
    technology: str | None = option(
        None, f"Prices of memories: {', '.join(shipped())}, or a .toml file", unset="as the cells"
    )

    def options(self, cache: Cache) -> GateOptions:
        """Return the options of a measurement.

        Raises
        ------
        InputError
            There is no such library or technology, or it is not installed.
        """
        return GateOptions.on(
            self.target, technology=self.technology, delays=self.delays.models, booth=self.booth, cache=cache
        )


@dataclass(frozen=True, kw_only=True)
class BlockOptions(LibraryOptions):
    """Options of measuring building blocks."""

    cycles: int = option(2000, "Cycles to simulate per block", low=100, high=1_000_000)
    seed: int = option(1, "Seed of the random operands", low=0)

    def __post_init__(self) -> None:
        check_options(self)
