"""A bitstream for a board: the design, a serial port, and the board's pins."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tospike.gen.emit.verilog import CLOCK, RESET, convert
from tospike.gen.emit.verilog import Port as VerilogPort
from tospike.gen.options.serial_line import BaudOptions
from tospike.gen.tools.cache import Cache, digest
from tospike.gen.tools.programs import find
from tospike.gen.tools.tool import Progress
from tospike.hw.host.ports import INTERRUPT
from tospike.hw.host.serial import SerialPort
from tospike.hw.host.uart import MIN_DIVISOR
from tospike.hw.params import REQUIRED, check_options, option, require, require_range, same_option
from tospike.synth.board.boards import BOARDS, Board, find_board, require_fit
from tospike.synth.board.packers import Pin
from tospike.synth.design import Design, read_design
from tospike.synth.fpga import nextpnr
from tospike.synth.fpga.synthesis import FpgaFlow
from tospike.synth.options import SynthOptions

TOP = "tospike_board"
"""Name of the module whose ports are the board's pins."""
MAX_BAUD_ERROR = 0.02
"""Largest relative error of the baud rate, which rounding a bit to whole clock cycles causes: half of a receiver's
tolerance."""
_SERIAL = "tospike_serial"
_PINS = "pins.txt"
_ROUTED = "routed.txt"
_BITSTREAM = "design.bit"
_PINS_OF_BOARD = {"rx", "tx"}
_LED = """\
  reg [20:0] lit = 0;
  always @(posedge clk) lit <= m_axis_tvalid ? ~21'd0 : lit - |lit;
  assign led = |lit ? {on} : {off};"""
"""An LED that an answer lights for two million cycles."""


@dataclass(frozen=True, kw_only=True)
class Bitstream:
    """A bitstream, and how it was made."""

    data: bytes
    board: str
    clock_mhz: float
    fmax_mhz: float
    baud: int
    seed: int
    placed: dict[str, tuple[int, int]]
    """(used, available) of each kind of cell in use."""
    tools: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return everything except the bits."""
        return {name: value for name, value in asdict(self).items() if name != "data"}


@dataclass(frozen=True, kw_only=True)
class BuildOptions(BaudOptions):
    """Options of a bitstream."""

    board: str = option(REQUIRED, ", ".join(BOARDS))
    seed: int = same_option(SynthOptions, "seed", help="Seed of the placer")

    def __post_init__(self) -> None:
        check_options(self)


def build_bitstream(
    folder: Path,
    options: BuildOptions,
    *,
    cache: Cache | None = None,
    progress: Progress | None = None,
) -> Bitstream:
    """Synthesise, place, route and pack the generated design in ``folder``.

    Parameters
    ----------
    options
        Board and tool options.

    Raises
    ------
    InputError
        The design or the board is unsuitable, a tool fails, or the design does not fit; the message says which.
    """
    chosen, baud, seed = find_board(options.board), options.baud, options.seed
    design = read_design(folder, chosen.target.primitives)
    pins = chosen.pins()
    shell = board_shell(design, divisor=clock_divisor(chosen, baud), led=led_of(pins))
    store = cache or Cache()
    packer = find(chosen.packer.tool)
    flow = FpgaFlow.on(chosen.target, cache=store, progress=progress)
    netlist = flow.synthesise(design, top=TOP, shell=shell)
    devices = (*chosen.device, chosen.packer.constraints, _PINS, chosen.packer.routed, _ROUTED)
    counts = flow.resources(netlist, TOP)
    require_fit(chosen, counts)
    routed = flow.route(
        netlist,
        counts,
        options=devices,
        seed=seed,
        frequency=round(chosen.clock_mhz),
        files={_PINS: chosen.packer.write(pins, chosen.clock_mhz)},
        makes=(_ROUTED,),
    )

    def pack(folder: Path) -> None:
        source = os.path.relpath((routed / _ROUTED).resolve(), folder.resolve())
        packer.run((source, _BITSTREAM), cwd=folder, log=folder / "pack.log", makes=(_BITSTREAM,), progress=progress)

    entry = store.build("bitstream", digest({"routed": routed.name, "packer": packer.release}), pack)
    route = nextpnr.read_route(routed / nextpnr.REPORT)
    require(
        route.fmax_mhz >= chosen.clock_mhz,
        f"{folder} reaches {route.fmax_mhz:.1f} MHz on {chosen.name}, whose clock is {chosen.clock_mhz:g} MHz: try "
        "another --seed, or make it smaller",
    )
    return Bitstream(
        data=(entry / _BITSTREAM).read_bytes(),
        board=chosen.name,
        clock_mhz=chosen.clock_mhz,
        fmax_mhz=route.fmax_mhz,
        baud=baud,
        seed=seed,
        placed=route.placed,
        tools={tool.name: tool.label for tool in (flow.yosys, flow.nextpnr, packer)},
    )


def clock_divisor(board: Board, baud: int) -> int:
    """Return the number of the board's clock cycles per bit.

    Raises
    ------
    InputError
        The clock is too slow, or no whole number of cycles is accurate enough.
    """
    hertz = board.clock_mhz * 1e6
    highest = int(hertz / MIN_DIVISOR)
    require_range("baud", baud, 300, highest)
    divisor = round(hertz / baud)
    require(
        abs(hertz / divisor / baud - 1) <= MAX_BAUD_ERROR,
        f"{baud} baud cannot be derived from {board.clock_mhz:g} MHz: give {round(hertz / divisor)}",
    )
    return divisor


def led_of(pins: list[Pin]) -> str | None:
    """Return the value of the pin ``led`` that lights it, in Verilog; ``None`` if there is none."""
    inverted = [pin.is_inverted for pin in pins if pin.port == "led"]
    return ("1'b0" if inverted[0] else "1'b1") if inverted else None


def board_shell(design: Design, *, divisor: int, led: str | None = None) -> str:
    """Return Verilog of a serial port and of a module :data:`TOP` that connects it and the design to clk, rx and tx.

    Parameters
    ----------
    divisor
        Clock cycles of a bit.
    led
        The value of the pin ``led`` that lights it, which it does for a moment after each answer.

    Raises
    ------
    InputError
        The design has no host port, or one with streams that the serial port does not have.
    """
    serial, serial_ports = convert(SerialPort(divisor=divisor), _SERIAL)
    between = [port for port in serial_ports if port.name not in (CLOCK, RESET, "reset", *_PINS_OF_BOARD)]
    names = {port.name: port.width for port in design.ports if port.name != INTERRUPT}
    require(
        {port.name for port in between} <= names.keys(),
        f"{design.top} has no host port: generate it without --core-only or --array-only",
    )
    require(
        len(names) == len(between),
        f"{design.top} streams its weights from the host, for which a serial line is too slow: generate it without "
        "--weights stream",
    )
    wide = [port.name for port in between if names[port.name] != port.width]
    require(
        not wide,
        f"{design.top} has host streams wider than the 32 bits of a serial line's: generate it without --host-bits",
    )
    return "\n".join([serial.text, *_top(design, between, led)])


def _top(design: Design, between: list[VerilogPort], led: str | None) -> list[str]:
    wires = [f"  wire [{port.width - 1}:0] {port.name};" for port in between]
    joined = "".join(f", .{port.name}({port.name})" for port in between)
    return [
        f"module {TOP}(input clk, input rx, output tx{', output led' if led else ''});",
        "  wire reset;",
        *wires,
        f"  {_SERIAL} serial (.{CLOCK}(clk), .{RESET}(1'b0), .rx(rx), .tx(tx), .reset(reset){joined});",
        f"  (* keep_hierarchy *) {design.top} accelerator (.{design.clock}(clk), .{design.reset}(reset){joined});",
        *(_LED.format(on=led, off=f"~{led}").splitlines() if led else ()),
        "endmodule",
        "",
    ]
