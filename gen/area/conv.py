"""Area of a conv accelerator on an FPGA, before anything is built.

Multipliers, memories and the registers that skew operands are counted, as for a systolic engine; what is left grows
with the array, with the multiplexers that rotate the banks' activations and with the banks' addresses, by factors that
were fitted to 12 synthesised designs, with 1 to 16 rows, 1 to 16 columns and operands of 4 to 8 bits. For those, LUTs
are off by 9 % at most, flip-flops by 4 %, block RAMs by 1.
"""

from collections import Counter
from collections.abc import Iterator

from tospike.gen.area.costs import AREA_COSTS
from tospike.gen.area.memories import QUEUE_DEPTH, Memory, MemoryCells, cells_of
from tospike.gen.area.systolic import Area, area_around
from tospike.hw.conv import layout
from tospike.hw.params import ConvParams, InputError
from tospike.hw.params.banks import bank_depths
from tospike.hw.params.conv_storage import bank_depth
from tospike.hw.params.devices import Family


def predict(params: ConvParams, family: Family) -> Area:
    """Return the area of an accelerator with this engine alone, including the host port.

    Raises
    ------
    InputError
        The family's costs are unknown.
    """
    array, costs = params.array, AREA_COSTS[family.name].conv
    if costs is None:
        raise InputError(f"the area of a conv engine on {family.name} is unknown: leave --fit out")
    return area_around(
        array,
        sum((cells_of(memory, family) for memory in _memories(params)), MemoryCells()),
        costs,
        family,
        has_tables=params.tables > 0,
        lut=costs.rotation * array.rows**2 * array.act.bits,
        ff=costs.bank_address * array.rows * layout.address_width(params),
    )


def image_blocks(params: ConvParams, family: Family) -> int:
    """Return the block RAMs of the activation memory, which holds the images."""
    return sum(cells_of(memory, family).bram for memory in _images(params))


def _images(params: ConvParams) -> Iterator[Memory]:
    for depth, copies in Counter(bank_depths(bank_depth(params))).items():
        # without initial contents, but in block RAM from the same depth on
        yield Memory(width=params.array.act.bits, depth=depth, copies=copies * params.array.rows, is_initialized=True)


def _memories(params: ConvParams) -> Iterator[Memory]:
    array = params.array
    for shape in layout.memories(params):
        for depth, copies in Counter(bank_depths(shape.depth) if shape.name == "weights" else [shape.depth]).items():
            yield Memory(width=shape.width, depth=depth, copies=copies, is_initialized=True, is_rom=not params.writable)
    yield from _images(params)
    if (streamed := params.weight_stream) is not None:
        for depth, copies in Counter(bank_depths(params.weight_ring)).items():
            yield Memory(width=streamed.word_bits, depth=depth, copies=copies, is_initialized=True)
    yield Memory(width=array.acc_bits, depth=layout.SLOTS << (array.rows - 1).bit_length(), copies=array.cols)
    yield Memory(width=array.acc_bits + 1, depth=QUEUE_DEPTH)
