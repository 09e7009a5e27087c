"""The address map of the host port: registers, counters and configuration regions. Plain Python, no Amaranth."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from tospike.hw.bridge import layout as bridge_layout
from tospike.hw.cochlea import layout as cochlea_layout
from tospike.hw.conv import layout as conv_layout
from tospike.hw.dataflow import layout as dataflow_layout
from tospike.hw.encoders import delay_layout
from tospike.hw.encoders import layout as encoder_layout
from tospike.hw.layout import INDEX_BITS, REGION_BITS, MemoryShape
from tospike.hw.params import (
    AWAKE,
    AcceleratorParams,
    CochleaParams,
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
    RegisterParams,
    SpikeCountParams,
    SpikingParams,
    SystolicParams,
    UnrolledParams,
    ValueSpikesParams,
    require,
)
from tospike.hw.spiking import layout as event_layout
from tospike.hw.systolic import layout as systolic_layout
from tospike.hw.unrolled import layout as unrolled_layout
from tospike.hw.window import layout as pool_layout

MAGIC = 0x746F_7370
"""ASCII "tosp"."""

ADDRESS_BITS = 12


class Register(IntEnum):
    """Byte offsets of the AXI4-Lite registers, 32 bits each; `tospike.hw.host.register_map` documents them."""

    MAGIC = 0x00
    VERSION = 0x04
    HASH_LOW = 0x08
    HASH_HIGH = 0x0C
    CONTROL = 0x10
    STATUS = 0x14
    CONFIG_ADDRESS = 0x18
    CONFIG_DATA = 0x1C
    INPUTS = 0x20
    OUTPUTS = 0x24
    COUNTERS = 0x28
    INTERRUPT_ENABLE = 0x2C
    INTERRUPT_STATUS = 0x30
    COUNTER = 0x40
    """The first counter; the others follow, 4 bytes each."""


class StreamRegister(IntEnum):
    """Byte offsets of the registers through which wrappers without streams pass on beats."""

    STREAM_STATUS = 0xFF0
    SEND = 0xFF4
    SEND_LAST = 0xFF8
    RECEIVE = 0xFFC


@dataclass(frozen=True, kw_only=True)
class Region:
    """A memory that configuration may write."""

    number: int
    engine: int
    shape: MemoryShape


@dataclass(frozen=True, kw_only=True)
class EngineLayout:
    """The counters and memories of an engine, as functions of its parameters."""

    counter_names: Callable[[Any], tuple[str, ...]]
    """The fields of its ``counters``, in order."""
    memories: Callable[[Any], tuple[MemoryShape, ...]]
    """The memories with contents, in the order of their configuration regions."""


_EVENT = EngineLayout(counter_names=event_layout.counter_names, memories=event_layout.memories)
_BRIDGE = EngineLayout(counter_names=bridge_layout.counter_names, memories=bridge_layout.memories)

LAYOUTS: Mapping[type[EngineParams], EngineLayout] = {
    EncoderParams: EngineLayout(counter_names=encoder_layout.counter_names, memories=encoder_layout.memories),
    DeltaParams: EngineLayout(counter_names=encoder_layout.delta_counter_names, memories=encoder_layout.memories),
    DelayParams: EngineLayout(counter_names=delay_layout.counter_names, memories=delay_layout.memories),
    SpikingParams: _EVENT,
    RegisterParams: _EVENT,
    EventAnnParams: _EVENT,
    DeltaAnnParams: _EVENT,
    ValueSpikesParams: _BRIDGE,
    SpikeCountParams: _BRIDGE,
    FrameBufferParams: _BRIDGE,
    SystolicParams: EngineLayout(counter_names=systolic_layout.counter_names, memories=systolic_layout.memories),
    CochleaParams: EngineLayout(counter_names=cochlea_layout.counter_names, memories=cochlea_layout.memories),
    ConvParams: EngineLayout(counter_names=conv_layout.counter_names, memories=conv_layout.memories),
    DataflowDenseParams: EngineLayout(counter_names=dataflow_layout.counter_names, memories=dataflow_layout.memories),
    DataflowPoolParams: EngineLayout(counter_names=pool_layout.counter_names, memories=pool_layout.memories),
    UnrolledParams: EngineLayout(counter_names=unrolled_layout.counter_names, memories=unrolled_layout.memories),
}
"""The layout of each engine, by the class of its parameters."""


def engine_layout(params: EngineParams) -> EngineLayout:
    """Return the counters and memories of an engine."""
    return LAYOUTS[type(params)]


def regions(params: AcceleratorParams) -> tuple[Region, ...]:
    """Return the configuration regions, numbered from 0 over the memories of all engines.

    Raises
    ------
    InputError
        A configuration address cannot name a word of a writable engine.
    """
    shapes = [
        (index, shape)
        for index, engine in enumerate(params.engines)
        for shape in engine_layout(engine).memories(engine)
    ]
    made = tuple(Region(number=number, engine=index, shape=shape) for number, (index, shape) in enumerate(shapes))
    for region in made:
        require(
            not params.engines[region.engine].is_writable
            or (region.number < 1 << REGION_BITS and region.shape.last_index < 1 << INDEX_BITS),
            f"memory {region.shape.name} of engine {region.engine} is more than the host can address to write it: "
            "generate fewer or smaller writable engines",
        )
    return made


def counter_names(params: AcceleratorParams) -> tuple[str, ...]:
    """Return the counters in the order of their registers: ``cycles``, ``inputs``, then ``<engine>.<counter>``.

    ``cycles`` counts the cycles in which a sample is inside, ``inputs`` the VALUEs or beats sent to the first engine.
    Without performance counters, there is ``cycles`` alone. An engine that sleeps has `AWAKE` after its own.
    """
    engines = (
        f"{index}.{name}"
        for index, engine in enumerate(params.engines)
        if engine.is_counted
        for name in (*engine_layout(engine).counter_names(engine), *((AWAKE,) if engine.sleeps else ()))
    )
    return ("cycles", *(("inputs",) if params.is_counted else ()), *engines)


def version_word(version: str) -> int:
    """Encode ``1.2.3`` as 0x00_01_02_03."""
    major, minor, patch = (int(part) for part in version.split(".")[:3])
    return major << 16 | minor << 8 | patch
