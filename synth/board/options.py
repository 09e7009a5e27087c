"""Options of a bitstream."""

from dataclasses import dataclass

from tospike.gen.options.serial_line import BaudOptions
from tospike.hw.params import REQUIRED, InputError, check_options, option, same_option
from tospike.synth.board.boards import BOARDS
from tospike.synth.options import SynthOptions

HIGHEST = "max"
OWN = "board"


@dataclass(frozen=True, kw_only=True)
class BuildOptions(BaudOptions):
    """Options of a bitstream."""

    board: str = option(REQUIRED, f"{', '.join(BOARDS)}, or a file (.toml) of its pins")
    clock: str = option(
        HIGHEST, f"MHz, from a PLL; {HIGHEST}: the highest that closes timing; {OWN}: the board's own, without a PLL"
    )
    margin: float = option(5.0, "Per cent by which the frequency after routing must exceed the clock", low=0, high=100)
    seeds: int = option(4, "Seeds of the placer to try at each clock", low=1, high=1000)
    seed: int = same_option(SynthOptions, "seed", help="The first seed")
    try_anyway: bool = option(False, "Run the tools on a design that is predicted not to fit")
    jobs: int | None = option(None, "Parallel processes of place and route", low=1, high=256, unset="one per core")

    def __post_init__(self) -> None:
        check_options(self)
        if self.clock not in (HIGHEST, OWN):
            _ = self.clock_mhz

    @property
    def clock_mhz(self) -> float:
        """The clock that was asked for as a frequency.

        Raises
        ------
        InputError
            It is none.
        """
        try:
            mhz = float(self.clock)
        except ValueError:
            mhz = 0.0
        if not 0 < mhz < 10_000:
            raise InputError(f"clock must be {HIGHEST}, {OWN} or a frequency in MHz, not {self.clock!r}")
        return mhz
