"""The address generator of convolutions: the words that an event reaches, one per cycle."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.params import EventParams
from tospike.hw.spiking.address_decoder import place_layout


class AddressGenerator(wiring.Component):
    """Step through the words of all output positions that an event reaches, row by row. Latency 1, one word per cycle.

    ::

        output   . . . . . .      weights   6 5 4      an event reaches neighbouring positions; from one to the next
                 . 1 2 3 . .                3 2 1      the tap index decreases by the stride
                 . 4 5 6 . .                . . .

    Members
    -------
    start : In(place_layout(params))
        The event's positions and first words.
    load : In(1)
        Load ``start``.
    step : In(1)
        Advance to the next word.
    word : Out
        State word.
    row : Out
        Weight word.
    none : Out(1)
        The event reaches no neuron.
    at_last : Out(1)
        This is the last word, or there is none.
    """

    def __init__(self, params: EventParams):
        self._params = params
        place = place_layout(params)
        super().__init__(
            {
                "start": In(place),
                "load": In(1),
                "step": In(1),
                "word": Out(place["word"].shape),
                "row": Out(place["row"].shape),
                "none": Out(1),
                "at_last": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        params, window = self._params, self._params.window
        words = params.event_words
        back = [
            words * window.shape[0] * window.stride[0] * window.kernel[1],
            words * window.shape[0] * window.stride[1],
        ]

        inside = Signal(range(words))  # word within the position
        columns, rows = Signal.like(self.start.columns), Signal.like(self.start.rows)  # remaining, this one included
        across = Signal.like(columns)  # columns of a row
        line = Signal.like(self.word)  # first word of this row of positions
        line_row = Signal.like(self.row)
        next_position, next_line = inside == words - 1, columns <= 1

        m.d.comb += [
            self.none.eq((rows == 0) | (columns == 0)),
            self.at_last.eq((next_position & next_line & (rows <= 1)) | self.none),
        ]
        with m.If(self.load):
            m.d.sync += [
                inside.eq(0),
                columns.eq(self.start.columns),
                across.eq(self.start.columns),
                rows.eq(self.start.rows),
                self.word.eq(self.start.word),
                line.eq(self.start.word),
                self.row.eq(self.start.row),
                line_row.eq(self.start.row),
            ]
        with m.Elif(self.step):
            with m.If(~next_position):
                m.d.sync += [inside.eq(inside + 1), self.word.eq(self.word + 1), self.row.eq(self.row + 1)]
            with m.Elif(~next_line):
                m.d.sync += [
                    inside.eq(0),
                    columns.eq(columns - 1),
                    self.word.eq(self.word + (params.position_words - words + 1)),
                    self.row.eq(self.row - (words - 1 + back[1])),
                ]
            with m.Else():
                word, row = line + params.position_words * window.size[1], line_row - back[0]
                m.d.sync += [
                    inside.eq(0),
                    columns.eq(across),
                    rows.eq(rows - 1),
                    self.word.eq(word),
                    line.eq(word),
                    self.row.eq(row),
                    line_row.eq(row),
                ]
        return m
