"""Axonal delays: each input's spikes are delayed by a number of time steps."""

from amaranth.hdl import *
from amaranth.lib.memory import Memory

from tospike.hw.counting import count_up
from tospike.hw.encoders.delay_layout import counter_names, memories
from tospike.hw.engine import Engine
from tospike.hw.memory import NO_COLLISIONS, loadable_memories
from tospike.hw.params import DelayParams, TokenKind


class Delay(Engine[DelayParams]):
    """A ring buffer of ``slots`` time steps: a VALUE is written to the slot of its due step, a TICK sends the current
    one.

    ::

        i: VALUE(1, 5) VALUE(4, 7) TICK   TICK               TICK   END          (delays: input 1 two steps, 4 none)
        o:             VALUE(4, 7) TICK   TICK   VALUE(1, 5) TICK   END

        i -> token ------> write {slot + delay, address}      ring      o
             delays[address]                   scan of a slot ---> entry -> token, 0 -> ring

    Throughput: a VALUE takes a cycle. A TICK scans its slot, one entry per cycle, sent or not, and clears its non-zero
    entries; an empty slot is skipped. Tokens are taken again in the cycle after the one that reads the last entry. What
    is left in the ring at the END is dropped: after the END has left, the slots are scanned up to the last written one,
    as they are after reset.

    Latency: a TICK or END is offered 4 cycles after it is taken at the earliest; entry k of a scan k cycles later, and
    the TICK after ``inputs`` entries.

    `tospike.sim.encoders.delay` is the golden model; `tospike.sim.encoders.delay_timing` that of the cycles.
    """

    def __init__(self, params: DelayParams, contents):
        self._contents = contents
        super().__init__(params, counter_names(params))

    def elaborate(self, platform):
        m = Module()
        params = self._params
        address_bits = params.input.address_bits
        delay = loadable_memories(m, memories(params), self._contents)["delays"]
        m.submodules.ring = ring = Memory(
            shape=unsigned(params.payload.bits), depth=params.slots << address_bits, init=[], attrs=NO_COLLISIONS
        )
        read, write = ring.read_port(), ring.write_port()

        # the token taken in the previous cycle
        arrived = Signal(self.i.payload.shape())
        has_arrived = Signal()
        is_marker = has_arrived & (arrived.kind != TokenKind.VALUE)

        slot = Signal(range(params.slots))  # of the current time step
        # which slots have been written: the current one in bit 0, that of the next time step in bit 1, ...
        written = Signal(params.slots, init=-1)
        scanning = Signal(init=1)
        ends = Signal(init=1)  # the scan is that of an END
        dropping = Signal(init=1)  # the END has left
        starting = Signal(init=1)  # the scan after reset
        position = Signal(range(params.inputs + 1))  # entry being read; `inputs` stands for the TICK
        at_marker = (position == params.inputs) | ~written[0] | (ends & ~dropping)

        # the entry, or the TICK or END, that was read in the previous cycle
        fetched = Signal()
        fetched_kind = Signal(TokenKind)
        fetched_address = Signal(address_bits)
        fetched_drops = Signal()
        is_entry = fetched_kind == TokenKind.VALUE
        holds = read.data.any()
        sends = ~is_entry | (holds & ~fetched_drops)

        advance_out = ~self.o.valid | self.o.ready
        consume = fetched & (advance_out | ~sends)
        advance = ~fetched | consume
        steps = advance & scanning

        m.d.comb += [
            self.i.ready.eq(~scanning & ~is_marker),
            delay.address.eq(self.i.payload.address),
            delay.enable.eq(1),
        ]
        m.d.sync += [has_arrived.eq(self.i.valid & self.i.ready), arrived.eq(self.i.payload)]
        with m.If(is_marker):
            m.d.sync += [scanning.eq(1), ends.eq(arrived.kind == TokenKind.END)]
        with m.If(has_arrived & ~is_marker):
            m.d.sync += written.eq(written | (1 << delay.data))

        with m.If(advance):
            m.d.sync += fetched.eq(scanning & ~(at_marker & dropping))
        with m.If(steps):
            m.d.sync += [
                position.eq(Mux(at_marker, 0, position + 1)),
                fetched_address.eq(position),
                fetched_drops.eq(dropping),
                fetched_kind.eq(Mux(at_marker, Mux(ends, TokenKind.END, TokenKind.TICK), TokenKind.VALUE)),
            ]
        with m.If(steps & at_marker):
            remaining = written >> 1
            with m.If(ends & ~dropping):
                m.d.sync += [dropping.eq(written.any()), scanning.eq(written.any())]
            with m.Else():
                m.d.sync += [
                    slot.eq(Mux(slot == params.longest, 0, slot + 1)),
                    written.eq(remaining),
                    dropping.eq(dropping & remaining.any()),
                    scanning.eq(dropping & remaining.any()),
                    starting.eq(starting & remaining.any()),
                ]

        with m.If(advance_out):
            m.d.sync += self.o.valid.eq(0)
        with m.If(consume & sends):
            m.d.sync += [
                self.o.valid.eq(1),
                self.o.payload.kind.eq(fetched_kind),
                self.o.payload.address.eq(Mux(is_entry, fetched_address, 0)),
                self.o.payload.payload.eq(Mux(is_entry, read.data, 0)),
            ]

        # VALUEs come only between scans, so one write port suffices; registered for timing
        ahead = slot + delay.data
        due = Mux(ahead > params.longest, ahead - params.slots, ahead)
        m.d.comb += [read.addr.eq(Cat(position[:address_bits], slot)), read.en.eq(advance)]
        with m.If(has_arrived):
            m.d.sync += write.addr.eq(Cat(arrived.address, due[: len(slot)]))
        with m.Else():
            m.d.sync += write.addr.eq(Cat(fetched_address, slot))
        m.d.sync += [
            write.data.eq(Mux(has_arrived, arrived.payload, 0)),
            write.en.eq((has_arrived & ~is_marker) | (fetched & is_entry & holds)),
        ]

        departs = self.o.valid & self.o.ready & (self.o.payload.kind == TokenKind.VALUE)
        arrivals = {kind: has_arrived & (arrived.kind == kind) for kind in TokenKind}
        increments = {
            "values": arrivals[TokenKind.VALUE],
            "ticks": arrivals[TokenKind.TICK],
            "samples": arrivals[TokenKind.END],
            "scanned": steps & ~at_marker & ~starting,
            "sent": departs,
        }
        if params.is_counted:
            count_up(m, self.counters, self.clear, increments)
        m.d.comb += self.busy.eq(has_arrived | scanning | fetched | self.o.valid | written.any())
        return m
