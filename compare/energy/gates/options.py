"""What is measured in gates, as a user chooses it."""

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
        """The models that it stands for."""
        return tuple(DelayModel) if self is DelayChoice.BOTH else (DelayModel(self.value),)


@dataclass(frozen=True, kw_only=True)
class LibraryOptions:
    """The cells, and how multipliers are made of them."""

    target: str = option(
        "osu018", f"Cells: {', '.join(INSTALLED)} (of make asic-tools), or a Liberty file (.lib, .lib.gz)"
    )
    booth: bool = option(False, "Booth multipliers instead of arrays of partial products")

    def options(self, cache: Cache) -> GateOptions:
        """Return how to measure, with the prices that fit the cells and both delay models.

        Raises
        ------
        InputError
            There is no such library, or it is not installed.
        """
        return GateOptions.on(self.target, booth=self.booth, cache=cache)


@dataclass(frozen=True, kw_only=True)
class NetworkGateOptions(LibraryOptions):
    """How the gates of a network are measured."""

    delays: DelayChoice = option(DelayChoice.BOTH, "Gate delays: none (zero: no glitches), the library's, or both")
    technology: str | None = option(
        None, f"Prices of memories: {', '.join(shipped())}, or a .toml file", unset="as the cells"
    )

    def options(self, cache: Cache) -> GateOptions:
        """Return how to measure.

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
    """How building blocks are measured."""

    cycles: int = option(2000, "Cycles to simulate of each block", low=100, high=1_000_000)
    seed: int = option(1, "Seed of the random operands", low=0)

    def __post_init__(self) -> None:
        check_options(self)
