"""What passes a board's serial line. Plain Python, no Amaranth; docs/reference/serial-port.md has the rules.

::

    FLAG | number | request or status | length | payload ... | CRC-32 (4, lowest first) | FLAG

Framing and check are those of PPP (RFC 1662): a FLAG or ESCAPE between the FLAGs is sent as ESCAPE and the byte with
``TOGGLE`` flipped; the check is zlib's CRC-32 over all bytes in front of it.
"""

from enum import IntEnum

FLAG = 0x7E
ESCAPE = 0x7D
TOGGLE = 0x20
HEADER = 3
"""Bytes of number, request or status, and length."""
CHECK = 4
"""Bytes of the CRC-32."""
MAX_PAYLOAD = 64
MAX_BEATS = MAX_PAYLOAD // 4
"""Beats of a payload, each 4 bytes, lowest first."""
NUMBERS = 256
"""Numbers count up from request to request, and begin again behind this many."""
QUEUE_BYTES = 1024
"""Bytes that the board's receiving queue holds: no more may be on their way to it."""
PATIENCE = 1 << 14
"""Clock cycles that the board waits for a beat to be taken, or to come, before it answers."""


class Request(IntEnum):
    """What the host asks for."""

    RESET = 1
    """Any 4 bytes, which are answered: reset the accelerator (memories are kept) and begin a session."""
    READ = 2
    """Address (2): read a register. Answered with its data (4)."""
    WRITE = 3
    """Address (2), data (4): write a register."""
    PUSH = 4
    """1 to `MAX_BEATS` beats of a sample."""
    PUSH_LAST = 5
    """The same, TLAST on the last of them."""
    PULL = 6
    """Answered with beats of the output: those up to TLAST, `MAX_BEATS`, or what had come when patience ended."""
    RESUME = 7
    """The same, and only this is done after `Status.STALLED`."""


LENGTHS = {Request.RESET: 4, Request.READ: 2, Request.WRITE: 6, Request.PULL: 0, Request.RESUME: 0}
"""Bytes of a payload that has always as many."""


class Status(IntEnum):
    """What the board answers. None of them is a request: an echo is no answer."""

    DONE = 0x80
    LAST = 0x81
    """The last beat of this answer has TLAST."""
    REFUSED = 0x82
    """There is no such register."""
    STALLED = 0x83
    """As many beats were taken as the payload has bytes, which mean nothing, before patience ended. Only RESUME or
    RESET is done next."""
    LOST = 0x84
    """There was no RESET since the board was configured: nothing was done."""
