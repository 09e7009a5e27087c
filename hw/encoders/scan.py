"""The scan of the encoder's buffer: which entry is read, and what has been read."""

from amaranth.hdl import *
from amaranth.lib import data
from amaranth.lib.memory import ReadPort

from tospike.hw.encoders.codes import Coder
from tospike.hw.params import EncoderParams, TokenKind

LEAST_ENTRIES = 3
"""Cycles of a scan before its TICK, at least, if entries have a state: it is written 3 cycles after it is read."""


class Scan:
    """Cycles 0 to 2 of the diagram in `tospike.hw.encoders.encoder.Encoder`, built in that engine's module.

    Attributes
    ----------
    count : Signal
        Entries in the buffer.
    recording : Signal
        A frame may come; otherwise scans go on.
    scanning : Signal
        A scan goes on.
    position, step, mask : Signal
        What is read in cycle 0. ``mask`` has one bit set: the most significant one in the first time step, then the
        next lower one. The position after the last entry stands for the TICK.
    fetched : Signal
        Cycle 2: ``valid``, the ``kind`` of the token, its ``position``, ``step`` and ``mask``.
    found : Signal(entry)
        Cycle 2: the entry.
    token : Signal
        Cycle 2: what may be sent.
    held : Signal
        A token is held, because it found the encoder's output stalled. That stops the scan, which so depends on
        registers only.
    held_token : Signal
        This token.
    """

    def __init__(self, params: EncoderParams, coder: Coder, *, entry: data.StructLayout, token: data.StructLayout):
        self._params = params
        self._coder = coder
        self._least = LEAST_ENTRIES if params.state_bits else 0
        self.count = Signal(range(params.inputs + 1), name="count")
        self.recording = Signal(init=1, name="recording")
        self.scanning = Signal(name="scanning")
        self.position = Signal(range(max(params.inputs, self._least) + 1), name="position")
        self.step = Signal(range(params.steps + 1), name="step")
        self.mask = Signal(params.payload.bits if coder.reads_mask else 0, name="mask")
        place = data.StructLayout(
            {
                "valid": 1,
                "kind": TokenKind,
                "position": self.position.shape(),
                "step": self.step.shape() if coder.reads_step else 0,
                "mask": self.mask.shape(),
            }
        )
        self._reading = Signal(place, name="reading")
        self.fetched = Signal(place, name="fetched")
        self.found = Signal(entry, name="found")
        self.token = Signal(token, name="token")
        self.held = Signal(name="held")
        self.held_token = Signal(token, name="held_token", reset_less=True)

    @property
    def visits(self) -> Value:
        """Whether what has been fetched is sent or skipped."""
        return self.fetched.valid & ~self.held

    @property
    def is_value(self) -> Value:
        """Whether what has been fetched is an entry, not a TICK or END."""
        return self.fetched.kind == TokenKind.VALUE

    def connect(self, m: Module, read: ReadPort) -> Value:
        """Advance and read the buffer through its port; return whether ``token`` is to be sent."""
        spikes = self._connect_token(m)
        self._advance(m)
        self._connect_buffer(m, read)
        return self.visits & (~self.is_value | spikes)

    def begin(self) -> list:
        """Return the statements that begin the scans, with that of the second time step."""
        bits = self._params.payload.bits
        second_bit = C(1 << (bits - 1), bits).rotate_right(1)
        return [
            self.recording.eq(0),
            self.scanning.eq(1),
            self.step.eq(1),
            self.position.eq(0),
            self.mask.eq(second_bit),
        ]

    def _connect_token(self, m: Module) -> Value:
        """Connect the token; return whether the code sends an entry."""
        spikes, payload = self._coder.later(self.found, self.fetched.step, self.fetched.mask)
        m.d.comb += [
            self.token.kind.eq(self.fetched.kind),
            self.token.address.eq(Mux(self.is_value, self.found.address, 0)),
            self.token.payload.eq(Mux(self.is_value, payload, 0)),
        ]
        return spikes

    def _advance(self, m: Module) -> None:
        """Go on to the next position, unless a token is held."""
        position, step, mask, reading, held = self.position, self.step, self.mask, self._reading, self.held
        tick_position = Signal.like(position, name="tick_position")
        m.d.sync += tick_position.eq(Mux(self.count < self._least, self._least, self.count))
        ends, ticks = step == self._params.steps, position == tick_position
        is_entry = (position < self.count) if self._least else C(1, 1)
        with m.If(~held):
            m.d.sync += [
                reading.valid.eq(self.scanning & (ends | ticks | is_entry)),
                reading.kind.eq(Mux(ends, TokenKind.END, Mux(ticks, TokenKind.TICK, TokenKind.VALUE))),
                reading.position.eq(position),
                reading.step.eq(step),
                reading.mask.eq(mask),
                self.fetched.eq(reading),
                self.held_token.eq(self.token),
            ]
        with m.If(~held & self.scanning):
            m.d.sync += position.eq(position + 1)
            with m.If(ends):
                m.d.sync += self.scanning.eq(0)
            with m.Elif(ticks):
                m.d.sync += [position.eq(0), step.eq(step + 1), mask.eq(mask.rotate_right(1) if len(mask) else 0)]

    def _connect_buffer(self, m: Module, read: ReadPort) -> None:
        """Connect the buffer. It reads in every cycle, into a register that can be its own: while a token is held, the
        entry behind it is kept, and the one after that is read again."""
        entry = self.found.shape()
        word = Signal(entry, reset_less=True)
        kept = Signal(entry, reset_less=True)
        was_held = Signal()
        m.d.sync += [was_held.eq(self.held), Value.cast(word).eq(read.data)]
        with m.If(~was_held):
            m.d.sync += kept.eq(word)
        m.d.comb += [
            self.found.eq(Mux(was_held, kept, word)),
            read.addr.eq(Mux(self.held, self._reading.position, self.position)),
            read.en.eq(1),
        ]
