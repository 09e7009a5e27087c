"""The activation reader: addresses, banks, rotation, padding, maximum."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.conv.axis import TapAxis
from tospike.hw.conv.descriptor import descriptor_layout, fields_of
from tospike.hw.conv.layout import address_width, bank_latency, tile_shapes
from tospike.hw.conv.read_addresses import ReadAddressGenerator
from tospike.hw.conv.sequencer import ENDS
from tospike.hw.delay import delayed
from tospike.hw.memory import banked_memory
from tospike.hw.params import ConvOperation, ConvParams, address_bits
from tospike.hw.params.conv_storage import bank_depth


class TileReader(wiring.Component):
    """Read the activation of every row of the array for each step. Latency ``latency``, throughput 1.

    ::

        1          axes: kind of the next step, rotation, which rows are inside the image
        2          address of bank 0, and which banks have wrapped: they read the next block
        3          the four possible addresses
        4          selection of one of them for each bank
        5, 6, 7    banks; more cycles where they are deep
        8          rotation: row r takes bank (r + rotation); rows outside the image take the padding
        9          maximum over the window, with its last tap; or the value itself

    Members
    -------
    start : In(1)
        Begin a layer: ``layer`` is constant from here on. The first step is in the next cycle.
    step, first, ends : In
        See :class:`tospike.hw.conv.sequencer.StepSequencer`.
    write, write_bank, write_address, value : In
        Write port of the activation memory.
    acts : Out(ArrayLayout)
        The activations; 0 between steps.
    begins, emits : Out(1)
        Flags of the step for the array.
    """

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

    @property
    def latency(self) -> int:
        """Cycles from a step to its activations."""
        return 6 + bank_latency(self._params)

    def elaborate(self, platform):
        m = Module()
        params, layer = self._params, self.layer
        rows = params.array.rows
        reading = bank_latency(params)
        step = delayed(m, self.step, 1, name="step")
        ends = data.View(ENDS, delayed(m, Value.cast(self.ends), 1, name="ends"))

        # 1
        y, x = self._axes(m, step, ends)
        rotation = Signal(len(Cat(x.rotation, y.rotation, layer.tile)))
        inside = Signal(rows)
        m.d.comb += rotation.eq(Cat(x.rotation, y.rotation, layer.tile))
        with m.Switch(layer.tile):
            for number, (height, width) in enumerate(tile_shapes(params)):
                with m.Case(number):
                    pairs = [(row // width, row % width) for row in range(height * width)]
                    m.d.sync += inside.eq(Cat(y.inside[i] & x.inside[j] for i, j in pairs))

        # 2
        m.submodules.read_addresses = read_addresses = ReadAddressGenerator(params)
        m.d.comb += [
            read_addresses.layer.eq(layer),
            read_addresses.start.eq(self.start),
            read_addresses.step.eq(step),
            read_addresses.ends.eq(ends),
            read_addresses.x_kind.eq(x.kind),
            read_addresses.y_kind.eq(y.kind),
        ]
        rotation = delayed(m, rotation, 1, name="rotation_2")
        ahead_y, ahead_x = Signal(rows), Signal(rows)  # banks that have wrapped
        self._table(m, rotation, lambda height, width, ty, tx: ahead_y.eq(Cat(b // width < ty for b in range(rows))))
        self._table(m, rotation, lambda height, width, ty, tx: ahead_x.eq(Cat(b % width < tx for b in range(rows))))

        # 3, 4
        places = [Signal(address_width(params), name=f"place_{number}") for number in range(4)]
        m.d.sync += [
            place.eq(read_addresses.address + (layer.block if number & 1 else 0) + (layer.band if number & 2 else 0))
            for number, place in enumerate(places)
        ]
        addresses = [Signal(address_width(params), name=f"address_{bank}") for bank in range(rows)]
        for bank, address in enumerate(addresses):
            m.d.sync += address.eq(Array(places)[Cat(ahead_x[bank], ahead_y[bank])])

        # 5, 6, 7
        words = self._banks(m, addresses)

        # 8
        rotation = delayed(m, rotation, 1 + reading, name="rotation_6")
        select = Signal(data.ArrayLayout(address_bits(rows), rows))
        for row in range(rows):
            self._table(m, rotation, lambda *tile, row=row: select[row].eq(_bank_of(row, *tile)))
        inside = delayed(m, inside, 2 + reading, name="inside_7")
        values = [Signal.like(words[0], name=f"value_{row}", reset_less=True) for row in range(rows)]
        for row, value in enumerate(values):
            m.d.sync += value.eq(Mux(inside[row], Array(words)[select[row]], layer.pad))

        # 9
        step = delayed(m, step, 4 + reading, name="step_8")
        first = delayed(m, self.first, 5 + reading, name="first_8")
        last = delayed(m, ends.tile, 4 + reading, name="last_8")
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
        """Return the tap positions along both axes, which advance with the steps."""
        axes = []
        for number, name in enumerate("yx"):
            greatest = max(tile[number] for tile in tile_shapes(self._params))
            fields = fields_of(self._params, f"{name}_")
            m.submodules[f"axis_{name}"] = axis = TapAxis(fields, tile=greatest)
            m.d.comb += [
                axis.start.eq(self.start),
                *(getattr(axis, f"field_{field}").eq(self.layer[f"{name}_{field}"]) for field in fields),
            ]
            axes.append(axis)
        y, x = axes
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

    def _table(self, m, rotation, statement):
        """Add ``statement(height, width, rotation_y, rotation_x)`` to ``sync`` for each tile shape and rotation."""
        tiles = tile_shapes(self._params)
        bits_y, bits_x = (address_bits(max(tile[axis] for tile in tiles)) for axis in (0, 1))
        with m.Switch(rotation):
            for number, (height, width) in enumerate(tiles):
                for ty in range(height):
                    for tx in range(width):
                        with m.Case(tx | ty << bits_x | number << bits_x + bits_y):
                            m.d.sync += statement(height, width, ty, tx)

    def _banks(self, m, addresses):
        """Return the word of each bank, `bank_latency` after its address."""
        return [
            banked_memory(
                m,
                shape_of(self._params.array.act),
                depth=bank_depth(self._params),
                address=address,
                latency=bank_latency(self._params),
                write=(self.write & (self.write_bank == bank), self.write_address, self.value),
                name=f"bank_{bank}",
            )
            for bank, address in enumerate(addresses)
        ]


def _bank_of(row: int, height: int, width: int, rotation_y: int, rotation_x: int) -> int:
    """Return the bank that a row of the array reads."""
    i, j = divmod(row, width)
    return (i + rotation_y) % height * width + (j + rotation_x) % width
