"""The image loader: from tokens to the activation memory."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tospike.hw.arithmetic import shape_of
from tospike.hw.conv.layout import address_width, placement
from tospike.hw.conv.write_addresses import WriteAddressGenerator
from tospike.hw.delay import delayed
from tospike.hw.params import ConvParams, address_bits
from tospike.hw.params.conv_storage import storages
from tospike.hw.tokens import Densifier, token_stream


class ImageLoader(wiring.Component):
    """Store the values of a frame as they arrive, one per cycle, zeros where none was sent. A buffer for two is
    in front.

    Members
    -------
    release : In(1)
        The complete frame is no longer needed: take the next one.
    full : Out(1)
        The frame is complete: high from the cycle after its last value until ``release``. No token is taken meanwhile.
    partial : Out(1)
        Part of a frame is stored.
    write, bank, address, value : Out
        To the activation memory, ``WriteAddressGenerator.LATENCY`` cycles after the value arrives.
    """

    def __init__(self, params: ConvParams):
        self._params = params
        super().__init__(
            {
                "i": In(token_stream(params.input)),
                "release": In(1),
                "full": Out(1),
                "partial": Out(1),
                "write": Out(1),
                "bank": Out(address_bits(params.array.rows)),
                "address": Out(address_width(params)),
                "value": Out(shape_of(params.array.act)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        params = self._params
        frame = storages(params)[0]
        _, height, width = frame.shape
        m.submodules.densifier = densifier = Densifier(params.input, buffered=True)
        m.submodules.write_addresses = places = WriteAddressGenerator(params)
        connect(m, flipped(self.i), densifier.i)
        begun = Signal()  # the address generator needs a `start` after reset, too
        x, y = Signal(range(width)), Signal(range(height))
        row_ends, image_ends = Signal(), Signal()
        taken = Signal()
        m.d.sync += begun.eq(1)
        m.d.comb += [
            row_ends.eq(x == width - 1),
            image_ends.eq(row_ends & (y == height - 1)),
            densifier.o.ready.eq(begun & ~self.full),
            taken.eq(densifier.o.valid & densifier.o.ready),
            *(getattr(places, f"field_{name}").eq(value) for name, value in placement(frame).items()),
            places.start.eq(self.release | ~begun),
            places.step.eq(taken),
            places.ends.channel.eq(1),
            places.ends.row.eq(row_ends),
            places.ends.tile.eq(row_ends),
            places.ends.band.eq(row_ends),
            places.ends["pass"].eq(image_ends),
            self.write.eq(delayed(m, taken, WriteAddressGenerator.LATENCY, name="taken")),
            self.value.eq(delayed(m, densifier.o.payload.value, WriteAddressGenerator.LATENCY, name="value")),
            self.bank.eq(places.bank),
            self.address.eq(places.address),
        ]
        with m.If(self.release):
            m.d.sync += [self.full.eq(0), self.partial.eq(0)]
        with m.Elif(taken):
            m.d.sync += [
                self.full.eq(densifier.o.payload.last),
                self.partial.eq(1),
                x.eq(Mux(row_ends, 0, x + 1)),
                y.eq(Mux(image_ends, 0, Mux(row_ends, y + 1, y))),
            ]
        return m
