"""Predict the area of event engines on an FPGA, of spiking layers and of an ANN's, and of a chain of them.

Memories and DSP blocks are counted; LUTs and flip-flops grow with the lanes' states, by factors fitted to synthesised
designs of 1 to 64 lanes and 12 to 24 bits (`tests/unit/gen/fit/test_auto_lanes.py` and
`tests/unit/gen/test_event_ann_area.py` synthesise some again).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from tospike.gen.area.costs import AREA_COSTS
from tospike.gen.area.memories import Memory, MemoryCells, block_rams, cells_of
from tospike.gen.area.systolic import PART_BITS, Area
from tospike.hw.host.layout import engine_layout
from tospike.hw.layout import MemoryShape
from tospike.hw.params import (
    SPIKE,
    AcceleratorParams,
    DeltaAnnParams,
    EncoderParams,
    EngineParams,
    EventAnnParams,
    EventParams,
    LeakKind,
    Readout,
    RegisterParams,
    Reset,
    SpikingParams,
    ceil_div,
)
from tospike.hw.params.banks import FAN_IN, bank_depths
from tospike.hw.params.devices import Family
from tospike.hw.spiking.layout import NOT_BY_LANE

BLOCK_BITS = 4096
"""Size from which states ask for block RAM: `tospike.hw.spiking.accumulate.BLOCK_BITS`."""
DSP_BITS = 18
"""Bits of a state that one DSP block multiplies."""


@dataclass(frozen=True, kw_only=True)
class Cells:
    """LUTs, including those that carry chains and LUT RAMs occupy, and flip-flops; per bit or as they are."""

    lut: float = 0.0
    ff: float = 0.0


HOST = Cells(lut=825, ff=370)
"""The host port."""
CONTROL = Cells(lut=400, ff=500)
"""An engine's sequencer, output and counters."""
STATE = Cells(lut=2.2, ff=9.4)
"""A state that accumulates events, per lane and bit, in a memory."""
RING = Cells(lut=2.2, ff=5.3)
"""The same in a ring, without the ring's words."""
AUX = Cells(lut=1.2, ff=9.6)
"""An auxiliary state, per lane and bit."""
SHIFT_LEAK = Cells(lut=1.7)
MULTIPLIED_LEAK = Cells(lut=0.4, ff=1.8)
SUBTRACTION = Cells(lut=1.4, ff=0.4)
"""A reset by subtraction."""
BIAS = Cells(lut=1.7)
VALUE = Cells(lut=1.0, ff=1.0)
"""A count or membrane that is sent, per lane and bit."""
PRODUCT = Cells(lut=1.5, ff=2.0)
"""A payload of more than a bit times a weight, per lane and bit of the product."""
ACTIVATE = Cells(lut=365, ff=570)
"""The requantiser of an ANN layer's membranes, and the queue behind it without its memory."""
REGISTER = Cells(lut=4.9, ff=3.8)
"""A neuron of the register engine, per bit of its state."""
REGISTER_CONTROL = 65
"""Flip-flops of a register engine besides its states."""
ENCODER = Cells(lut=310, ff=257)
OTHER = Cells(lut=100, ff=150)
"""An engine of another kind, such as a delay, besides its memories."""


@dataclass(frozen=True, kw_only=True)
class _Part:
    """An engine: its cells besides memories and DSP blocks, and those."""

    lut: float
    ff: float
    memories: Iterable[Memory]
    dsp: int = 0


def predict(params: AcceleratorParams, family: Family) -> Area:
    """Return the area of an accelerator of spiking engines, host port included."""
    return area_of(params.engines, family)


def area_of(engines: Sequence[EngineParams], family: Family) -> Area:
    """Return the area of engines behind a host port, which is included."""
    parts = [_PARTS.get(type(engine), _other)(engine) for engine in engines]
    memories = sum((_cells(memory, family) for part in parts for memory in part.memories), MemoryCells())
    lutram = AREA_COSTS[family.name].lutram_places * memories.lutram
    return Area(
        lut4=round(HOST.lut + sum(part.lut for part in parts) + lutram + memories.rom),
        ff=round(HOST.ff + sum(part.ff for part in parts) + memories.ff),
        bram=memories.bram,
        dsp=sum(part.dsp for part in parts),
    )


def _cells(memory: Memory, family: Family) -> MemoryCells:
    """Return the cells of a memory; large ones without contents ask for block RAM."""
    if memory.is_initialized or memory.width * memory.depth < BLOCK_BITS:
        return cells_of(memory, family)
    return MemoryCells(bram=block_rams(memory.width, memory.depth, family))


def _event(engine: EventParams) -> _Part:
    neuron, in_ring = engine.neuron, engine.states_in_ring
    bits = engine.lanes * neuron.accumulated.bits
    aux = engine.lanes * sum(fmt.bits for fmt in neuron.aux.values())
    sent = 0 if engine.readout is Readout.SPIKES else engine.lanes * engine.updated.payload.bits
    product = 0 if engine.event == SPIKE else engine.lanes * engine.product.bits
    features = [RING if in_ring else STATE, *_features(engine)]
    fixed = [CONTROL, *((ACTIVATE,) if engine.activation is not None else ())]
    grown = [(aux, AUX), (sent, VALUE), (product, PRODUCT), *((bits, each) for each in features)]
    lut = sum(each.lut for each in fixed) + sum(number * each.lut for number, each in grown)
    ff = sum(each.ff for each in fixed) + sum(number * each.ff for number, each in grown)
    if in_ring:
        ff += bits * engine.words
    if engine.bank_cycles:
        width, banks = engine.lanes * engine.weight_bits, len(bank_depths(engine.weight_words))
        lut, ff = lut + width * banks / 2, ff + width * (1 + ceil_div(banks, FAN_IN))
    return _Part(lut=lut, ff=ff, dsp=_dsps(engine), memories=_memories(engine))


def _register(engine: RegisterParams) -> _Part:
    bits = engine.lanes * sum(fmt.bits for fmt in (engine.neuron.accumulated, *engine.neuron.aux.values()))
    lut, ff = CONTROL.lut + REGISTER.lut * bits, REGISTER_CONTROL + REGISTER.ff * bits
    return _Part(lut=lut, ff=ff, dsp=_dsps(engine), memories=_stored(engine, is_rom=not engine.writable))


def _encoder(engine: EncoderParams) -> _Part:
    entry = (engine.inputs - 1).bit_length() + engine.stored_bits + engine.state_bits
    buffer = [Memory(width=entry, depth=engine.buffer_entries)] if engine.buffer_entries else []
    return _Part(lut=ENCODER.lut, ff=ENCODER.ff, memories=buffer)


def _other(engine: EngineParams) -> _Part:
    return _Part(lut=OTHER.lut, ff=OTHER.ff, memories=_stored(engine, is_rom=False))


_PARTS: dict[type[EngineParams], Callable[[Any], _Part]] = {
    SpikingParams: _event,
    EventAnnParams: _event,
    DeltaAnnParams: _event,
    RegisterParams: _register,
    EncoderParams: _encoder,
}


def _features(engine: EventParams) -> Iterator[Cells]:
    """Yield what a state bit costs more because of the neuron's features."""
    for leak in engine.neuron.leaks.values():
        yield MULTIPLIED_LEAK if leak.kind is LeakKind.MULTIPLY else SHIFT_LEAK
    if getattr(engine.neuron, "reset", None) is Reset.SUBTRACT:
        yield SUBTRACTION
    if engine.bias:
        yield BIAS


def _dsps(engine: EventParams) -> int:
    """Return the DSP blocks of payloads times weights, of leaks and of a requantiser."""
    leaks = sum(leak.kind is LeakKind.MULTIPLY for leak in engine.neuron.leaks.values())
    per_leak = ceil_div(engine.neuron.accumulated.bits, DSP_BITS)
    requantizer = 0 if engine.activation is None else ceil_div(engine.neuron.state.bits, PART_BITS)
    return engine.lanes * ((engine.input.payload != SPIKE) + leaks * per_leak) + requantizer


def _memories(engine: EventParams) -> Iterator[Memory]:
    yield from _stored(engine, is_rom=not engine.writable)
    neuron, words = engine.neuron, engine.words
    number = (words - 1).bit_length()
    if not engine.states_in_ring:
        yield Memory(width=engine.lanes * neuron.accumulated.bits, depth=words)
    if neuron.aux:
        yield Memory(width=engine.lanes * sum(fmt.bits for fmt in neuron.aux.values()), depth=words)
    if engine.readout is Readout.COUNT:
        yield Memory(width=engine.lanes * engine.count_bits, depth=words)
    updates = 2 if engine.readout is Readout.SPIKES else 1  # whose words the queue holds
    yield Memory(width=engine.lanes * engine.updated.payload.bits + number + 2, depth=updates * words + 1)
    if engine.activation is not None:
        sent = engine.output.payload.bits
        yield Memory(width=sent + (engine.neurons - 1).bit_length() + 2, depth=engine.neurons + 2)
        if engine.sends_changes:  # the activations last sent
            yield Memory(width=sent, depth=engine.neurons)
    if engine.recurrent:
        yield Memory(width=engine.lanes * neuron.spike.bits + number + 2, depth=words + 1)


def _stored(engine: EngineParams, *, is_rom: bool) -> Iterator[Memory]:
    """Yield the memories with contents."""
    banked = getattr(engine, "bank_cycles", 0) > 0
    for shape in engine_layout(engine).memories(engine):
        depths = bank_depths(shape.depth) if banked and shape.name == "weights" else [shape.depth]
        for width, depth in product(_part_widths(engine, shape), depths):
            yield Memory(width=width, depth=depth, is_initialized=True, is_rom=is_rom)


def _part_widths(engine: EngineParams, shape: MemoryShape) -> list[int]:
    """Return the widths of a memory's parts: one for each group of lanes."""
    sizes: list[int] = getattr(engine, "group_sizes", [1])
    if shape.name in NOT_BY_LANE:
        return [shape.width]
    return [shape.width * size // sum(sizes) for size in sizes]
