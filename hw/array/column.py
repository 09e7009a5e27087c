"""Requantisation of the results of an array, one column at a time."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.delay import delayed
from tospike.hw.params import ArrayParams, RequantizeParams, address_bits
from tospike.hw.requantize import Requantizer


class ColumnRequantizer(wiring.Component):
    """Select the result of ``column`` from a row and requantise it. Latency ``LATENCY`` from the address, throughput 1.

    ::

        0 address, column | 1 row of results, channel | 2 registers | 3 selection | Requantizer

    Members
    -------
    column : In(range(cols))
        The column, in the cycle of the row's address.
    results : In(ArrayLayout(acc, cols))
        The row, one cycle after its address.
    channel : In
        Bias, and multiplier above it, one cycle after their address.
    shift, low, high : In
        Constant while results are in the pipeline.
    o : Out(acc)
        The result.
    """

    LATENCY = 3 + Requantizer.LATENCY

    def __init__(self, params: RequantizeParams, array: ArrayParams):
        self._params = params
        self._array = array
        acc = shape_of(array.acc)
        super().__init__(
            {
                "column": In(address_bits(array.cols)),
                "results": In(data.ArrayLayout(acc, array.cols)),
                "channel": In(acc.width + params.multiplier_bits),
                "shift": In(range(params.max_shift + 1)),
                "low": In(acc),
                "high": In(acc),
                "o": Out(acc),
            }
        )

    def elaborate(self, platform):
        m = Module()
        array = self._array
        acc = shape_of(array.acc)
        m.submodules.requantizer = requantizer = Requantizer(self._params, array.acc, primitives=array.primitives)
        results = Signal.like(self.results, reset_less=True)
        selected = Signal(acc, reset_less=True)
        column = delayed(m, self.column, 2, name="column")
        channel = delayed(m, self.channel, 2, name="channel", reset_less=True)
        m.d.sync += [results.eq(self.results), selected.eq(results[column])]
        m.d.comb += [
            requantizer.i.acc.eq(selected),
            requantizer.i.bias.eq(channel[: acc.width]),
            requantizer.i.multiplier.eq(channel[acc.width :]),
            requantizer.shift.eq(self.shift),
            requantizer.low.eq(self.low),
            requantizer.high.eq(self.high),
            self.o.eq(requantizer.o),
        ]
        return m
