"""Requantisation of membranes to activations, for ANN layers on an event engine."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tospike.hw.arithmetic import shape_of
from tospike.hw.delay import delayed
from tospike.hw.params import ActivationParams, TokenFormat, TokenKind, address_bits
from tospike.hw.requantize import Requantizer
from tospike.hw.spiking.changes import Changes
from tospike.hw.streams import Queue
from tospike.hw.tokens import token_layout, token_stream


class Activate(wiring.Component):
    """Requantise a frame of VALUEs and drop those that become 0. An END keeps its place in the order.

    Latency 13, throughput 1::

        0 token, address | 1 multiplier | 2 registers | Requantizer | 11 result -> queue -> o (13)

    In a delta ANN, `Changes` precedes the queue, with a latency of two more cycles, and drops what did not change.

    The engine downstream needs several cycles per VALUE, so results wait in the queue. It holds a frame, so a frame
    that finds it empty is never stalled; the next one is taken as credits allow.

    Members
    -------
    i : In(token_stream(membranes))
    o : Out(token_stream(TokenFormat(addresses=membranes.addresses, payload=params.sent)))
    address : Out
        Address of the multiplier, in the cycle of the token.
    multiplier : In
        A cycle later.
    sends : Out(1)
        An activation, or its change, enters the queue in this cycle.
    stores : Out(1)
        An activation is stored as the value last sent; only in a delta ANN.
    busy : Out(1)
        A token is inside.
    """

    RESULT = 2 + Requantizer.LATENCY
    """Cycles from taking a token to its result."""

    def __init__(self, membranes: TokenFormat, params: ActivationParams):
        self._membranes = membranes
        self._params = params
        self._output = TokenFormat(addresses=membranes.addresses, payload=params.sent)
        members = {
            "i": In(token_stream(membranes)),
            "o": Out(token_stream(self._output)),
            "address": Out(address_bits(membranes.addresses)),
            "multiplier": In(params.requantize.multiplier_bits),
            "sends": Out(1),
            "busy": Out(1),
        }
        if params.change_threshold is not None:
            members["stores"] = Out(1)
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        params = self._params
        frame = self._membranes.addresses + 1
        # one entry of the queue is its output register, which is filled a cycle later
        m.submodules.queue = queue = Queue(token_layout(self._output), depth=frame + 1)
        state = self._membranes.payload
        m.submodules.requantizer = requantizer = Requantizer(params.requantize, state)
        token = self.i.payload
        taken = Signal()
        m.d.comb += [
            taken.eq(self.i.valid & self.i.ready),
            self.address.eq(token.address),
            requantizer.i.acc.eq(delayed(m, token.payload, 2, name="membrane", reset_less=True)),
            requantizer.i.bias.eq(0),
            requantizer.i.multiplier.eq(delayed(m, self.multiplier, 1, name="factor", reset_less=True)),
            requantizer.shift.eq(params.shift),
            requantizer.low.eq(C(params.clamp[0], shape_of(state))),
            requantizer.high.eq(C(params.clamp[1], shape_of(state))),
        ]

        valid = delayed(m, taken, self.RESULT, name="taken")
        kind = delayed(m, token.kind, self.RESULT, name="kind", reset_less=True)
        address = delayed(m, token.address, self.RESULT, name="address", reset_less=True)
        is_value = kind == TokenKind.VALUE
        dropped = Signal()
        if params.change_threshold is None:
            result = queue.i.payload
            m.d.comb += [dropped.eq(valid & is_value & (requantizer.o == 0)), queue.i.valid.eq(valid & ~dropped)]
        else:
            m.submodules.changes = changes = Changes(self._membranes.addresses, params)
            result = changes.i.token
            m.d.comb += [
                changes.i.valid.eq(valid),
                dropped.eq(changes.dropped),
                self.stores.eq(changes.stores),
                queue.i.payload.eq(changes.o.token),
                queue.i.valid.eq(changes.o.valid),
            ]
        m.d.comb += [
            result.kind.eq(kind),
            result.address.eq(address),
            result.payload.eq(Mux(is_value, requantizer.o, 0)),
            self.sends.eq(queue.i.valid & (queue.i.payload.kind == TokenKind.VALUE)),
        ]
        connect(m, queue.o, flipped(self.o))

        credits = Signal(range(frame + 1), init=frame)  # tokens that may still be taken
        departed = Signal()  # registered, so that the consumer's `ready` ends here
        m.d.sync += [departed.eq(self.o.valid & self.o.ready), credits.eq(credits + departed + dropped - taken)]
        m.d.comb += [self.i.ready.eq(credits != 0), self.busy.eq(credits != frame)]
        return m
