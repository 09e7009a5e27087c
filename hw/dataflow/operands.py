"""The words of a frame, once for each group of neurons, while the next frame arrives."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.counting import cycle_through
from tospike.hw.dataflow import layout
from tospike.hw.delay import delayed
from tospike.hw.memory import banked_memory
from tospike.hw.params import DataflowDenseParams


class Operands(wiring.Component):
    """Issue the words of each frame, ``groups`` times over, one per cycle.

    A single group takes the words as they come. For several, a memory has room for two frames: while one is issued,
    the next one arrives. A word can be issued in the cycle after it arrived, so the first group does not wait for the
    frame to be complete.

    Members
    -------
    i : In(stream.Signature(ArrayLayout(act, simd)))
        The words of each frame.
    may_end : In(1)
        The last word of a group may be issued.
    issue : Out(1)
        A word is issued; it is number ``address`` of the ``fold`` words of the frame.
    ends_group, ends_frame : Out(1)
        It is the last one, with ``issue``.
    values : Out(ArrayLayout(act, simd))
        The word, `layout.operand_latency` cycles later.
    busy : Out(1)
        Words wait, or part of a frame has been issued.
    """

    def __init__(self, params: DataflowDenseParams, shape):
        self._params = params
        word = data.ArrayLayout(shape, params.simd)
        super().__init__(
            {
                "i": In(stream.Signature(word)),
                "may_end": In(1),
                "issue": Out(1),
                "address": Out(range(params.fold)),
                "ends_group": Out(1),
                "ends_frame": Out(1),
                "values": Out(word),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        params = self._params
        word, ends_group = cycle_through(m, params.words, self.issue, name="word")
        address, ends_frame = cycle_through(m, params.fold, self.issue, name="place")
        ready = Signal()
        latency = layout.operand_latency(params)
        m.d.comb += [
            self.address.eq(address),
            self.ends_group.eq(ends_group),
            self.ends_frame.eq(ends_frame),
            self.issue.eq(ready & (~self.ends_group | self.may_end)),
        ]
        if params.groups == 1:
            values = delayed(m, Value.cast(self.i.payload), latency, name="values", reset_less=True)
            m.d.comb += [
                ready.eq(self.i.valid),
                self.i.ready.eq(~self.ends_group | self.may_end),
                self.busy.eq(self.address != 0),
            ]
        else:
            values = self._stored(m, word, ready)
        m.d.comb += Value.cast(self.values).eq(values)
        return m

    def _stored(self, m, word, ready):
        """Drive ``ready`` if ``word`` of this frame is there, and return the words issued, from the memory."""
        params = self._params
        slot = (params.words - 1).bit_length()  # address bits within a frame
        complete = Signal(range(3))  # whole frames stored
        writing, reading = Signal(), Signal()  # the frame of two
        takes, wholly, leaves = Signal(), Signal(), Signal()
        arrived, is_last = cycle_through(m, params.words, takes, name="arrived")  # of the frame that is not whole
        m.d.comb += [
            self.i.ready.eq(complete != 2),
            takes.eq(self.i.valid & self.i.ready),
            wholly.eq(takes & is_last),
            leaves.eq(self.issue & self.ends_frame),
            ready.eq((complete != 0) | (word < arrived)),
            self.busy.eq((complete != 0) | (arrived != 0)),
        ]
        m.d.sync += [
            writing.eq(writing ^ wholly),
            reading.eq(reading ^ leaves),
            complete.eq(complete + wholly - leaves),
        ]
        shape = Value.cast(self.i.payload).shape()
        return banked_memory(
            m,
            shape,
            depth=2 << slot,
            address=Cat(word[:slot], reading),
            latency=layout.OPERAND_LATENCY,
            write=(takes, Cat(arrived[:slot], writing), Value.cast(self.i.payload)),
            name="words",
        )
