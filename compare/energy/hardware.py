"""Level 2: what the hardware's counters say that its memories and arithmetic units did.

Everything here is linear in the counters, which are words and cycles of the real circuit; nothing comes from the
network. The golden model's counters per sample and the totals read from the RTL are priced by the same lines.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from tospike.compare.energy.activity import Counts
from tospike.compare.energy.observe import (
    activation_entry_bits,
    activation_queue_bits,
    activation_words,
    encoder_entry_bits,
    last_sent_bits,
    queue_words,
)
from tospike.hw.ann.layout import col_tiles, needs_reorder, result_depth, row_tiles
from tospike.hw.host.layout import engine_layout
from tospike.hw.image.layout import SLOTS
from tospike.hw.params import (
    SPIKE,
    AcceleratorParams,
    Dataflow,
    DelayParams,
    DeltaParams,
    EncoderParams,
    Encoding,
    EngineParams,
    EventParams,
    ImageOperation,
    ImageParams,
    LeakParams,
    Readout,
    SpikingEngine,
    SystolicParams,
)
from tospike.hw.snn.neuron import side_layout
from tospike.hw.snn.ring import states_in_ring
from tospike.hw.snn.serializer import lane_word_layout


class StatePlacement(StrEnum):
    """Where the membranes of event engines live."""

    BUILT = "built"
    """As the generator builds them: up to four words in a ring of registers, else in a memory."""
    MEMORY = "memory"
    """A memory: a word is read and written at every visit."""
    REGISTER = "register"
    """Registers, all of them clocked in every cycle: a word is written at every visit."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Access:
    """``count`` reads or writes of ``bits`` in a memory of ``capacity_bits``.

    ``capacity_bits`` 0: there is no memory, ``bits`` registers are written.
    """

    term: str
    count: Counts
    bits: int
    capacity_bits: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Arithmetic:
    """``count`` uses of ``instances`` equal units: a product of two widths, a leak, a sum."""

    term: str
    count: Counts
    instances: int
    multiply: tuple[int, int] | None = None
    add_bits: int = 0
    leak: LeakParams | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class EngineWork:
    """What one engine has and did."""

    name: str
    memory_bits: int
    """Of memories; states in registers are among the flip-flops."""
    accesses: tuple[Access, ...]
    arithmetic: tuple[Arithmetic, ...]
    busy: Counts
    """Cycles in which its datapath takes an operand or sweeps a word; in all others it idles."""
    moved_registers: int = 0
    """Flip-flops beyond those that are built, where the states are priced as if they were elsewhere."""


def engine_work(
    params: AcceleratorParams, counters: Mapping[str, ArrayLike], state: StatePlacement = StatePlacement.BUILT
) -> tuple[EngineWork, ...]:
    """What each engine did.

    Parameters
    ----------
    params
        The hardware.
    counters
        Its counters, by the names of ``hw.host.layout.counter_names``; of single samples, or totals.
    state
        Where event engines keep their membranes.
    """
    values = {name: np.atleast_1d(np.asarray(value, dtype=np.float64)) for name, value in counters.items()}
    return tuple(_engine(index, engine, state, _own(values, index)) for index, engine in enumerate(params.engines))


def _own(values: Mapping[str, Counts], index: int) -> dict[str, Counts]:
    """The counters of the whole, and those of engine ``index`` by their own names."""
    prefix = f"{index}."
    return {
        name.removeprefix(prefix): value for name, value in values.items() if "." not in name or name.startswith(prefix)
    }


def _engine(index: int, params: EngineParams, state: StatePlacement, counters: Mapping[str, Counts]) -> EngineWork:
    name = f"engine_{index}"
    match params:
        case EncoderParams():
            return _encoder(name, params, counters)
        case DeltaParams():
            return _delta(name, params, counters)
        case DelayParams():
            return _delay(name, params, counters)
        case EventParams():
            return _event(name, params, state, counters)
        case SystolicParams():
            return _systolic(name, params, counters)
        case ImageParams():
            return _image(name, params, counters)


def _encoder(name: str, params: EncoderParams, counters: Mapping[str, Counts]) -> EngineWork:
    """Non-zero values of a frame are stored, and scanned in every step but the first; phases go back."""
    bits = encoder_entry_bits(params)
    capacity = params.inputs * bits
    stored, scanned = counters["inputs"], counters["inputs"] * (params.steps - 1)
    written = stored + (scanned if params.phase_bits else 0)
    # an entry is added to its phase, or compared with a random number
    computed = scanned if params.encoding in (Encoding.RATE, Encoding.LFSR) else 0 * scanned
    accesses = (
        Access(term="activation_write", count=written, bits=bits, capacity_bits=capacity),
        Access(term="activation_read", count=scanned, bits=bits, capacity_bits=capacity),
        _tokens(counters, params.output.address_bits + params.output.payload.bits),
    )
    sums = Arithmetic(term="neuron_update", count=computed, instances=1, add_bits=params.payload.bits)
    return EngineWork(name=name, memory_bits=capacity, accesses=accesses, arithmetic=(sums,), busy=stored + scanned)


def _delta(name: str, params: DeltaParams, counters: Mapping[str, Counts]) -> EngineWork:
    """Every value is compared with the one that was last sent; a change takes its place."""
    came, bits, capacity = counters["inputs"], params.payload.bits, params.stored_bits
    accesses = (
        Access(term="activation_write", count=counters["written"], bits=bits, capacity_bits=capacity),
        Access(term="activation_read", count=came, bits=bits, capacity_bits=capacity),
        _tokens(counters, params.output.address_bits + params.output.payload.bits),
    )
    # a change upwards, one downwards, the amount
    units = 2 + params.amounts
    compared = Arithmetic(term="neuron_update", count=units * came, instances=units, add_bits=bits)
    return EngineWork(name=name, memory_bits=capacity, accesses=accesses, arithmetic=(compared,), busy=came)


def _delay(name: str, params: DelayParams, counters: Mapping[str, Counts]) -> EngineWork:
    """Each VALUE reads its delay, is written to the ring and cleared there; scans read entries."""
    came, scanned = counters["values"], counters["scanned"]
    (delays,) = engine_layout(params).memories(params)
    capacity, bits = params.stored_bits, params.payload.bits
    left = {"values": counters["sent"], "ticks": counters["ticks"], "samples": counters["samples"]}
    accesses = (
        Access(term="activation_read", count=came, bits=delays.width, capacity_bits=delays.bits),
        Access(term="activation_write", count=2 * came, bits=bits, capacity_bits=capacity),
        Access(term="activation_read", count=scanned, bits=bits, capacity_bits=capacity),
        _tokens(left, params.output.address_bits + bits),
    )
    return EngineWork(
        name=name, memory_bits=capacity + delays.bits, accesses=accesses, arithmetic=(), busy=came + scanned
    )


def _tokens(counters: Mapping[str, Counts], bits: int) -> Access:
    """Each token passes two registers of the stream, with its kind."""
    tokens = counters["values"] + counters["ticks"] + counters["samples"]
    return Access(term="token", count=2 * tokens, bits=bits + 2, capacity_bits=0)


def _event(name: str, params: EventParams, placement: StatePlacement, counters: Mapping[str, Counts]) -> EngineWork:
    """A word of weights per accumulation; a word of states in and out per accumulation and per sweep, on all lanes."""
    lanes, words, state = params.lanes, params.words, params.neuron.state_bits
    accumulated, swept = counters["synapse_words"], counters["sweep_words"]
    filled = {shape.name: shape for shape in engine_layout(params).memories(params)}
    weights = filled["weights"]
    built_in_registers = states_in_ring(params)
    in_registers = placement is StatePlacement.REGISTER or (placement is StatePlacement.BUILT and built_in_registers)
    state_bits = words * lanes * state
    visits = accumulated + swept
    accesses = [
        Access(term="weight_read", count=accumulated, bits=weights.width, capacity_bits=weights.bits),
        _tokens(counters, params.input.address_bits + params.input.payload.bits),
    ]
    if in_registers:
        # where it is a ring, it turns: every word moves on by one
        moved = state_bits if placement is StatePlacement.BUILT else lanes * state
        accesses.append(Access(term="state_write", count=visits, bits=moved, capacity_bits=0))
    else:
        accesses += [
            Access(term=term, count=visits, bits=lanes * state, capacity_bits=state_bits)
            for term in ("state_read", "state_write")
        ]
    side_bits = 0
    if params.neuron.has_side:
        side = lanes * side_layout(params.neuron).size
        side_bits = words * side if params.engine is SpikingEngine.EVENT else 0
        accesses += [
            Access(term=term, count=swept, bits=side, capacity_bits=side_bits)
            for term in (("state_read", "state_write") if side_bits else ("state_write",))
        ]
    begun = words * counters["samples"] if params.delta else swept  # words that get their bias
    if params.bias:
        bias = filled["bias"]
        accesses.append(Access(term="bias_read", count=begun, bits=bias.width, capacity_bits=bias.bits))
    counts_bits = 0
    if params.readout is Readout.COUNT:
        counts_bits = words * lanes * params.count_bits if params.engine is SpikingEngine.EVENT else 0
        accesses += [
            Access(term=term, count=swept, bits=lanes * params.count_bits, capacity_bits=counts_bits)
            for term in (("state_read", "state_write") if counts_bits else ("state_write",))
        ]
    # At most: spikes of one word share an entry, which no counter tells.
    queued = {
        Readout.SPIKES: counters["spikes"] + counters["ticks"] + counters["samples"],
        Readout.COUNT: words * counters["samples"],
        Readout.MEMBRANE: words * counters["samples"],
    }[params.readout]
    if params.sends_changes:
        queued = words * counters["ticks"] + counters["samples"]
    entry = lane_word_layout(params.swept, lanes, ragged=params.ragged).size
    queue_bits = queue_words(params) * entry
    # without a queue, one register is written
    queue_terms = ("queue_write", "queue_read") if queue_bits else ("queue_write",)
    accesses += [Access(term=term, count=queued, bits=entry, capacity_bits=queue_bits) for term in queue_terms]
    is_spike = params.payload == SPIKE
    window = params.neuron.taps if params.neuron.slides else ()
    arithmetic = [
        Arithmetic(
            term="sop" if is_spike else "mac",
            count=accumulated * lanes,
            instances=lanes,
            multiply=None if is_spike else (params.payload.bits, params.weight_bits),
            add_bits=state,
        ),
        Arithmetic(
            term="neuron_update",
            count=swept * lanes,
            instances=lanes,
            add_bits=state,
            leak=params.neuron.leak if params.neuron.kind.leaks else None,
        ),
        *(Arithmetic(term="neuron_update", count=swept * lanes, instances=lanes, add_bits=state) for _ in window),
        Arithmetic(term="spike", count=counters["spikes"], instances=lanes, add_bits=state),
    ]
    if params.activation is not None:
        results, factor = counters["results"], filled["multipliers"]
        waiting = activation_queue_bits(params)
        left = counters["activations"] + counters["samples"]
        if params.sends_changes:
            left = left + counters["ticks"]
            bits, capacity = params.activation.act.bits, last_sent_bits(params)
            accesses += [
                Access(term="activation_read", count=results, bits=bits, capacity_bits=capacity),
                Access(term="activation_write", count=counters["stored"], bits=bits, capacity_bits=capacity),
            ]
            # the difference, and a comparison for either sign
            arithmetic.append(Arithmetic(term="neuron_update", count=3 * results, instances=3, add_bits=bits + 1))
        accesses += [
            Access(term="multiplier_read", count=results, bits=factor.width, capacity_bits=factor.bits),
            *(
                Access(term=term, count=left, bits=activation_entry_bits(params), capacity_bits=waiting)
                for term in ("activation_write", "activation_read")
            ),
        ]
        arithmetic.append(
            Arithmetic(term="requantize", count=results, instances=1, multiply=(state, factor.width)),
        )
    if params.bias:
        arithmetic.append(Arithmetic(term="bias_add", count=begun * lanes, instances=lanes, add_bits=state))
    return EngineWork(
        name=name,
        memory_bits=sum(shape.bits for shape in filled.values())
        + (0 if in_registers else state_bits)
        + side_bits
        + counts_bits
        + queue_bits
        + activation_queue_bits(params)
        + last_sent_bits(params),
        accesses=tuple(accesses),
        arithmetic=tuple(arithmetic),
        busy=visits,
        moved_registers=state_bits * (in_registers - built_in_registers),
    )


def _systolic(name: str, params: SystolicParams, counters: Mapping[str, Counts]) -> EngineWork:
    """Operands by words; results pass the result buffer, a column at a time in, a row at a time out."""
    array = params.array
    acc = array.acc_bits
    frames, results = counters["frames"], counters["results"]
    weights, channels, layers = engine_layout(params).memories(params)
    activation_bits = activation_words(params) * array.rows * array.act.bits
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
        Access(term="state_write", count=frames * tiles * array.cols, bits=acc, capacity_bits=column_bits),
        Access(term="state_read", count=results * array.cols, bits=acc, capacity_bits=column_bits),
        # activations travel along the rows and weights down the columns: every PE passes both on
        Access(
            term="operand_shift",
            count=counters["act_words"] * array.macs_per_cycle,
            bits=array.act.bits + (array.weight_bits if array.dataflow is Dataflow.OS else acc),
            capacity_bits=0,
        ),
    ]
    memory_bits = weights.bits + channels.bits + layers.bits + activation_bits + array.cols * column_bits
    if array.dataflow is Dataflow.WS:
        partial_bits = max(layer.rows for layer in params.layers) * acc
        memory_bits += array.cols * partial_bits
        accesses += [
            Access(term=term, count=counters["act_words"] * array.cols, bits=acc, capacity_bits=partial_bits)
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


def _image(name: str, params: ImageParams, counters: Mapping[str, Counts]) -> EngineWork:
    """Operands from a bank for each row; results pass the tile buffer as those of the systolic engine do."""
    array = params.array
    acc, act = array.acc_bits, array.act.bits
    frames, results = counters["frames"], counters["results"]
    weights, channels, layers = engine_layout(params).memories(params)
    bank_bits = activation_words(params) * act
    column_bits = SLOTS * array.rows * acc
    stored = frames * params.input.addresses + results - frames * params.output.addresses
    tiles = sum(layer.tiles[0] * layer.tiles[1] * layer.passes(array.cols) for layer in params.layers)
    maxima = [layer for layer in params.layers if layer.operation is ImageOperation.MAXIMUM]
    compared = sum(layer.tiles[0] * layer.tiles[1] * layer.outputs * layer.depth for layer in maxima)
    accesses = (
        Access(term="weight_read", count=counters["weight_words"], bits=weights.width, capacity_bits=weights.bits),
        Access(term="activation_read", count=counters["act_words"] * array.rows, bits=act, capacity_bits=bank_bits),
        Access(term="activation_write", count=stored, bits=act, capacity_bits=bank_bits),
        Access(term="bias_read", count=results, bits=acc, capacity_bits=channels.bits),
        Access(
            term="multiplier_read", count=results, bits=params.requantize.multiplier_bits, capacity_bits=channels.bits
        ),
        Access(term="control", count=frames * len(params.layers), bits=layers.width, capacity_bits=layers.bits),
        Access(term="state_write", count=frames * tiles * array.macs_per_cycle, bits=acc, capacity_bits=column_bits),
        Access(term="state_read", count=results * array.cols, bits=acc, capacity_bits=column_bits),
        Access(
            term="operand_shift",
            count=counters["act_words"] * array.macs_per_cycle,
            bits=act + array.weight_bits,
            capacity_bits=0,
        ),
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
        memory_bits=weights.bits + channels.bits + layers.bits + array.rows * bank_bits + array.cols * column_bits,
        accesses=accesses,
        arithmetic=arithmetic,
        busy=counters["act_words"],
    )
