"""Which rows of an image are in the line buffer, and whether the next window is complete."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.counting import cycle_through
from tospike.hw.params import ImageWindow


class Arrival(wiring.Component):
    """Follow beats into the ring of rows and windows out of it.

    Two numbers suffice, both of rows: those complete but not released, for the writer; those complete beyond the last
    one that the window needs, for the reader. In a row that is not complete, the pixels that arrived count.

    Members
    -------
    beat : In(1)
        A beat is written, to word ``place`` of the ring's row ``slot``.
    has_room : Out(1)
        The row may be written.
    present : Out(1)
        The window is complete.
    leaves : In(1)
        The last word of the window is issued.
    ends_row : Out(1)
        The window is the last one of its row.
    first_row : Out
        The image's first row under the window, negative in the padding above.
    first_slot, next_first_slot : Out
        The ring's row of ``first_row``, and that of the next window.
    busy : Out(1)
        Rows have arrived that are still needed.
    """

    def __init__(self, window: ImageWindow):
        self._window = window
        height, reach = window.shape[1], window.kernel[0] + window.stride[0] + window.shape[1]
        self._reach = reach
        ring = range(window.ring)
        super().__init__(
            {
                "beat": In(1),
                "slot": Out(ring),
                "place": Out(range(window.row_words)),
                "has_room": Out(1),
                "present": Out(1),
                "leaves": In(1),
                "ends_row": Out(1),
                "first_row": Out(range(-window.padding[0], height + 1), init=-window.padding[0]),
                "first_slot": Out(ring, init=-window.padding[0] % window.ring),
                "next_first_slot": Out(ring),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        window, reach = self._window, range(-2 * self._reach, 2 * self._reach)
        height, last = window.shape[1], window.size[0] - 1

        _, ends_pixel = cycle_through(m, window.pixel_words, self.beat, name="part")
        place, ends_line = cycle_through(m, window.row_words, self.beat, name="place")
        completes = Signal()  # a row
        slot, _ = cycle_through(m, window.ring, completes, name="slot")
        pixels = Signal(range(window.shape[2] + 1))  # of the row that arrives
        with m.If(self.beat & ends_pixel):
            m.d.sync += pixels.eq(Mux(ends_line, 0, pixels + 1))
        m.d.comb += [self.place.eq(place), self.slot.eq(slot), completes.eq(self.beat & ends_line)]

        _, ends_row = cycle_through(m, window.size[1], self.leaves, name="across")
        down = Signal()
        row, _ = cycle_through(m, window.size[0], down, name="down")
        m.d.comb += [self.ends_row.eq(ends_row), down.eq(self.leaves & ends_row)]

        def per_row(numbers):
            """Return the number of this output row; most are alike."""
            least, most = min(numbers), max(numbers)
            if least == most:
                return C(least)
            return Array(C(number, Shape.cast(range(least, most + 1))) for number in numbers)[row]

        steps = range(last)
        released = [window.oldest_row(n + 1) - window.oldest_row(n) for n in steps]
        wanted = [window.last_row(n + 1) - window.last_row(n) for n in steps]
        moved = [window.stride[0]] * last
        released.append(height - window.oldest_row(last))
        wanted.append(height + window.last_row(0) - window.last_row(last))
        moved.append(height - window.stride[0] * last)

        held = Signal(reach)  # rows that are complete and not released; negative if released before they came
        ahead = Signal(reach, init=-window.last_row(0))  # rows complete, beyond the last one that the window needs
        m.d.sync += [
            held.eq(held + completes - Mux(down, per_row(released), 0)),
            ahead.eq(ahead + completes - Mux(down, per_row(wanted), 0)),
        ]
        first = window.kernel[1] - 1 - window.padding[1]  # the last column of a row's first window
        column = Signal(range(first + window.size[1] * window.stride[1] + 1), init=first)
        with m.If(self.leaves):
            m.d.sync += column.eq(Mux(ends_row, first, column + window.stride[1]))
        m.d.comb += [
            self.has_room.eq(held != window.ring),
            # a window that ends in the padding waits for the row to be complete
            self.present.eq((ahead > 0) | ((ahead == 0) & (pixels > column))),
            self.busy.eq((held > 0) | (place != 0)),
        ]
        advanced = self.first_slot + per_row([move % window.ring for move in moved])
        m.d.comb += self.next_first_slot.eq(self.first_slot)
        with m.If(ends_row):
            m.d.comb += self.next_first_slot.eq(Mux(advanced >= window.ring, advanced - window.ring, advanced))
        with m.If(down):
            m.d.sync += [
                self.first_slot.eq(self.next_first_slot),
                self.first_row.eq(per_row([window.first_row(n + 1) for n in steps] + [window.first_row(0)])),
            ]
        return m
