"""The systolic engine: a systolic array with its buffers, which runs dense layers one after another."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import *
from amaranth.lib import data
from amaranth.lib.wiring import connect, flipped

from tospike.hw.array.control import LayerControl
from tospike.hw.array.flow import InFlight, layer_descriptor, skewed_array, tiles_in_flight
from tospike.hw.array.output import TokenOutput
from tospike.hw.array.results import result_layout
from tospike.hw.array.table import connect_tables, post_latency
from tospike.hw.array.weights import weight_ports
from tospike.hw.counting import count_up
from tospike.hw.delay import delayed
from tospike.hw.engine import Engine
from tospike.hw.memory import LoadableMemory, loadable_memories
from tospike.hw.params import Dataflow, SystolicParams, TokenKind
from tospike.hw.streams import Buffer, CreditQueue
from tospike.hw.systolic.accumulate import ColumnAccumulator
from tospike.hw.systolic.buffers import ActivationBuffer, ResultBuffer
from tospike.hw.systolic.descriptor import descriptor_layout
from tospike.hw.systolic.feeder import Feeder
from tospike.hw.systolic.layout import (
    buffer_depth,
    counter_names,
    depth_tiles,
    initial,
    memories,
    needs_reorder,
    result_depth,
)
from tospike.hw.systolic.loader import FrameLoader, activation_addresses
from tospike.hw.systolic.operands import OPERAND_LATENCY, fetch_operands
from tospike.hw.systolic.postprocess import PostProcessor
from tospike.hw.systolic.reorder import Reorder
from tospike.hw.systolic.weight_queue import WeightQueue
from tospike.hw.tokens import token_layout


class SystolicEngine(Engine[SystolicParams]):
    """Frames of activations in, frames of results out; ``params.layers`` run one after another.

    ::

        i -> FrameLoader -> ActivationBuffer -> Feeder, Skew -> SystolicArray (-> ColumnAccumulator)
                                  ^                                  |
                                  |                             ResultBuffer
                                  |                                  v
                                  +--------------------------- PostProcessor -> CreditQueue -> (Reorder) -> Output -> o

    A layer begins when the results of the previous one are stored and the array is empty. While the last layer runs,
    the next frame is loaded. Latency and throughput: ``sim/systolic/timing.py``.

    Parameters
    ----------
    contents
        Words of the memories of ``hw.systolic.layout.memories``, by name; ``hw.systolic.layout.initial`` where missing.
    first_region
        Writable engines: the configuration region of the first memory; the others follow.

    Members
    -------
    See "Engines" in ``docs/explanation/architecture.md``. If ``params.streams_weights``, also
    :func:`tospike.hw.array.weights.weight_ports`.

    Configure before sending a frame: writes while ``busy`` take effect at an unspecified time.
    """

    def __init__(self, params: SystolicParams, contents: Mapping[str, Sequence[int]], *, first_region: int = 0):
        self._first_region = first_region
        self._contents = initial(params) | {name: list(words) for name, words in contents.items()}
        members = weight_ports(params.weight_stream)
        super().__init__(params, counter_names(params), writable=params.writable, members=members)

    def elaborate(self, platform):
        m = Module()
        params, parts = self._params, m.submodules
        stored = self._memories(m)
        self._add_parts(m)
        awake = Signal()  # operands or sums are in the array
        layout, first = descriptor_layout(params), self._contents["layers"][0]
        layer = layer_descriptor(m, parts.control, stored["layers"], layout, first)
        target = Mux(parts.control.source, 0, buffer_depth(params))  # base of the results, or of the next frame
        self._front(m, layer, target)
        self._datapath(m, layer, self._weights(m, stored), awake)
        self._results(m, layer, stored, target)
        reordering = self._output(m, layer)
        in_flight = self._run_layers(m, layer)
        if params.is_counted or params.clock_gating:
            feeding = delayed(m, parts.feeder.busy, self._operand_latency, name="feeding")
            m.d.comb += awake.eq(feeding | ~in_flight.none_inside)
        counting = self._count(m, layer, awake)
        sending = reordering | parts.output.o.valid | self.o.valid | counting
        m.d.comb += self.busy.eq(parts.control.busy | ~parts.control.empty | parts.loader.partial | sending)
        return m

    @property
    def _operand_latency(self) -> int:
        return OPERAND_LATENCY + self._params.bank_cycles

    def _memories(self, m: Module) -> dict[str, LoadableMemory]:
        """Return the memories that the bitstream initialises and configuration writes."""
        return loadable_memories(
            m,
            memories(self._params),
            self._contents,
            config=flipped(self.config) if self._params.writable else None,
            first_region=self._first_region,
            banked=("weights",) if self._params.bank_cycles else (),
        )

    def _add_parts(self, m: Module) -> None:
        """Add the blocks of the diagram as submodules, except the array."""
        params, array = self._params, self._params.array
        m.submodules.control = LayerControl(params)
        m.submodules.loader = FrameLoader(params)
        m.submodules.activations = ActivationBuffer(array.act, lanes=array.rows, depth=2 * buffer_depth(params))
        m.submodules.feeder = Feeder(params)
        m.submodules.results = ResultBuffer(
            array.acc, cols=array.cols, depth=result_depth(params), group=array.products_per_multiplier
        )
        m.submodules.post = PostProcessor(params)
        m.submodules.write_addresses = activation_addresses(params)
        m.submodules.queue = CreditQueue(result_layout(params), depth=post_latency(params) + CreditQueue.LATENCY + 2)
        m.submodules.output = TokenOutput(params)

    def _run_layers(self, m: Module, layer: data.View) -> InFlight:
        """Connect the control of layers and tiles: when they begin and end."""
        params, array, parts = self._params, self._params.array, m.submodules
        control, feeder, results, post, sent = parts.control, parts.feeder, parts.results, parts.post, parts.queue.o
        in_flight = tiles_in_flight(
            m,
            slots=ResultBuffer.SLOTS,
            # a tile passes the array in at most this many cycles, and at most one enters per cycle
            most_inside=array.latency + array.rows + array.cols + ColumnAccumulator.LATENCY + 1,
            committed=feeder.commit,
            freed=post.freed,
            entered=delayed(m, feeder.commit, self._operand_latency - 1, name="commit"),
            finished=results.finished,
        )
        sent_last = Signal()  # a cycle late, because it hangs on the consumer's `ready`
        m.d.sync += sent_last.eq(sent.valid & sent.ready & sent.payload.last)
        stored_last = post.valid & post.result.last
        m.d.comb += [
            control.loaded.eq(parts.loader.full),
            control.empty.eq(in_flight.none_inside),
            control.done.eq(Mux(control.final, sent_last, stored_last)),
            control.last_layer.eq(layer.final),
            feeder.layer.eq(layer),
            feeder.start.eq(control.start),
            feeder.base.eq(Mux(control.source, buffer_depth(params), 0)),
            feeder.free.eq(in_flight.some_free),
        ]
        return in_flight

    def _front(self, m: Module, layer: data.View, target: Value) -> None:
        """Store the activations of incoming tokens in the half of the buffer at ``target``."""
        params, control, loader = self._params, m.submodules.control, m.submodules.loader
        connect(m, flipped(self.i), loader.i)
        first_layer = Signal.like(layer)
        if params.writable:
            at_first = control.index == 0
            since = delayed(m, at_first, 1, name="at_first")
            with m.If(at_first & since & delayed(m, since, 1, name="at_first_since")):  # the descriptor is valid
                m.d.sync += first_layer.eq(layer)
        m.d.comb += [
            loader.layer.eq(first_layer),
            loader.start.eq(control.start & layer.final),
            loader.base.eq(target),
        ]

    def _weights(self, m: Module, stored: Mapping[str, LoadableMemory]) -> Value:
        """Return the word of weights that the feeder addressed, 2 cycles and those of the banks later."""
        control, feeder = m.submodules.control, m.submodules.feeder
        streamed = self._params.weight_stream
        if streamed is None:
            weights = stored["weights"]
            m.d.comb += [feeder.weight_valid.eq(1), weights.address.eq(feeder.weight_address)]
            if self._params.bank_cycles:
                return weights.data
            m.d.comb += weights.enable.eq(1)
            return delayed(m, weights.data, 1, name="weight_word", reset_less=True)
        m.submodules.weights = weights = WeightQueue(streamed, depth=self._params.weight_queue)
        connect(m, flipped(self.weights), weights.i)
        m.d.comb += [
            weights.start.eq(control.start & (control.index == 0)),
            feeder.weight_valid.eq(weights.valid),
            weights.take.eq(feeder.weight_take),
            self.weight_error.eq(weights.error),
        ]
        return delayed(m, weights.word, Feeder.LATENCY + 1, name="streamed", reset_less=True)

    def _datapath(self, m: Module, layer: data.View, weights: Value, awake: Value) -> None:
        """Connect operands, array and result buffer; weight-stationary, an accumulator lies before the buffer."""
        params, array, results = self._params, self._params.array, m.submodules.results
        operands = fetch_operands(
            m, array, m.submodules.feeder, m.submodules.activations, weights, late=self._params.bank_cycles
        )
        systolic = skewed_array(m, array, operands.rows, operands.cols, awake=awake if params.clock_gating else None)
        if array.dataflow is Dataflow.OS:
            m.d.comb += [
                results.i.eq(systolic.results),
                results.valid.eq(systolic.valid[0]),
                results.last_row.eq(array.rows - 1),
            ]
            return
        m.submodules.accumulator = accumulator = ColumnAccumulator(
            array.acc,
            cols=array.cols,
            rows=max(dense.rows for dense in params.layers),
            tiles=max(depth_tiles(params, dense) for dense in params.layers),
        )
        m.d.comb += [
            systolic.load.eq(operands.load),
            accumulator.last_row.eq(layer.rows_last),
            accumulator.last_tile.eq(layer.depth_tiles),
            accumulator.i.eq(systolic.results),
            accumulator.valid_i.eq(systolic.valid[0]),
            results.i.eq(accumulator.o),
            results.valid.eq(accumulator.valid_o),
            results.last_row.eq(layer.rows_last),
        ]

    def _results(self, m: Module, layer: data.View, stored: Mapping[str, LoadableMemory], target: Value) -> None:
        """Requantise results; those of hidden layers go to the half of the activation buffer at ``target``."""
        parts, channels = m.submodules, stored["channels"]
        connect_tables(m, parts.post, stored)
        control, loader, results, post, places = (
            parts.control,
            parts.loader,
            parts.results,
            parts.post,
            parts.write_addresses,
        )
        m.d.comb += [
            post.layer.eq(layer),
            post.start.eq(control.start),
            post.written.eq(results.written),
            results.read_slot.eq(post.slot),
            results.read_row.eq(post.row),
            post.column_results.eq(results.row),
            channels.address.eq(post.channel_address),
            channels.enable.eq(1),
            post.channel.eq(channels.data),
        ]
        # the write address is known a cycle later
        storing, stored_value = Signal(name="stored"), Signal.like(post.result.value)
        m.d.sync += [
            storing.eq(post.valid & ~control.final),
            stored_value.eq(post.result.value),
        ]
        m.d.comb += [
            places.start.eq(control.start),
            places.base.eq(target),
            places.step.eq(post.valid & ~control.final),
            places.edges.eq(post.result.edges),
        ]
        if self._params.array.dataflow is Dataflow.WS:
            m.d.comb += places.stride.eq(layer.stored_words)
        # results of a hidden layer and values of the next frame never coincide
        m.d.sync += [
            parts.activations.write.eq(loader.write | storing),
            parts.activations.write_lane.eq(Mux(loader.write, loader.lane, places.lane)),
            parts.activations.write_address.eq(Mux(loader.write, loader.address, places.address)),
            parts.activations.value.eq(Mux(loader.write, loader.value, stored_value)),
        ]

    def _output(self, m: Module, layer: data.View) -> Value:
        """Send the results of the last layer as tokens; return whether some are still being reordered."""
        control, post, queue = m.submodules.control, m.submodules.post, m.submodules.queue
        output = m.submodules.output
        m.d.comb += [
            # the consumer of the last layer's results may stall; no other layer takes a credit, and it begins with all
            post.credit.eq(queue.credit),
            queue.reserve.eq(post.read & control.final),
            queue.valid.eq(post.valid & control.final),
            queue.payload.eq(post.result),
        ]
        reordering = C(0)
        if needs_reorder(self._params):
            m.submodules.reorder = reorder = Reorder(self._params)
            m.d.comb += [reorder.layer.eq(layer), reorder.start.eq(control.start)]
            connect(m, queue.o, reorder.i)
            connect(m, reorder.o, output.i)
            reordering = reorder.busy
        else:
            connect(m, queue.o, output.i)
        m.submodules.buffer_out = buffer_out = Buffer(token_layout(self._params.output))
        connect(m, output.o, buffer_out.i)
        connect(m, buffer_out.o, flipped(self.o))
        return reordering

    def _count(self, m: Module, layer: data.View, awake: Value) -> Value:
        """Drive the counters, if there are any; return whether a frame is still on its way to them."""
        if not self._params.is_counted:
            return C(0)
        feeder, post = m.submodules.feeder, m.submodules.post
        depth = Signal(len(layer.inputs) + 1)
        m.d.sync += depth.eq(layer.inputs + 1)
        increments = {
            "frames": self.o.valid & self.o.ready & (self.o.payload.kind == TokenKind.END),
            "macs": Mux(post.valid, depth, 0),
            "act_words": feeder.act_read,
            "weight_words": feeder.weight_read,
            "results": post.valid,
            "array_cycles": awake,
        }
        return count_up(m, self.counters, self.clear, increments)["frames"]
