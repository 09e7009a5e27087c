"""A serial line of this computer."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import serial

from tospike.gen.options.serial_line import BaudOptions
from tospike.hw.host.uart import BITS
from tospike.hw.params import REQUIRED, InputError, check_options, option

try:
    from termios import error as _terminal_error
except ImportError:  # a system without terminals
    _terminal_error = OSError  # type: ignore[misc,assignment]

_FAULTS = (OSError, _terminal_error, ValueError, OverflowError)
"""Exceptions that pySerial raises or passes on."""
_MOMENT = 0.02
"""Seconds to wait for bytes."""
_AT_ONCE = 4096
"""Most bytes to read at a time."""


@dataclass(frozen=True, kw_only=True)
class LineOptions(BaudOptions):
    """The serial line of a board."""

    port: str = option(REQUIRED, "Serial line of the board: /dev/ttyUSB0, COM3, ...; or sim: the Verilog in Verilator")
    timeout: float = option(2.0, "Seconds to wait for an answer before giving up", low=0.1)

    def __post_init__(self) -> None:
        check_options(self)


class SerialLine:
    """`tospike.tb.board.serial_host.Line`, by pySerial."""

    def __init__(self, port: serial.Serial):
        self._port = port
        self.seconds_per_byte = BITS / port.baudrate

    def send(self, data: bytes, /) -> None:
        """Send all of ``data``; raise InputError if the line is lost, as do the other methods."""
        with self._reporting_loss():
            self._port.write(data)

    def receive(self) -> bytes:
        """Return the bytes received."""
        with self._reporting_loss():
            first = self._port.read(1)
            return first + self._port.read(min(self._port.in_waiting, _AT_ONCE)) if first else b""

    def time(self) -> float:
        """Return the seconds of a monotonic clock."""
        return time.monotonic()

    @contextmanager
    def _reporting_loss(self) -> Iterator[None]:
        try:
            yield
        except _FAULTS as error:
            raise InputError(f"{self._port.port} was lost ({_one_line(error)}): reconnect the board") from None


@contextmanager
def open_line(port: str, baud: int, *, timeout: float) -> Iterator[SerialLine]:
    """Open a line exclusively; what is sent must be accepted within ``timeout`` seconds.

    Raises
    ------
    InputError
        The line cannot be opened.
    """
    try:
        opened = serial.Serial(port, baud, timeout=_MOMENT, write_timeout=timeout, exclusive=True)
    except _FAULTS as error:
        reason = _one_line(error)
        raise InputError(f"cannot open {port} at {baud} baud ({reason}): give the board's serial line") from None
    try:
        yield SerialLine(opened)
    finally:
        opened.close()


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
