"""Boards that a design can be built for: those of amaranth-boards with an ECP5 or iCE40, a default clock and a serial
line. FPGA, package, pins and clock are taken from there."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pkgutil import resolve_name
from typing import Any

from tospike.hw.params import InputError
from tospike.hw.params.devices import ECP5, Device
from tospike.synth.board.packers import PACKERS, Packer, Pin
from tospike.synth.board.parts import PACKAGE_SUFFIXES, PACKAGES, PARTS
from tospike.synth.board.shell import LEDS
from tospike.synth.targets import FpgaTarget

OWN_TOOL = "as the board's maker says"


@dataclass(frozen=True, kw_only=True)
class Board(ABC):
    """An FPGA on a board, with an oscillator and a serial line to the host."""

    name: str
    load: str = OWN_TOOL
    """Command to load ``{bitstream}``."""

    @property
    @abstractmethod
    def part(self) -> Device:
        """The FPGA."""

    @property
    @abstractmethod
    def package(self) -> str:
        """Its package, by the vendor's name or nextpnr's."""

    @property
    @abstractmethod
    def speed(self) -> int | None:
        """Its speed grade; ``None`` if there is only one."""

    @property
    @abstractmethod
    def clock_mhz(self) -> float:
        """Frequency of the oscillator, MHz."""

    @abstractmethod
    def pins(self) -> list[Pin]:
        """Return the pins ``clk``, ``rx``, ``tx``, these as seen from the board, and those there are of ``rst`` and
        LEDs, which are none of the others."""

    @cached_property
    def target(self) -> FpgaTarget:
        """The target of synthesis."""
        return FpgaTarget(device=self.part)

    @property
    def device(self) -> tuple[str, ...]:
        """nextpnr's options for the device in this board's package."""
        if self.part.family is ECP5:
            return self.part.nextpnr(PACKAGES.get(self.package, self.package), self.speed)
        return self.part.nextpnr(self.package.lower() + PACKAGE_SUFFIXES.get(self.part.name, ""))

    @property
    def packer(self) -> Packer:
        """The packer of its FPGA family."""
        return PACKERS[self.part.family.name]


@dataclass(frozen=True, kw_only=True)
class PlatformBoard(Board):
    """A board as amaranth-boards has it."""

    platform_name: str
    """``module:class`` in amaranth-boards, imported on demand."""

    @cached_property
    def _platform(self) -> Any:
        return resolve_name(f"amaranth_boards.{self.platform_name}")()

    @property
    def part(self) -> Device:
        """The FPGA."""
        return PARTS[self._platform.device]

    @property
    def package(self) -> str:
        """Its package, by the vendor's name."""
        return str(self._platform.package)

    @property
    def speed(self) -> int | None:
        """Its speed grade."""
        return int(self._platform.speed) if self.part.speeds else None

    @property
    def clock_mhz(self) -> float:
        """Frequency of the oscillator, MHz."""
        return float(self._platform.default_clk_frequency) / 1e6

    def pins(self) -> list[Pin]:
        """Return clock, serial line, and as many LEDs as there are."""
        platform = self._platform
        clock, line = platform.lookup(platform.default_clk), platform.lookup("uart")
        parts = {part.name: part.ios[0] for part in line.ios if hasattr(part, "name")}
        found = [
            self._pin("clk", clock.ios[0], clock),
            self._pin("rx", parts["rx"], line),
            self._pin("tx", parts["tx"], line),
        ]
        roles = iter(LEDS)
        for number in range(len(LEDS)):
            if ("led", number) not in platform.resources:
                break
            led = platform.lookup("led", number)
            pin = self._pin("led", led.ios[0], led)
            if pin.site not in {other.site for other in found}:
                found.append(pin.as_port(f"led_{next(roles)}"))
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

BOARDS: Mapping[str, Board] = {
    board.name: board
    for board in (
        PlatformBoard(name="ulx3s-85f", platform_name="ulx3s:ULX3S_85F_Platform", load=_ULX3S),
        PlatformBoard(name="ulx3s-45f", platform_name="ulx3s:ULX3S_45F_Platform", load=_ULX3S),
        PlatformBoard(name="ulx3s-25f", platform_name="ulx3s:ULX3S_25F_Platform", load=_ULX3S),
        PlatformBoard(name="ulx3s-12f", platform_name="ulx3s:ULX3S_12F_Platform", load=_ULX3S),
        PlatformBoard(
            name="ecp5-5g-evn",
            platform_name="ecp5_5g_evn:ECP55GEVNPlatform",
            load="openFPGALoader --board ecp5_evn {bitstream}",
        ),
        PlatformBoard(name="ecpix5-85f", platform_name="ecpix5:ECPIX585Platform"),
        PlatformBoard(name="ecpix5-45f", platform_name="ecpix5:ECPIX545Platform"),
        PlatformBoard(name="versa-ecp5", platform_name="versa_ecp5:VersaECP5Platform"),
        PlatformBoard(name="versa-ecp5-5g", platform_name="versa_ecp5_5g:VersaECP55GPlatform"),
        PlatformBoard(name="supercon19-badge", platform_name="supercon19badge:Supercon19BadgePlatform"),
        PlatformBoard(name="colorlight-5a-75b", platform_name="colorlight_5a75b_r7_0:Colorlight_5A75B_R70Platform"),
        PlatformBoard(name="icepi-zero", platform_name="icepi_zero:IcepiZero1_3Platform"),
        PlatformBoard(name="icesugar-pro", platform_name="icesugar_pro:ICESugarProPlatform"),
        PlatformBoard(
            name="icebreaker",
            platform_name="icebreaker:ICEBreakerPlatform",
            load="openFPGALoader --board ice40_generic {bitstream}",
        ),
        PlatformBoard(name="icesugar", platform_name="icesugar:ICESugarPlatform"),
        PlatformBoard(name="hx8k-evn", platform_name="ice40_hx8k_b_evn:ICE40HX8KBEVNPlatform", load=_ICEPROG),
        PlatformBoard(name="blackice", platform_name="blackice:BlackIcePlatform"),
        PlatformBoard(name="blackice-ii", platform_name="blackice_ii:BlackIceIIPlatform"),
        PlatformBoard(name="icestick", platform_name="icestick:ICEStickPlatform", load=_ICEPROG),
        PlatformBoard(name="nandland-go", platform_name="nandland_go:NandlandGoPlatform", load=_ICEPROG),
        PlatformBoard(name="icesugar-nano", platform_name="icesugar_nano:ICESugarNanoPlatform"),
    )
}
"""The boards, by name."""


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
