"""From tokens to words: what the event engine's pipeline does in each cycle."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.events import token_stream
from tospike.hw.params import EventParams, Readout, TokenKind
from tospike.hw.snn import neuron


def operation_layout(params: EventParams) -> data.StructLayout:
    """One word's work. ``accumulate`` and ``sweep`` exclude each other; neither means that the cycle is idle."""
    return data.StructLayout(
        {
            "word": range(params.words),
            "accumulate": 1,  # add the payload times the weight at `row`
            "row": range(params.inputs * params.words),
            "payload": params.payload.bits,
            "sweep": 1,  # threshold, reset, leak, bias
            "clear": 1,  # a sweep after which the word is as at the start of a sample
            "fire": 1,  # a sweep in which neurons may spike
            "send": 1,  # the values of the word leave the engine
            "tick": 1,  # a TICK leaves after them
            "end": 1,  # an END leaves after them
        }
    )


class Sequencer(wiring.Component):
    """Takes a token, then issues its words one per cycle.

    - VALUE: ``words`` accumulations; the next token is taken in the cycle of the last one, so there is no bubble.
    - TICK: a sweep of ``words`` cycles, and `neuron.LATENCY` cycles in which the swept words return to the
      pipeline. With membrane readout the sweep is put off until the next token comes: an END wants the membrane as it
      is before the leak.
    - END: a sweep that clears.

    A sweep that sends waits until the TICK or END of the sweep before has left the engine, so at most ``words`` words
    are on their way out. After reset the first sweep clears the memories.

    Members
    -------
    sent : In(1)
        A TICK or END leaves the engine in this cycle.
    operation : Out(operation_layout(params))
        What begins in this cycle.
    taken : Out(3)
        A token of this kind (VALUE, TICK, END from bit 0) is done with.
    starting : Out(1)
        The sweep after reset is under way.
    busy : Out(1)
        A token is inside, or has not left yet.
    """

    def __init__(self, params: EventParams):
        self._params = params
        super().__init__(
            {
                "i": In(token_stream(params.input)),
                "sent": In(1),
                "operation": Out(operation_layout(params)),
                "taken": Out(len(TokenKind)),
                "starting": Out(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        params = self._params
        sends_on_tick = params.readout is Readout.SPIKES
        puts_off = params.readout is Readout.MEMBRANE
        operation = self.operation

        held = Signal()
        token = Signal.like(self.i.payload)
        row = Signal.like(operation.row)  # of the weights: address * words + word
        word = Signal.like(operation.word)
        starting = Signal(init=1)
        due = Signal()  # a TICK's sweep was put off
        sending = Signal()  # a TICK or END is on its way out
        drain = Signal(range(neuron.LATENCY + 1))

        is_value = token.kind == TokenKind.VALUE
        is_tick = token.kind == TokenKind.TICK
        is_end = token.kind == TokenKind.END

        # a sweep that comes before the held token
        first = Signal()
        m.d.comb += first.eq(starting | (due & ~is_end))
        own = Signal()
        m.d.comb += own.eq(held & ~first)
        postpone = own & is_tick & puts_off
        sweeps = first | (is_end | (is_tick & (not puts_off)))
        sends = own & (is_end | (is_tick & sends_on_tick))

        at_first = Signal(init=1)  # of `word`; registers, because `ready` hangs on them
        at_last = Signal(init=params.words == 1)
        following = Mux(at_last, 0, word + 1)
        go = Signal()
        finish = Signal()
        m.d.comb += [
            go.eq((starting | held) & ~drain.any() & ~(sends & at_first & sending)),
            finish.eq(go & (at_last | postpone)),
            self.i.ready.eq(~held | (finish & own)),
        ]
        with m.If(go & ~postpone):
            m.d.sync += [
                word.eq(following),
                at_first.eq(at_last),
                at_last.eq(following == params.words - 1),
            ]
            with m.If(own):
                m.d.sync += row.eq(row + 1)
        with m.If(go & sends & at_first):
            m.d.sync += sending.eq(1)
        with m.Elif(self.sent):
            m.d.sync += sending.eq(0)
        with m.If(drain.any()):
            m.d.sync += drain.eq(drain - 1)
        with m.If(finish):
            m.d.sync += [due.eq(postpone), starting.eq(0)]
            with m.If(sweeps & ~postpone):
                m.d.sync += drain.eq(neuron.LATENCY)
        with m.If(self.i.ready):
            m.d.sync += [
                held.eq(self.i.valid),
                token.eq(self.i.payload),
                row.eq(self.i.payload.address * params.words),
            ]

        # The END of a spike train has nothing to wait for: it leaves with the first word.
        marked = at_first if sends_on_tick else at_last
        m.d.comb += [
            operation.word.eq(word),
            operation.accumulate.eq(go & own & is_value),
            operation.row.eq(row),
            operation.payload.eq(token.payload),
            operation.sweep.eq(go & sweeps & ~postpone),
            operation.clear.eq(starting | (own & is_end)),
            operation.fire.eq(operation.sweep & (~operation.clear | (own & puts_off))),
            operation.send.eq(operation.sweep & sends & (is_tick if sends_on_tick else 1)),
            operation.tick.eq(operation.sweep & sends & is_tick & at_last),
            operation.end.eq(operation.sweep & sends & is_end & marked),
            self.taken.eq(Mux(finish & own, Cat(is_value, is_tick, is_end), 0)),
            self.starting.eq(starting),
            self.busy.eq(starting | held | sending | drain.any()),
        ]
        return m
