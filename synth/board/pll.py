"""The frequencies that an FPGA's PLL makes of an input clock, and Verilog of the PLL for each.

The limits are those of ecppll and icepll, the calculators of the tools that pack the bitstreams.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from tospike.hw.params.devices import ECP5, ICE40, Family

CORE_CLOCK = "core"
"""The net of the PLL's output."""
LOCKED = "locked"
"""The net that is high while the PLL's output is stable."""

_ECP5_INPUT = (8, 400)
_ECP5_PHASE = (Fraction(25, 8), 400)
_ECP5_VCO = (400, 800)
_ECP5_MIDDLE = 600
"""MHz of the oscillator to be preferred."""
_ECP5_OUTPUT = (10, 400)
_ICE40_INPUT = (10, 133)
_ICE40_PHASE = (10, 133)
_ICE40_VCO = (533, 1066)
_ICE40_OUTPUT = (16, 275)
_ICE40_FILTERS = ((17, 1), (26, 2), (44, 3), (66, 4), (101, 5), (133, 6))
"""Setting of the filter up to a frequency of the phase detector."""


class PllInput(StrEnum):
    """Where a PLL takes its input clock from."""

    LOGIC = "logic"
    """Any clock on the FPGA."""
    PAD = "pad"
    """The pin beside it, whose input the logic then cannot use."""


@dataclass(frozen=True, kw_only=True)
class Pll:
    """A PLL that makes ``mhz`` of the port ``clk``."""

    mhz: Fraction
    phase_mhz: Fraction
    """At the phase detector: the higher, the less jitter."""
    divide: int
    multiply: int
    output: int
    """ECP5: divider of the oscillator's frequency; iCE40: its exponent of 2."""


def _ecp5(source: Fraction) -> Iterator[Pll]:
    """Yield EHXPLLL settings; the output is fed back, so output = input * multiply / divide."""
    for divide in range(1, 129):
        phase = source / divide
        if not _within(phase, _ECP5_PHASE):
            continue
        for multiply in range(1, 81):
            mhz = phase * multiply
            output = round(_ECP5_MIDDLE / mhz)
            if output <= 128 and _within(mhz, _ECP5_OUTPUT) and _within(mhz * output, _ECP5_VCO):
                yield Pll(mhz=mhz, phase_mhz=phase, divide=divide, multiply=multiply, output=output)


def _ice40(source: Fraction) -> Iterator[Pll]:
    """Yield SB_PLL40 settings; the oscillator is fed back, so output = input * multiply / divide / 2 ** exponent."""
    for divide in range(1, 17):
        phase = source / divide
        if not _within(phase, _ICE40_PHASE):
            continue
        for multiply in range(1, 129):
            if not _within(phase * multiply, _ICE40_VCO):
                continue
            for exponent in range(1, 7):
                mhz = phase * multiply / 2**exponent
                if _within(mhz, _ICE40_OUTPUT):
                    yield Pll(mhz=mhz, phase_mhz=phase, divide=divide, multiply=multiply, output=exponent)


def _ecp5_verilog(pll: Pll, taken: PllInput) -> str:
    return f"""\
  (* ICP_CURRENT="12", LPF_RESISTOR="8", MFG_ENABLE_FILTEROPAMP="1", MFG_GMCREF_SEL="2" *)
  EHXPLLL #(.CLKI_DIV({pll.divide}), .CLKFB_DIV({pll.multiply}), .CLKOP_DIV({pll.output}), .CLKOP_ENABLE("ENABLED"),
    .CLKOP_CPHASE({pll.output // 2}), .CLKOP_FPHASE(0), .FEEDBK_PATH("CLKOP"), .OUTDIVIDER_MUXA("DIVA"),
    .PLLRST_ENA("DISABLED"), .INTFB_WAKE("DISABLED"), .STDBY_ENABLE("DISABLED"), .DPHASE_SOURCE("DISABLED"))
    pll (.CLKI(clk), .CLKFB({CORE_CLOCK}), .CLKOP({CORE_CLOCK}), .LOCK({LOCKED}), .RST(1'b0), .STDBY(1'b0),
    .PHASESEL0(1'b0), .PHASESEL1(1'b0), .PHASEDIR(1'b1), .PHASESTEP(1'b1), .PHASELOADREG(1'b1), .PLLWAKESYNC(1'b0),
    .ENCLKOP(1'b0));"""


def _ice40_verilog(pll: Pll, taken: PllInput) -> str:
    cell, port = ("SB_PLL40_PAD", "PACKAGEPIN") if taken is PllInput.PAD else ("SB_PLL40_CORE", "REFERENCECLK")
    filter_range = next(setting for limit, setting in _ICE40_FILTERS if pll.phase_mhz <= limit)
    return f"""\
  {cell} #(.FEEDBACK_PATH("SIMPLE"), .DIVR(4'd{pll.divide - 1}), .DIVF(7'd{pll.multiply - 1}),
    .DIVQ(3'd{pll.output}), .FILTER_RANGE(3'd{filter_range}))
    pll (.{port}(clk), .PLLOUTGLOBAL({CORE_CLOCK}), .LOCK({LOCKED}), .RESETB(1'b1), .BYPASS(1'b0));"""


@dataclass(frozen=True, kw_only=True)
class PllFamily:
    """The PLLs of an FPGA family."""

    input_mhz: tuple[int, int]
    """Lowest and highest input."""
    settings: Callable[[Fraction], Iterator[Pll]]
    verilog: Callable[[Pll, PllInput], str]
    """Instance that drives `CORE_CLOCK` and `LOCKED`."""
    inputs: tuple[PllInput, ...]
    """What may feed it, those first that are to be preferred."""


PLLS: Mapping[str, PllFamily] = {
    ECP5.name: PllFamily(input_mhz=_ECP5_INPUT, settings=_ecp5, verilog=_ecp5_verilog, inputs=(PllInput.LOGIC,)),
    ICE40.name: PllFamily(
        input_mhz=_ICE40_INPUT, settings=_ice40, verilog=_ice40_verilog, inputs=(PllInput.PAD, PllInput.LOGIC)
    ),
}
"""By name of the family."""


def plls(family: Family, source_mhz: float) -> list[Pll]:
    """Return a PLL for each frequency that can be made of an input clock, in ascending order."""
    source, known = Fraction(round(source_mhz * 1e6), 10**6), PLLS[family.name]
    if not _within(source, known.input_mhz):
        return []
    best: dict[Fraction, Pll] = {}
    for pll in known.settings(source):
        if pll.mhz not in best or pll.phase_mhz > best[pll.mhz].phase_mhz:
            best[pll.mhz] = pll
    return [best[mhz] for mhz in sorted(best)]


def _within(value: Fraction, limits: tuple[Fraction | int, Fraction | int]) -> bool:
    return limits[0] <= value <= limits[1]
