"""The sequencer of the event engine: from tokens to one operation of the pipeline per cycle."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.params import LIST_SETTLE, EventParams, FiringPhase, NeuronUpdate, Readout, TokenFormat, TokenKind
from tospike.hw.spiking.address_decoder import decoded_layout
from tospike.hw.spiking.address_generator import AddressGenerator
from tospike.hw.tokens import token_stream


def operation_layout(params: EventParams) -> data.StructLayout:
    """Return the layout of an operation on a word. ``accumulate`` and ``update`` exclude each other; with neither, the
    cycle is idle."""
    return data.StructLayout(
        {
            "word": range(params.words),
            "accumulate": 1,  # add the payload times the weight at `row`
            "row": range(params.rows * params.event_words),
            "payload": params.event.bits,
            "update": 1,  # threshold, reset, leak, bias
            "clear": 1,  # an update that resets the word to the start of a sample
            "fire": 1,  # an update in which neurons may spike
            "send": 1,  # the values of the word leave the engine
            "tick": 1,  # a TICK follows them
            "end": 1,  # an END follows them
            "step": int(params.recurrent),  # the last word of the update of a time step
            "channels": range(params.position_words if params.window else 1),  # of an update: word within its position
            "address": range(
                params.neurons if params.ragged else 1
            ),  # of an update: address of the word's first neuron
            "first": int(params.lists_words),  # the first word of an update
            "listed": int(params.lists_words),  # `word` is an index into the list of active words
        }
    )


def updates_in_flight(params: EventParams) -> int:
    """Return the number of updates that may have tokens on their way out: with 2, empty time steps follow each other
    without a gap."""
    return 2 if params.readout is Readout.SPIKES else 1


class Sequencer(wiring.Component):
    """Take a token, then issue its words, one per cycle.

    - VALUE: ``words`` accumulations; the next token is taken in the cycle of the last one, without a bubble. With a
      window, the words of `AddressGenerator`, and one cycle if there are none.
    - TICK: an update of ``words`` cycles, and ``update_return`` cycles until the updated words are written back. With
      membrane readout, the update is deferred until the next token, because an END reads the membrane before the leak;
      except where changes of activations leave on every TICK.
    - END: an update that clears the states.

    An update that sends waits until at most `updates_in_flight` updates, itself included, have a TICK or END that has
    not left the engine: that bounds the words on their way out. After reset, an implicit END clears the memories.

    With ``NeuronUpdate.ACTIVE``, a TICK updates all words if a VALUE came since the last update, since synapses are
    dense. Otherwise it updates the words of the `ActiveList`, `LIST_SETTLE` cycles after those of the last update are
    written back; if the list is empty, it takes one cycle.

    With a `FiringPhase`, a TICK outside of it updates nothing, and takes one cycle.

    Members
    -------
    i : In
        Tokens; with a window, those of `tospike.hw.spiking.address_decoder.AddressDecoder`.
    sent : In(1)
        A TICK or END left the engine in the previous cycle.
    active_count : In(range(words + 1))
        Length of the list of active words; only if ``params.lists_words``.
    operation : Out(operation_layout(params))
        The operation that begins in this cycle.
    taken : Out(3)
        A token of this kind (VALUE, TICK, END from bit 0) is completed.
    starting : Out(1)
        The update after reset is in progress.
    busy : Out(1)
        A token is inside, or a TICK or END has not left the engine.
    """

    def __init__(self, params: EventParams):
        self._params = params
        tokens = token_stream(TokenFormat(addresses=params.rows, payload=params.event))
        members = {
            "i": In(stream.Signature(decoded_layout(params)) if params.window else tokens),
            "sent": In(1),
            "operation": Out(operation_layout(params)),
            "taken": Out(len(TokenKind)),
            "starting": Out(1),
            "busy": Out(1),
        }
        if params.lists_words:
            members["active_count"] = In(range(params.words + 1))
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        params = self._params
        sends_on_tick = params.answers_ticks
        defers = params.readout is Readout.MEMBRANE and not sends_on_tick
        operation = self.operation

        # the update after reset is that of an implicit END
        held = Signal(init=1)
        token = Signal(self.i.payload.shape(), init={"kind": TokenKind.END})
        starting = Signal(init=1)
        word = Signal.like(operation.word)
        at_first = Signal(init=1)  # `word` is the first, the last; registers, because `ready` depends on them
        at_last = Signal(init=params.words == 1)
        deferred = Signal()  # the update of a TICK has been deferred
        limit = updates_in_flight(params)
        sending = Signal(range(limit + 1))  # TICKs and ENDs on their way out
        at_limit = Signal()  # `sending` is at its limit; a register, because `ready` depends on it
        draining = Signal()
        drain = Signal(range(params.update_return))

        is_tick = token.kind == TokenKind.TICK
        is_end = token.kind == TokenKind.END
        is_value = ~(is_tick | is_end)
        is_marker = Signal(init=1)  # the held token sends a TICK or END; a register, because `ready` depends on it
        first = deferred & ~is_end if defers else C(0, 1)  # a deferred update precedes the held token
        defer = is_tick & ~deferred if defers else C(0, 1)
        updates = is_tick | is_end | first
        sends = is_marker & ~starting

        go = Signal()
        listed, nothing, unsettled, last = C(0, 1), C(0, 1), C(0, 1), at_last
        if params.update is NeuronUpdate.ACTIVE:
            listed, nothing, unsettled, last = self._select_words(m, is_tick | first, at_last, draining)
        finish = Signal()  # the held token is completed
        if params.neuron.firing is not None:
            nothing = is_tick & self._rests(m, params.neuron.firing, finish & is_tick, finish & is_end)
            last = at_last | nothing
        next_word = Mux(last, 0, word + 1)
        accumulate = Signal()
        target, target_last, row, none = self._targets(m, token, word, at_last, accumulate)
        m.d.comb += [
            go.eq(held & ~draining & ~unsettled & ~(is_marker & at_first & at_limit)),
            accumulate.eq(go & is_value & ~first),
            finish.eq(go & ((Mux(is_value, target_last, last) & ~first) | defer)),
            self.i.ready.eq(~held | finish),
        ]
        advance = go & ~defer & (~accumulate if params.window else 1)  # to the next `word`
        with m.If(advance):
            m.d.sync += [
                word.eq(next_word),
                at_first.eq(last),
                at_last.eq(next_word == params.words - 1),
            ]
        self._track_position(m, advance, last)
        begins = go & sends & at_first
        with m.If(begins & ~self.sent):
            m.d.sync += [sending.eq(sending + 1), at_limit.eq(sending == limit - 1)]
        with m.Elif(~begins & self.sent):
            m.d.sync += [sending.eq(sending - 1), at_limit.eq(0)]
        with m.If(go & last & updates & ~defer & ~nothing):
            m.d.sync += [draining.eq(1), drain.eq(params.update_return - 1), deferred.eq(0)]
        with m.Else():
            m.d.sync += [draining.eq(drain.any()), drain.eq(Mux(drain.any(), drain - 1, 0))]
        with m.If(go & defer):
            m.d.sync += deferred.eq(~nothing)
        with m.If(self.i.ready):
            kind = self.i.payload.kind
            m.d.sync += [
                held.eq(self.i.valid),
                token.eq(self.i.payload),
                is_marker.eq(kind != TokenKind.VALUE if sends_on_tick else kind == TokenKind.END),
                starting.eq(0),
            ]

        # the END of a spike train follows no values: it leaves with the first word
        marked = at_first if sends_on_tick else last
        visits = go & updates & ~defer
        m.d.comb += [
            operation.word.eq(Mux(accumulate, target, word)),
            operation.accumulate.eq(accumulate & ~none),
            operation.row.eq(row),
            operation.payload.eq(token.payload),
            operation.update.eq(visits & ~nothing),
            operation.clear.eq(is_end),
            operation.fire.eq(operation.update & (~is_end | (~starting if defers else 0))),
            operation.send.eq(operation.update & sends & (is_tick if sends_on_tick else 1)),
            operation.tick.eq(visits & sends & is_tick & last),
            operation.end.eq(visits & sends & is_end & marked),
            operation.step.eq(visits & is_tick & last if params.recurrent else 0),
            self.taken.eq(Mux(finish & ~starting, Cat(is_value, is_tick, is_end), 0)),
            self.starting.eq(starting),
            self.busy.eq(held | sending.any() | draining),
        ]
        if params.lists_words:
            m.d.comb += [operation.first.eq(at_first), operation.listed.eq(listed)]
        return m

    def _targets(self, m: Module, token: Value, word: Value, at_last: Value, accumulate: Value):
        """Return the current state word of the held VALUE, whether it is the last, the weight word, and whether the
        VALUE reaches none."""
        if self._params.window is None:
            return word, at_last, self._row(m, token.address, word, accumulate), C(0, 1)
        m.submodules.address_generator = targets = AddressGenerator(self._params)
        m.d.comb += [targets.start.eq(self.i.payload.place), targets.load.eq(self.i.ready), targets.step.eq(accumulate)]
        return targets.word, targets.at_last, targets.row, targets.none

    def _track_position(self, m: Module, advance: Value, last: Value) -> None:
        """Drive the word within its position that an update is at, and the address of its first neuron; after the
        ``last`` word, and after a TICK that updates nothing, those of the first one."""
        params = self._params
        channels, address = self.operation.channels, self.operation.address
        part, first = Signal.like(channels), Signal.like(address)
        m.d.comb += [channels.eq(part), address.eq(first)]
        if params.window is None:
            return
        last_part = part == params.position_words - 1
        unused = params.position_words * params.lanes - params.channels
        with m.If(advance):
            m.d.sync += [
                part.eq(Mux(last_part | last, 0, part + 1)),
                first.eq(Mux(last, 0, first + params.lanes - Mux(last_part, unused, 0))),
            ]

    def _select_words(
        self, m: Module, ticks: Value, at_last: Value, draining: Value
    ) -> tuple[Value, Value, Value, Value]:
        """Return, for an update on a TICK: whether it covers the list, whether there is nothing to update; and for any
        token: whether it must wait for the list to settle, and whether the word is its last."""
        operation = self.operation
        had_events = Signal()  # since the last update
        listed = ticks & ~had_events
        if not self._params.lists_words:
            last = at_last | listed
            nothing, unsettled = listed, C(0, 1)
        else:
            remaining = Signal.like(self.active_count)  # entries of the list
            settling = Signal(LIST_SETTLE)
            after_list = Signal()  # the last update covered the list
            m.d.sync += settling.eq(Cat(draining, settling))
            with m.If(operation.update):
                m.d.sync += after_list.eq(listed)
            last = Mux(listed, remaining <= 1, at_last)
            nothing, unsettled = listed & (remaining == 0), (listed | after_list) & settling.any()
            with m.If(operation.update & listed & ~last):
                m.d.sync += remaining.eq(remaining - 1)
            with m.Else():
                m.d.sync += remaining.eq(self.active_count)
        with m.If(operation.accumulate & self._params.neuron.changes_after_events):
            m.d.sync += had_events.eq(1)
        with m.Elif(operation.update & last):
            m.d.sync += had_events.eq(0)
        return listed, nothing, unsettled, last

    def _rests(self, m: Module, phase: FiringPhase, tick: Value, end: Value) -> Value:
        """Return whether neurons rest in the step that the next TICK ends; ``tick`` and ``end``: it is completed."""
        if not phase.steps:
            return C(1, 1)
        step = Signal(range(phase.end + 1))
        rests = Signal(init=not phase.covers(0))
        following = Signal.like(step)
        m.d.comb += following.eq(Mux(step == phase.end, step, step + 1))
        with m.If(end):
            m.d.sync += [step.eq(0), rests.eq(rests.init)]
        with m.Elif(tick):
            m.d.sync += [step.eq(following), rests.eq((following < phase.first) | (following == phase.end))]
        return rests

    def _row(self, m: Module, address: Value, word: Value, accumulate: Value) -> Value:
        """Return ``address * words + word`` of the held token."""
        words = self._params.words
        if words.bit_count() == 1:
            return Cat(word[: words.bit_length() - 1], address)
        row = Signal(range(self._params.rows * words))
        with m.If(self.i.ready):
            m.d.sync += row.eq(self.i.payload.address * words)
        with m.Elif(accumulate):
            m.d.sync += row.eq(row + 1)
        return row
