"""The products of an event engine's lanes: a word of weights times the payload of an event."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.params import EventParams


class Multiply(wiring.Component):
    """``products[lane] = weights[lane] * payload``: a word per cycle, a cycle later.

    A module of its own, so that the gates that multiply can be told from those that control. An engine whose events
    are spikes has none.

    Parameters
    ----------
    params : EventParams

    Members
    -------
    weights : In(lanes of params.weight)
    payload : In(params.event)
    products : Out(lanes of params.product)
        A register without reset.
    """

    def __init__(self, params: EventParams):
        self._params = params
        super().__init__(
            {
                "weights": In(data.ArrayLayout(shape_of(params.weight), params.lanes)),
                "payload": In(shape_of(params.event)),
                "products": Out(data.ArrayLayout(shape_of(params.product), params.lanes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        product = Signal.like(self.products, reset_less=True)
        m.d.sync += [product[lane].eq(self.weights[lane] * self.payload) for lane in range(self._params.lanes)]
        m.d.comb += self.products.eq(product)
        return m
