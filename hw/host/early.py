"""Spike trains to the neuron that spikes most, as soon as that cannot change any more."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tospike.hw.host.axi import Axi4StreamSignature
from tospike.hw.memory import NO_COLLISIONS
from tospike.hw.params import TokenFormat, TokenKind
from tospike.hw.tokens import token_stream


class EarlyOutput(wiring.Component):
    """The address with the largest sum of payloads, of equals the lowest: a beat for each train, TLAST set.

    ::

        i: VALUE(2) VALUE(5)  TICK  VALUE(5)  TICK  VALUE(5)  TICK   TICK   END          (4 steps)
        sums        2: 1  5: 1           5: 2            5: 3
        left                  3               2               1      0
        o:                                                    5

        i -> token -+-> sum of its address -> + payload -> leader, runner-up -> decided? -> o
                    +------------------------------------> TICK

    Whenever a step ends, the leader is decided if the runner-up could not pass it with the most spikes in every step
    that is left; where it could come level, if the leader's address is the lower one. Leader and runner-up are the two
    largest, each the lowest of equals, so no other neuron could pass either.

    A token takes a cycle. The beat comes 3 cycles after the TICK that decides, or after the END of a train that has
    fewer steps than it should; what follows is dropped as fast as it comes. Behind an END, and after reset, no token
    is taken for as many cycles as there are addresses, in which their sums are cleared.

    Parameters
    ----------
    fmt : TokenFormat
        Tokens that come in: spikes.
    steps : int
        TICKs of a train.

    Members
    -------
    finished : Out(1)
        Pulses when a beat is taken.
    busy : Out(1)
        The sums are being cleared.
    """

    def __init__(self, fmt: TokenFormat, *, steps: int):
        self._format = fmt
        self._steps = steps
        super().__init__(
            {
                "i": In(token_stream(fmt)),
                "o": Out(Axi4StreamSignature()),
                "finished": Out(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        addresses, most = self._format.addresses, self._format.payload.max
        every = most * self._steps  # the largest sum
        place = data.StructLayout({"sum": range(every + 1), "address": range(addresses)})
        none = [{"sum": 0, "address": 0}, {"sum": 0, "address": 1}]

        # addresses ascend within a step: a sum is back before it is read again
        m.submodules.memory = memory = Memory(
            shape=Shape.cast(range(every + 1)), depth=addresses, init=[], attrs=NO_COLLISIONS
        )
        read, write = memory.read_port(), memory.write_port()
        clearing = Signal(init=1)
        cleared = Signal(range(addresses))

        advance = ~self.o.tvalid | self.o.tready
        taken = self.i.valid & self.i.ready
        token = Signal(self.i.payload.shape())
        arrived = Signal(len(TokenKind))  # one bit for each kind, a cycle after the token came
        counted = Signal(len(TokenKind))  # another one later
        changed = Signal(place)
        total = read.data + token.payload
        m.d.comb += [
            self.i.ready.eq(advance & ~clearing),
            read.en.eq(advance),
            read.addr.eq(self.i.payload.address),
            write.en.eq(clearing | (advance & arrived[TokenKind.VALUE])),
            write.addr.eq(Mux(clearing, cleared, token.address)),
            write.data.eq(Mux(clearing, 0, total)),
            self.busy.eq(clearing),
        ]
        with m.If(clearing):
            is_last = cleared == addresses - 1
            m.d.sync += [cleared.eq(Mux(is_last, 0, cleared + 1)), clearing.eq(~is_last)]
        with m.Elif(taken & (self.i.payload.kind == TokenKind.END)):
            m.d.sync += clearing.eq(1)
        with m.If(advance):
            m.d.sync += [
                token.eq(self.i.payload),
                arrived.eq(Mux(taken, 1 << self.i.payload.kind, 0)),
                counted.eq(arrived),
                changed.address.eq(token.address),
                changed.sum.eq(total),
            ]

        leader, second = Signal(place, init=none[0]), Signal(place, init=none[1])
        left = Signal(range(every + 1), init=every)  # what a neuron could still get
        answered = Signal()
        lowest = Mux(left > most, left - most, 0)
        reached = second.sum + lowest
        decided = (leader.sum > reached) | ((leader.sum == reached) & (leader.address < second.address))
        answers = ~answered & ((counted[TokenKind.TICK] & decided) | counted[TokenKind.END])
        m.d.comb += [self.o.tlast.eq(1), self.finished.eq(self.o.tvalid & self.o.tready)]
        with m.If(advance):
            m.d.sync += [self.o.tvalid.eq(answers), answered.eq((answered | answers) & ~counted[TokenKind.END])]
            with m.If(answers):
                m.d.sync += self.o.tdata.eq(leader.address)
            with m.If(counted[TokenKind.VALUE]):
                with m.If(changed.address == leader.address):
                    m.d.sync += leader.eq(changed)
                with m.Elif(self._passes(changed, leader)):
                    m.d.sync += [leader.eq(changed), second.eq(leader)]
                with m.Elif((changed.address == second.address) | self._passes(changed, second)):
                    m.d.sync += second.eq(changed)
            with m.If(counted[TokenKind.TICK]):
                m.d.sync += left.eq(lowest)
            with m.If(counted[TokenKind.END]):
                m.d.sync += [leader.eq(place.const(none[0])), second.eq(place.const(none[1])), left.eq(every)]
        return m

    @staticmethod
    def _passes(one: Value, other: Value) -> Value:
        """Whether ``one`` comes before ``other``."""
        return (one.sum > other.sum) | ((one.sum == other.sum) & (one.address < other.address))
