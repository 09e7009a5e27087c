"""The event engine: a VALUE adds weights to its target neurons, a TICK updates all neurons."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import connect, flipped

from tospike.hw.arithmetic import shape_of
from tospike.hw.counting import count_up, grouped_total
from tospike.hw.delay import delayed
from tospike.hw.engine import Engine
from tospike.hw.memory import LoadableMemory, loadable_memories
from tospike.hw.params import ActivationParams, EventParams, Readout, TokenFormat, TokenKind
from tospike.hw.spiking.activate import Activate
from tospike.hw.spiking.active_list import ActiveList
from tospike.hw.spiking.address_decoder import AddressDecoder
from tospike.hw.spiking.lane_group import LaneGroup, groups_of_lanes
from tospike.hw.spiking.lanes import NeuronLanes
from tospike.hw.spiking.layout import NOT_BY_LANE, counter_names, memories
from tospike.hw.spiking.recurrence import Recurrence
from tospike.hw.spiking.sections import SectionedSerializer
from tospike.hw.spiking.sequencer import Sequencer, operation_layout, updates_in_flight
from tospike.hw.spiking.serializer import Serializer, lane_word_layout
from tospike.hw.streams import Buffer, Queue


class EventEngine(Engine[EventParams]):
    """A layer with synapses in on-chip memory, which processes ``lanes`` neurons per cycle.

    ::

        cycle 0      1          2         3         4          5           6               7       8         9
        sequencer -> address -> weight -> weight -> product -> addend
                                fetch  -> state  -> state   -> state    -> sum, written
                                                               |
                                                               membrane -> spike, after -> leak -> + bias -> decayed
                                                                           |
                                                                           +-> counts
                                                                           +-> queue -> serializer -> o

    Throughput: a VALUE takes a cycle per state word that it reaches, a TICK a cycle per state word and a few more, see
    `Sequencer` and ``sim/spiking/timing.py``. For a window, `AddressDecoder` first decodes the address (4 cycles), and
    the sequencer steps through the words that it reaches (`AddressGenerator`).

    More than 16 lanes work in groups (`LaneGroup`): from cycle 2 of the diagram on, group n works n cycles later.

    The membrane compared with the threshold is ``leak(v) + bias + sum of payload * weight``. The update on a TICK also
    begins the next time step, so the stored state is ``saturate(leak(v after reset) + bias)``. A spike's payload is
    never 0, so a 1-bit payload needs no multiplier. Weights are read before the state, which keeps the
    read-modify-write loop at the 4 cycles of `Accumulate`.

    An ANN layer has I neurons: an event adds an activation times its weights, and an END sends the membranes, which
    `Activate` turns into activations. In a delta ANN an event adds a change, membranes persist, and a TICK sends them
    to `Activate`, which sends the changes of the activations. They have left before the next update begins.

    The queue holds all updates that `Sequencer` allows in flight, so it cannot overflow. (One of its entries is its
    output register, which is filled a cycle later.)

    Parameters
    ----------
    params : EventParams
    contents : mapping
        Words of the memories, see `tospike.hw.spiking.layout.pack`.
    first_region : int
        Configuration region of the first memory; used only if ``params.writable``.

    Raises
    ------
    InputError
        The contents of a memory are longer than it.
    """

    def __init__(self, params: EventParams, contents: Mapping[str, Sequence[int]], *, first_region: int = 0):
        self._contents = contents
        self._first_region = first_region
        super().__init__(params, counter_names(params), writable=params.writable)

    def elaborate(self, platform):
        m = Module()
        params, parts = self._params, m.submodules
        stored = self._memories(m)
        parts.sequencer = Sequencer(params)
        self._front(m)
        stages = self._stages(m)
        groups = self._groups(stages)
        if params.lists_words:
            self._connect_active_list(m, groups[0].neurons, stages)
        weights = self._weights(m, stages[1].row, stored["weights"])
        for group in groups:
            group.connect(m, weights, stored)
        leaving = stages[self._output_cycle + params.group_cycles]
        self._output(m, leaving, self._aligned(m, [group.values(m) for group in groups], name="values"))
        if params.activation is None:
            connect(m, parts.serializer.o, flipped(self.o))
        else:
            self._activate(m, params.activation, stored["multipliers"])
        if params.recurrent:
            spikes = self._aligned(m, [group.neurons.spikes for group in groups], name="spikes")
            self._connect_recurrence(m, leaving, spikes)
        if params.is_counted:
            self._count(m, groups)
        self._settle(m)
        return m

    def _memories(self, m: Module) -> dict[str, LoadableMemory]:
        """Return the memories by name. With several groups of lanes, each has its part of words of lanes."""
        params = self._params
        shapes = memories(params)
        parts = {
            shape.name: [shape.width // params.lanes * len(lanes) for lanes in groups_of_lanes(params)]
            for shape in shapes
            if params.lane_groups > 1 and shape.name not in NOT_BY_LANE
        }
        return loadable_memories(
            m,
            shapes,
            self._contents,
            config=flipped(self.config) if params.writable else None,
            first_region=self._first_region,
            banked=("weights",) if params.bank_cycles else (),
            parts=parts,
        )

    @property
    def _output_cycle(self) -> int:
        """The cycle in which spikes and membranes leave the neurons' pipeline."""
        return 6 + self._params.neuron.extra_cycles

    def _front(self, m: Module) -> None:
        """Connect the input to the sequencer. A buffer cuts the path of ``ready`` to the engine upstream."""
        params, sequencer = self._params, m.submodules.sequencer
        m.submodules.input = arrived = Buffer(self.i.payload.shape())
        connect(m, flipped(self.i), arrived.i)
        if params.recurrent:
            m.submodules.recurrence = recurrence = Recurrence(params)
            connect(m, arrived.o, recurrence.i)
            connect(m, recurrence.o, sequencer.i)
        elif params.window:
            m.submodules.address_decoder = decoder = AddressDecoder(params)
            connect(m, arrived.o, decoder.i)
            connect(m, decoder.o, sequencer.i)
        else:
            connect(m, arrived.o, sequencer.i)

    def _stages(self, m: Module) -> list[data.View]:
        """Return the operation in cycle n of the diagram, for all n; banks of weights delay cycles from 2 on."""
        late = self._params.bank_cycles
        stages = [m.submodules.sequencer.operation]
        for cycle in range(1, self._output_cycle + 4 + late + max(0, self._params.group_cycles - 1)):
            stage = Signal(operation_layout(self._params), name=f"operation_{cycle}")
            m.d.sync += stage.eq(stages[-1])
            stages.append(stage)
        return stages[:2] + stages[2 + late :]

    def _groups(self, stages: Sequence[data.View]) -> list[LaneGroup]:
        """Return the groups of lanes; from cycle 2 on, each works a cycle after the one before."""
        length = self._output_cycle + 4
        return [
            LaneGroup(self._params, [*stages[:2], *stages[2 + number : length + number]], lanes, number=number)
            for number, lanes in enumerate(groups_of_lanes(self._params))
        ]

    def _aligned(self, m: Module, values: Sequence[Value], *, name: str) -> Value:
        """Return the values of all groups in the same cycle, from registers if there are several groups."""
        if len(values) == 1:
            return values[0]
        return Cat(
            delayed(m, Value.cast(value), len(values) - number, name=f"{name}_of_{number}")
            for number, value in enumerate(values)
        )

    def _connect_active_list(self, m: Module, neurons: NeuronLanes, stages: Sequence[data.View]) -> None:
        """Connect the list of words to update without an event; an operation has its word from cycle 2 on."""
        m.submodules.active_list = active = ActiveList(words=self._params.words)
        updated = stages[6]
        m.d.comb += [
            m.submodules.sequencer.active_count.eq(active.count),
            active.index.eq(stages[0].word),
            active.update.valid.eq(updated.update),
            active.update.first.eq(updated.first),
            active.update.append.eq(neurons.spikes_again(updated) & ~updated.clear),
            active.update.word.eq(updated.word),
        ]
        late = self._params.bank_cycles
        with m.If(delayed(m, stages[1].listed, late, name="listed")):
            m.d.sync += stages[2].word.eq(delayed(m, active.word, late, name="listed_word"))

    def _weights(self, m: Module, row: Value, weights: LoadableMemory) -> Value:
        """Return the weights of all lanes, from registers: those of group n in cycle 3 + n; ``row`` is in cycle 1."""
        params = self._params
        weight = Signal(data.ArrayLayout(shape_of(params.weight), params.lanes), reset_less=True)
        m.d.comb += weights.address.eq(row)
        if params.bank_cycles:
            m.d.comb += Value.cast(weight).eq(weights.data)
            return Value.cast(weight)
        if params.lane_groups == 1:
            m.d.comb += weights.enable.eq(1)
        m.d.sync += Value.cast(weight).eq(weights.data)
        return Value.cast(weight)

    def _output(self, m: Module, operation: data.View, values: data.View) -> None:
        """Serialise words of values to tokens, from cycle 6 on, and tell the sequencer which have departed."""
        params = self._params
        layout = lane_word_layout(params.updated, params.lanes, ragged=params.ragged)
        m.submodules.queue = queue = Queue(layout, depth=updates_in_flight(params) * params.words + 1)
        m.submodules.serializer = serializer = self._serializer(params.updated, ragged=params.ragged)
        leaving = Signal(layout)
        m.d.comb += [
            leaving.word.eq(operation.address if params.ragged else operation.word),
            leaving.tick.eq(operation.tick),
            leaving.end.eq(operation.end),
        ]
        with m.If(operation.send):
            m.d.comb += Value.cast(leaving.values).eq(values)
        some = operation.send if params.sends_changes else Value.cast(leaving.values).any()
        m.d.sync += [queue.i.payload.eq(leaving), queue.i.valid.eq(some | leaving.tick | leaving.end)]
        connect(m, queue.o, serializer.i)
        port = self.o if params.sends_changes else serializer.o
        sent = Signal()  # registered, so that the consumer's `ready` ends here
        m.d.sync += sent.eq(port.valid & port.ready & (port.payload.kind != TokenKind.VALUE))
        m.d.comb += m.submodules.sequencer.sent.eq(sent)

    def _serializer(self, fmt: TokenFormat, *, ragged: bool) -> wiring.Component:
        params = self._params
        if params.lane_groups == 1:
            return Serializer(fmt, lanes=params.lanes, ragged=ragged, complete=params.sends_changes)
        return SectionedSerializer(fmt, lanes=params.lanes, size=len(groups_of_lanes(params)[0]), ragged=ragged)

    def _activate(self, m: Module, activation: ActivationParams, multipliers: LoadableMemory) -> None:
        """Turn the membranes of an ANN layer into activations."""
        m.submodules.activate = activate = Activate(self._params.updated, activation)
        m.d.comb += [
            multipliers.address.eq(activate.address),
            multipliers.enable.eq(1),
            activate.multiplier.eq(multipliers.data),
        ]
        connect(m, m.submodules.serializer.o, activate.i)
        connect(m, activate.o, flipped(self.o))

    def _connect_recurrence(self, m: Module, leaving: data.View, spikes: data.View) -> None:
        """Feed the spikes of an update back as events of the next time step, by a queue that holds all its words."""
        params = self._params
        fmt = TokenFormat(addresses=params.neurons, payload=params.neuron.spike)
        m.submodules.recurrent_queue = queue = Queue(lane_word_layout(fmt, params.lanes), depth=params.words + 1)
        m.submodules.recurrent_serializer = serializer = self._serializer(fmt, ragged=False)
        m.d.sync += [
            queue.i.payload.word.eq(leaving.word),
            Value.cast(queue.i.payload.values).eq(spikes),
            queue.i.payload.tick.eq(leaving.step),
            queue.i.payload.end.eq(0),
            queue.i.valid.eq(Value.cast(spikes).any() | leaving.step),
        ]
        connect(m, queue.o, serializer.i)
        connect(m, serializer.o, m.submodules.recurrence.recurrent)

    def _count(self, m: Module, groups: Sequence[LaneGroup]) -> None:
        """Drive the counters."""
        params, sequencer, out = self._params, m.submodules.sequencer, m.submodules.serializer.o
        sends_value = out.valid & out.ready & (out.payload.kind == TokenKind.VALUE)
        counted = {
            "values": sequencer.taken[TokenKind.VALUE],
            "ticks": sequencer.taken[TokenKind.TICK],
            "samples": sequencer.taken[TokenKind.END],
            "synapse_words": sequencer.operation.accumulate,
            "update_words": sequencer.operation.update & ~sequencer.starting,
            "spikes": Mux(sends_value, out.payload.payload, 0)
            if params.readout is Readout.SPIKES
            else grouped_total(m, [list(group.neurons.spikes) for group in groups]),
            "saturations": grouped_total(m, [group.saturations(m) for group in groups]),
        }
        if params.activation is not None:
            counted |= {"results": sends_value, "activations": m.submodules.activate.sends}
            if params.sends_changes:
                counted["stored"] = m.submodules.activate.stores
        if params.words.bit_count() == 1 and not params.window:
            # a VALUE always takes the same power of two of words: derived from another counter
            del counted["synapse_words"]
            m.d.comb += self.counters.synapse_words.eq(self.counters.values << (params.words.bit_length() - 1))
        count_up(m, self.counters, self.clear, counted)

    def _settle(self, m: Module) -> None:
        """Drive ``busy`` until all pipelines are empty."""
        params = self._params
        settle = Signal(range(params.settle + 1))
        working = m.submodules.sequencer.busy | m.submodules.input.o.valid
        if params.window:
            working |= m.submodules.address_decoder.busy
        if params.activation is not None:
            working |= m.submodules.activate.busy
        with m.If(working):
            m.d.sync += settle.eq(params.settle)
        with m.Elif(settle.any()):
            m.d.sync += settle.eq(settle - 1)
        m.d.comb += self.busy.eq(working | settle.any())
