"""Write the wrappers of a design: the same design with the ports of other buses, in Verilog."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from amaranth.lib import wiring

from tospike.gen.driver.interface import Interface
from tospike.gen.emit.verilog import CLOCK, RESET, Port, convert
from tospike.gen.emit.verilog_text import described
from tospike.hw.host.ports import INTERRUPT
from tospike.hw.host.wrappers import LiteFront, SpiFront, WishboneFront
from tospike.hw.params import WORD_BITS

WRAPPERS = "wrappers"
"""The folder."""
_FRONT = "tospike_front"
"""The name of a front's module until it gets that of its design."""


@dataclass(frozen=True, kw_only=True)
class Wrapper:
    """A wrapper with a front."""

    front: Callable[[], wiring.Component]
    about: str
    renames: Mapping[str, str]
    """Prefixes of the front's ports, and what they are called outside."""


FRONTS = {
    "lite": Wrapper(front=LiteFront, about="AXI4-Lite alone, with the streams as registers", renames={"s_": "s_axi_"}),
    "wishbone": Wrapper(
        front=WishboneFront, about="Wishbone B4 classic, 32 bits, with the streams as registers", renames={}
    ),
    "spi": Wrapper(front=SpiFront, about="SPI mode 0 for microcontrollers, with the streams as registers", renames={}),
}
"""By the suffix of the wrapper's module."""
AXI = "axi"
"""The suffix of the wrapper that only renames clock and reset."""


def has_narrow_streams(interface: Interface) -> bool:
    """Return whether a front's registers can carry the design's streams."""
    params = interface.params
    return params.input_beat_bits == params.output_beat_bits == WORD_BITS and params.weight_stream is None


def wrapper_files(interface: Interface, ports: Sequence[Port], *, header: Sequence[str]) -> dict[str, str]:
    """Return the contents by path.

    Parameters
    ----------
    ports
        Of the design, clock and reset first.
    header
        Lines for the top of each file.
    """
    top = interface.name
    files = {_path(top, AXI): _described(top, AXI, axi_wrapper(top, ports), header)}
    if has_narrow_streams(interface):
        for suffix, wrapper in FRONTS.items():
            files[_path(top, suffix)] = _described(top, suffix, _fronted(top, suffix, wrapper, ports), header)
    return files


def axi_wrapper(top: str, ports: Sequence[Port]) -> str:
    """Return Verilog of the design with the names and the polarity that tools of FPGA vendors recognise."""
    others = [port for port in ports if port.name not in (CLOCK, RESET)]
    buses = ":".join(dict.fromkeys(port.name.rpartition("_")[0] for port in others if port.name != INTERRUPT))
    lines = [
        f"module {top}_{AXI} (",
        '    (* X_INTERFACE_INFO = "xilinx.com:signal:clock:1.0 aclk CLK" *)',
        f'    (* X_INTERFACE_PARAMETER = "ASSOCIATED_BUSIF {buses}, ASSOCIATED_RESET aresetn" *)',
        "    input aclk,",
        '    (* X_INTERFACE_INFO = "xilinx.com:signal:reset:1.0 aresetn RST" *)',
        '    (* X_INTERFACE_PARAMETER = "POLARITY ACTIVE_LOW" *)',
        "    input aresetn",
    ]
    for port in others:
        lines[-1] += ","
        if port.name == INTERRUPT:
            lines.append('    (* X_INTERFACE_INFO = "xilinx.com:signal:interrupt:1.0 irq INTERRUPT" *)')
            lines.append('    (* X_INTERFACE_PARAMETER = "SENSITIVITY LEVEL_HIGH" *)')
        lines.append(f"    {_declared(port)}")
    joined = "".join(f",\n    .{port.name}({port.name})" for port in others)
    return "\n".join(
        [
            *lines,
            ");",
            f"  {top} accelerator (\n    .{CLOCK}(aclk),\n    .{RESET}(~aresetn){joined}\n  );",
            "endmodule",
            "",
        ]
    )


def _fronted(top: str, suffix: str, wrapper: Wrapper, ports: Sequence[Port]) -> str:
    """Return Verilog of a front, and of the module that joins it to the design."""
    text, front_ports = _front(suffix)
    inner = {port.name: port for port in ports}
    outside = {p.name: _outside(p.name, wrapper) for p in front_ports if p.name not in inner}
    pins = [Port(name=outside[p.name], width=p.width, direction=p.direction) for p in front_ports if p.name in outside]
    own = [inner[CLOCK], inner[RESET], *pins, *([inner[INTERRUPT]] if INTERRUPT in inner else [])]
    shared = [port for port in front_ports if port.name in inner and port.name not in (CLOCK, RESET)]
    wires = {port.name: f"design_{port.name}" for port in shared}
    of_front = [f".{CLOCK}({CLOCK})", f".{RESET}({RESET})", *(f".{p}({name})" for p, name in outside.items())]
    of_front += [f".{name}({wire})" for name, wire in wires.items()]
    of_design = [f".{name}({wires.get(name, name)})" for name in inner]
    module = [
        f"module {top}_{suffix} (",
        ",\n".join(f"    {_declared(port)}" for port in own),
        ");",
        *(f"  wire [{port.width - 1}:0] {wires[port.name]};" for port in shared),
        f"  {top}_{suffix}_front front ({', '.join(of_front)});",
        f"  {top} accelerator ({', '.join(of_design)});",
        "endmodule",
        "",
    ]
    return text.replace(_FRONT, f"{top}_{suffix}_front") + "\n" + "\n".join(module)


@lru_cache(maxsize=len(FRONTS))
def _front(suffix: str) -> tuple[str, list[Port]]:
    verilog, ports = convert(FRONTS[suffix].front(), _FRONT)
    return verilog.text, ports


def _outside(name: str, wrapper: Wrapper) -> str:
    for prefix, renamed in wrapper.renames.items():
        if name.startswith(prefix):
            return renamed + name.removeprefix(prefix)
    return name


def _declared(port: Port) -> str:
    return f"{port.direction} {f'[{port.width - 1}:0] ' if port.width > 1 else ''}{port.name}"


def _path(top: str, suffix: str) -> str:
    return f"{WRAPPERS}/{top}_{suffix}.v"


def _described(top: str, suffix: str, text: str, header: Sequence[str]) -> str:
    about = FRONTS[suffix].about if suffix in FRONTS else "AXI4, with aclk and aresetn"
    return described(text, top="", header=[f"{top}_{suffix}: {top} behind {about}.", *header], ports={})
