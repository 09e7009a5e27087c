"""The register engine: a small layer with its states in registers, all neurons in parallel."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import *
from amaranth.lib import data
from amaranth.lib.wiring import connect, flipped

from tospike.hw.arithmetic import saturate, shape_of
from tospike.hw.counting import count_up, total
from tospike.hw.engine import Engine
from tospike.hw.memory import loadable_memories
from tospike.hw.params import SPIKE, EventParams, Readout, TokenFormat, TokenKind
from tospike.hw.spiking.layout import counter_names, memories
from tospike.hw.spiking.neurons import Neuron, aux_layout, decay_layout, make_neuron
from tospike.hw.spiking.noise import Noise
from tospike.hw.spiking.recurrence import Recurrence
from tospike.hw.spiking.sequencer import updates_in_flight
from tospike.hw.spiking.serializer import Serializer, lane_word_layout
from tospike.hw.streams import Buffer, Register
from tospike.hw.tokens import token_stream


class RegisterEngine(Engine[EventParams]):
    """A layer with dense synapses in on-chip memory and a datapath per neuron. Throughput one token per cycle.

    ::

        cycle  0        1          2                            3       4 to 6
               token -> weights -> addend -> state + addend  -> state
                                             state -> neuron -> state
                                                          +---> word -> serializer -> o

    The update on a TICK (threshold, reset, leak, bias) is combinational, so there are no hazards: the next token finds
    the new state. A TICK or END that sends is taken only if at most `updates_in_flight` of them, itself included, are
    then on their way out: one in the serializer, one in the register before it. The pipeline never stalls.

    A membrane readout sends the membranes of the last time step as they were before the leak: they have separate
    registers, and saturations in the update on a TICK count once a token other than END has followed.

    Parameters
    ----------
    params : EventParams
        With `RegisterParams`.
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
        params = self._params
        stored = loadable_memories(
            m,
            memories(params),
            self._contents,
            config=flipped(self.config) if params.writable else None,
            first_region=self._first_region,
        )
        tokens = self._front(m)
        taken = tokens.valid & tokens.ready
        first, starting, sending = self._take(m, tokens, taken)
        second = Signal(first.shape())
        m.d.sync += second.eq(first)
        cells = [make_neuron(params.neuron, bias=params.bias, pipelined=False) for _ in range(params.neurons)]
        addend = self._addends(m, stored["weights"], tokens.payload.address, first)
        overflows = self._update(m, cells, addend, second)
        self._connect_neuron_inputs(m, cells, stored, second)
        spikes = Signal(data.ArrayLayout(shape_of(params.neuron.spike), params.neurons))
        m.d.comb += [spikes[lane].eq(Mux(second.tick, cell.spike, 0)) for lane, cell in enumerate(cells)]
        self._output(m, self._readout(m, cells, spikes, second), second)
        if params.recurrent:
            self._connect_recurrence(m, spikes, second)
        if params.is_counted:
            self._count(m, first, starting, spikes, [*overflows, *self._update_flags(m, cells, second)])
        settle = Signal(range(params.settle + 1))
        with m.If(taken | starting):
            m.d.sync += settle.eq(params.settle)
        with m.Elif(settle.any()):
            m.d.sync += settle.eq(settle - 1)
        m.d.comb += self.busy.eq(m.submodules.input.o.valid | starting | sending.any() | settle.any())
        return m

    def _front(self, m: Module):
        """Return the token stream, with the recurrent spikes merged in."""
        params = self._params
        tokens = token_stream(TokenFormat(addresses=params.rows, payload=params.event)).create()
        m.submodules.input = arrived = Buffer(self.i.payload.shape())
        connect(m, flipped(self.i), arrived.i)
        if params.recurrent:
            m.submodules.recurrence = recurrence = Recurrence(params)
            connect(m, arrived.o, recurrence.i)
            connect(m, recurrence.o, flipped(tokens))
        else:
            connect(m, arrived.o, flipped(tokens))
        return tokens

    def _take(self, m, tokens, taken):
        """Return the operation of a ``taken`` token, a cycle later; whether it is the implicit END that clears the
        states after reset; and the number of TICKs and ENDs on their way out."""
        params = self._params
        kind = tokens.payload.kind
        sends = kind != TokenKind.VALUE
        if params.readout is not Readout.SPIKES:
            sends = kind == TokenKind.END
        departed = Signal()  # registered, so that the consumer's `ready` ends here
        m.d.sync += departed.eq(self.o.valid & self.o.ready & (self.o.payload.kind != TokenKind.VALUE))
        limit = updates_in_flight(params)
        sending = Signal(range(limit + 1))
        m.d.comb += tokens.ready.eq(~(sends & (sending == limit)))
        m.d.sync += sending.eq(sending + (taken & sends) - departed)
        operation = data.StructLayout({"value": 1, "tick": 1, "end": 1, "send": 1, "payload": params.event.bits})
        first = Signal(operation, init={"end": 1})
        starting = Signal(init=1)
        m.d.sync += [
            first.value.eq(taken & (kind == TokenKind.VALUE)),
            first.tick.eq(taken & (kind == TokenKind.TICK)),
            first.end.eq(taken & (kind == TokenKind.END)),
            first.send.eq(taken & sends),
            first.payload.eq(tokens.payload.payload),
            starting.eq(0),
        ]
        return first, starting, sending

    def _update(self, m: Module, cells: Sequence[Neuron], addend: Value, operation: Value) -> list[Value]:
        """Add to every state, or update it, in cycle 2; return whether the sums overflow."""
        neuron = self._params.neuron
        update = operation.tick | operation.end
        states = Signal(data.ArrayLayout(shape_of(neuron.accumulated), self._params.neurons))
        overflows = []
        for lane, cell in enumerate(cells):
            m.submodules[f"neuron_{lane}"] = cell
            sums = states[lane] + addend[lane]
            fitting = saturate(sums, neuron.accumulated)
            m.d.sync += states[lane].eq(Mux(update, cell.decayed, fitting))
            m.d.comb += [cell.state.eq(states[lane]), cell.clear.eq(operation.end)]
            if neuron.initial:
                m.d.comb += cell.begin.eq(operation.end)
            overflows.append(fitting != sums)
        if neuron.has_aux:
            aux = Signal(data.ArrayLayout(aux_layout(neuron), self._params.neurons))
            with m.If(update):
                m.d.sync += [aux[lane].eq(cell.aux_next) for lane, cell in enumerate(cells)]
            m.d.comb += [cell.aux.eq(aux[lane]) for lane, cell in enumerate(cells)]
        return overflows

    def _connect_neuron_inputs(self, m: Module, cells: Sequence[Neuron], stored, operation: Value) -> None:
        """Connect the neurons to biases, decays and a threshold from memory, and to the noise."""
        params, neuron = self._params, self._params.neuron
        if params.bias:
            bias = data.View(data.ArrayLayout(shape_of(neuron.accumulated), params.neurons), stored["bias"].data)
            m.d.comb += [stored["bias"].enable.eq(1), *(cell.bias.eq(bias[lane]) for lane, cell in enumerate(cells))]
        if neuron.varying:
            decays = data.View(data.ArrayLayout(decay_layout(neuron), params.neurons), stored["decays"].data)
            m.d.comb += stored["decays"].enable.eq(1)
            m.d.comb += [cell.decays.eq(decays[lane]) for lane, cell in enumerate(cells)]
        if neuron.host_threshold:
            m.d.comb += stored["threshold"].enable.eq(1)
            m.d.comb += [cell.threshold.eq(stored["threshold"].data) for cell in cells]
        if neuron.noise is not None:
            m.submodules.noise = noise = Noise(neuron.noise, lanes=params.lanes)
            m.d.comb += [noise.advance.eq(operation.tick), noise.restart.eq(operation.end)]
            m.d.comb += [cell.noise.eq(noise.values[lane]) for lane, cell in enumerate(cells)]

    def _output(self, m: Module, values: Value, operation: Value) -> None:
        """Serialise a word of values to tokens, from cycle 3 on."""
        params = self._params
        m.submodules.leaving = leaving = Register(lane_word_layout(params.output, params.lanes))
        m.submodules.serializer = serializer = Serializer(params.output, lanes=params.lanes)
        word = leaving.i.payload
        m.d.comb += [leaving.i.valid.eq(operation.send), word.tick.eq(operation.tick), word.end.eq(operation.end)]
        m.d.comb += Value.cast(word.values).eq(Value.cast(values))
        connect(m, leaving.o, serializer.i)
        connect(m, serializer.o, flipped(self.o))

    def _connect_recurrence(self, m: Module, spikes: Value, operation: Value) -> None:
        """Feed the spikes of an update back as events of the next time step."""
        params = self._params
        fmt = TokenFormat(addresses=params.neurons, payload=params.neuron.spike)
        m.submodules.recurrent_word = recurrent_word = Register(lane_word_layout(fmt, params.lanes))
        m.submodules.recurrent_serializer = serializer = Serializer(fmt, lanes=params.lanes)
        m.d.comb += [recurrent_word.i.valid.eq(operation.tick), recurrent_word.i.payload.tick.eq(1)]
        m.d.comb += Value.cast(recurrent_word.i.payload.values).eq(Value.cast(spikes))
        connect(m, recurrent_word.o, serializer.i)
        connect(m, serializer.o, m.submodules.recurrence.recurrent)

    def _count(self, m: Module, first: Value, starting: Value, spikes: Value, saturations: list[Value]) -> None:
        """Drive the counters."""
        readout, out = self._params.readout, self.o
        is_value = out.payload.kind == TokenKind.VALUE
        counted = {
            "values": first.value,
            "ticks": first.tick,
            "samples": first.end & ~starting,
            "update_words": first.tick | (first.end & ~starting if readout is not Readout.MEMBRANE else 0),
            "spikes": Mux(out.valid & out.ready & is_value, out.payload.payload, 0)
            if readout is Readout.SPIKES
            else total(m, list(spikes)),
            "saturations": total(m, saturations),
        }
        count_up(m, self.counters, self.clear, counted)
        m.d.comb += self.counters.synapse_words.eq(self.counters.values)

    def _addends(self, m: Module, weights: Value, address: Value, operation: Value) -> Value:
        """Return payload * weight in cycle 2; the address is in cycle 0, the operation in cycle 1."""
        params = self._params
        addend = Signal(
            data.ArrayLayout(signed(params.product.bits + params.neuron.state_fraction_bits), params.neurons)
        )
        row = data.View(data.ArrayLayout(shape_of(params.weight), params.neurons), weights.data)
        payload = Signal(shape_of(params.event))
        m.d.comb += [weights.address.eq(address), weights.enable.eq(1), payload.eq(operation.payload)]
        for lane in range(params.neurons):
            product = row[lane] if params.event == SPIKE else row[lane] * payload
            m.d.sync += addend[lane].eq(Mux(operation.value, product << params.neuron.state_fraction_bits, 0))
        return addend

    def _readout(self, m: Module, cells: Sequence[Neuron], spikes: Value, operation: Value) -> Value:
        """Return the values that an operation of cycle 2 sends."""
        params = self._params
        if params.readout is Readout.SPIKES:
            return spikes
        values = Signal(data.ArrayLayout(shape_of(params.output.payload), params.neurons))
        for lane, cell in enumerate(cells):
            if params.readout is Readout.MEMBRANE:
                with m.If(operation.tick):
                    m.d.sync += values[lane].eq(cell.after)
            else:
                counted = saturate(values[lane] + spikes[lane], params.output.payload)
                m.d.sync += values[lane].eq(Mux(operation.end, 0, counted))
        return values

    def _update_flags(self, m: Module, cells: Sequence[Neuron], operation: Value) -> list[Value]:
        """Return flags of the saturations of an update; with a membrane readout, those after the threshold come a token
        later."""
        flags = Cat(cell.saturated for cell in cells)
        update_flags = Signal(flags.shape())
        m.d.comb += update_flags.eq(Mux(operation.tick, flags, 0))
        if self._params.readout is Readout.MEMBRANE:
            waiting = Signal.like(update_flags)
            follows = operation.value | operation.tick | operation.end
            with m.If(follows):
                m.d.sync += waiting.eq(update_flags)
            update_flags = Mux(follows & ~operation.end, waiting, 0)
        return [*(cell.join_saturated & operation.tick for cell in cells), *update_flags]
