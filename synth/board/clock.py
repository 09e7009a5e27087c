"""The clock of a design on a board: the oscillator's, or one that a PLL makes of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from tospike.hw.host.uart import MIN_DIVISOR
from tospike.hw.params import InputError, require, require_range
from tospike.hw.params.devices import Family
from tospike.synth.board.pll import PLLS, Pll, PllInput, plls

MAX_BAUD_ERROR = 0.02
"""Largest relative error of the baud rate, which rounding a bit to whole clock cycles causes: half of a receiver's
tolerance."""
_SAME = 1e-3
"""Relative difference up to which a frequency is the one that was asked for."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A clock of the logic."""

    mhz: float
    family: Family
    pll: Pll | None = None
    """What makes it; ``None``: it is the oscillator's."""
    taken: PllInput = PllInput.LOGIC
    """Where the PLL takes its input from."""

    def verilog(self) -> str:
        """Return the instance of its PLL."""
        assert self.pll is not None
        return PLLS[self.family.name].verilog(self.pll, self.taken)

    def divisor(self, baud: int) -> int:
        """Return the number of its cycles per bit.

        Raises
        ------
        InputError
            The clock is too slow, or no whole number of cycles is accurate enough.
        """
        hertz = self.mhz * 1e6
        require_range("baud", baud, 300, int(hertz / MIN_DIVISOR))
        divisor = round(hertz / baud)
        require(
            abs(hertz / divisor / baud - 1) <= MAX_BAUD_ERROR,
            f"{baud} baud cannot be derived from {self.mhz:g} MHz: give {round(hertz / divisor)}",
        )
        return divisor

    def makes(self, baud: int) -> bool:
        """Return whether it is fast and accurate enough for a baud rate."""
        try:
            return self.divisor(baud) > 0
        except InputError:
            return False


def clocks_from(family: Family, source_mhz: float, taken: PllInput | None) -> list[Clock]:
    """Return the clocks that a board can give its logic, in ascending order: the oscillator's own is one of them.

    Parameters
    ----------
    taken
        Where a PLL takes its input from; ``None``: the oscillator feeds no PLL.
    """
    own = Clock(mhz=source_mhz, family=family)
    made = plls(family, source_mhz) if taken else []
    others = [Clock(mhz=float(pll.mhz), family=family, pll=pll, taken=taken or own.taken) for pll in made]
    return sorted([own, *(each for each in others if each.mhz != source_mhz)], key=lambda each: each.mhz)


def nearest_clock(clocks: Sequence[Clock], mhz: float) -> Clock:
    """Return the clock of a frequency.

    Raises
    ------
    InputError
        There is none; the message has those next to it.
    """
    found = min(clocks, key=lambda each: abs(each.mhz - mhz))
    around = [*[each for each in clocks if each.mhz < mhz][-1:], *[each for each in clocks if each.mhz > mhz][:1]]
    said = " or ".join(f"{each.mhz:.6g}" for each in around)
    require(
        abs(found.mhz / mhz - 1) <= _SAME,
        f"--clock {mhz:g} cannot be made of the board's clock: give {said}",
    )
    return found
