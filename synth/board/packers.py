"""Pins, and the tools that pack a routed design into a bitstream."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from tospike.hw.params.devices import ECP5, ICE40


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A pin of the package, with attributes as in the vendor's constraints."""

    port: str
    site: str
    attributes: dict[str, str]
    is_inverted: bool = False
    """Whether the board inverts it."""

    def as_port(self, port: str) -> "Pin":
        """Return the same pin for another port."""
        return replace(self, port=port)


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
