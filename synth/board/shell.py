"""Verilog between a design and the pins of a board: serial port, clock, reset and LEDs.

::

    clk --> PLL, if any --> core clock --> serial port, design, LEDs
    rst --> held until the PLL is stable --^
    rx  --> serial port <--> design
    tx  <--'        '--> beats, refusals --> led_busy, led_error;  core clock --> led_heartbeat
"""

from collections.abc import Callable, Mapping, Sequence

from tospike.gen.emit.verilog import CLOCK, RESET, convert
from tospike.gen.emit.verilog import Port as VerilogPort
from tospike.hw.host.ports import INTERRUPT
from tospike.hw.host.serial import SerialPort
from tospike.hw.params import require
from tospike.synth.board.clock import Clock
from tospike.synth.board.packers import Pin
from tospike.synth.board.pll import CORE_CLOCK, LOCKED
from tospike.synth.design import Design

TOP = "tospike_board"
"""Name of the module whose ports are the board's pins."""
RESET_PIN = "rst"
"""The port of a reset button."""
_SERIAL = "tospike_serial"
_LINE = ("rx", "tx")


def _busy(mhz: float) -> str:
    return """\
  reg [20:0] lit = 0;
  always @(posedge core) lit <= (s_axis_tvalid | m_axis_tvalid) ? ~21'd0 : lit - |lit;
  wire busy = |lit;"""


def _error(mhz: float) -> str:
    return """\
  reg error = 0;
  always @(posedge core)
    error <= ~reset & (error | (s_axi_bvalid & |s_axi_bresp) | (s_axi_rvalid & |s_axi_rresp));"""


def _heartbeat(mhz: float) -> str:
    top = max(1, round(mhz * 1e6).bit_length() - 1)
    return f"""\
  reg [{top}:0] beats = 0;
  always @(posedge core) beats <= beats + 1;
  wire heartbeat = beats[{top}];"""


LEDS: Mapping[str, Callable[[float], str]] = {"busy": _busy, "heartbeat": _heartbeat, "error": _error}
"""What drives a wire of the LED's name, at a clock in MHz: busy for two million cycles after a beat in or out, a
heartbeat of about a second, an error from an access that the design refused until the host resets it. Boards with fewer
LEDs have the first of these."""


def board_shell(design: Design, clock: Clock, *, divisor: int, pins: Sequence[Pin] = ()) -> str:
    """Return Verilog of a serial port and of a module :data:`TOP` that connects it and the design to the pins.

    Parameters
    ----------
    clock
        The clock of serial port and design.
    divisor
        Its cycles per bit of the line.
    pins
        Those of reset and LEDs, besides ``clk``, ``rx`` and ``tx``, which there always are.

    Raises
    ------
    InputError
        The design has no host port, or one with streams that the serial port does not have.
    """
    serial, serial_ports = convert(SerialPort(divisor=divisor), _SERIAL)
    between = [port for port in serial_ports if port.name not in (CLOCK, RESET, "reset", *_LINE)]
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
    return "\n".join([serial.text, *_top(design, clock, between, {pin.port: pin for pin in pins})])


def _top(design: Design, clock: Clock, between: list[VerilogPort], pins: Mapping[str, Pin]) -> list[str]:
    leds = [name for name in LEDS if f"led_{name}" in pins]
    ports = ["input clk", "input rx", "output tx", *(f"output led_{name}" for name in leds)]
    if RESET_PIN in pins:
        ports.append(f"input {RESET_PIN}")
    wires = [f"  wire [{port.width - 1}:0] {port.name};" for port in between]
    joined = "".join(f", .{port.name}({port.name})" for port in between)
    held = [
        *(["~" + LOCKED] if clock.pll else ()),
        *([_level(pins[RESET_PIN], RESET_PIN)] if RESET_PIN in pins else ()),
    ]
    hold, started = ("~ready[2]", "reset | ~ready[2]") if held else ("1'b0", "reset")
    return [
        f"module {TOP}({', '.join(ports)});",
        f"  wire {CORE_CLOCK}, reset;",
        *([f"  wire {LOCKED};", clock.verilog()] if clock.pll else [f"  assign {CORE_CLOCK} = clk;"]),
        *(_RELEASE.format(held=" | ".join(held)).splitlines() if held else ()),
        *wires,
        f"  {_SERIAL} serial (.{CLOCK}({CORE_CLOCK}), .{RESET}({hold}), .rx(rx), .tx(tx), .reset(reset){joined});",
        f"  (* keep_hierarchy *) {design.top} accelerator (.{design.clock}({CORE_CLOCK}), "
        f".{design.reset}({started}){joined});",
        *(line for name in leds for line in LEDS[name](clock.mhz).splitlines()),
        *(f"  assign led_{name} = {_level(pins[f'led_{name}'], name)};" for name in leds),
        "endmodule",
        "",
    ]


_RELEASE = """\
  wire held = {held};
  reg [2:0] ready = 0;
  always @(posedge core or posedge held)
    if (held) ready <= 0;
    else ready <= {{ready[1:0], 1'b1}};"""
"""The reset begins at once, and ends with the clock."""


def _level(pin: Pin, signal: str) -> str:
    """Return a signal as it is at a pin, or the reverse."""
    return f"~{signal}" if pin.is_inverted else signal
