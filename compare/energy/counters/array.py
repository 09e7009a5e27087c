"""What the counters of the systolic and the conv engine mean: see `tospike.compare.energy.counters.hardware`."""

from collections.abc import Mapping

from tospike.compare.energy.activity import Counts
from tospike.compare.energy.counters.work import Access, Arithmetic, EngineWork, StatePlacement
from tospike.compare.energy.counts.operands import array_contents, systolic_words
from tospike.hw.conv.layout import SLOTS
from tospike.hw.layout import MemoryShape
from tospike.hw.params import ConvOperation, ConvParams, Dataflow, SystolicParams
from tospike.hw.params.conv_storage import bank_depth
from tospike.hw.systolic.layout import col_tiles, needs_reorder, result_depth, row_tiles


def systolic_work(
    name: str, params: SystolicParams, placement: StatePlacement, counters: Mapping[str, Counts]
) -> EngineWork:
    """Return the work of a systolic engine: operands by words; results enter the result buffer by columns and leave by
    rows."""
    array = params.array
    acc = array.acc_bits
    frames, results = counters["frames"], counters["results"]
    weights, channels, layers, *tables = array_contents(params).values()
    activation_bits = systolic_words(params) * array.rows * array.act.bits
    column_bits = 2 * result_depth(params) * acc
    stored = frames * params.input.addresses + results - frames * params.output.addresses
    tiles = sum(
        row_tiles(params, layer)
        * col_tiles(params, layer)
        * (array.rows if array.dataflow is Dataflow.OS else layer.rows)
        for layer in params.layers
    )
    accesses = [
        Access(term="weight_read", count=counters["weight_words"], bits=weights.width, capacity_bits=weights.bits),
        Access(
            term="activation_read",
            count=counters["act_words"],
            bits=array.rows * array.act.bits,
            capacity_bits=activation_bits,
        ),
        Access(term="activation_write", count=stored, bits=array.act.bits, capacity_bits=activation_bits),
        Access(term="bias_read", count=results, bits=acc, capacity_bits=channels.bits),
        Access(
            term="multiplier_read", count=results, bits=params.requantize.multiplier_bits, capacity_bits=channels.bits
        ),
        Access(term="control", count=frames * len(params.layers), bits=layers.width, capacity_bits=layers.bits),
        Access(
            term="state_write", count=frames * tiles * array.cols, bits=acc, capacity_bits=column_bits, ports=array.cols
        ),
        Access(term="state_read", count=results * array.cols, bits=acc, capacity_bits=column_bits, ports=array.cols),
        # activations move along the rows and weights down the columns: every PE passes both on
        Access(
            term="operand_shift",
            count=counters["act_words"] * array.macs_per_cycle,
            bits=array.act.bits + (array.weight_bits if array.dataflow is Dataflow.OS else acc),
            capacity_bits=0,
        ),
        *_table_reads(tables, results),
    ]
    memory_bits = weights.bits + channels.bits + layers.bits + activation_bits + array.cols * column_bits
    memory_bits += sum(table.bits for table in tables)
    if array.dataflow is Dataflow.WS:
        partial_bits = max(layer.rows for layer in params.layers) * acc
        memory_bits += array.cols * partial_bits
        accesses += [
            Access(
                term=term,
                count=counters["act_words"] * array.cols,
                bits=acc,
                capacity_bits=partial_bits,
                ports=array.cols,
            )
            for term in ("state_read", "state_write")
        ]
    if needs_reorder(params):
        reorder_bits = params.output.addresses * acc
        memory_bits += reorder_bits
        accesses += [
            Access(term=term, count=frames * params.output.addresses, bits=acc, capacity_bits=reorder_bits)
            for term in ("queue_write", "queue_read")
        ]
    arithmetic = (
        Arithmetic(
            term="mac",
            count=counters["macs"],
            instances=array.macs_per_cycle,
            multiply=(array.act.bits, array.weight_bits),
            add_bits=acc,
        ),
        Arithmetic(term="requantize", count=results, instances=1, multiply=(acc, params.requantize.multiplier_bits)),
        Arithmetic(term="bias_add", count=results, instances=1, add_bits=acc),
    )
    return EngineWork(
        name=name, memory_bits=memory_bits, accesses=tuple(accesses), arithmetic=arithmetic, busy=counters["act_words"]
    )


def _table_reads(tables: list[MemoryShape], results: Counts) -> list[Access]:
    """Return the reads of the tables of activations: one for each result, of any layer."""
    return [Access(term="table_read", count=results, bits=table.width, capacity_bits=table.bits) for table in tables]


def conv_work(name: str, params: ConvParams, placement: StatePlacement, counters: Mapping[str, Counts]) -> EngineWork:
    """Return the work of a conv engine: operands from a bank per row; results pass the tile buffer as in the systolic
    engine."""
    array = params.array
    acc, act = array.acc_bits, array.act.bits
    frames, results = counters["frames"], counters["results"]
    weights, channels, layers, *tables = array_contents(params).values()
    bank_bits = bank_depth(params) * act
    column_bits = SLOTS * array.rows * acc
    stored = frames * params.input.addresses + results - frames * params.output.addresses
    tiles = sum(layer.tiles[0] * layer.tiles[1] * layer.passes(array.cols) for layer in params.layers)
    maxima = [layer for layer in params.layers if layer.operation is ConvOperation.MAXIMUM]
    compared = sum(layer.tiles[0] * layer.tiles[1] * layer.outputs * layer.depth for layer in maxima)
    accesses = (
        Access(term="weight_read", count=counters["weight_words"], bits=weights.width, capacity_bits=weights.bits),
        Access(
            term="activation_read",
            count=counters["act_words"] * array.rows,
            bits=act,
            capacity_bits=bank_bits,
            ports=array.rows,
        ),
        Access(term="activation_write", count=stored, bits=act, capacity_bits=bank_bits),
        Access(term="bias_read", count=results, bits=acc, capacity_bits=channels.bits),
        Access(
            term="multiplier_read", count=results, bits=params.requantize.multiplier_bits, capacity_bits=channels.bits
        ),
        Access(term="control", count=frames * len(params.layers), bits=layers.width, capacity_bits=layers.bits),
        Access(
            term="state_write",
            count=frames * tiles * array.macs_per_cycle,
            bits=acc,
            capacity_bits=column_bits,
            ports=array.cols,
        ),
        Access(term="state_read", count=results * array.cols, bits=acc, capacity_bits=column_bits, ports=array.cols),
        Access(
            term="operand_shift",
            count=counters["act_words"] * array.macs_per_cycle,
            bits=act + array.weight_bits,
            capacity_bits=0,
        ),
        *_table_reads(tables, results),
    )
    arithmetic = (
        Arithmetic(
            term="mac",
            count=counters["macs"],
            instances=array.macs_per_cycle,
            multiply=(act, array.weight_bits),
            add_bits=acc,
        ),
        Arithmetic(term="compare", count=frames * compared * array.rows, instances=array.rows, add_bits=act),
        Arithmetic(term="requantize", count=results, instances=1, multiply=(acc, params.requantize.multiplier_bits)),
        Arithmetic(term="bias_add", count=results, instances=1, add_bits=acc),
    )
    return EngineWork(
        name=name,
        memory_bits=sum(shape.bits for shape in (weights, channels, layers, *tables))
        + array.rows * bank_bits
        + array.cols * column_bits,
        accesses=accesses,
        arithmetic=arithmetic,
        busy=counters["act_words"],
    )
