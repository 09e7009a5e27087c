"""A chain of engines behind one host port."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tospike.hw.bridge.engine import Bridge
from tospike.hw.cochlea.engine import Cochlea
from tospike.hw.conv.engine import ConvEngine
from tospike.hw.dataflow.engine import DataflowDense
from tospike.hw.encoders.delay import Delay
from tospike.hw.encoders.delta import DeltaEncoder
from tospike.hw.encoders.encoder import Encoder
from tospike.hw.gating import count_awake, engine_awake, gated
from tospike.hw.host.axi import Axi4LiteSignature, Axi4StreamSignature
from tospike.hw.host.beats import BeatInput, BeatOutput, Unpack
from tospike.hw.host.early import EarlyOutput
from tospike.hw.host.input import DenseInput, TokenInput
from tospike.hw.host.layout import ADDRESS_BITS, regions, version_word
from tospike.hw.host.output import (
    ArgmaxOutput,
    DenseOutput,
    FirstSpikeOfImageOutput,
    FirstSpikeOutput,
    TokenOutput,
)
from tospike.hw.host.recording import RecordingInput
from tospike.hw.host.register_map import register_map
from tospike.hw.host.registers import RegisterFile
from tospike.hw.host.renumber import Renumber
from tospike.hw.params import (
    AcceleratorParams,
    BeatFormat,
    CochleaParams,
    Contents,
    ConvParams,
    DataflowDenseParams,
    DataflowPoolParams,
    DelayParams,
    DeltaAnnParams,
    DeltaParams,
    EncoderParams,
    EngineParams,
    EventAnnParams,
    FrameBufferParams,
    HostInput,
    HostOutput,
    RegisterParams,
    SpikeCountParams,
    SpikingParams,
    SystolicParams,
    TokenKind,
    UnrolledParams,
    ValueSpikesParams,
    require,
)
from tospike.hw.spiking.engine import EventEngine
from tospike.hw.spiking.register import RegisterEngine
from tospike.hw.systolic.engine import SystolicEngine
from tospike.hw.unrolled.engine import Unrolled
from tospike.hw.window.pool import DataflowPool

MemoryInit = Mapping[str, Sequence[int]]
OUTPUTS = {
    HostOutput.DENSE: DenseOutput,
    HostOutput.TOKENS: TokenOutput,
    HostOutput.ARGMAX: ArgmaxOutput,
    HostOutput.FIRST_SPIKE: FirstSpikeOutput,
}


ENGINES: Mapping[type[EngineParams], Callable[[Any, MemoryInit, int], wiring.Component]] = {
    EncoderParams: lambda params, contents, first_region: Encoder(params),
    DeltaParams: lambda params, contents, first_region: DeltaEncoder(params),
    DelayParams: lambda params, contents, first_region: Delay(params, contents),
    SpikingParams: lambda params, contents, first_region: EventEngine(params, contents, first_region=first_region),
    RegisterParams: lambda params, contents, first_region: RegisterEngine(params, contents, first_region=first_region),
    EventAnnParams: lambda params, contents, first_region: EventEngine(params, contents, first_region=first_region),
    DeltaAnnParams: lambda params, contents, first_region: EventEngine(params, contents, first_region=first_region),
    ValueSpikesParams: lambda params, contents, first_region: Bridge(params),
    SpikeCountParams: lambda params, contents, first_region: Bridge(params),
    FrameBufferParams: lambda params, contents, first_region: Bridge(params),
    SystolicParams: lambda params, contents, first_region: SystolicEngine(params, contents, first_region=first_region),
    CochleaParams: lambda params, contents, first_region: Cochlea(params),
    ConvParams: lambda params, contents, first_region: ConvEngine(params, contents, first_region=first_region),
    DataflowDenseParams: lambda params, contents, first_region: DataflowDense(params, contents),
    DataflowPoolParams: lambda params, contents, first_region: DataflowPool(params, contents),
    UnrolledParams: lambda params, contents, first_region: Unrolled(params, contents),
}
"""For each class of engine parameters, how to make the component, given parameters, memory contents, first region."""


def make_engine(params: EngineParams, contents: MemoryInit, first_region: int) -> wiring.Component:
    """Return the component of an engine, whose memories answer to configuration regions from ``first_region`` on."""
    return ENGINES[type(params)](params, contents, first_region)


def make_output(params: AcceleratorParams):
    """Return the component that sends the last engine's output to the host."""
    if params.decision_steps is not None:
        return EarlyOutput(params.output, steps=params.decision_steps)
    if params.packed_output is not None and isinstance(params.output, BeatFormat):
        return BeatOutput(params.output, params.packed_output, data_bits=params.output_beat_bits)
    is_complete = params.engines[-1].sends in (Contents.FRAME, Contents.BEATS)
    if params.output_image is not None and params.host_output is HostOutput.FIRST_SPIKE:
        return FirstSpikeOfImageOutput(params.output)
    if params.output_image is not None and params.host_output is HostOutput.ARGMAX:
        channels, height, width = params.output_image
        return ArgmaxOutput(params.output, complete=is_complete, channels=channels, positions=height * width)
    return OUTPUTS[params.host_output](params.output, complete=is_complete)


class Accelerator(wiring.Component):
    """The whole design.

    ::

              s_axi                                                m_axis
                |                                                    ^
            registers --> config, clear     counters -->             |
        s_axis --> input --> engine_0 --> engine_1 --> ... --> output

    Members
    -------
    s_axis : In(Axi4StreamSignature)
        Frames, tokens or recordings from the host.
    m_axis : Out(Axi4StreamSignature)
        Frames, tokens or classes to the host.
    s_axis_weights : In(Axi4StreamSignature)
        The weights of each frame in the order of use, TLAST on the last; only if an engine's weights are streamed.
    s_axi : In(Axi4LiteSignature)
        Registers, see `tospike.hw.host.register_map`.
    irq : Out(1)
        The interrupt, high until its causes are cleared in the registers; only with ``params.interrupt``.
    """

    def __init__(self, params: AcceleratorParams, contents: Sequence[MemoryInit], *, version: str, config_hash: int):
        require(
            len(contents) == len(params.engines),
            f"{len(params.engines)} engines need as many sets of memory contents, not {len(contents)}",
        )
        self._params = params
        self._contents = contents
        self._version = version
        self._config_hash = config_hash
        members = {
            "s_axis": In(Axi4StreamSignature(params.input_beat_bits)),
            "m_axis": Out(Axi4StreamSignature(params.output_beat_bits)),
            "s_axi": In(Axi4LiteSignature(ADDRESS_BITS)),
            **({"irq": Out(1)} if params.interrupt else {}),
        }
        if params.weight_stream:
            members["s_axis_weights"] = In(Axi4StreamSignature(params.weight_stream.beat_bits))
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        params = self._params
        m.submodules.registers = registers = RegisterFile(
            register_map(params, version=version_word(self._version), config_hash=self._config_hash)
        )
        source = self._input(m)
        m.submodules.output = sink = make_output(params)
        connect(m, flipped(self.s_axis), source.i)
        connect(m, sink.o, flipped(self.m_axis))
        connect(m, flipped(self.s_axi), registers.axi)
        engines, awake = self._engines(m, source.o, sink.i)
        self._observe(m, source, sink, engines, awake)
        return m

    def _input(self, m: Module) -> wiring.Component:
        """Return what takes the host's samples, its errors connected to the registers."""
        params, registers = self._params, m.submodules.registers
        if isinstance(params.input, BeatFormat):
            source = BeatInput(params.input, data_bits=params.input_beat_bits, field_bits=params.input_field_bits)
            m.d.comb += registers.frame_error.eq(source.error)
        elif params.host_input is HostInput.DENSE:
            wants_zeros = params.engines[0].takes is not Contents.SPARSE_FRAME
            source = DenseInput(
                params.input,
                send_zeros=wants_zeros,
                frames=params.input_frames,
                unused_inputs=params.unused_inputs,
                field_bits=params.input_field_bits,
            )
            m.d.comb += registers.frame_error.eq(source.error)
        elif params.host_events is not None:
            source = RecordingInput(params.input, params.host_events)
            m.d.comb += [
                registers.frame_error.eq(source.frame_error),
                registers.token_error.eq(source.address_error),
                registers.time_error.eq(source.time_error),
            ]
        else:
            source = TokenInput(params.input, ticks=params.input_ticks)
            m.d.comb += [
                registers.frame_error.eq(source.frame_error),
                registers.token_error.eq(source.token_error),
                registers.order_error.eq(source.order_error),
            ]
        m.submodules.input = source
        return source

    def _engines(self, m: Module, upstream, downstream) -> tuple[list[wiring.Component], dict[int, Signal]]:
        """Return the engines in a chain from ``upstream`` to ``downstream``, what adapts the last one's output, and by
        the numbers of the engines that sleep, whether their clock runs."""
        params, registers = self._params, m.submodules.registers
        parts = []
        awake: dict[int, Signal] = {}
        region_numbers = regions(params)
        for index, (engine_params, contents) in enumerate(zip(params.engines, self._contents, strict=True)):
            first_region = next((r.number for r in region_numbers if r.engine == index), 0)
            engine = make_engine(engine_params, contents, first_region)
            if engine_params.sleeps:
                awake[index] = engine_awake(m, engine, name=f"awake_{index}")
                m.submodules[f"engine_{index}"] = gated(engine, awake[index])
            else:
                m.submodules[f"engine_{index}"] = engine
            connect(m, upstream, engine.i)
            upstream = engine.o
            if engine_params.is_counted:
                m.d.comb += engine.clear.eq(registers.clear)
            if index == params.streaming_engine:
                self._connect_weight_stream(m, engine)
            if engine_params.is_writable:
                connect(m, registers.config, engine.config)
            parts.append(engine)
        if params.output_image is not None and params.host_output in (HostOutput.FIRST_SPIKE, HostOutput.EARLY):
            m.submodules.renumber = renumber = Renumber(params.output, params.output_numbers)
            connect(m, upstream, renumber.i)
            upstream = renumber.o
        if isinstance(params.output, BeatFormat) and params.packed_output is None:
            m.submodules.unpack = unpack = Unpack(params.output)
            connect(m, upstream, unpack.i)
            upstream = unpack.o
            parts.append(unpack)
        connect(m, upstream, downstream)
        return parts, awake

    def _connect_weight_stream(self, m: Module, engine) -> None:
        """Connect the stream of weights to the engine that takes it."""
        m.d.comb += [
            engine.weights.payload.word.eq(self.s_axis_weights.tdata),
            engine.weights.payload.last.eq(self.s_axis_weights.tlast),
            engine.weights.valid.eq(self.s_axis_weights.tvalid),
            self.s_axis_weights.tready.eq(engine.weights.ready),
            m.submodules.registers.weight_error.eq(engine.weight_error),
        ]

    def _observe(self, m: Module, source, sink, parts: Sequence[wiring.Component], awake: Mapping[int, Signal]) -> None:
        """Count what the registers show, and say when something is busy."""
        params, registers = self._params, m.submodules.registers
        # samples inside, and the cycles in which there are any: see "Cycles" in docs/explanation/architecture.md
        inside = Signal(8)
        cycles = Signal(32)
        # both a cycle late, which makes no difference: they end long paths
        started = Signal()
        finished = Signal()
        m.d.sync += [
            started.eq(source.started),
            finished.eq(sink.finished),
            inside.eq(inside + started - finished),
        ]
        with m.If(registers.clear):
            m.d.sync += cycles.eq(0)
        with m.Elif(started | inside.any()):
            m.d.sync += cycles.eq(cycles + 1)
        working = Signal()
        busy = [part.busy for part in (sink, *parts) if "busy" in part.signature.members]
        m.d.sync += [working.eq(started | inside.any()), registers.busy.eq(working | Cat(busy).any())]

        if params.interrupt:
            # an answer is there when its first beat waits, so that software need not read in order to be told
            offered, within = Signal(), Signal()
            m.d.sync += offered.eq(self.m_axis.tvalid & ~within)
            with m.If(self.m_axis.tvalid):
                m.d.sync += within.eq(~(self.m_axis.tready & self.m_axis.tlast))
            m.d.comb += [registers.on_done.eq(offered), self.irq.eq(registers.irq)]

        counters = [cycles]
        if params.is_counted:
            counters.append(self._count_inputs(m, source))
        for index, (part, engine) in enumerate(zip(parts, params.engines, strict=False)):
            if engine.is_counted:
                counters += [part.counters[name] for name, _ in part.counters.shape()]
            if engine.is_counted and engine.sleeps:
                name, within = f"awake_cycles_{index}", started | inside.any()
                counters.append(
                    count_awake(m, awake[index], within, registers.clear, bits=engine.counter_bits, name=name)
                )
        for number, counter in enumerate(counters):
            m.d.comb += registers.counters[number].eq(counter)

    def _count_inputs(self, m: Module, source) -> Signal:
        """Return the number of VALUEs, or beats, that the first engine has taken."""
        clear = m.submodules.registers.clear
        inputs = Signal(32)
        taken = Signal()  # a cycle late, as the samples inside
        counted = C(1, 1)
        if self._params.engines[0].takes is not Contents.BEATS:
            counted = source.o.payload.kind == TokenKind.VALUE
        m.d.sync += taken.eq(source.o.valid & source.o.ready & counted)
        with m.If(clear):
            m.d.sync += inputs.eq(0)
        with m.Elif(taken):
            m.d.sync += inputs.eq(inputs + 1)
        return inputs
