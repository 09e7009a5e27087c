"""The ring buffer of streamed weights, with a width converter from beats to words."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.array.weights import weight_beat
from tospike.hw.memory import banked_memory
from tospike.hw.params import WeightFormat, address_bits


class WeightRing(wiring.Component):
    """A ring buffer of ``depth`` words in place of the weight memory: each word crosses the stream once per frame.

    ::

        i -> width converter -> word register -> memory -> data

    The tiles of a pass read the same words. The first tile takes words as they arrive, two cycles after their last beat
    at the earliest; the last tile frees their places. Before any other tile, reading rewinds.

    A frame with too few words is filled up with its last one, excess beats are dropped. Either way, the next frame is
    computed correctly.

    Members
    -------
    i : In(stream.Signature(weight_beat(fmt)))
        Beats from the host: ``fmt.beats_per_word`` per word, the lowest bits first.
    arrived : Out(1)
        A word is there that no step has taken.
    take : In(1)
        A step takes it.
    read : In(1)
        A step reads its word, which is in ``data`` `banked_latency` cycles later.
    ends, last : In(1)
        The step ends a tile; the tile is the last one that reads these words.
    free : In(1)
        A word has left the ring for the last time.
    data : Out
    error : Out(1)
        A frame has too few beats, or too many.
    """

    def __init__(self, fmt: WeightFormat, *, depth: int):
        self._format = fmt
        self._depth = depth
        super().__init__(
            {
                "i": In(stream.Signature(weight_beat(fmt))),
                "arrived": Out(1),
                "take": In(1),
                "read": In(1),
                "ends": In(1),
                "last": In(1),
                "free": In(1),
                "data": Out(fmt.word_bits),
                "error": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        room, stored = Signal(init=1), Signal()
        word = self._receive(m, room, stored)
        written = Signal()
        occupied, waiting = Signal(range(self._depth + 1)), Signal(range(self._depth + 1))
        occupied_next, waiting_next = Signal.like(occupied), Signal.like(waiting)
        m.d.comb += [
            occupied_next.eq(occupied + stored - self.free),
            waiting_next.eq(waiting + written - self.take),
        ]
        m.d.sync += [
            written.eq(stored),
            occupied.eq(occupied_next),
            room.eq(occupied_next != self._depth),
            waiting.eq(waiting_next),
            self.arrived.eq(waiting_next != 0),
        ]
        place = Signal(address_bits(self._depth))
        with m.If(written):
            m.d.sync += place.eq(self._after(place))
        data = banked_memory(
            m,
            unsigned(self._format.word_bits),
            depth=self._depth,
            address=self._address(m),
            write=(written, place, word),
            name="words",
        )
        m.d.comb += self.data.eq(data)
        return m

    def _after(self, place: Value) -> Value:
        return Mux(place == self._depth - 1, 0, place + 1)

    def _address(self, m: Module) -> Signal:
        """Return the read address."""
        address = Signal(address_bits(self._depth))
        first, following = Signal.like(address), Signal.like(address)  # of the words that the tile reads; the next word
        m.d.comb += following.eq(self._after(address))
        with m.If(self.read):
            m.d.sync += address.eq(following)
            with m.If(self.ends & self.last):
                m.d.sync += first.eq(following)
            with m.Elif(self.ends):
                m.d.sync += address.eq(first)
        return address

    def _receive(self, m: Module, room: Signal, stored: Signal) -> Signal:
        """Collect beats into words while there is ``room``. Return the word, a cycle after ``stored``."""
        words, beats, bits = self._format.words, self._format.beats_per_word, self._format.beat_bits
        number, index = Signal(range(beats)), Signal(range(words))
        lower = Signal(bits * (beats - 1), reset_less=True)
        word = Signal(self._format.word_bits, reset_less=True)
        final = Signal(init=words == 1)  # the word is a frame's last
        lacking, dropping = Signal(), Signal()
        taken, whole, complete = Signal(), Signal(), Signal()
        last = self.i.payload.last
        m.d.comb += [
            self.i.ready.eq(dropping | (room & ~lacking)),
            taken.eq(self.i.valid & self.i.ready & ~dropping),
            whole.eq(number == beats - 1),
            complete.eq(taken & (whole | last)),
            stored.eq(complete | (lacking & room)),
            self.error.eq(complete & Mux(final, ~last | ~whole, last)),
        ]
        with m.If(taken):
            m.d.sync += number.eq(Mux(complete, 0, number + 1))
            with m.If(~complete):
                m.d.sync += lower.word_select(number, bits).eq(self.i.payload.word)
        with m.If(complete):
            m.d.sync += [
                word.eq(Cat(lower, self.i.payload.word)),
                lacking.eq(last & ~final),
                dropping.eq(final & ~last),
            ]
        with m.If(stored):
            m.d.sync += [
                index.eq(Mux(final, 0, index + 1)),
                final.eq(C(1, 1) if words == 1 else index == words - 2),
            ]
            with m.If(lacking & final):
                m.d.sync += lacking.eq(0)
        with m.If(dropping & self.i.valid & last):
            m.d.sync += dropping.eq(0)
        return word
