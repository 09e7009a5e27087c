"""From membranes to activations: the neuron of an ANN behind the sums of an event engine."""

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
    """Requantises a frame of VALUEs, one per cycle, and leaves out those that become 0. An END keeps its place.

    ::

        0 token, address | 1 multiplier | 2 registers | Requantizer | 11 result -> queue -> o (13)

    In a delta ANN `Changes` stands before the queue, which takes two cycles more, and leaves out what did not change.

    The engine behind takes a VALUE in as many cycles as it has words, so results wait: the queue has room for a frame,
    and a frame that comes to an empty one is never refused. What follows is taken as far as there is room.

    Members
    -------
    i : In(token_stream(membranes))
    o : Out(token_stream(TokenFormat(addresses=membranes.addresses, payload=params.sent)))
    address : Out
        Which multiplier, in the cycle of the token.
    multiplier : In
        A cycle later.
    sends : Out(1)
        An activation, or its change, goes to the queue in this cycle.
    stores : Out(1)
        An activation is stored as what was last sent; only in a delta ANN.
    busy : Out(1)
        A token is inside.
    """

    RESULT = 2 + Requantizer.LATENCY
    """Cycles from a token that is taken to its result."""

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
        # one entry of the queue is its output register, which is filled a cycle late
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
        nothing = Signal()
        if params.change_threshold is None:
            result = queue.i.payload
            m.d.comb += [nothing.eq(valid & is_value & (requantizer.o == 0)), queue.i.valid.eq(valid & ~nothing)]
        else:
            m.submodules.changes = changes = Changes(self._membranes.addresses, params)
            result = changes.i.token
            m.d.comb += [
                changes.i.valid.eq(valid),
                nothing.eq(changes.left_out),
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

        room = Signal(range(frame + 1), init=frame)  # tokens that may still be taken
        left = Signal()  # a cycle ago, so that `ready` of the consumer ends here
        m.d.sync += [left.eq(self.o.valid & self.o.ready), room.eq(room + left + nothing - taken)]
        m.d.comb += [self.i.ready.eq(room != 0), self.busy.eq(room != frame)]
        return m
