"""From tokens to words: what the event engine's pipeline does in each cycle."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.params import LIST_SETTLE, EventParams, NeuronUpdate, Readout, TokenFormat, TokenKind
from tospike.hw.spiking.address_decoder import placed_layout
from tospike.hw.spiking.address_generator import AddressGenerator
from tospike.hw.tokens import token_stream


def operation_layout(params: EventParams) -> data.StructLayout:
    """Return one word's work. ``accumulate`` and ``update`` exclude each other; with neither, the cycle is idle."""
    return data.StructLayout(
        {
            "word": range(params.words),
            "accumulate": 1,  # add the payload times the weight at `row`
            "row": range(params.rows * params.event_words),
            "payload": params.event.bits,
            "update": 1,  # threshold, reset, leak, bias
            "clear": 1,  # an update after which the word is as at the start of a sample
            "fire": 1,  # an update in which neurons may spike
            "send": 1,  # the values of the word leave the engine
            "tick": 1,  # a TICK leaves after them
            "end": 1,  # an END leaves after them
            "step": int(params.recurrent),  # the last word of a step's update
            "channels": range(params.position_words if params.window else 1),  # an update: which word of its position
            "address": range(params.neurons if params.ragged else 1),  # an update: of the word's first neuron
            "first": int(params.lists_words),  # the first word of an update
            "listed": int(params.lists_words),  # `word` is an entry of the list of kept words
        }
    )


def updates_outside(params: EventParams) -> int:
    """Return how many updates may have tokens on their way out at a time: with 2, empty steps follow each other at
    once."""
    return 2 if params.readout is Readout.SPIKES else 1


class Sequencer(wiring.Component):
    """Takes a token, then issues its words one per cycle.

    - VALUE: ``words`` accumulations; the next token is taken in the cycle of the last one, so there is no bubble. With
      a window those words that `AddressGenerator` finds, and a cycle if there are none.
    - TICK: an update of ``words`` cycles, and ``update_return`` cycles in which the updated words return to the
      pipeline. With membrane readout the update is put off until the next token comes: an END wants the membrane as it
      is before the leak; not so where changes of activations leave on every TICK.
    - END: an update that clears.

    An update that sends waits until at most `updates_outside` updates, itself counted, have a TICK or END that is still
    to leave the engine: that bounds the words on their way out. After reset the first update clears the memories.

    With ``NeuronUpdate.ACTIVE`` a TICK updates all words if a VALUE came since the last one: synapses are dense, so it
    went to all of them. Otherwise it updates those of a list (see `ActiveList`), which waits `LIST_SETTLE` cycles after
    the words of the last update are back; and if there are none, it takes one cycle.

    Members
    -------
    i : In
        Tokens; with a window those of `tospike.hw.spiking.address_decoder.AddressDecoder`.
    sent : In(1)
        A TICK or END left the engine in the cycle before.
    kept : In(range(words + 1))
        How many words the list has; only if ``params.lists_words``.
    operation : Out(operation_layout(params))
        What begins in this cycle.
    taken : Out(3)
        A token of this kind (VALUE, TICK, END from bit 0) is done with.
    starting : Out(1)
        The update after reset is under way.
    busy : Out(1)
        A token is inside, or has not left yet.
    """

    def __init__(self, params: EventParams):
        self._params = params
        tokens = token_stream(TokenFormat(addresses=params.rows, payload=params.event))
        members = {
            "i": In(stream.Signature(placed_layout(params)) if params.window else tokens),
            "sent": In(1),
            "operation": Out(operation_layout(params)),
            "taken": Out(len(TokenKind)),
            "starting": Out(1),
            "busy": Out(1),
        }
        if params.lists_words:
            members["kept"] = In(range(params.words + 1))
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        params = self._params
        sends_on_tick = params.answers_ticks
        puts_off = params.readout is Readout.MEMBRANE and not sends_on_tick
        operation = self.operation

        # The update after reset is that of an END which nobody sent.
        held = Signal(init=1)
        token = Signal(self.i.payload.shape(), init={"kind": TokenKind.END})
        starting = Signal(init=1)
        word = Signal.like(operation.word)
        at_first = Signal(init=1)  # of `word`; registers, because `ready` hangs on them
        at_last = Signal(init=params.words == 1)
        due = Signal()  # a TICK's update was put off
        most = updates_outside(params)
        sending = Signal(range(most + 1))  # TICKs and ENDs on their way out
        crowded = Signal()  # as many as may be; a register, because `ready` hangs on it
        draining = Signal()
        drain = Signal(range(params.update_return))

        is_tick = token.kind == TokenKind.TICK
        is_end = token.kind == TokenKind.END
        is_value = ~(is_tick | is_end)
        is_marker = Signal(init=1)  # a TICK or END leaves because of it; a register, because `ready` hangs on it
        first = due & ~is_end if puts_off else C(0, 1)  # an update that comes before the held token
        postpone = is_tick & ~due if puts_off else C(0, 1)
        updates = is_tick | is_end | first
        sends = is_marker & ~starting

        go = Signal()
        listed, nothing, unsettled, last = C(0, 1), C(0, 1), C(0, 1), at_last
        if params.update is NeuronUpdate.ACTIVE:
            listed, nothing, unsettled, last = self._choose(m, is_tick | first, at_last, draining)
        following = Mux(last, 0, word + 1)
        finish = Signal()  # of the held token
        accumulate = Signal()
        target, target_last, row, none = self._targets(m, token, word, at_last, accumulate)
        m.d.comb += [
            go.eq(held & ~draining & ~unsettled & ~(is_marker & at_first & crowded)),
            accumulate.eq(go & is_value & ~first),
            finish.eq(go & ((Mux(is_value, target_last, last) & ~first) | postpone)),
            self.i.ready.eq(~held | finish),
        ]
        turns = go & ~postpone & (~accumulate if params.window else 1)  # of `word`
        with m.If(turns):
            m.d.sync += [
                word.eq(following),
                at_first.eq(last),
                at_last.eq(following == params.words - 1),
            ]
        self._follow(m, turns, at_last)
        begins = go & sends & at_first
        with m.If(begins & ~self.sent):
            m.d.sync += [sending.eq(sending + 1), crowded.eq(sending == most - 1)]
        with m.Elif(~begins & self.sent):
            m.d.sync += [sending.eq(sending - 1), crowded.eq(0)]
        with m.If(go & last & updates & ~postpone & ~nothing):
            m.d.sync += [draining.eq(1), drain.eq(params.update_return - 1), due.eq(0)]
        with m.Else():
            m.d.sync += [draining.eq(drain.any()), drain.eq(Mux(drain.any(), drain - 1, 0))]
        with m.If(go & postpone):
            m.d.sync += due.eq(~nothing)
        with m.If(self.i.ready):
            kind = self.i.payload.kind
            m.d.sync += [
                held.eq(self.i.valid),
                token.eq(self.i.payload),
                is_marker.eq(kind != TokenKind.VALUE if sends_on_tick else kind == TokenKind.END),
                starting.eq(0),
            ]

        # The END of a spike train has nothing to wait for: it leaves with the first word.
        marked = at_first if sends_on_tick else last
        visits = go & updates & ~postpone
        m.d.comb += [
            operation.word.eq(Mux(accumulate, target, word)),
            operation.accumulate.eq(accumulate & ~none),
            operation.row.eq(row),
            operation.payload.eq(token.payload),
            operation.update.eq(visits & ~nothing),
            operation.clear.eq(is_end),
            operation.fire.eq(operation.update & (~is_end | (~starting if puts_off else 0))),
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
        """The state word that the held VALUE reaches, whether it is the last, the word of weights; and whether there
        is none."""
        if self._params.window is None:
            return word, at_last, self._row(m, token.address, word, accumulate), C(0, 1)
        m.submodules.walk = walk = AddressGenerator(self._params)
        m.d.comb += [walk.start.eq(self.i.payload.place), walk.load.eq(self.i.ready), walk.step.eq(accumulate)]
        return walk.word, walk.at_last, walk.row, walk.none

    def _follow(self, m: Module, turns: Value, at_last: Value) -> None:
        """Which word of its position an update is at, and the address of its first neuron."""
        params = self._params
        channels, address = self.operation.channels, self.operation.address
        part, first = Signal.like(channels), Signal.like(address)
        m.d.comb += [channels.eq(part), address.eq(first)]
        if params.window is None:
            return
        last_part = part == params.position_words - 1
        spare = params.position_words * params.lanes - params.channels
        with m.If(turns):
            m.d.sync += [
                part.eq(Mux(last_part, 0, part + 1)),
                first.eq(Mux(at_last, 0, first + params.lanes - Mux(last_part, spare, 0))),
            ]

    def _choose(self, m: Module, ticks: Value, at_last: Value, draining: Value) -> tuple[Value, Value, Value, Value]:
        """Return, of an update because of a TICK: does it go by the list, is there nothing to update; and of any token:
        must it wait for what is behind the list, and is the word its last."""
        operation = self.operation
        touched = Signal()  # since the last update
        listed = ticks & ~touched
        if not self._params.lists_words:
            last = at_last | listed
            nothing, unsettled = listed, C(0, 1)
        else:
            left = Signal.like(self.kept)  # of the list
            settling = Signal(LIST_SETTLE)
            after_list = Signal()  # of the last update
            m.d.sync += settling.eq(Cat(draining, settling))
            with m.If(operation.update):
                m.d.sync += after_list.eq(listed)
            last = Mux(listed, left <= 1, at_last)
            nothing, unsettled = listed & (left == 0), (listed | after_list) & settling.any()
            with m.If(operation.update & listed & ~last):
                m.d.sync += left.eq(left - 1)
            with m.Else():
                m.d.sync += left.eq(self.kept)
        with m.If(operation.accumulate & self._params.neuron.spikes):
            m.d.sync += touched.eq(1)
        with m.Elif(operation.update & last):
            m.d.sync += touched.eq(0)
        return listed, nothing, unsettled, last

    def _row(self, m: Module, address: Value, word: Value, accumulate: Value) -> Value:
        """``address * words + word`` of the held token."""
        words = self._params.words
        if words.bit_count() == 1:
            return Cat(word[: words.bit_length() - 1], address)
        row = Signal(range(self._params.rows * words))
        with m.If(self.i.ready):
            m.d.sync += row.eq(self.i.payload.address * words)
        with m.Elif(accumulate):
            m.d.sync += row.eq(row + 1)
        return row
