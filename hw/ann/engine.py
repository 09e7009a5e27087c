"""The systolic engine: an array with its buffers that runs dense layers one after another."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import *
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out, connect, flipped

from tospike.hw.ann.accumulate import ColumnAccumulator
from tospike.hw.ann.array import SystolicArray, row_layout
from tospike.hw.ann.buffers import ActivationBuffer, ResultBuffer
from tospike.hw.ann.control import LayerControl
from tospike.hw.ann.descriptor import descriptor_layout
from tospike.hw.ann.feeder import Feeder
from tospike.hw.ann.layout import (
    buffer_depth,
    counter_names,
    depth_tiles,
    initial,
    memories,
    needs_reorder,
    result_depth,
)
from tospike.hw.ann.loader import FrameLoader, activation_placer
from tospike.hw.ann.output import TokenOutput
from tospike.hw.ann.postprocess import PostProcessor, result_layout
from tospike.hw.ann.reorder import Reorder
from tospike.hw.ann.weight_queue import BEAT, WeightQueue
from tospike.hw.ann.weights import weight_operands
from tospike.hw.arithmetic import shape_of
from tospike.hw.delay import Skew, delayed
from tospike.hw.engine import Engine
from tospike.hw.events import token_layout
from tospike.hw.memory import image_memories
from tospike.hw.params import Dataflow, SystolicParams, TokenKind
from tospike.hw.streams import Buffer, CreditQueue

OPERAND_LATENCY = Feeder.LATENCY + 3
"""Cycles from the issue of a step to its operands at the array: addresses, memory, its output register, mask."""


class SystolicEngine(Engine[SystolicParams]):
    """Frames of activations in, frames of results out; ``params.layers`` run in turn.

    ::

        i -> FrameLoader -> ActivationBuffer -> Feeder, Skew -> SystolicArray (-> ColumnAccumulator)
                                  ^                                  |
                                  |                             ResultBuffer
                                  |                                  v
                                  +--------------------------- PostProcessor -> CreditQueue -> (Reorder) -> Output -> o

    A layer begins when the results of the one before it are stored and the array is empty. While the last layer
    runs, the next frame is loaded.

    Parameters
    ----------
    images
        Words of the memories of ``hw.ann.layout.memories``, by name; ``hw.ann.layout.initial`` where missing.
    first_region
        Writable engines: the configuration region of the first memory; the others follow.

    Members
    -------
    See "Engines" in ``docs/architecture.md``. Where ``params.streams_weights``, ``weights`` are the beats of
    :class:`tospike.hw.ann.weight_queue.WeightQueue`, frame after frame in the order of use, and ``weight_error`` pulses
    when there are too few or too many for a frame.

    Configure before sending a frame: what is written while ``busy`` has
    an effect at an unspecified time.
    """

    def __init__(self, params: SystolicParams, images: Mapping[str, Sequence[int]], *, first_region: int = 0):
        self._first_region = first_region
        self._images = initial(params) | {name: list(words) for name, words in images.items()}
        streamed = {"weights": In(stream.Signature(BEAT)), "weight_error": Out(1)} if params.streams_weights else {}
        super().__init__(params, counter_names(params), writable=params.writable, members=streamed)

    def elaborate(self, platform):
        m = Module()
        params, array = self._params, self._params.array
        stored = image_memories(
            m,
            memories(params),
            self._images,
            config=flipped(self.config) if params.writable else None,
            first_region=self._first_region,
        )
        channels, layers = stored["channels"], stored["layers"]
        m.submodules.activations = activations = ActivationBuffer(
            array.act, lanes=array.rows, depth=2 * buffer_depth(params)
        )
        m.submodules.loader = loader = FrameLoader(params)
        m.submodules.feeder = feeder = Feeder(params)
        m.submodules.results = results = ResultBuffer(
            array.acc, cols=array.cols, depth=result_depth(params), together=array.products_per_multiplier
        )
        m.submodules.post = post = PostProcessor(params)
        m.submodules.placer = placer = activation_placer(params)
        m.submodules.queue = queue = CreditQueue(
            result_layout(params), depth=PostProcessor.LATENCY + CreditQueue.LATENCY + 2
        )
        m.submodules.output = output = TokenOutput(params)
        sent = queue.o

        # ------------------------------------------------------------------- layers and frames
        counting = Signal()  # the last frame is not in the counter yet
        m.submodules.control = control = LayerControl(params)
        first_descriptor = descriptor_layout(params).from_bits(self._images["layers"][0])
        layer = Signal(descriptor_layout(params), init=first_descriptor)
        answered = Signal()  # the memory has, since reset
        m.d.sync += answered.eq(1)
        with m.If(answered):
            m.d.sync += Value.cast(layer).eq(layers.data)
        start, final = control.start, control.final
        free = Signal(2, init=2)  # slots of the result buffer
        # tiles whose results have not left the array: it passes each in this many cycles, and takes one per cycle
        inside = Signal(range(array.latency + array.rows + array.cols + ColumnAccumulator.LATENCY + 2))
        some_free, none_inside = Signal(init=1), Signal(init=1)  # what the two say, in registers: many paths begin here
        free_next, inside_next = Signal.like(free), Signal.like(inside)
        here = Mux(control.source, buffer_depth(params), 0)  # where the layer reads
        there = Mux(control.source, 0, buffer_depth(params))  # where its results, or the next frame, go
        m.d.sync += [
            free.eq(free_next),
            some_free.eq(free_next != 0),
            inside.eq(inside_next),
            none_inside.eq(inside_next == 0),
        ]
        m.d.comb += [
            free_next.eq(free + post.freed - feeder.commit),
            inside_next.eq(inside + delayed(m, feeder.commit, OPERAND_LATENCY - 1, name="commit") - results.finished),
            layers.address.eq(control.index),
            layers.enable.eq(1),
            control.loaded.eq(loader.full),
            control.empty.eq(none_inside),
            control.done.eq(Mux(final, sent.valid & sent.ready & sent.payload.last, post.valid & post.result.last)),
            control.last_layer.eq(layer.final),
        ]

        # --------------------------------------------------------------- tokens to activations
        m.submodules.buffer_in = buffer_in = Buffer(token_layout(params.input))
        connect(m, flipped(self.i), buffer_in.i)
        connect(m, buffer_in.o, loader.i)
        first_layer = Signal(descriptor_layout(params), init=first_descriptor)
        if params.writable:
            at_first = control.index == 0
            since = delayed(m, at_first, 1, name="at_first")
            with m.If(at_first & since & delayed(m, since, 1, name="at_first_since")):  # the memory has answered
                m.d.sync += first_layer.eq(layer)
        m.d.comb += [
            loader.layer.eq(first_layer),
            loader.start.eq(start & layer.final),
            loader.base.eq(there),
        ]

        # ------------------------------------------------------------------------------- array
        rows, cols, load = self._operands(
            m, feeder, activations, self._weights(m, feeder, stored, start & (control.index == 0))
        )
        m.d.comb += [
            feeder.layer.eq(layer),
            feeder.start.eq(start),
            feeder.base.eq(here),
            feeder.free.eq(some_free),
        ]
        sums, valid = self._array(m, rows, cols, load, layer)
        m.d.comb += [
            results.i.eq(sums),
            results.valid.eq(valid),
            results.last_row.eq(array.rows - 1 if array.dataflow is Dataflow.OS else layer.rows_last),
        ]

        # ----------------------------------------------------------------------------- results
        # of the layers before the last: where a result goes is found out a cycle later
        stored, stored_value = Signal(), Signal.like(post.result.value)
        m.d.sync += [
            stored.eq(post.valid & ~final),
            placer.edges.eq(post.result.edges),
            stored_value.eq(post.result.value),
        ]
        m.d.comb += [
            post.layer.eq(layer),
            post.start.eq(start),
            post.written.eq(results.written),
            results.read_slot.eq(post.slot),
            results.read_row.eq(post.row),
            post.column_results.eq(results.row),
            channels.address.eq(post.channel_address),
            channels.enable.eq(1),
            post.channel.eq(channels.data),
            placer.start.eq(start),
            placer.base.eq(there),
            placer.step.eq(stored),
            # the activation buffer takes results as they come, the consumer of the last layer's might not
            post.room.eq(queue.room | ~final),
            queue.reserve.eq(post.read & final),
            queue.valid.eq(post.valid & final),
            queue.payload.eq(post.result),
        ]
        if array.dataflow is Dataflow.WS:
            m.d.comb += placer.stride.eq(layer.stored_words)
        reordering = C(0)
        if needs_reorder(params):
            m.submodules.reorder = reorder = Reorder(params)
            m.d.comb += [reorder.layer.eq(layer), reorder.start.eq(start)]
            connect(m, sent, reorder.i)
            connect(m, reorder.o, output.i)
            reordering = reorder.busy
        else:
            connect(m, sent, output.i)
        m.submodules.buffer_out = buffer_out = Buffer(token_layout(params.output))
        connect(m, output.o, buffer_out.i)
        connect(m, buffer_out.o, flipped(self.o))
        sending = reordering | output.o.valid | self.o.valid | counting
        m.d.comb += self.busy.eq(control.busy | ~control.empty | loader.partial | sending)
        # results of a layer that is not the last and values of the next frame never come in the same cycle
        m.d.sync += [
            activations.write.eq(loader.write | placer.step),
            activations.write_lane.eq(Mux(loader.write, loader.lane, placer.lane)),
            activations.write_address.eq(Mux(loader.write, loader.address, placer.address)),
            activations.value.eq(Mux(loader.write, loader.value, stored_value)),
        ]

        # ---------------------------------------------------------------------------- counters
        feeding = delayed(m, feeder.busy, OPERAND_LATENCY, name="feeding")
        depth = Signal(len(layer.inputs) + 1)
        ends = buffer_out.o.payload.kind == TokenKind.END
        m.d.sync += depth.eq(layer.inputs + 1)
        increments = {
            "frames": self.o.valid & self.o.ready & ends,
            "macs": Mux(post.valid, depth, 0),
            "act_words": feeder.act_read,
            "weight_words": feeder.weight_read,
            "results": post.valid,
            "array_cycles": feeding | ~none_inside,
        }
        for name, increment in increments.items():
            count = self.counters[name]
            step = delayed(m, increment, 1, name=f"count_{name}")  # a counter is long enough to be a path of its own
            m.d.sync += count.eq(Mux(self.clear, 0, count + step))
            if name == "frames":
                m.d.comb += counting.eq(step)
        return m

    def _weights(self, m, feeder, stored, frame_starts) -> Value:
        """The word of weights that the feeder wanted ``Feeder.LATENCY`` + 1 cycles ago."""
        if not self._params.streams_weights:
            weights = stored["weights"]
            m.d.comb += [
                feeder.weight_there.eq(1),
                weights.address.eq(feeder.weight_address),
                weights.enable.eq(1),
            ]
            return weights.data
        m.submodules.weights = weights = WeightQueue(self._params)
        connect(m, flipped(self.weights), weights.i)
        m.d.comb += [
            weights.start.eq(frame_starts),
            feeder.weight_there.eq(weights.there),
            weights.take.eq(feeder.weight_take),
            self.weight_error.eq(weights.error),
        ]
        return delayed(m, weights.word, Feeder.LATENCY, name="streamed", reset_less=True)

    def _operands(self, m, feeder, activations, weights):
        """What enters the array, not skewed, ``OPERAND_LATENCY`` cycles after its step was issued: activations with
        their flags, weights and their load flags.

        The memories read in every cycle, into plain registers: so these can be the block RAMs' own. Between the steps
        the activations are 0.
        """
        params = self._params.array
        since_address = OPERAND_LATENCY - Feeder.LATENCY
        m.d.comb += [
            activations.read_address.eq(feeder.act_address),
        ]
        word = delayed(m, Value.cast(activations.word), 1, name="activations", reset_less=True)
        word = data.View(activations.word.shape(), word)
        step = delayed(m, feeder.act_read, since_address - 1, name="step")
        first = delayed(m, feeder.first, since_address, name="first")
        emit = delayed(m, feeder.emit, since_address, name="emit")
        rows = Signal(data.ArrayLayout(row_layout(params), params.rows))
        for row in range(params.rows):
            act = Signal(shape_of(params.act), name=f"act_{row}")
            m.d.sync += act.eq(Mux(step, word[row], 0))
            m.d.comb += [rows[row].act.eq(act), rows[row].first.eq(first), rows[row].emit.eq(emit)]
        cols = delayed(m, weights, since_address - 1, name="weights", reset_less=True)
        cols = weight_operands(params, cols)
        load = None
        if params.dataflow is Dataflow.WS:
            load = delayed(m, feeder.load, since_address, name="load")
        return rows, cols, load

    def _array(self, m, rows, cols, load, layer):
        """The array with its delay lines; returns sums, and whether column 0 has one."""
        params = self._params.array
        m.submodules.array = array = SystolicArray(params)
        m.submodules.skew_rows = skew_rows = Skew(row_layout(params), params.rows)
        m.submodules.skew_cols = skew_cols = Skew(
            shape_of(params.weight), params.cols, together=params.products_per_multiplier
        )
        m.d.comb += [
            skew_rows.i.eq(rows),
            Value.cast(skew_cols.i).eq(cols),
            array.rows.eq(skew_rows.o),
            array.cols.eq(skew_cols.o),
        ]
        if params.dataflow is Dataflow.OS:
            return array.results, array.valid[0]
        m.submodules.accumulator = accumulator = ColumnAccumulator(
            params.acc,
            cols=params.cols,
            rows=max(layer.rows for layer in self._params.layers),
            tiles=max(depth_tiles(self._params, layer) for layer in self._params.layers),
        )
        m.d.comb += [
            array.load.eq(load),
            accumulator.last_row.eq(layer.rows_last),
            accumulator.last_tile.eq(layer.depth_tiles),
            accumulator.i.eq(array.results),
            accumulator.valid_i.eq(array.valid[0]),
        ]
        return accumulator.o, accumulator.valid_o
