"""From steps to activations: addresses, banks, rotation, padding, maximum."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.conv.axis import TapAxis
from tospike.hw.conv.descriptor import descriptor_layout, fields_of
from tospike.hw.conv.layout import address_width, tile_shapes
from tospike.hw.conv.read_addresses import ReadAddressGenerator
from tospike.hw.conv.sequencer import ENDS
from tospike.hw.conv.storage import bank_depth
from tospike.hw.delay import delayed
from tospike.hw.memory import pipelined_memory
from tospike.hw.params import ConvOperation, ConvParams, address_bits


class TileReader(wiring.Component):
    """Gives every row of the array its activation, ``LATENCY`` cycles after the step.

    ::

        1 axes     what the step's tap changes, its turn, which rows are inside the image
        2 walk     address of bank 0; banks that have turned round are a block further
        3          the four addresses that occur
        4          one of them for each bank
        5, 6, 7    banks
        8          row r takes bank (r + turn); rows outside of the image take the padding
        9          the largest value of a window, with its last tap; or the value as it is

    Members
    -------
    start : In(1)
        Begin a layer: ``layer`` is constant from here on. The first step is in the next cycle.
    step, first, ends : In
        See :class:`tospike.hw.conv.sequencer.StepSequencer`.
    write, write_bank, write_address, value : In
        Store a value.
    acts : Out(ArrayLayout)
        0 where there is no step.
    begins, emits : Out(1)
        Flags of the step for the array.
    """

    LATENCY = 9

    def __init__(self, params: ConvParams):
        self._params = params
        act = shape_of(params.array.act)
        super().__init__(
            {
                "layer": In(descriptor_layout(params)),
                "start": In(1),
                "step": In(1),
                "first": In(1),
                "ends": In(ENDS),
                "write": In(1),
                "write_bank": In(address_bits(params.array.rows)),
                "write_address": In(address_width(params)),
                "value": In(act),
                "acts": Out(data.ArrayLayout(act, params.array.rows)),
                "begins": Out(1),
                "emits": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        params, layer = self._params, self.layer
        rows = params.array.rows
        step = delayed(m, self.step, 1, name="step")
        ends = data.View(ENDS, delayed(m, Value.cast(self.ends), 1, name="ends"))

        # 1
        y, x = self._axes(m, step, ends)
        turn = Signal(len(Cat(x.turn, y.turn, layer.tile)))
        inside = Signal(rows)
        m.d.comb += turn.eq(Cat(x.turn, y.turn, layer.tile))
        with m.Switch(layer.tile):
            for number, (height, width) in enumerate(tile_shapes(params)):
                with m.Case(number):
                    pairs = [(row // width, row % width) for row in range(height * width)]
                    m.d.sync += inside.eq(Cat(y.inside[i] & x.inside[j] for i, j in pairs))

        # 2
        m.submodules.walk = walk = ReadAddressGenerator(params)
        m.d.comb += [
            walk.layer.eq(layer),
            walk.start.eq(self.start),
            walk.step.eq(step),
            walk.ends.eq(ends),
            walk.x_kind.eq(x.kind),
            walk.y_kind.eq(y.kind),
        ]
        turn = delayed(m, turn, 1, name="turn_2")
        ahead_y, ahead_x = Signal(rows), Signal(rows)  # banks that have turned round
        self._table(m, turn, lambda height, width, ty, tx: ahead_y.eq(Cat(b // width < ty for b in range(rows))))
        self._table(m, turn, lambda height, width, ty, tx: ahead_x.eq(Cat(b % width < tx for b in range(rows))))

        # 3, 4
        places = [Signal(address_width(params), name=f"place_{number}") for number in range(4)]
        m.d.sync += [
            place.eq(walk.address + (layer.block if number & 1 else 0) + (layer.band if number & 2 else 0))
            for number, place in enumerate(places)
        ]
        addresses = [Signal(address_width(params), name=f"address_{bank}") for bank in range(rows)]
        for bank, address in enumerate(addresses):
            m.d.sync += address.eq(Array(places)[Cat(ahead_x[bank], ahead_y[bank])])

        # 5, 6, 7
        words = self._banks(m, addresses)

        # 8
        turn = delayed(m, turn, 4, name="turn_6")
        select = Signal(data.ArrayLayout(address_bits(rows), rows))
        for row in range(rows):
            self._table(m, turn, lambda *tile, row=row: select[row].eq(_bank_of(row, *tile)))
        inside = delayed(m, inside, 5, name="inside_7")
        values = [Signal.like(words[0], name=f"value_{row}", reset_less=True) for row in range(rows)]
        for row, value in enumerate(values):
            m.d.sync += value.eq(Mux(inside[row], Array(words)[select[row]], layer.pad))

        # 9
        step = delayed(m, step, 7, name="step_8")
        first = delayed(m, self.first, 8, name="first_8")
        last = delayed(m, ends.tile, 7, name="last_8")
        has_maximum = any(layer.operation is ConvOperation.MAXIMUM for layer in params.layers)
        passes, begins = step, first
        if has_maximum:
            passes, begins = step & (last | ~layer.maximum), Mux(layer.maximum, last, first)
        for row, value in enumerate(values):
            if has_maximum:
                largest = Signal.like(value, name=f"largest_{row}", reset_less=True)
                so_far = Signal.like(value, name=f"so_far_{row}")
                m.d.comb += so_far.eq(Mux(first | (value > largest), value, largest))
                with m.If(step):
                    m.d.sync += largest.eq(so_far)
                value = Mux(layer.maximum, so_far, value)
            m.d.sync += self.acts[row].eq(Mux(passes, value, 0))
        m.d.sync += [self.begins.eq(begins), self.emits.eq(step & last)]
        return m

    def _axes(self, m, step, ends):
        """The two axes, which move with the step."""
        walks = []
        for number, name in enumerate("yx"):
            greatest = max(tile[number] for tile in tile_shapes(self._params))
            fields = fields_of(self._params, f"{name}_")
            m.submodules[f"axis_{name}"] = axis = TapAxis(fields, tile=greatest)
            m.d.comb += [
                axis.start.eq(self.start),
                *(getattr(axis, f"field_{field}").eq(self.layer[f"{name}_{field}"]) for field in fields),
            ]
            walks.append(axis)
        y, x = walks
        m.d.comb += [
            x.next_tap.eq(step & ends.tap & ~ends.row),
            x.first_tap.eq(step & ends.row & ~ends.tile),
            x.next_tile.eq(step & ends.tile & ~ends.band),
            x.first_tile.eq(step & ends.band),
            y.next_tap.eq(step & ends.row & ~ends.tile),
            y.first_tap.eq(step & ends.tile & ~ends.band),
            y.next_tile.eq(step & ends.band & ~ends["pass"]),
            y.first_tile.eq(step & ends["pass"]),
        ]
        return y, x

    def _table(self, m, turn, statement):
        """Clocked ``statement(height, width, turn_y, turn_x)`` of the tile and turns in ``turn``."""
        tiles = tile_shapes(self._params)
        bits_y, bits_x = (address_bits(max(tile[axis] for tile in tiles)) for axis in (0, 1))
        with m.Switch(turn):
            for number, (height, width) in enumerate(tiles):
                for ty in range(height):
                    for tx in range(width):
                        with m.Case(tx | ty << bits_x | number << bits_x + bits_y):
                            m.d.sync += statement(height, width, ty, tx)

    def _banks(self, m, addresses):
        """The word of each bank, three cycles after its address."""
        return [
            pipelined_memory(
                m,
                shape_of(self._params.array.act),
                depth=bank_depth(self._params),
                address=address,
                write=(self.write & (self.write_bank == bank), self.write_address, self.value),
                name=f"bank_{bank}",
            )
            for bank, address in enumerate(addresses)
        ]


def _bank_of(row: int, height: int, width: int, turn_y: int, turn_x: int) -> int:
    """Return the bank that a row of the array reads."""
    i, j = divmod(row, width)
    return (i + turn_y) % height * width + (j + turn_x) % width
