"""The multipliers of an event engine: a word of weights times the payload of a graded spike."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.params import EventParams


class Multiply(wiring.Component):
    """``products[lane] = weights[lane] * payload``. Latency 1, throughput one word per cycle.

    A separate module, so that the energy of multipliers is reported apart from that of control. An engine of 1-bit
    spikes has none.

    Parameters
    ----------
    params : EventParams
    lanes : int

    Members
    -------
    weights : In(lanes of params.weight)
    payload : In(params.event)
    products : Out(lanes of params.product)
        A register without reset.
    """

    def __init__(self, params: EventParams, *, lanes: int):
        self._lanes = lanes
        super().__init__(
            {
                "weights": In(data.ArrayLayout(shape_of(params.weight), lanes)),
                "payload": In(shape_of(params.event)),
                "products": Out(data.ArrayLayout(shape_of(params.product), lanes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        product = Signal.like(self.products, reset_less=True)
        m.d.sync += [product[lane].eq(self.weights[lane] * self.payload) for lane in range(self._lanes)]
        m.d.comb += self.products.eq(product)
        return m
