"""The event engine: every VALUE walks its targets, every TICK sweeps the neurons."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import *
from amaranth.lib import data
from amaranth.lib.wiring import connect, flipped

from tospike.hw.arithmetic import shape_of
from tospike.hw.counting import count_up
from tospike.hw.engine import Engine
from tospike.hw.memory import image_memories
from tospike.hw.params import SPIKE, EventParams, NoiseParams, Readout, TokenFormat, TokenKind
from tospike.hw.snn.accumulate import Accumulate
from tospike.hw.snn.activate import Activate
from tospike.hw.snn.count import SpikeCounts
from tospike.hw.snn.kept import KeptWords
from tospike.hw.snn.layout import counter_names, memories
from tospike.hw.snn.locate import Locate
from tospike.hw.snn.multiply import Multiply
from tospike.hw.snn.neuron import Neuron, decay_layout, side_layout
from tospike.hw.snn.noise import Noise
from tospike.hw.snn.recurrence import Recurrence
from tospike.hw.snn.ring import AccumulateRing, states_in_ring
from tospike.hw.snn.sequencer import Sequencer, operation_layout, sweeps_outside
from tospike.hw.snn.serializer import Serializer, lane_word_layout
from tospike.hw.snn.side import SideMemory
from tospike.hw.snn.total import total
from tospike.hw.streams import Queue

PIPELINE = 14
"""Cycles after which an operation has left every pipeline, the counters' included."""


class EventEngine(Engine[EventParams]):
    """Synapses from on-chip memory, and their neurons; ``lanes`` of them per cycle.

    With a window, addresses become places first (`Locate`), which takes 4 cycles; the sequencer then walks these
    (`Walk`).

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

    The layer of an ANN has I neurons: an event adds an activation times weights, an END sends the membranes, which
    `Activate` makes activations of. In a delta ANN an event adds a change, membranes stay, and a TICK sends them to
    `Activate`, which sends what has changed of the activations. That has left before the next sweep begins.

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
        self._images = images
        self._first_region = first_region
        super().__init__(params, counter_names(params), writable=params.writable)

    def elaborate(self, platform):
        m = Module()
        params = self._params
        neuron = params.neuron
        lanes = range(params.lanes)
        cells = [Neuron(neuron, bias=params.bias, again=params.lists_words) for _ in lanes]
        late = neuron.extra_cycles  # everything from the spikes on is so much later than in the drawing

        m.submodules.sequencer = sequencer = Sequencer(params)
        if params.recurrent:
            m.submodules.recurrence = recurrence = Recurrence(params)
            connect(m, flipped(self.i), recurrence.i)
            connect(m, recurrence.o, sequencer.i)
        elif params.window:
            m.submodules.locate = locate = Locate(params)
            connect(m, flipped(self.i), locate.i)
            connect(m, locate.o, sequencer.i)
        else:
            connect(m, flipped(self.i), sequencer.i)
        stages = [sequencer.operation]  # the operation that is in cycle n
        for cycle in range(1, 10 + late):
            stage = Signal(operation_layout(params), name=f"operation_{cycle}")
            m.d.sync += stage.eq(stages[-1])
            stages.append(stage)
        if params.lists_words:
            self._connect_kept(m, sequencer, cells, stages)

        # cycles 1 to 4: payload * weight
        images = image_memories(
            m,
            memories(params),
            self._images,
            config=flipped(self.config) if params.writable else None,
            first_region=self._first_region,
        )
        weights = images["weights"]
        weight = Signal(data.ArrayLayout(shape_of(params.weight), params.lanes), reset_less=True)
        payload = Signal(shape_of(params.event))
        m.d.comb += [
            weights.address.eq(stages[1].row),
            weights.enable.eq(1),
            payload.eq(stages[3].payload),
        ]
        m.d.sync += weight.eq(weights.data)
        if params.event == SPIKE:
            product = Signal(data.ArrayLayout(shape_of(params.product), params.lanes), reset_less=True)
            m.d.sync += [product[lane].eq(weight[lane]) for lane in lanes]
        else:
            m.submodules.multiply = multiply = Multiply(params)
            m.d.comb += [multiply.weights.eq(weight), multiply.payload.eq(payload)]
            product = multiply.products

        # cycles 2 to 6: the states
        states = {
            "state": neuron.accumulated,
            "addend_bits": params.product.bits + neuron.weight_shift,
            "lanes": params.lanes,
            "words": params.words,
        }
        if states_in_ring(params):
            accumulate = AccumulateRing(**states)
        else:
            # a window's next event may begin with any word
            accumulate = Accumulate(**states, distance=1 if params.window else params.words)
        m.submodules.accumulate = accumulate
        m.d.comb += [
            accumulate.fetch.valid.eq(stages[2].accumulate | stages[2].sweep),
            accumulate.fetch.accumulate.eq(stages[2].accumulate),
            accumulate.fetch.word.eq(stages[2].word),
            accumulate.store.valid.eq(stages[9 + late].sweep),
            accumulate.store.word.eq(stages[9 + late].word),
        ]
        m.d.comb += [accumulate.addend[lane].eq(product[lane] << neuron.weight_shift) for lane in lanes]

        # cycles 5 to 9: the neurons. A cycle that sweeps nothing passes through them as zeros.
        spikes = Signal(data.ArrayLayout(shape_of(neuron.spike), params.lanes))
        after = Signal(data.ArrayLayout(shape_of(neuron.state), params.lanes))
        leaving_stage = stages[6 + late]
        passes = Signal()  # of the stage after that
        m.d.sync += passes.eq(leaving_stage.sweep & ~leaving_stage.clear)
        begins = stages[7 + late].sweep & stages[7 + late].clear
        for lane in lanes:
            m.submodules[f"neuron_{lane}"] = cell = cells[lane]
            m.d.comb += [
                cell.state.eq(accumulate.state[lane]),
                cell.clear.eq(~passes),
                accumulate.store.values[lane].eq(cell.decayed),
                spikes[lane].eq(Mux(leaving_stage.fire & self._exists(lane, leaving_stage), cell.spike, 0)),
                after[lane].eq(Mux(self._exists(lane, leaving_stage), cell.after, 0)),
            ]
        if neuron.initial:
            m.d.comb += [cell.begin.eq(begins) for cell in cells]
        if neuron.has_side:
            self._connect_side(m, cells, stages[3], stages[9 + late])
        if neuron.noise is not None:
            self._connect_noise(m, neuron.noise, cells, stages[5 + neuron.join_cycles])
        saturated = self._saturations(m, accumulate.saturated, cells, stages)
        if params.bias:
            bias = Signal(data.ArrayLayout(shape_of(neuron.accumulated), params.lanes))
            m.d.comb += [images["bias"].address.eq(self._part(leaving_stage)), images["bias"].enable.eq(1)]
            m.d.sync += bias.eq(images["bias"].data)
            added = begins if params.delta else stages[7 + late].sweep
            with m.If(~added):
                m.d.sync += bias.eq(0)
            m.d.comb += [cells[lane].bias.eq(bias[lane]) for lane in lanes]
        if neuron.varying:
            # read two cycles before the leak, which is in the cycle of `passes`
            decays = Signal(data.ArrayLayout(decay_layout(neuron), params.lanes), reset_less=True)
            m.d.comb += [images["decays"].address.eq(self._part(stages[5 + late])), images["decays"].enable.eq(1)]
            m.d.sync += Value.cast(decays).eq(images["decays"].data)
            m.d.comb += [cells[lane].decays.eq(decays[lane]) for lane in lanes]
        # cycles 6 and 7: what leaves
        layout = lane_word_layout(params.swept, params.lanes, ragged=params.ragged)
        m.submodules.queue = queue = Queue(layout, depth=sweeps_outside(params) * params.words + 1)
        m.submodules.serializer = serializer = Serializer(
            params.swept, lanes=params.lanes, ragged=params.ragged, complete=params.sends_changes
        )
        if params.readout is Readout.COUNT:
            m.submodules.counts = counts = SpikeCounts(
                params.output.payload, spike_bits=neuron.spike_bits, lanes=params.lanes, words=params.words
            )
            counting = stages[4 + late]
            m.d.comb += [
                counts.fetch.valid.eq(counting.sweep),
                counts.fetch.clear.eq(counting.clear),
                counts.fetch.word.eq(counting.word),
                counts.spikes.eq(spikes),
            ]
        values = {
            Readout.SPIKES: lambda: spikes,
            Readout.COUNT: lambda: counts.counts,
            Readout.MEMBRANE: lambda: after,
        }[params.readout]()
        leaving = Signal(layout)
        m.d.comb += [
            leaving.word.eq(leaving_stage.address if params.ragged else leaving_stage.word),
            leaving.tick.eq(leaving_stage.tick),
            leaving.end.eq(leaving_stage.end),
        ]
        with m.If(leaving_stage.send):
            m.d.comb += Value.cast(leaving.values).eq(values)
        some = leaving_stage.send if params.sends_changes else Value.cast(leaving.values).any()
        m.d.sync += [queue.i.payload.eq(leaving), queue.i.valid.eq(some | leaving.tick | leaving.end)]
        connect(m, queue.o, serializer.i)
        if params.activation is None:
            connect(m, serializer.o, flipped(self.o))
        else:
            m.submodules.activate = activate = Activate(params.swept, params.activation)
            multipliers = images["multipliers"]
            m.d.comb += [
                multipliers.address.eq(activate.address),
                multipliers.enable.eq(1),
                activate.multiplier.eq(multipliers.data),
            ]
            connect(m, serializer.o, activate.i)
            connect(m, activate.o, flipped(self.o))
        if params.recurrent:
            self._connect_own(m, recurrence, leaving_stage, spikes)
        out = serializer.o
        leaves = out.valid & out.ready
        is_value = out.payload.kind == TokenKind.VALUE
        gone = self.o if params.sends_changes else out
        m.d.comb += sequencer.sent.eq(gone.valid & gone.ready & (gone.payload.kind != TokenKind.VALUE))
        counted = {
            "values": sequencer.taken[TokenKind.VALUE],
            "ticks": sequencer.taken[TokenKind.TICK],
            "samples": sequencer.taken[TokenKind.END],
            "synapse_words": sequencer.operation.accumulate,
            "sweep_words": sequencer.operation.sweep & ~sequencer.starting,
            "spikes": Mux(leaves & is_value, out.payload.payload, 0)
            if params.readout is Readout.SPIKES
            else total(m, [spikes[lane] for lane in lanes]),
            "saturations": total(m, saturated),
        }
        if params.activation is not None:
            counted |= {"results": leaves & is_value, "activations": activate.sends}
            if params.sends_changes:
                counted["stored"] = activate.stores
        if params.words.bit_count() == 1 and not params.window:
            # a VALUE is a power of two of words: no counter of its own
            del counted["synapse_words"]
            m.d.comb += self.counters.synapse_words.eq(self.counters.values << (params.words.bit_length() - 1))
        count_up(m, self.counters, self.clear, counted)
        settle = Signal(range(PIPELINE + late + 1))
        working = sequencer.busy
        if params.window:
            working |= locate.busy
        if params.activation is not None:
            working |= activate.busy
        with m.If(working):
            m.d.sync += settle.eq(PIPELINE + late)
        with m.Elif(settle.any()):
            m.d.sync += settle.eq(settle - 1)
        m.d.comb += self.busy.eq(working | settle.any())
        return m

    def _connect_side(self, m: Module, cells: Sequence[Neuron], fetched: Value, stored: Value) -> None:
        """The state that only sweeps touch; `fetched` is in cycle 3, `stored` in the cycle of ``decayed``."""
        params = self._params
        m.submodules.side = side = SideMemory(side_layout(params.neuron), lanes=params.lanes, words=params.words)
        m.d.comb += [side.word.eq(fetched.word), side.store.valid.eq(stored.sweep), side.store.word.eq(stored.word)]
        for lane, cell in enumerate(cells):
            m.d.comb += [cell.side.eq(side.values[lane]), side.store.values[lane].eq(cell.side_after)]

    def _connect_noise(self, m: Module, law: NoiseParams, cells: Sequence[Neuron], swept: Value) -> None:
        """The noise of a word of ``swept``, the operation that is in the cycle of the membrane."""
        m.submodules.noise = noise = Noise(law, lanes=self._params.lanes)
        m.d.comb += [
            noise.advance.eq(swept.fire),
            noise.restart.eq(swept.sweep & swept.clear & (swept.word == self._params.words - 1)),
            *(cell.noise.eq(noise.values[lane]) for lane, cell in enumerate(cells)),
        ]

    def _connect_kept(self, m: Module, sequencer: Sequencer, cells: Sequence[Neuron], stages: Sequence[Value]) -> None:
        """The list of words that must be swept though nothing came; from cycle 2 on an operation has its word."""
        m.submodules.kept = kept = KeptWords(words=self._params.words)
        swept = stages[6]
        again = Cat(cell.again & self._exists(lane, swept) for lane, cell in enumerate(cells)).any()
        m.d.comb += [
            sequencer.kept.eq(kept.count),
            kept.index.eq(stages[0].word),
            kept.sweep.valid.eq(swept.sweep),
            kept.sweep.first.eq(swept.first),
            kept.sweep.keep.eq(again & ~swept.clear),
            kept.sweep.word.eq(swept.word),
        ]
        with m.If(stages[1].listed):
            m.d.sync += stages[2].word.eq(kept.word)

    def _saturations(self, m: Module, sums: Value, cells: Sequence[Neuron], stages: Sequence[Value]) -> list[Value]:
        """Flags of everything that saturates, each for a cycle."""
        params = self._params
        at_end = Signal(params.lanes)  # of the sums with the biases: no sum of events comes out in that cycle
        m.d.sync += at_end.eq(Cat(cell.saturated[0] for cell in cells))
        flags = list(sums | at_end)
        if params.neuron.join_cycles:
            joining = stages[5 + params.neuron.join_cycles]
            flags += [cell.joined & joining.fire & self._exists(lane, joining) for lane, cell in enumerate(cells)]
        if params.neuron.kind.synaptic:
            flags += [cell.saturated[1] & self._exists(lane, stages[-1]) for lane, cell in enumerate(cells)]
        if params.neuron.adaptation is not None:
            flags += [cell.saturated[2] & self._exists(lane, stages[-1]) for lane, cell in enumerate(cells)]
        return flags

    def _connect_own(self, m: Module, recurrence: Recurrence, leaving: Value, spikes: Value) -> None:
        """The spikes of a sweep to the events of the next step, by a queue that holds all words of a sweep."""
        params = self._params
        fmt = TokenFormat(addresses=params.neurons, payload=params.neuron.spike)
        m.submodules.own_queue = queue = Queue(lane_word_layout(fmt, params.lanes), depth=params.words + 1)
        m.submodules.own_serializer = serializer = Serializer(fmt, lanes=params.lanes)
        m.d.sync += [
            queue.i.payload.word.eq(leaving.word),
            Value.cast(queue.i.payload.values).eq(spikes),
            queue.i.payload.tick.eq(leaving.step),
            queue.i.payload.end.eq(0),
            queue.i.valid.eq(Value.cast(spikes).any() | leaving.step),
        ]
        connect(m, queue.o, serializer.i)
        connect(m, serializer.o, recurrence.own)

    def _exists(self, lane: int, operation: Value) -> Value:
        """Whether there is a neuron: the last word of a position may have lanes to spare."""
        params = self._params
        if (params.position_words - 1) * params.lanes + lane < params.channels:
            return C(1, 1)
        return self._part(operation) != params.position_words - 1

    def _part(self, operation: Value) -> Value:
        """Which word of its position a sweep is at. Dense neurons are in one position."""
        return operation.channels if self._params.window else operation.word
