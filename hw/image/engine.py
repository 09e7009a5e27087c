"""The image engine: an array with its memories that runs the layers of a convolutional network in turn."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import *
from amaranth.lib import data
from amaranth.lib.wiring import connect, flipped

from tospike.hw.ann.array import SystolicArray, row_layout
from tospike.hw.ann.control import LayerControl
from tospike.hw.ann.output import TokenOutput
from tospike.hw.ann.weights import weight_operands
from tospike.hw.arithmetic import shape_of
from tospike.hw.delay import Skew, delayed
from tospike.hw.engine import Engine
from tospike.hw.events import token_layout
from tospike.hw.image.descriptor import descriptor_layout
from tospike.hw.image.layout import SLOTS, counter_names, initial, memories, weight_memory
from tospike.hw.image.loader import ImageLoader
from tospike.hw.image.placer import ImagePlacer
from tospike.hw.image.postprocess import PostProcessor
from tospike.hw.image.reader import TileReader
from tospike.hw.image.results import TileBuffer
from tospike.hw.image.sequencer import ENDS, StepSequencer
from tospike.hw.memory import image_memories, pipelined_latency
from tospike.hw.params import ImageParams, TokenKind
from tospike.hw.streams import Buffer, CreditQueue


class ImageEngine(Engine[ImageParams]):
    """Frames in, results of the last layer out; ``params.layers`` run in turn.

    ::

                      StepSequencer -----------> weights ----------+
                            |                                      v
        i -> ImageLoader -> TileReader (banks) -> Skew -> SystolicArray -> TileBuffer
                            ^                                                  |
                            +------------- ImagePlacer <---------------- PostProcessor -> CreditQueue -> Output -> o

    A layer begins when the results of the one before it are stored and the array is empty. While the last layer
    runs, the next frame is loaded, if that layer does not read the frame itself.

    Parameters
    ----------
    images
        Words of the memories of ``hw.image.layout.memories``, by name; ``hw.image.layout.initial`` where missing.
    first_region
        Writable engines: the configuration region of the first memory; the others follow.

    Members
    -------
    See "Engines" in ``docs/architecture.md``. Configure before sending a frame.
    """

    def __init__(self, params: ImageParams, images: Mapping[str, Sequence[int]], *, first_region: int = 0):
        self._first_region = first_region
        self._images = initial(params) | {name: list(words) for name, words in images.items()}
        super().__init__(params, counter_names(params), writable=params.writable)

    def elaborate(self, platform):
        m = Module()
        params, array = self._params, self._params.array
        stored = image_memories(
            m,
            memories(params),
            self._images,
            config=flipped(self.config) if params.writable else None,
            first_region=self._first_region,
            pipelined=("weights",),  # the largest
        )
        weights, channels, layers = (stored[name] for name in ("weights", "channels", "layers"))
        m.submodules.control = control = LayerControl(params)
        m.submodules.loader = loader = ImageLoader(params)
        m.submodules.sequencer = sequencer = StepSequencer(params)
        m.submodules.reader = reader = TileReader(params)
        m.submodules.results = results = TileBuffer(array, slots=SLOTS)
        m.submodules.post = post = PostProcessor(params)
        m.submodules.placer = placer = ImagePlacer(params)
        m.submodules.output = output = TokenOutput(params)
        m.submodules.queue = queue = CreditQueue(
            output.i.payload.shape(), depth=PostProcessor.LATENCY + CreditQueue.LATENCY + 2
        )
        start, final = control.start, control.final

        # ------------------------------------------------------------------- layers and frames
        layer = Signal(descriptor_layout(params), init=descriptor_layout(params).from_bits(self._images["layers"][0]))
        answered = Signal()  # the memory has, since reset
        m.d.sync += answered.eq(1)
        with m.If(answered):
            m.d.sync += Value.cast(layer).eq(layers.data)
        free = Signal(range(SLOTS + 1), init=SLOTS)
        # tiles of which operands are in the array, or results; it takes one per `rows` cycles
        inside = Signal(range(array.latency // array.rows + array.cols // array.rows + 4))
        counting = Signal()  # the last frame is not in the counter yet
        some_free, none_inside = Signal(init=1), Signal(init=1)  # what the two say, in registers: many paths begin here
        free_next, inside_next = Signal.like(free), Signal.like(inside)
        committed = delayed(m, sequencer.commit, TileReader.LATENCY - 1, name="commit")
        m.d.comb += [
            free_next.eq(free + post.freed - sequencer.commit),
            inside_next.eq(inside + committed - results.finished),
        ]
        m.d.sync += [
            free.eq(free_next),
            some_free.eq(free_next != 0),
            inside.eq(inside_next),
            none_inside.eq(inside_next == 0),
        ]
        m.d.comb += [
            layers.address.eq(control.index),
            layers.enable.eq(1),
            control.loaded.eq(loader.full),
            control.empty.eq(none_inside),
            control.done.eq(
                Mux(final, queue.o.valid & queue.o.ready & queue.o.payload.last, post.valid & post.result.last)
            ),
            control.last_layer.eq(layer.final),
            loader.release.eq(start & layer.final if params.loads_early else control.done & final),
            self.busy.eq(control.busy | ~control.empty | loader.partial | output.o.valid | self.o.valid | counting),
            *(component.layer.eq(layer) for component in (sequencer, reader, post)),
            *(component.start.eq(start) for component in (sequencer, reader, post, placer)),
        ]
        m.submodules.buffer_in = buffer_in = Buffer(token_layout(params.input))
        connect(m, flipped(self.i), buffer_in.i)
        connect(m, buffer_in.o, loader.i)

        # ------------------------------------------------------------------------------- array
        m.d.comb += [
            sequencer.free.eq(some_free),
            reader.step.eq(sequencer.step),
            reader.first.eq(sequencer.first),
            reader.ends.eq(sequencer.ends),
        ]
        cols = self._weights(m, sequencer, layer, start, weights)
        m.submodules.array = systolic = SystolicArray(array)
        m.submodules.skew_rows = skew_rows = Skew(row_layout(array), array.rows)
        m.submodules.skew_cols = skew_cols = Skew(
            shape_of(array.weight), array.cols, together=array.products_per_multiplier
        )
        for row in range(array.rows):
            m.d.comb += [
                skew_rows.i[row].act.eq(reader.acts[row]),
                skew_rows.i[row].first.eq(reader.begins),
                skew_rows.i[row].emit.eq(reader.emits),
            ]
        m.d.comb += [
            Value.cast(skew_cols.i).eq(cols),
            systolic.rows.eq(skew_rows.o),
            systolic.cols.eq(skew_cols.o),
            results.i.eq(systolic.results),
            results.valid.eq(systolic.valid[0]),
        ]

        # ----------------------------------------------------------------------------- results
        m.d.comb += [
            post.written.eq(results.written),
            results.slot.eq(post.slot),
            results.row.eq(post.row),
            post.columns.eq(results.columns),
            channels.address.eq(post.channel_address),
            channels.enable.eq(1),
            post.channel.eq(channels.data),
            *(getattr(placer, name).eq(layer[name.replace("field_", "to_")]) for name in _fields(placer)),
            placer.step.eq(post.valid & ~final),
            placer.ends.eq(post.result.edges),
            # the activation memory takes results as they come, the consumer of the last layer's might not
            post.room.eq(queue.room | ~final),
            queue.reserve.eq(post.read & final),
            queue.valid.eq(post.valid & final),
            queue.payload.value.eq(post.result.value),
            queue.payload.last.eq(post.result.last),
        ]
        connect(m, queue.o, output.i)
        m.submodules.buffer_out = buffer_out = Buffer(token_layout(params.output))
        connect(m, output.o, buffer_out.i)
        connect(m, buffer_out.o, flipped(self.o))
        stored = delayed(m, placer.step, ImagePlacer.LATENCY, name="stored")
        value = delayed(m, post.result.value[: array.act.bits], ImagePlacer.LATENCY, name="result")
        # results of a layer that is not the last and values of the next frame never come in the same cycle
        m.d.sync += [
            reader.write.eq(loader.write | stored),
            reader.write_bank.eq(Mux(loader.write, loader.bank, placer.bank)),
            reader.write_address.eq(Mux(loader.write, loader.address, placer.address)),
            Value.cast(reader.value).eq(Mux(loader.write, Value.cast(loader.value), value)),
        ]

        # ---------------------------------------------------------------------------- counters
        increments = {
            "frames": self.o.valid & self.o.ready & (self.o.payload.kind == TokenKind.END),
            "macs": Mux(post.valid, layer.macs, 0),
            "act_words": sequencer.step,
            "weight_words": sequencer.step,
            "results": post.valid,
            "array_cycles": delayed(m, sequencer.busy, TileReader.LATENCY, name="feeding") | ~none_inside,
        }
        for name, increment in increments.items():
            count = self.counters[name]
            step = delayed(m, increment, 1, name=f"count_{name}")  # a counter is long enough to be a path of its own
            m.d.sync += count.eq(Mux(self.clear, 0, count + step))
            if name == "frames":
                m.d.comb += counting.eq(step)
        return m

    def _weights(self, m, sequencer, layer, start, weights):
        """The weights of a step, with its activations."""
        lead = TileReader.LATENCY - pipelined_latency(weight_memory(self._params).depth)
        step = delayed(m, sequencer.step, lead, name="weight_step")
        ends = data.View(ENDS, delayed(m, Value.cast(sequencer.ends), lead, name="weight_ends"))
        first = Signal.like(weights.address)  # of this pass
        following = Signal.like(weights.address)
        m.d.comb += following.eq(weights.address + 1)
        with m.If(start):
            m.d.sync += [weights.address.eq(layer.weight_base), first.eq(layer.weight_base)]
        with m.Elif(step):
            m.d.sync += weights.address.eq(following)
            with m.If(ends.tile):
                with m.If(ends["pass"] & ~layer.weight_rewind):
                    m.d.sync += first.eq(following)
                with m.Else():
                    m.d.sync += weights.address.eq(first)
        return weight_operands(self._params.array, weights.data)


def _fields(placer: ImagePlacer) -> list[str]:
    return [name for name in placer.signature.members if name.startswith("field_")]
