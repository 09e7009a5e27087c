"""Boards that a design can be built for: those of amaranth-boards with an ECP5 or iCE40, a default clock and a serial
line. FPGA, package, pins and clock are taken from there."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pkgutil import resolve_name
from typing import Any

from tospike.hw.params import InputError
from tospike.hw.params.devices import ECP5
from tospike.synth.board.packers import PACKERS, Packer, Pin
from tospike.synth.board.parts import PACKAGE_SUFFIXES, PACKAGES, PARTS
from tospike.synth.targets import FpgaTarget

_OWN_TOOL = "as the board's maker says"


@dataclass(frozen=True, kw_only=True)
class Board:
    """An FPGA on a board, with an oscillator and a serial line to the host."""

    name: str
    platform_name: str
    """``module:class`` in amaranth-boards, imported on demand."""
    load: str = _OWN_TOOL
    """Command to load ``{bitstream}``."""

    @cached_property
    def target(self) -> FpgaTarget:
        """The target of synthesis."""
        return FpgaTarget(device=PARTS[self._platform.device])

    @property
    def device(self) -> tuple[str, ...]:
        """nextpnr's options for the device in this board's package."""
        platform, device = self._platform, self.target.device
        if device.family is ECP5:
            return device.nextpnr(PACKAGES[platform.package], int(platform.speed))
        return device.nextpnr(platform.package.lower() + PACKAGE_SUFFIXES.get(platform.device, ""))

    @property
    def packer(self) -> Packer:
        """The packer of its FPGA family."""
        return PACKERS[self.target.device.family.name]

    @cached_property
    def _platform(self) -> Any:
        return resolve_name(f"amaranth_boards.{self.platform_name}")()

    @property
    def clock_mhz(self) -> float:
        """Frequency of the oscillator, MHz."""
        return float(self._platform.default_clk_frequency) / 1e6

    def pins(self) -> list[Pin]:
        """Return the pins ``clk``, ``rx``, ``tx``, these as seen from the board, and ``led``, if it has one that is
        not one of the others."""
        platform = self._platform
        clock, line = platform.lookup(platform.default_clk), platform.lookup("uart")
        parts = {part.name: part.ios[0] for part in line.ios if hasattr(part, "name")}
        found = [
            self._pin("clk", clock.ios[0], clock),
            self._pin("rx", parts["rx"], line),
            self._pin("tx", parts["tx"], line),
        ]
        if ("led", 0) in platform.resources:
            led = platform.lookup("led")
            pin = self._pin("led", led.ios[0], led)
            if pin.site not in {other.site for other in found}:
                found.append(pin)
        return found

    def _pin(self, port: str, pins: Any, resource: Any) -> Pin:
        """Return a pin; of a differential pair, the positive one, from which nextpnr finds the other."""
        single = getattr(pins, "p", pins)
        attributes = {key: value(self._platform) if callable(value) else value for key, value in resource.attrs.items()}
        return Pin(
            port=port,
            site=single.names[0],
            attributes={key: str(value) for key, value in attributes.items()},
            is_inverted=bool(single.invert),
        )


_ULX3S = "openFPGALoader --board ulx3s {bitstream}"
_ICEPROG = "iceprog {bitstream}"

BOARDS = {
    board.name: board
    for board in (
        Board(name="ulx3s-85f", platform_name="ulx3s:ULX3S_85F_Platform", load=_ULX3S),
        Board(name="ulx3s-45f", platform_name="ulx3s:ULX3S_45F_Platform", load=_ULX3S),
        Board(name="ulx3s-25f", platform_name="ulx3s:ULX3S_25F_Platform", load=_ULX3S),
        Board(name="ulx3s-12f", platform_name="ulx3s:ULX3S_12F_Platform", load=_ULX3S),
        Board(
            name="ecp5-5g-evn",
            platform_name="ecp5_5g_evn:ECP55GEVNPlatform",
            load="openFPGALoader --board ecp5_evn {bitstream}",
        ),
        Board(name="ecpix5-85f", platform_name="ecpix5:ECPIX585Platform"),
        Board(name="ecpix5-45f", platform_name="ecpix5:ECPIX545Platform"),
        Board(name="versa-ecp5", platform_name="versa_ecp5:VersaECP5Platform"),
        Board(name="versa-ecp5-5g", platform_name="versa_ecp5_5g:VersaECP55GPlatform"),
        Board(name="supercon19-badge", platform_name="supercon19badge:Supercon19BadgePlatform"),
        Board(name="colorlight-5a-75b", platform_name="colorlight_5a75b_r7_0:Colorlight_5A75B_R70Platform"),
        Board(name="icepi-zero", platform_name="icepi_zero:IcepiZero1_3Platform"),
        Board(name="icesugar-pro", platform_name="icesugar_pro:ICESugarProPlatform"),
        Board(
            name="icebreaker",
            platform_name="icebreaker:ICEBreakerPlatform",
            load="openFPGALoader --board ice40_generic {bitstream}",
        ),
        Board(name="icesugar", platform_name="icesugar:ICESugarPlatform"),
        Board(name="hx8k-evn", platform_name="ice40_hx8k_b_evn:ICE40HX8KBEVNPlatform", load=_ICEPROG),
        Board(name="blackice", platform_name="blackice:BlackIcePlatform"),
        Board(name="blackice-ii", platform_name="blackice_ii:BlackIceIIPlatform"),
        Board(name="icestick", platform_name="icestick:ICEStickPlatform", load=_ICEPROG),
        Board(name="nandland-go", platform_name="nandland_go:NandlandGoPlatform", load=_ICEPROG),
        Board(name="icesugar-nano", platform_name="icesugar_nano:ICESugarNanoPlatform"),
    )
}
"""The boards, by name."""


def find_board(name: str) -> Board:
    """Return the board called ``name``.

    Raises
    ------
    InputError
        There is no such board.
    """
    try:
        return BOARDS[name]
    except KeyError:
        raise InputError(f"there is no board {name!r}: choose {', '.join(BOARDS)}") from None


def require_fit(board: Board, counts: Mapping[str, int]) -> None:
    """Refuse a design that a board has too little of something for, and name the smallest board that has enough.

    Parameters
    ----------
    counts
        Number of each resource that the design takes on ``board``. On another family it takes other numbers, but its
        cells are no smaller than an iCE40's.

    Raises
    ------
    InputError
        The design does not fit.
    """
    capacity = board.target.device.capacity
    excess = [f"{counts[name]} {name} of {has}" for name, has in capacity.items() if counts[name] > has]
    if not excess:
        return
    others = sorted(BOARDS.values(), key=lambda other: other.target.device.capacity["lut4"])
    fitting = (other.name for other in others if _holds(other, counts))
    nearest = next(fitting, None)
    remedy = f"{nearest} holds it, or make it" if nearest else "no board holds it: make it"
    raise InputError(
        f"the design does not fit {board.name}: it needs {', '.join(excess)}; {remedy} smaller (fewer lanes, rows, "
        "columns or weight bits)"
    )


def _holds(board: Board, counts: Mapping[str, int]) -> bool:
    capacity = board.target.device.capacity
    return all(counts[name] <= capacity.get(name, 0) for name in ("lut4", "ff", "bram", "dsp"))
