"""The rows of an image that windows need: a ring of them in memory."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.dataflow import layout
from tospike.hw.delay import delayed
from tospike.hw.memory import banked_memory
from tospike.hw.params import ImageWindow


class LineBuffer(wiring.Component):
    """A ring of rows, of which a word is read per cycle, or the words of all kernel rows side by side.

    ::

        word --> memory 0 ..  --> rotate: the kernel's first row in lane 0 --> or padding --> register --> values
                 memory ring - 1

    Latency `layout.OPERAND_LATENCY` + `layout.SELECT_LATENCY`. With all rows at once, each row of the ring is in a
    memory of its own.

    Members
    -------
    write : In(1)
        Write ``word`` to ``write_column`` of ``write_row``.
    row, column : In
        The row of the ring and the word in it to read; with all rows at once, the first row.
    outside : In(rows_at_once)
        Which rows are padding, `layout.OPERAND_LATENCY` cycles later.
    values : Out
        The word of each row.
    """

    def __init__(self, window: ImageWindow, shape):
        self._window = window
        self._shape = shape
        bits = window.lanes * Shape.cast(shape).width
        super().__init__(
            {
                "write": In(1),
                "write_row": In(range(window.ring)),
                "write_column": In(range(window.row_words)),
                "word": In(bits),
                "row": In(range(window.ring)),
                "column": In(window.row_bits),
                "outside": In(window.rows_at_once),
                "values": Out(bits * window.rows_at_once),
            }
        )

    def elaborate(self, platform):
        m = Module()
        window = self._window
        words = self._words(m)
        act = Shape.cast(self._shape).width
        padding = Cat(C(window.pad_value, Shape.cast(self._shape)) for _ in range(window.lanes))
        assert len(padding) == window.lanes * act
        values = Signal.like(self.values, reset_less=True)
        for lane, word in enumerate(words):
            chosen = Mux(self.outside[lane], padding, word) if window.pads else word
            m.d.sync += values.word_select(lane, len(padding)).eq(chosen)
        m.d.comb += self.values.eq(values)
        return m

    def _words(self, m):
        """Return the words of the kernel's rows, in order."""
        window = self._window
        if window.rows_at_once == 1:
            bits = window.row_bits
            return [
                banked_memory(
                    m,
                    self.word.shape(),
                    depth=window.depth,
                    address=Cat(self.column[:bits], self.row),
                    latency=layout.OPERAND_LATENCY,
                    write=(self.write, Cat(self.write_column[:bits], self.write_row), self.word),
                    name="rows",
                )
            ]
        rows = [
            banked_memory(
                m,
                self.word.shape(),
                depth=window.depth,
                address=self.column,
                latency=layout.OPERAND_LATENCY,
                write=(self.write & (self.write_row == number), self.write_column, self.word),
                name=f"row_{number}",
            )
            for number in range(window.ring)
        ]
        first = delayed(m, self.row, layout.OPERAND_LATENCY, name="first")
        return [
            Array(rows[(first_row + lane) % window.ring] for first_row in range(window.ring))[first]
            for lane in range(window.rows_at_once)
        ]
