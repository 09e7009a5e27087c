"""The event engine: every VALUE walks its targets, every TICK sweeps the neurons."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tospike.hw.arithmetic import shape_of
from tospike.hw.events import token_stream
from tospike.hw.memory import ConfigSignature, ImageMemory
from tospike.hw.params import SPIKE, EventParams, Readout, TokenKind
from tospike.hw.snn.accumulate import Accumulate
from tospike.hw.snn.count import SpikeCounts
from tospike.hw.snn.layout import counter_names, memories
from tospike.hw.snn.neuron import Neuron
from tospike.hw.snn.ring import MAX_WORDS, AccumulateRing
from tospike.hw.snn.sequencer import Sequencer, operation_layout, sweeps_outside
from tospike.hw.snn.serializer import Serializer, lane_word_layout
from tospike.hw.streams import Queue

PIPELINE = 14
"""Cycles after which an operation has left every pipeline, the counters' included."""


class EventEngine(wiring.Component):
    """Dense synapses from on-chip memory, and their neurons; ``lanes`` of them per cycle.

    ::

        cycle 0         1         2         3         4          5         6        7         8
        sequencer -> address -> weight -> weight -> product -> addend
                                fetch  -> state  -> state   -> state  -> sum, written
                                                                 |
                                                               membrane -> spike -> after -> leak -> decayed (9)
                                                                              |       |
                                                                              |     counts
                                                                              +-> queue -> serializer -> o

    The membrane that meets the threshold is ``leak(v) + bias + sum of payload * weight`` of its step: the sweep of a
    TICK also begins the next step, so the stored state is ``saturate(leak(v after reset) + bias)``. A spike's payload
    is never 0, so a 1-bit payload needs no multiplier. Rows of weights come before the state, which keeps the
    read-modify-write loop at the 4 cycles of `Accumulate`.

    The queue holds as many sweeps as `Sequencer` lets out at a time: it can not overflow. (One of its entries is its
    output register, which is filled a cycle late.)

    Parameters
    ----------
    params : EventParams
    images : mapping
        Words of the memories, see `tospike.hw.snn.layout.pack`.
    first_region : int
        Configuration region of the first memory; used only if ``params.writable``.

    Raises
    ------
    InputError
        If an image is longer than its memory.
    """

    def __init__(self, params: EventParams, images: Mapping[str, Sequence[int]], *, first_region: int = 0):
        self._params = params
        self._images = images
        self._first_region = first_region
        names = counter_names(params)
        members = {
            "i": In(token_stream(params.input)),
            "o": Out(token_stream(params.output)),
            "counters": Out(data.StructLayout(dict.fromkeys(names, params.counter_bits))),
            "clear": In(1),
            "busy": Out(1),
        }
        if params.writable:
            members["config"] = In(ConfigSignature())
        super().__init__(members)

    @property
    def params(self) -> EventParams:
        """The engine's parameters."""
        return self._params

    def elaborate(self, platform):
        m = Module()
        params = self._params
        neuron = params.neuron
        lanes = range(params.lanes)
        cells = [Neuron(neuron, bias=params.bias) for _ in lanes]

        m.submodules.sequencer = sequencer = Sequencer(params)
        connect(m, flipped(self.i), sequencer.i)
        stages = [sequencer.operation]  # the operation that is in cycle n
        for cycle in range(1, 10):
            stage = Signal(operation_layout(params), name=f"operation_{cycle}")
            m.d.sync += stage.eq(stages[-1])
            stages.append(stage)

        # cycles 1 to 4: payload * weight
        images = self._image_memories(m)
        weights = images["weights"]
        weight = Signal(data.ArrayLayout(shape_of(params.weight), params.lanes), reset_less=True)
        is_spike = params.payload == SPIKE
        product_bits = params.weight_bits + (0 if is_spike else params.payload.bits + (not params.payload.signed))
        product = Signal(data.ArrayLayout(signed(product_bits), params.lanes), reset_less=True)
        payload = Signal(shape_of(params.payload))
        m.d.comb += [
            weights.address.eq(stages[1].row),
            weights.enable.eq(1),
            payload.eq(stages[3].payload),
        ]
        m.d.sync += weight.eq(weights.data)
        for lane in lanes:
            m.d.sync += product[lane].eq(weight[lane] if is_spike else weight[lane] * payload)

        # cycles 2 to 6: the states
        states = {"state": neuron.state, "addend_bits": product_bits, "lanes": params.lanes, "words": params.words}
        if params.words <= MAX_WORDS:
            accumulate = AccumulateRing(**states)
        else:
            accumulate = Accumulate(**states, distance=params.words)
        m.submodules.accumulate = accumulate
        m.d.comb += [
            accumulate.fetch.valid.eq(stages[2].accumulate | stages[2].sweep),
            accumulate.fetch.accumulate.eq(stages[2].accumulate),
            accumulate.fetch.word.eq(stages[2].word),
            accumulate.addend.eq(product),
            accumulate.store.valid.eq(stages[9].sweep),
            accumulate.store.word.eq(stages[9].word),
        ]

        # cycles 5 to 9: the neurons. A cycle that sweeps nothing passes through them as zeros.
        spikes = Signal(params.lanes)
        after = Signal(data.ArrayLayout(shape_of(neuron.state), params.lanes))
        passes = Signal()  # of stages[7]
        m.d.sync += passes.eq(stages[6].sweep & ~stages[6].clear)
        for lane in lanes:
            m.submodules[f"neuron_{lane}"] = cell = cells[lane]
            m.d.comb += [
                cell.membrane.eq(accumulate.state[lane]),
                cell.clear.eq(~passes),
                accumulate.store.values[lane].eq(cell.decayed),
                spikes[lane].eq(cell.spike & stages[6].fire & self._exists(lane, stages[6].word)),
                after[lane].eq(Mux(self._exists(lane, stages[6].word), cell.after, 0)),
            ]
        saturated = accumulate.saturated
        if params.bias:
            bias = Signal(data.ArrayLayout(shape_of(neuron.state), params.lanes))
            m.d.comb += [images["bias"].address.eq(stages[6].word), images["bias"].enable.eq(1)]
            m.d.sync += bias.eq(images["bias"].data)
            with m.If(~stages[7].sweep):
                m.d.sync += bias.eq(0)
            m.d.comb += [cells[lane].bias.eq(bias[lane]) for lane in lanes]
            at_bias = Signal(params.lanes)  # those of the neurons, when those of the accumulator come
            m.d.sync += at_bias.eq(Cat(cells[lane].saturated for lane in lanes))
            saturated = saturated | at_bias
        # cycles 6 and 7: what leaves
        layout = lane_word_layout(params.output, params.lanes)
        m.submodules.queue = queue = Queue(layout, depth=sweeps_outside(params) * params.words + 1)
        m.submodules.serializer = serializer = Serializer(params.output, lanes=params.lanes)
        if params.readout is Readout.COUNT:
            m.submodules.counts = counts = SpikeCounts(params.output.payload, lanes=params.lanes, words=params.words)
            m.d.comb += [
                counts.fetch.valid.eq(stages[4].sweep),
                counts.fetch.clear.eq(stages[4].clear),
                counts.fetch.word.eq(stages[4].word),
                counts.spikes.eq(spikes),
            ]
        values = {
            Readout.SPIKES: lambda: spikes,
            Readout.COUNT: lambda: counts.counts,
            Readout.MEMBRANE: lambda: after,
        }[params.readout]()
        leaving = Signal(layout)
        m.d.comb += [
            leaving.word.eq(stages[6].word),
            leaving.tick.eq(stages[6].tick),
            leaving.end.eq(stages[6].end),
        ]
        with m.If(stages[6].send):
            m.d.comb += Value.cast(leaving.values).eq(values)
        m.d.sync += [
            queue.i.payload.eq(leaving),
            queue.i.valid.eq(Value.cast(leaving.values).any() | leaving.tick | leaving.end),
        ]
        connect(m, queue.o, serializer.i)
        connect(m, serializer.o, flipped(self.o))
        leaves = self.o.valid & self.o.ready
        is_value = self.o.payload.kind == TokenKind.VALUE
        m.d.comb += sequencer.sent.eq(leaves & ~is_value)
        counted = {
            "values": sequencer.taken[TokenKind.VALUE],
            "ticks": sequencer.taken[TokenKind.TICK],
            "samples": sequencer.taken[TokenKind.END],
            "synapse_words": sequencer.operation.accumulate,
            "sweep_words": sequencer.operation.sweep & ~sequencer.starting,
            "spikes": leaves & is_value if params.readout is Readout.SPIKES else _ones(m, spikes),
            "saturations": _ones(m, saturated),
        }
        if params.words.bit_count() == 1:
            # a VALUE is a power of two of words: no counter of its own
            del counted["synapse_words"]
            m.d.comb += self.counters.synapse_words.eq(self.counters.values << (params.words.bit_length() - 1))
        self._count(m, counted)
        settle = Signal(range(PIPELINE + 1))
        with m.If(sequencer.busy):
            m.d.sync += settle.eq(PIPELINE)
        with m.Elif(settle.any()):
            m.d.sync += settle.eq(settle - 1)
        m.d.comb += self.busy.eq(sequencer.busy | settle.any())
        return m

    def _image_memories(self, m: Module) -> dict[str, ImageMemory]:
        """The memories that images fill, with their configuration."""
        made = {}
        for number, shape in enumerate(memories(self._params)):
            region = self._first_region + number if self._params.writable else None
            memory = ImageMemory(shape, init=self._images[shape.name], region=region)
            m.submodules[shape.name] = made[shape.name] = memory
            if self._params.writable:
                connect(m, flipped(self.config), memory.config)
        return made

    def _exists(self, lane: int, word: Value) -> Value:
        """Whether there is a neuron: the last word may have lanes to spare."""
        if (self._params.words - 1) * self._params.lanes + lane < self._params.neurons:
            return C(1, 1)
        return word != self._params.words - 1

    def _count(self, m: Module, increments: Mapping[str, Value]) -> None:
        """Running totals, a register before each adder."""
        for name, increment in increments.items():
            step = Signal(increment.shape(), name=f"{name}_step")
            total = self.counters[name]
            m.d.sync += [step.eq(increment), total.eq(total + step)]
            with m.If(self.clear):
                m.d.sync += total.eq(0)


def _ones(m: Module, flags: Value) -> Value:
    """How many flags are set, a cycle late: four of them per group, then the sum of the groups."""
    groups = []
    for first in range(0, len(flags), 4):
        group = Signal(range(5), name=f"ones_{first}", src_loc_at=1)
        m.d.sync += group.eq(_sum(list(flags[first : first + 4])))
        groups.append(group)
    return _sum(groups)


def _sum(values: Sequence[Value]) -> Value:
    """The sum as a balanced tree."""
    if len(values) == 1:
        return values[0]
    middle = len(values) // 2
    return _sum(values[:middle]) + _sum(values[middle:])
