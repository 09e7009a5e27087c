"""Boards that a design can be built for. Pins and clocks are those of amaranth-boards."""

from collections.abc import Callable
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any

from tospike.hw.params import InputError
from tospike.hw.params.devices import ECP5, ICE40, find_device
from tospike.synth.targets import FpgaTarget


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A pin of the package, with attributes as in the vendor's constraints."""

    port: str
    site: str
    attributes: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Packer:
    """The tool that packs a routed design into a bitstream."""

    tool: str
    routed: str
    """nextpnr's option for the tool's input."""
    constraints: str
    """nextpnr's option for the constraints."""
    suffix: str
    """File extension of a bitstream, which loaders recognise."""
    write: Callable[[list[Pin], float], str]
    """Function from pins and the clock's MHz to the text of the constraints."""


def _lpf(pins: list[Pin], mhz: float) -> str:
    lines = [f'FREQUENCY PORT "clk" {mhz:g} MHZ;']
    for pin in pins:
        lines.append(f'LOCATE COMP "{pin.port}" SITE "{pin.site}";')
        if pin.attributes:
            settings = " ".join(f"{name}={value}" for name, value in pin.attributes.items())
            lines.append(f'IOBUF PORT "{pin.port}" {settings};')
    return "\n".join([*lines, ""])


def _pcf(pins: list[Pin], mhz: float) -> str:
    pulled = {pin.port: "-pullup yes " for pin in pins if pin.attributes.get("PULLUP") == "1"}
    lines = [f"set_io {pulled.get(pin.port, '')}{pin.port} {pin.site}" for pin in pins]
    return "\n".join([f"set_frequency clk {mhz:g}", *lines, ""])


PACKERS = {
    ECP5.name: Packer(tool="ecppack", routed="--textcfg", constraints="--lpf", suffix=".bit", write=_lpf),
    ICE40.name: Packer(tool="icepack", routed="--asc", constraints="--pcf", suffix=".bin", write=_pcf),
}
"""By name of the family."""


@dataclass(frozen=True, kw_only=True)
class Board:
    """An FPGA on a board, with an oscillator and a serial line to the host."""

    name: str
    platform_name: str
    """``module:class`` in amaranth-boards, imported on demand."""
    fpga: str
    """Its device, one of `tospike.hw.params.devices.DEVICES`."""
    package: str
    speed: int | None = None
    """Speed grade of its FPGA."""
    load: str
    """Command to load ``{bitstream}``."""

    @property
    def target(self) -> FpgaTarget:
        """The target of synthesis."""
        return FpgaTarget(device=find_device(self.fpga))

    @property
    def device(self) -> tuple[str, ...]:
        """nextpnr's options for the device in this board's package."""
        return self.target.device.nextpnr(self.package, self.speed)

    @property
    def packer(self) -> Packer:
        """The packer of its FPGA family."""
        return PACKERS[self.target.device.family.name]

    @property
    def _platform(self) -> Any:
        return resolve_name(f"amaranth_boards.{self.platform_name}")()

    @property
    def clock_mhz(self) -> float:
        """Frequency of the oscillator, MHz."""
        return float(self._platform.default_clk_frequency) / 1e6

    def pins(self) -> list[Pin]:
        """Return the pins ``clk``, ``rx`` and ``tx``, the latter two as seen from the board."""
        platform = self._platform
        clock = platform.lookup(platform.default_clk)
        line = platform.lookup("uart")
        parts = {part.name: part.ios[0] for part in line.ios if hasattr(part, "name")}
        found = [("clk", clock.ios[0], clock), ("rx", parts["rx"], line), ("tx", parts["tx"], line)]
        return [
            Pin(port=port, site=pins.names[0], attributes={k: str(v) for k, v in resource.attrs.items()})
            for port, pins, resource in found
        ]


BOARDS = {
    board.name: board
    for board in (
        Board(
            name="ulx3s-85f",
            platform_name="ulx3s:ULX3S_85F_Platform",
            fpga="ecp5-85k",
            package="CABGA381",
            speed=6,
            load="openFPGALoader --board ulx3s {bitstream}",
        ),
        Board(
            name="icebreaker",
            platform_name="icebreaker:ICEBreakerPlatform",
            fpga="ice40-up5k",
            package="sg48",
            load="openFPGALoader --board ice40_generic {bitstream}",
        ),
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
