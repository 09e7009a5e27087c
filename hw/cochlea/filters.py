"""The cochlea's filter bank: second-order sections, time-multiplexed on a few multipliers."""

from typing import Any

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import round_shift, saturate, shape_of
from tospike.hw.cochlea.layout import section_pass
from tospike.hw.delay import delayed
from tospike.hw.memory import NO_COLLISIONS
from tospike.hw.params import CochleaParams, Rounding


class FilterBank(wiring.Component):
    """Filter a sample of sound in every channel, and add the rectified results to the channels' sums.

    ::

        cycle  0      1                     2          3          4               5            6
               rotation, once        ->     operands -> product -> first product
               damping, u - u2 + 2 twice -> operands -> product -> + - twice  ->  accumulator -> output
                 ^                                                                               |
               outputs {once, twice} <-----------------------------------------------------------+
               differences {u - u2}  <- output - twice (for the next section)                    |
               sums                  <- + max(output, 0) (of the last section) <-----------------+

    A multiplier computes a section in two cycles; ``multipliers`` of them a group of channels. All groups go through
    the first section, then all through the second, and so on: `section_pass` cycles each, so that what a section
    reads was written before. Latency of a sample: ``sections * section_pass`` cycles, during which ``busy`` is high;
    the last outputs are written up to 6 cycles later, before `Cochlea` can read them.

    A word holds a section's last two outputs for a group of channels. In the first sample of a recording they count as
    0, as sums do in the first of a time bin, so that no memory needs clearing.

    `tospike.sim.cochlea.golden` has the equations and is the golden model.

    Members
    -------
    start : In(1)
        Take ``sound``; only while ``busy`` is low.
    fresh, opens : In(1)
        It is the first sample of a recording; of a time bin.
    read, group : In(1), In
        Read the sums of a group; only while ``busy`` is low and after the last outputs are written.
    heard : Out(ArrayLayout)
        These sums, a cycle later, until the next ``read``.
    """

    def __init__(self, params: CochleaParams):
        self._params = params
        super().__init__(
            {
                "start": In(1),
                "sound": In(shape_of(params.payload)),
                "fresh": In(1),
                "opens": In(1),
                "busy": Out(1),
                "read": In(1),
                "group": In(range(params.groups)),
                "heard": Out(data.ArrayLayout(shape_of(params.sum), params.multipliers)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        params = self._params
        output = shape_of(params.section)
        word = data.StructLayout({"once": output, "twice": output})
        fresh, opens = Signal(), Signal()  # of the sample inside
        issue = self._schedule(m)
        m.d.comb += self.busy.eq(issue.busy)

        # the difference between a sample of sound and the one before the last
        once, twice = (Signal(shape_of(params.payload), name=f"sound_{name}") for name in ("once", "twice"))
        arrived = Signal(signed(params.payload.bits + 1))
        with m.If(self.start):
            m.d.sync += [
                *(fresh.eq(self.fresh), opens.eq(self.opens)),
                arrived.eq(self.sound - Mux(self.fresh, 0, twice)),
                *(once.eq(self.sound), twice.eq(Mux(self.fresh, 0, once))),
            ]

        # cycle 0: read; cycle 6: write
        begins = issue.active & ~issue.second
        ends = issue.active & issue.second  # a cycle after it begins
        coefficients = self._coefficients(m, begins, issue.group)
        outputs = self._memory(m, word, params.sections * params.groups, "outputs")
        differences = self._memory(m, signed(params.section.bits + 1), params.groups, "differences")  # between sections
        sums = self._memory(m, shape_of(params.sum), params.groups, "sums")
        m.d.comb += [
            *(outputs.read.en.eq(begins), outputs.read.addr.eq(issue.place)),
            *(differences.read.en.eq(begins & ~issue.is_first), differences.read.addr.eq(issue.group)),
        ]
        captured, added, read_sums, written = (delayed(m, ends, n, name=f"ends_{n}") for n in (1, 3, 4, 5))
        is_last = delayed(m, issue.is_last, 5, name="is_last")
        place = delayed(m, issue.place, 5, name="place")
        group = delayed(m, issue.group, 5, name="group")
        summed = delayed(m, issue.group, 4, name="summed")
        opened = delayed(m, opens, 5, name="opened")
        second = delayed(m, issue.second, 1, name="second")
        is_first = delayed(m, issue.is_first, 1, name="is_first")
        m.d.comb += [
            sums.read.en.eq(self.read | read_sums),
            sums.read.addr.eq(Mux(self.read, self.group, summed)),
            self.heard.eq(sums.read.data),
            *(outputs.write.en.eq(written), outputs.write.addr.eq(place)),
            *(differences.write.en.eq(written & ~is_last), differences.write.addr.eq(group)),
            *(sums.write.en.eq(written & is_last), sums.write.addr.eq(group)),
        ]
        for lane in range(params.multipliers):
            m.submodules[f"section_{lane}"] = section = Section(params)
            found = outputs.read.data[lane]
            m.d.comb += [
                section.rotation.eq(coefficients[lane].rotation),
                section.damping.eq(coefficients[lane].damping),
                section.once.eq(Mux(fresh, 0, found.once)),
                section.twice.eq(Mux(fresh, 0, found.twice)),
                section.difference.eq(Mux(is_first, arrived << params.guard_bits, differences.read.data[lane])),
                *(section.second.eq(second), section.captured.eq(captured), section.added.eq(added)),
                *(outputs.write.data[lane].once.eq(section.output), outputs.write.data[lane].twice.eq(section.kept)),
                differences.write.data[lane].eq(section.change),
                sums.write.data[lane].eq(
                    Mux(opened, 0, sums.read.data[lane]) + Mux(section.output < 0, 0, section.output)
                ),
            ]
        return m

    def _schedule(self, m: Module):
        """Return what begins or goes on in this cycle: a section (``place``, in order of section and group)."""
        params = self._params
        slots = section_pass(params)
        issue = Signal(
            data.StructLayout(
                {
                    "busy": 1,
                    "active": 1,
                    "second": 1,  # the second of its cycles
                    "group": range(params.groups),
                    "place": range(params.sections * params.groups),
                    "is_first": 1,  # of the first section
                    "is_last": 1,
                }
            )
        )
        slot = Signal(range(slots))
        section = Signal(range(params.sections))
        busy = Signal()
        place = Signal.like(issue.place)
        m.d.comb += [
            issue.busy.eq(busy),
            issue.active.eq(busy & (slot < 2 * params.groups)),
            issue.second.eq(slot[0]),
            issue.group.eq(slot >> 1),
            issue.place.eq(place),
            issue.is_first.eq(section == 0),
            issue.is_last.eq(section == params.sections - 1),
        ]
        with m.If(self.start):
            m.d.sync += [busy.eq(1), slot.eq(0), section.eq(0), place.eq(0)]
        with m.Elif(busy):
            m.d.sync += slot.eq(slot + 1)
            with m.If(issue.active & issue.second):
                m.d.sync += place.eq(place + 1)
            with m.If(slot == slots - 1):
                m.d.sync += [slot.eq(0), section.eq(section + 1), busy.eq(section != params.sections - 1)]
        return issue

    def _coefficients(self, m: Module, enable: Value, group: Value):
        """Return the coefficients of a group, a cycle after its number."""
        params = self._params
        bits = params.coefficient_bits
        spare = params.groups * params.multipliers - params.channels  # lanes of the last group that stay silent
        pairs = [*zip(params.rotations, params.dampings, strict=True), *([(0, 0)] * spare)]
        lane = data.StructLayout({"rotation": signed(bits), "damping": signed(bits)})
        layout = data.ArrayLayout(lane, params.multipliers)
        words: Any = [
            [{"rotation": rotation, "damping": damping} for rotation, damping in pairs[at : at + params.multipliers]]
            for at in range(0, len(pairs), params.multipliers)
        ]
        m.submodules.coefficients = memory = Memory(shape=layout, depth=params.groups, init=words)
        read = memory.read_port()
        m.d.comb += [read.en.eq(enable), read.addr.eq(group)]
        return read.data

    def _memory(self, m: Module, shape, depth: int, name: str) -> "_Ports":
        memory = Memory(
            shape=data.ArrayLayout(shape, self._params.multipliers), depth=depth, init=[], attrs=NO_COLLISIONS
        )
        m.submodules[name] = memory
        return _Ports(memory)


class _Ports:
    """The ports of a memory."""

    def __init__(self, memory: Memory):
        self.read = memory.read_port()
        self.write = memory.write_port()


class Section(wiring.Component):
    """Compute ``trunc(damping * (difference + 2 twice) + 2 rotation * once - twice)`` with one multiplier.

    Cycles as in `FilterBank`: the operands arrive in cycles 1 and 2, the second time with ``second``; ``output`` is
    valid in cycle 6, with ``kept`` and ``change``, until two cycles later.

    Members
    -------
    captured, added : In(1)
        High in cycles 2 and 4.
    output, kept, change : Out
        The output of the section, the one before, and its difference from the one before that.
    """

    def __init__(self, params: CochleaParams):
        self._params = params
        output, coefficient = shape_of(params.section), signed(params.coefficient_bits)
        change = signed(params.section.bits + 1)
        super().__init__(
            {
                "rotation": In(coefficient),
                "damping": In(coefficient),
                "once": In(output),
                "twice": In(output),
                "difference": In(change),
                "second": In(1),
                "captured": In(1),
                "added": In(1),
                "output": Out(output),
                "kept": Out(output),
                "change": Out(change),
            }
        )

    def elaborate(self, platform):
        m = Module()
        params = self._params
        fraction = params.coefficient_bits - 1
        sum_ = self.difference + (self.twice << 1)
        # registers of the multiplier have no reset, so that its block can take them
        coefficient = Signal(signed(params.coefficient_bits), reset_less=True)
        operand = Signal(sum_.shape(), reset_less=True)
        product = Signal(signed(len(coefficient) + len(operand)), reset_less=True)
        rotated = Signal.like(product, reset_less=True)
        once, twice, older = (Signal.like(self.once, name=name) for name in ("once_1", "twice_1", "twice_2"))
        m.d.sync += [
            coefficient.eq(Mux(self.second, self.damping, self.rotation)),
            operand.eq(Mux(self.second, sum_, self.once)),
            product.eq(coefficient * operand),
            rotated.eq(product),
        ]
        with m.If(self.captured):
            m.d.sync += [once.eq(self.once), twice.eq(self.twice)]
        total = product + (rotated << 1) - (twice << fraction)
        accumulator = Signal(total.shape())
        with m.If(self.added):
            m.d.sync += [accumulator.eq(total), self.kept.eq(once), older.eq(twice)]
        m.d.sync += self.output.eq(saturate(round_shift(accumulator, fraction, Rounding.TRUNCATE), params.section))
        m.d.comb += self.change.eq(self.output - older)
        return m
