"""The neurons of a group of lanes: a datapath per lane, with auxiliary states, biases, decays and noise."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import *
from amaranth.lib import data

from tospike.hw.arithmetic import shape_of
from tospike.hw.delay import delayed
from tospike.hw.memory import LoadableMemory
from tospike.hw.params import EventParams, NoiseParams
from tospike.hw.spiking.aux_state import AuxState
from tospike.hw.spiking.neurons import Neuron, aux_layout, decay_layout, make_neuron
from tospike.hw.spiking.noise import Noise


class NeuronLanes:
    """Cycles 5 to 9 of the diagram in `tospike.hw.spiking.engine.EventEngine`, built in that engine's module.
    Throughput one word per cycle; a cycle without an update passes zeros through the neurons.

    Parameters
    ----------
    stages
        The operation in cycle n of the pipeline, for all n.
    lanes
        The group's lanes within a word.
    number
        The group's number. Group 0 drives what all groups share: addresses of memories, and the noise.

    Attributes
    ----------
    spikes : ArrayLayout(neuron.spike, lanes)
        Spikes of the word that leaves, as payloads.
    after : ArrayLayout(neuron.state, lanes)
        Its membranes.
    """

    def __init__(self, params: EventParams, stages: Sequence[data.View], lanes: range, *, number: int):
        neuron, late = params.neuron, params.neuron.extra_cycles
        self._params = params
        self._stages = stages
        self._lanes = lanes
        self._number = number
        self._leaving, self._leaking, self._stored = stages[6 + late], stages[7 + late], stages[9 + late]
        self._begins = self._leaking.update & self._leaking.clear
        self._cells = [make_neuron(neuron, bias=params.bias, spikes_again=params.lists_words) for _ in lanes]
        self.spikes = Signal(data.ArrayLayout(shape_of(neuron.spike), len(lanes)))
        self.after = Signal(data.ArrayLayout(shape_of(neuron.state), len(lanes)))

    def connect(self, m: Module, accumulate, stored: Mapping[str, LoadableMemory]) -> None:
        """Connect the neurons to ``accumulate``, which sends their states and stores the updated ones."""
        neuron = self._params.neuron
        passes = Signal()
        m.d.sync += passes.eq(self._leaving.update & ~self._leaving.clear)
        for index, (lane, cell) in enumerate(self._numbered):
            m.submodules[f"neuron_{lane}"] = cell
            m.d.comb += [
                cell.state.eq(accumulate.state[index]),
                cell.clear.eq(~passes),
                accumulate.store.values[index].eq(cell.decayed),
                self.spikes[index].eq(Mux(self._leaving.fire & self._exists(lane, self._leaving), cell.spike, 0)),
                self.after[index].eq(Mux(self._exists(lane, self._leaving), cell.after, 0)),
            ]
        if neuron.initial:
            m.d.comb += [cell.begin.eq(self._begins) for cell in self._cells]
        if neuron.has_aux:
            self._connect_aux(m)
        if neuron.noise is not None:
            self._connect_noise(m, neuron.noise)
        if self._params.bias:
            self._connect_bias(m, stored["bias"])
        if neuron.varying:
            self._connect_decays(m, stored["decays"])
        if neuron.host_threshold:
            m.d.comb += stored["threshold"].enable.eq(1)
            m.d.comb += [cell.threshold.eq(stored["threshold"].data) for cell in self._cells]

    def spikes_again(self, updated: data.View) -> Value:
        """Return whether a neuron of the word ``updated``, in cycle 6, spikes again without an event."""
        return Cat(cell.spikes_again & self._exists(lane, updated) for lane, cell in self._numbered).any()

    def saturations(self, m: Module, sums: Value) -> list[Value]:
        """Return the flags of all saturating additions, each high for a cycle; ``sums`` are those of the events."""
        neuron, stages, cells = self._params.neuron, self._stages, self._cells
        at_end = Signal(len(self._lanes))  # of the sums with the biases, in a cycle without a sum of events
        m.d.sync += at_end.eq(Cat(cell.saturated[0] for cell in cells))
        flags = list(sums | at_end)
        if neuron.join_cycles:
            joining = stages[5 + neuron.join_cycles]
            flags += [cell.join_saturated & joining.fire & self._exists(lane, joining) for lane, cell in self._numbered]
        for number in range(1, 1 + neuron.aux_sums):
            flags += [cell.saturated[number] & self._exists(lane, stages[-1]) for lane, cell in self._numbered]
        return flags

    @property
    def _numbered(self) -> list[tuple[int, Neuron]]:
        """The neurons with their lanes."""
        return list(zip(self._lanes, self._cells, strict=True))

    def _connect_aux(self, m: Module) -> None:
        """Connect the auxiliary states: fetched in cycle 3, stored in the cycle of ``decayed``."""
        params = self._params
        aux = AuxState(aux_layout(params.neuron), lanes=len(self._lanes), words=params.words)
        m.submodules[f"aux_{self._number}" if params.lane_groups > 1 else "aux"] = aux
        m.d.comb += [
            aux.word.eq(self._stages[3].word),
            aux.store.valid.eq(self._stored.update),
            aux.store.word.eq(self._stored.word),
        ]
        for lane, cell in enumerate(self._cells):
            m.d.comb += [cell.aux.eq(aux.values[lane]), aux.store.values[lane].eq(cell.aux_next)]

    def _connect_noise(self, m: Module, settings: NoiseParams) -> None:
        """Connect the noise of a word, in the cycle of the membrane."""
        params = self._params
        if self._number == 0:
            updated = self._stages[5 + params.neuron.join_cycles]
            m.submodules.noise = noise = Noise(settings, lanes=params.lanes)
            m.d.comb += [
                noise.advance.eq(updated.fire),
                noise.restart.eq(updated.update & updated.clear & (updated.word == params.words - 1)),
            ]
        values = m.submodules.noise.values
        m.d.comb += [
            cell.noise.eq(delayed(m, values[lane], self._number, name=f"noise_{lane}")) for lane, cell in self._numbered
        ]

    def _connect_bias(self, m: Module, memory: LoadableMemory) -> None:
        params = self._params
        bias = Signal(data.ArrayLayout(shape_of(params.neuron.accumulated), len(self._lanes)))
        self._address(m, memory, self._leaving)
        m.d.sync += bias.eq(self._part(memory))
        added = self._begins if params.keeps_membranes else self._leaking.update
        with m.If(~added):
            m.d.sync += bias.eq(0)
        m.d.comb += [cell.bias.eq(bias[index]) for index, cell in enumerate(self._cells)]

    def _connect_decays(self, m: Module, memory: LoadableMemory) -> None:
        """Connect the decays or taps per neuron, read two cycles before they are used."""
        params = self._params
        decays = Signal(data.ArrayLayout(decay_layout(params.neuron), len(self._lanes)), reset_less=True)
        self._address(m, memory, self._stages[3 + params.neuron.varying_cycle])
        m.d.sync += Value.cast(decays).eq(self._part(memory))
        m.d.comb += [cell.decays.eq(decays[index]) for index, cell in enumerate(self._cells)]

    def _address(self, m: Module, memory: LoadableMemory, operation: data.View) -> None:
        """Read the word that an update is at; the memory delays the address for the groups after this one."""
        if self._number == 0:
            m.d.comb += memory.address.eq(self._word(operation))
            if self._params.lane_groups == 1:
                m.d.comb += memory.enable.eq(1)

    def _part(self, memory: LoadableMemory) -> Value:
        """Return the part of a memory's word that belongs to these lanes."""
        bits = len(memory.data) // self._params.lanes
        return memory.data[self._lanes.start * bits : self._lanes.stop * bits]

    def _exists(self, lane: int, operation: data.View) -> Value:
        """Return whether a lane has a neuron: the last word of a position may have unused lanes."""
        params = self._params
        if (params.position_words - 1) * params.lanes + lane < params.channels:
            return C(1, 1)
        return self._word(operation) != params.position_words - 1

    def _word(self, operation: data.View) -> Value:
        """Return the word within its position that an update is at. Dense neurons share one position."""
        return operation.channels if self._params.window else operation.word
