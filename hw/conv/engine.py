"""The conv engine: a systolic array with its memories, which runs convolutional layers one after another."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import *
from amaranth.lib import data
from amaranth.lib.wiring import connect, flipped

from tospike.hw.array.array import row_layout
from tospike.hw.array.control import LayerControl
from tospike.hw.array.flow import InFlight, layer_descriptor, skewed_array, tiles_in_flight
from tospike.hw.array.output import TokenOutput
from tospike.hw.array.table import connect_tables, post_latency
from tospike.hw.array.weights import weight_operands, weight_ports
from tospike.hw.conv.descriptor import descriptor_layout
from tospike.hw.conv.layout import SLOTS, counter_names, initial, memories, weight_memory
from tospike.hw.conv.loader import ImageLoader
from tospike.hw.conv.postprocess import PostProcessor
from tospike.hw.conv.reader import TileReader
from tospike.hw.conv.results import TileBuffer
from tospike.hw.conv.sequencer import ENDS, StepSequencer
from tospike.hw.conv.weight_ring import WeightRing
from tospike.hw.conv.write_addresses import WriteAddressGenerator
from tospike.hw.counting import count_up
from tospike.hw.delay import delayed
from tospike.hw.engine import Engine
from tospike.hw.memory import LoadableMemory, banked_latency, loadable_memories
from tospike.hw.params import ConvParams, TokenKind, WeightFormat
from tospike.hw.streams import Buffer, CreditQueue
from tospike.hw.tokens import token_layout


class ConvEngine(Engine[ConvParams]):
    """Frames in, results of the last layer out; ``params.layers`` run one after another.

    ::

                      StepSequencer -----------> weights ----------+
                            |                                      v
        i -> ImageLoader -> TileReader (banks) -> Skew -> SystolicArray -> TileBuffer
                            ^                                                  |
                            +-------- WriteAddressGenerator <----------- PostProcessor -> CreditQueue -> Output -> o

    A layer begins when the results of the previous one are stored and the array is empty. While the last layer runs,
    the next frame is loaded, unless that layer reads the frame itself. Latency and throughput: ``sim/conv/timing.py``.

    Parameters
    ----------
    contents
        Words of the memories of ``hw.conv.layout.memories``, by name; ``hw.conv.layout.initial`` where missing.
    first_region
        Writable engines: the configuration region of the first memory; the others follow.

    Members
    -------
    See "Engines" in ``docs/explanation/architecture.md``. Configure before sending a frame. If
    ``params.streams_weights``, also :func:`tospike.hw.array.weights.weight_ports`.
    """

    def __init__(self, params: ConvParams, contents: Mapping[str, Sequence[int]], *, first_region: int = 0):
        self._first_region = first_region
        self._contents = initial(params) | {name: list(words) for name, words in contents.items()}
        members = weight_ports(params.weight_stream)
        super().__init__(params, counter_names(params), writable=params.writable, members=members)

    def elaborate(self, platform):
        m = Module()
        params, parts = self._params, m.submodules
        stored = self._memories(m)
        self._add_parts(m)
        layout, first = descriptor_layout(params), self._contents["layers"][0]
        layer = layer_descriptor(m, parts.control, stored["layers"], layout, first)
        in_flight = self._run_layers(m, layer)
        self._front(m, layer)
        awake = Signal()  # operands or sums are in the array
        self._datapath(m, layer, stored, awake)
        self._results(m, layer, stored)
        self._output(m)
        if params.is_counted or params.clock_gating:
            feeding = delayed(m, parts.sequencer.busy, parts.reader.latency, name="feeding")
            m.d.comb += awake.eq(feeding | ~in_flight.none_inside)
        counting = self._count(m, layer, awake)
        sending = parts.output.o.valid | self.o.valid | counting
        m.d.comb += self.busy.eq(parts.control.busy | ~parts.control.empty | parts.loader.partial | sending)
        return m

    def _memories(self, m: Module) -> dict[str, LoadableMemory]:
        """Return the memories that the bitstream initialises and configuration writes."""
        return loadable_memories(
            m,
            memories(self._params),
            self._contents,
            config=flipped(self.config) if self._params.writable else None,
            first_region=self._first_region,
            banked=("weights",),  # the deepest
        )

    def _add_parts(self, m: Module) -> None:
        """Add the blocks of the diagram as submodules, except the array."""
        params = self._params
        m.submodules.control = LayerControl(params)
        m.submodules.loader = ImageLoader(params)
        m.submodules.sequencer = StepSequencer(params)
        m.submodules.reader = TileReader(params)
        m.submodules.results = TileBuffer(params.array, slots=SLOTS)
        m.submodules.post = PostProcessor(params)
        m.submodules.write_addresses = WriteAddressGenerator(params)
        m.submodules.output = output = TokenOutput(params)
        m.submodules.queue = CreditQueue(output.i.payload.shape(), depth=post_latency(params) + CreditQueue.LATENCY + 2)

    def _run_layers(self, m: Module, layer: data.View) -> InFlight:
        """Connect the control of layers and tiles: when they begin and end."""
        array, parts = self._params.array, m.submodules
        control, sequencer, post, sent = parts.control, parts.sequencer, parts.post, parts.queue.o
        in_flight = tiles_in_flight(
            m,
            slots=SLOTS,
            # at most one tile enters the array per `rows` cycles
            most_inside=array.latency // array.rows + array.cols // array.rows + 3,
            committed=sequencer.commit,
            freed=post.freed,
            entered=delayed(m, sequencer.commit, parts.reader.latency - 1, name="commit"),
            finished=parts.results.finished,
        )
        sent_last = Signal()  # a cycle late, because it hangs on the consumer's `ready`
        m.d.sync += sent_last.eq(sent.valid & sent.ready & sent.payload.last)
        stored_last = post.valid & post.result.last
        m.d.comb += [
            control.loaded.eq(parts.loader.full),
            control.empty.eq(in_flight.none_inside),
            control.done.eq(Mux(control.final, sent_last, stored_last)),
            control.last_layer.eq(layer.final),
            sequencer.free.eq(in_flight.some_free),
            *(part.layer.eq(layer) for part in (sequencer, parts.reader, post)),
            *(part.start.eq(control.start) for part in (sequencer, parts.reader, post, parts.write_addresses)),
        ]
        return in_flight

    def _front(self, m: Module, layer: data.View) -> None:
        """Connect the input to the loader, and tell it when to load another frame."""
        control, loader = m.submodules.control, m.submodules.loader
        connect(m, flipped(self.i), loader.i)
        early = self._params.loads_early
        m.d.comb += loader.release.eq(control.start & layer.final if early else control.done & control.final)

    def _datapath(self, m: Module, layer: data.View, stored: Mapping[str, LoadableMemory], awake: Value) -> None:
        """Connect activations and weights, array and tile buffer."""
        array, parts = self._params.array, m.submodules
        sequencer, reader, results = parts.sequencer, parts.reader, parts.results
        m.d.comb += [
            reader.step.eq(sequencer.step),
            reader.first.eq(sequencer.first),
            reader.ends.eq(sequencer.ends),
        ]
        rows = Signal(data.ArrayLayout(row_layout(array), array.rows))
        for row in range(array.rows):
            m.d.comb += [
                rows[row].act.eq(reader.acts[row]),
                rows[row].first.eq(reader.begins),
                rows[row].emit.eq(reader.emits),
            ]
        fmt = self._params.weight_stream
        word = self._stored_weights(m, layer, stored["weights"]) if fmt is None else self._streamed_weights(m, fmt)
        gate = awake if self._params.clock_gating else None
        systolic = skewed_array(m, array, rows, weight_operands(array, word), awake=gate)
        m.d.comb += [results.i.eq(systolic.results), results.valid.eq(systolic.valid[0])]

    def _results(self, m: Module, layer: data.View, memories: Mapping[str, LoadableMemory]) -> None:
        """Requantise results; those of hidden layers go to the activation memory."""
        parts, channels = m.submodules, memories["channels"]
        connect_tables(m, parts.post, memories)
        loader, reader, results, post, places = (
            parts.loader,
            parts.reader,
            parts.results,
            parts.post,
            parts.write_addresses,
        )
        m.d.comb += [
            post.written.eq(results.written),
            results.slot.eq(post.slot),
            results.row.eq(post.row),
            post.columns.eq(results.columns),
            channels.address.eq(post.channel_address),
            channels.enable.eq(1),
            post.channel.eq(channels.data),
            *(getattr(places, name).eq(layer[name.replace("field_", "to_")]) for name in _fields(places)),
            places.step.eq(post.valid & ~parts.control.final),
            places.ends.eq(post.result.edges),
        ]
        stored = delayed(m, places.step, WriteAddressGenerator.LATENCY, name="stored")
        bits = self._params.array.act.bits
        value = delayed(m, post.result.value[:bits], WriteAddressGenerator.LATENCY, name="result")
        # results of a hidden layer and values of the next frame never coincide
        m.d.sync += [
            reader.write.eq(loader.write | stored),
            reader.write_bank.eq(Mux(loader.write, loader.bank, places.bank)),
            reader.write_address.eq(Mux(loader.write, loader.address, places.address)),
            Value.cast(reader.value).eq(Mux(loader.write, Value.cast(loader.value), value)),
        ]

    def _output(self, m: Module) -> None:
        """Send the results of the last layer as tokens."""
        parts = m.submodules
        post, queue, output, final = parts.post, parts.queue, parts.output, parts.control.final
        m.d.comb += [
            # the consumer of the last layer's results may stall; no other layer takes a credit, and it begins with all
            post.credit.eq(queue.credit),
            queue.reserve.eq(post.read & final),
            queue.valid.eq(post.valid & final),
            queue.payload.value.eq(post.result.value),
            queue.payload.last.eq(post.result.last),
        ]
        connect(m, queue.o, output.i)
        m.submodules.buffer_out = buffer_out = Buffer(token_layout(self._params.output))
        connect(m, output.o, buffer_out.i)
        connect(m, buffer_out.o, flipped(self.o))

    def _count(self, m: Module, layer: data.View, awake: Value) -> Value:
        """Drive the counters, if there are any; return whether a frame is still on its way to them."""
        if not self._params.is_counted:
            return C(0)
        sequencer, post = m.submodules.sequencer, m.submodules.post
        increments = {
            "frames": self.o.valid & self.o.ready & (self.o.payload.kind == TokenKind.END),
            "macs": Mux(post.valid, layer.macs, 0),
            "act_words": sequencer.step,
            "weight_words": sequencer.step,
            "results": post.valid,
            "array_cycles": awake,
        }
        return count_up(m, self.counters, self.clear, increments)["frames"]

    def _stored_weights(self, m: Module, layer: data.View, weights: LoadableMemory) -> Value:
        """Return the word of weights of a step, in the cycle of its activations."""
        sequencer = m.submodules.sequencer
        lead = m.submodules.reader.latency - banked_latency(weight_memory(self._params).depth)
        step = delayed(m, sequencer.step, lead, name="weight_step")
        ends = data.View(ENDS, delayed(m, Value.cast(sequencer.ends), lead, name="weight_ends"))
        first = Signal.like(weights.address)  # first address of this pass
        following = Signal.like(weights.address)
        m.d.comb += following.eq(weights.address + 1)
        with m.If(m.submodules.control.start):
            m.d.sync += [weights.address.eq(layer.weight_base), first.eq(layer.weight_base)]
        with m.Elif(step):
            m.d.sync += weights.address.eq(following)
            with m.If(ends.tile):
                with m.If(ends["pass"] & ~layer.weight_rewind):
                    m.d.sync += first.eq(following)
                with m.Else():
                    m.d.sync += weights.address.eq(first)
        return weights.data

    def _streamed_weights(self, m: Module, fmt: WeightFormat) -> Value:
        """Return the same from the ring buffer of streamed weights."""
        sequencer, latency, depth = m.submodules.sequencer, m.submodules.reader.latency, self._params.weight_ring
        m.submodules.weights = ring = WeightRing(fmt, depth=depth)
        connect(m, flipped(self.weights), ring.i)
        reading = Cat(sequencer.step, sequencer.ends.tile, sequencer.last_use)
        freeing = sequencer.step & sequencer.last_use
        m.d.comb += [
            ring.take.eq(sequencer.takes),
            sequencer.arrived.eq(ring.arrived),
            Cat(ring.read, ring.ends, ring.last).eq(
                delayed(m, reading, latency - banked_latency(depth), name="weight_step")
            ),
            ring.free.eq(delayed(m, freeing, latency, name="weight_free")),
            self.weight_error.eq(ring.error),
        ]
        return ring.data


def _fields(places: WriteAddressGenerator) -> list[str]:
    return [name for name in places.signature.members if name.startswith("field_")]
