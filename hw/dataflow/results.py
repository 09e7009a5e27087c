"""From the sums of a group of neurons to beats of results."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.counting import cycle_through
from tospike.hw.dataflow import layout
from tospike.hw.delay import delayed
from tospike.hw.memory import banked_memory
from tospike.hw.params import DataflowDenseParams
from tospike.hw.requantize import Requantizer
from tospike.hw.streams import Queue, count_credits


class Results(wiring.Component):
    """Send the ``pe`` sums of each group, ``output_lanes`` at a time, with bias and requantised.

    ::

        sums -> shift register -> + bias, * multiplier, shift, clamp -> queue -> o
                   channels --------^

    The array cannot stall between a group's last word and the queue, so a group needs a credit, a place for its beats,
    before that word is issued: `layout.places` of them.

    Members
    -------
    reserve : In(1)
        A group's last word is issued, only while ``credit`` is high; the sums follow ``delay`` cycles later.
    credit : Out(1)
        There is a place for another group.
    sums : In(ArrayLayout(acc, pe))
        The sums of a group, in the cycle ``delay`` after ``reserve``.
    o : Out(stream.Signature(ArrayLayout(payload, output_lanes)))
        The results.
    busy : Out(1)
        A group is on its way.
    """

    def __init__(self, params: DataflowDenseParams, contents, *, delay: int):
        self._params = params
        self._contents = list(contents)
        self._delay = delay
        result = shape_of(params.output.payload)
        super().__init__(
            {
                "reserve": In(1),
                "credit": Out(1),
                "sums": In(data.ArrayLayout(shape_of(params.acc), params.pe)),
                "o": Out(stream.Signature(data.ArrayLayout(result, params.output_lanes))),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        params = self._params
        lanes = params.output_lanes
        waits = params.group_beats > 1  # a shift register
        # the address of a beat's channels, so that they arrive together with its sums
        lead = layout.OPERAND_LATENCY if params.groups * params.group_beats > 1 else 0
        starts = delayed(m, self.reserve, self._delay + waits - lead, name="starts")
        sends, number, ends = self._beats(m, starts)

        sums = Value.cast(self.sums)
        if waits:
            shifted = Signal(len(sums), reset_less=True)
            beat = lanes * params.acc_bits
            m.d.sync += shifted.eq(Mux(delayed(m, self.reserve, self._delay, name="loads"), sums, shifted >> beat))
            sums = shifted
        channels = self._channels(m, number)
        values = [self._result(m, sums, channels, lane) for lane in range(lanes)]

        rest = lead + (1 if params.clamp is None else layout.REQUANTIZE_LATENCY)
        # a queue of 2 cannot take two beats in a row, although it has places for them
        places = layout.places(params, self._delay)
        depth = max(3, places * params.group_beats)
        entry = data.StructLayout({"values": self.o.payload.shape(), "ends": 1})
        m.submodules.queue = queue = Queue(entry, depth=depth)
        m.d.comb += [
            queue.i.valid.eq(delayed(m, sends, rest, name="valid")),
            queue.i.payload.ends.eq(delayed(m, ends, rest, name="ends")),
            *(queue.i.payload.values[lane].eq(value) for lane, value in enumerate(values)),
            self.o.payload.eq(queue.o.payload["values"]),
            self.o.valid.eq(queue.o.valid),
            queue.o.ready.eq(self.o.ready),
        ]
        available, some_taken = count_credits(
            m,
            places,
            reserve=self.reserve,
            departs=self.o.valid & self.o.ready & queue.o.payload.ends,  # a group, with its last beat
        )
        m.d.comb += [self.credit.eq(available), self.busy.eq(some_taken)]
        return m

    def _beats(self, m, starts):
        """Return whether a beat is sent, its number in the frame with groups padded, and whether it ends its group."""
        params = self._params
        per_group, total = params.group_beats, params.groups * params.group_beats
        last = params.frame_beats - 1
        sending, active = Signal(), Signal()
        _, ends_group = cycle_through(m, per_group, active, name="beat")
        number, _ = cycle_through(m, total, active, name="number")
        m.d.comb += active.eq(starts | sending)
        m.d.sync += sending.eq(active & ~ends_group)
        return active & (number <= last), number, ends_group | (number == last)

    def _channels(self, m, number):
        """Return the words of the channel memory, or the only word; without contents, all are 0."""
        params = self._params
        depth, width = params.groups * params.group_beats, params.output_lanes * layout.channel_bits(params)
        if depth == 1 or not self._contents:
            return C(self._contents[0] if self._contents else 0, width)
        return banked_memory(
            m,
            unsigned(width),
            depth=depth,
            latency=layout.OPERAND_LATENCY,
            address=number,
            init=self._contents,
            name="channels",
        )

    def _result(self, m, sums, channels, lane):
        """Return the result of a lane."""
        params = self._params
        acc = sums.word_select(lane, params.acc_bits).as_signed()
        channel = channels.word_select(lane, layout.channel_bits(params))
        bias, multiplier = channel[: params.acc_bits].as_signed(), channel[params.acc_bits :]
        if params.clamp is None:
            total = Signal(shape_of(params.acc), name=f"total_{lane}", reset_less=True)
            m.d.sync += total.eq((acc << params.requantize.fraction_bits) + bias)
            return total
        m.submodules[f"requantizer_{lane}"] = unit = Requantizer(
            params.requantize, params.acc, primitives=params.primitives
        )
        low, high = params.clamp
        m.d.comb += [
            *(unit.i.acc.eq(acc), unit.i.bias.eq(bias), unit.i.multiplier.eq(multiplier)),
            *(unit.shift.eq(params.shift), unit.low.eq(low), unit.high.eq(high)),
        ]
        return unit.o
