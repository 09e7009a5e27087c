"""The words of windows, once for each group of neurons, while later rows of the image arrive."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.counting import cycle_through
from tospike.hw.dataflow import layout
from tospike.hw.delay import delayed
from tospike.hw.params import ImageWindow
from tospike.hw.window.arrival import Arrival
from tospike.hw.window.line_buffer import LineBuffer


class Windows(wiring.Component):
    """Issue the words of each window, ``groups`` times over, one per cycle: `Operands` for convolutions.

    ::

        i ---> LineBuffer ---> values
                 ^   ^
           Arrival   column, row of the word
             |             ^
           present -> loops over groups, kernel rows, words of a row ---> issue, address

    The words of a window are ordered by kernel row (all side by side, if they are read at once), column, channel. A
    window can be issued in the cycle after its last pixel arrived, a row overwritten in the cycle after the last word
    of the last windows that read it. Values follow `layout.operand_latency` cycles after the issue.

    ``channelwise``, a group is a word of each pixel, for pooling: it has the words of the taps.

    Members
    -------
    i : In(stream.Signature(ArrayLayout(act, lanes)))
        Images, position by position, channels innermost.
    may_end, issue, address, ends_group, ends_frame, values, busy
        As of `tospike.hw.dataflow.operands.Operands`, with windows as frames.
    """

    def __init__(self, window: ImageWindow, shape, *, words: int, groups: int, channelwise: bool = False):
        self._window = window
        self._shape = shape
        self._words = words
        self._groups = groups
        self._channelwise = channelwise
        super().__init__(
            {
                "i": In(stream.Signature(data.ArrayLayout(shape, window.lanes))),
                "may_end": In(1),
                "issue": Out(1),
                "address": Out(range(words * groups)),
                "ends_group": Out(1),
                "ends_frame": Out(1),
                "values": Out(data.ArrayLayout(shape, window.width)),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        window = self._window
        m.submodules.arrival = arrival = Arrival(window)
        m.submodules.lines = lines = LineBuffer(window, self._shape)
        _, ends_group = cycle_through(m, self._words, self.issue, name="word")
        address, ends_frame = cycle_through(m, self._words * self._groups, self.issue, name="place")
        leaves = Signal()
        m.d.comb += [
            arrival.beat.eq(self.i.valid & self.i.ready),
            self.i.ready.eq(arrival.has_room),
            lines.write.eq(arrival.beat),
            lines.write_row.eq(arrival.slot),
            lines.write_column.eq(arrival.place),
            lines.word.eq(Value.cast(self.i.payload)),
            self.address.eq(address),
            self.ends_group.eq(ends_group),
            self.ends_frame.eq(ends_frame),
            self.issue.eq(arrival.present & (~ends_group | self.may_end)),
            leaves.eq(self.issue & ends_frame),
            arrival.leaves.eq(leaves),
            self.busy.eq(arrival.busy | (address != 0)),
        ]
        self._walk(m, leaves, arrival, lines)
        m.d.comb += Value.cast(self.values).eq(lines.values)
        return m

    def _walk(self, m, leaves, arrival, lines):
        """Drive the row and the column of the word that may be issued."""
        window = self._window
        step = window.pixel_words if self._channelwise else 1
        run = window.kernel[1] * (1 if self._channelwise else window.pixel_words)  # words of a kernel row
        _, ends_run = cycle_through(m, run, self.issue, name="run")
        left = -window.padding[1] * window.pixel_words
        far = window.size[1] * window.stride[1] * window.pixel_words
        shape = signed(max(far + run * step, window.row_words).bit_length() + 1)
        start, here = Signal(shape, init=left), Signal(shape, init=left)  # of the window's rows, and the word
        next_start = Mux(arrival.ends_row, left, start + window.stride[1] * window.pixel_words)
        channel = Signal(range(window.pixel_words + 1))  # the word of each pixel that the group reads
        row = Signal(range(window.kernel[0]))
        slot = Signal(range(window.ring), init=-window.padding[0] % window.ring)
        with m.If(leaves):
            m.d.sync += [start.eq(next_start), here.eq(next_start), channel.eq(0)]
        with m.Elif(self.issue & self.ends_group):
            more = 1 if self._channelwise else 0
            m.d.sync += [here.eq(start + channel + more), channel.eq(channel + more)]
        with m.Elif(self.issue & ends_run):
            m.d.sync += here.eq(start + channel)
        with m.Elif(self.issue):
            m.d.sync += here.eq(here + step)
        if window.steps > 1:
            with m.If(leaves):
                m.d.sync += [row.eq(0), slot.eq(arrival.next_first_slot)]
            with m.Elif(self.issue & self.ends_group):
                m.d.sync += [row.eq(0), slot.eq(arrival.first_slot)]
            with m.Elif(self.issue & ends_run):
                m.d.sync += [row.eq(row + 1), slot.eq(Mux(slot == window.ring - 1, 0, slot + 1))]
        else:
            m.d.comb += slot.eq(arrival.first_slot)
        first_row = arrival.first_row
        outside_row = [(first_row + row + n < 0) | (first_row + row + n >= window.shape[1]) for n in self._rows]
        outside_column = (here < 0) | (here >= window.row_words)
        m.d.comb += [lines.row.eq(slot), lines.column.eq(here)]
        if window.pads:
            latency = layout.OPERAND_LATENCY
            flags = Signal(window.rows_at_once)
            m.d.comb += flags.eq(Cat(outside_column | flag for flag in outside_row))
            m.d.comb += lines.outside.eq(delayed(m, flags, latency, name="outside"))

    @property
    def _rows(self):
        return range(self._window.rows_at_once)
