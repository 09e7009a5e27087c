"""The protocol of a board's serial line. Plain Python, no Amaranth; docs/reference/serial-port.md has the rules.

::

    FLAG | number | request or status | length | payload ... | CRC-32 (4, lowest first) | FLAG

Framing and CRC are those of PPP (RFC 1662): a FLAG or ESCAPE between the FLAGs is sent as ESCAPE and the byte with
``TOGGLE`` flipped; the CRC is zlib's CRC-32 over all bytes before it.
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
"""Beats of a payload, at most, of 4 bytes each, lowest first."""
NUMBERS = 256
"""Sequence numbers of requests are modulo this."""
QUEUE_BYTES = 1024
"""Capacity of the board's receive FIFO: the host may have no more bytes in flight."""
TIMEOUT = 1 << 14
"""Clock cycles that the board waits for a beat to be taken, or to arrive, before it answers."""


class Request(IntEnum):
    """Requests of the host."""

    RESET = 1
    """Any 4 bytes, which the answer echoes: reset the accelerator, except for its memories, and begin a session."""
    READ = 2
    """Address (2): read a register. Answered with its data (4)."""
    WRITE = 3
    """Address (2), data (4): write a register."""
    PUSH = 4
    """1 to `MAX_BEATS` beats of a sample."""
    PUSH_LAST = 5
    """Like PUSH, with TLAST on the last beat."""
    PULL = 6
    """Answered with output beats: those up to TLAST, `MAX_BEATS`, or those that arrived before the timeout."""
    RESUME = 7
    """Like PULL, and the only request besides RESET that is executed after `Status.STALLED`."""


LENGTHS = {Request.RESET: 4, Request.READ: 2, Request.WRITE: 6, Request.PULL: 0, Request.RESUME: 0}
"""Payload bytes of the requests with a fixed length."""


class Status(IntEnum):
    """Answers of the board. Their codes differ from all requests, so that an echo is not mistaken for an answer."""

    DONE = 0x80
    LAST = 0x81
    """The last beat of this answer has TLAST."""
    REFUSED = 0x82
    """There is no such register."""
    STALLED = 0x83
    """The timeout expired; the length of the (meaningless) payload is the number of beats taken. Only RESUME or RESET
    is executed next."""
    LOST = 0x84
    """There was no RESET since the board was configured: nothing was executed."""
