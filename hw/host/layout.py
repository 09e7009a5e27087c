"""What the host sees: registers, counters and configuration regions. Plain Python, no Amaranth."""

from dataclasses import dataclass
from enum import IntEnum

from tospike.hw.ann import layout as systolic_layout
from tospike.hw.image import layout as image_layout
from tospike.hw.layout import MemoryShape
from tospike.hw.params import AcceleratorParams, EngineParams, ImageParams, SystolicParams
from tospike.hw.snn import layout as event_layout

MAGIC = 0x746F_7370
"""ASCII "tosp"."""

ADDRESS_BITS = 12


class Register(IntEnum):
    """Byte offsets of the AXI4-Lite registers, 32 bits each; `tospike.hw.host.register_map` tells what they hold."""

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
    COUNTER = 0x40
    """The first counter; the others follow, 4 bytes each."""


@dataclass(frozen=True, kw_only=True)
class Region:
    """One memory that configuration may write."""

    number: int
    engine: int
    shape: MemoryShape


def engine_layout(params: EngineParams):
    """The layout module that describes an engine's memories and counters."""
    if isinstance(params, ImageParams):
        return image_layout
    return systolic_layout if isinstance(params, SystolicParams) else event_layout


def regions(params: AcceleratorParams) -> tuple[Region, ...]:
    """The configuration regions, numbered from 0 over all writable engines."""
    shapes = [
        (index, shape)
        for index, engine in enumerate(params.engines)
        for shape in engine_layout(engine).memories(engine)
    ]
    return tuple(Region(number=number, engine=index, shape=shape) for number, (index, shape) in enumerate(shapes))


def counter_names(params: AcceleratorParams) -> tuple[str, ...]:
    """The counters in the order of their registers: ``cycles``, ``inputs``, then ``<engine>.<counter>``.

    ``cycles`` are those in which a sample is inside; ``inputs`` are the VALUEs that the host sends to the first engine.
    """
    engines = (
        f"{index}.{name}"
        for index, engine in enumerate(params.engines)
        for name in engine_layout(engine).counter_names(engine)
    )
    return ("cycles", "inputs", *engines)


def version_word(version: str) -> int:
    """``1.2.3`` as 0x00_01_02_03."""
    major, minor, patch = (int(part) for part in version.split(".")[:3])
    return major << 16 | minor << 8 | patch
