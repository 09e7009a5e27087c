"""What the counters of encoders, delays and event engines mean: see `tospike.compare.energy.counters.hardware`."""

from collections.abc import Mapping

from tospike.compare.energy.activity import Counts
from tospike.compare.energy.counters.work import Access, Arithmetic, EngineWork, StatePlacement, token_registers
from tospike.compare.energy.counts.operands import (
    activation_entry_bits,
    activation_queue_bits,
    encoder_entry_bits,
    last_sent_bits,
    queue_words,
)
from tospike.hw.host.layout import engine_layout
from tospike.hw.params import (
    SPIKE,
    BridgeParams,
    DelayParams,
    DeltaParams,
    EncoderParams,
    EventParams,
    Readout,
)
from tospike.hw.spiking.neurons import aux_layout
from tospike.hw.spiking.serializer import lane_word_layout


def encoder_work(
    name: str, params: EncoderParams, placement: StatePlacement, counters: Mapping[str, Counts]
) -> EngineWork:
    """Return the work of an encoder: non-zero values are stored and scanned in every step after the first; states are
    written back."""
    bits = encoder_entry_bits(params)
    capacity = params.buffer_entries * bits
    received = counters["inputs"]
    stored = received if params.buffer_entries else 0 * received
    scanned = stored * (params.steps - 1)
    written = stored + (scanned if params.state_bits else 0)
    computed = scanned if params.encoding.code.computes else 0 * scanned
    accesses = (
        Access(term="activation_write", count=written, bits=bits, capacity_bits=capacity),
        Access(term="activation_read", count=scanned, bits=bits, capacity_bits=capacity),
        token_registers(counters, params.output.address_bits + params.output.payload.bits),
    )
    sums = Arithmetic(term="neuron_update", count=computed, instances=1, add_bits=params.payload.bits)
    return EngineWork(name=name, memory_bits=capacity, accesses=accesses, arithmetic=(sums,), busy=received + scanned)


def delta_work(name: str, params: DeltaParams, placement: StatePlacement, counters: Mapping[str, Counts]) -> EngineWork:
    """Return the work of a delta encoder: every value is compared with the value last sent, which a change replaces."""
    received, bits, capacity = counters["inputs"], params.payload.bits, params.stored_bits
    accesses = (
        Access(term="activation_write", count=counters["written"], bits=bits, capacity_bits=capacity),
        Access(term="activation_read", count=received, bits=bits, capacity_bits=capacity),
        token_registers(counters, params.output.address_bits + params.output.payload.bits),
    )
    # an increase, a decrease, the amount
    units = 2 + params.amounts
    compared = Arithmetic(term="neuron_update", count=units * received, instances=units, add_bits=bits)
    return EngineWork(name=name, memory_bits=capacity, accesses=accesses, arithmetic=(compared,), busy=received)


def delay_work(name: str, params: DelayParams, placement: StatePlacement, counters: Mapping[str, Counts]) -> EngineWork:
    """Return the work of a delay: each VALUE reads its delay, is written to the ring and cleared; scans read
    entries."""
    received, scanned = counters["values"], counters["scanned"]
    (delays,) = engine_layout(params).memories(params)
    capacity, bits = params.stored_bits, params.payload.bits
    tokens = {"values": counters["sent"], "ticks": counters["ticks"], "samples": counters["samples"]}
    accesses = (
        Access(term="activation_read", count=received, bits=delays.width, capacity_bits=delays.bits),
        Access(term="activation_write", count=2 * received, bits=bits, capacity_bits=capacity),
        Access(term="activation_read", count=scanned, bits=bits, capacity_bits=capacity),
        token_registers(tokens, params.output.address_bits + bits),
    )
    return EngineWork(
        name=name, memory_bits=capacity + delays.bits, accesses=accesses, arithmetic=(), busy=received + scanned
    )


def bridge_work(
    name: str, params: BridgeParams, placement: StatePlacement, counters: Mapping[str, Counts]
) -> EngineWork:
    """Return the work of a bridge: a word is written per VALUE received and read per VALUE scanned, and perhaps
    written back; sums are also read. A code that is not graded adds or compares each word of a scan."""
    received, scanned, bits = counters["values"], counters["scanned"], params.word_bits
    capacity = params.inputs * bits
    read = scanned + received if params.adds else scanned
    written = received + params.written_back * counters["samples"]
    compares = params.code is not None and not params.code.is_graded
    computed = received if params.adds else scanned if compares else 0 * scanned
    tokens = {"values": counters["sent"], "ticks": 0 * received, "samples": counters["samples"]}
    accesses = (
        Access(term="activation_write", count=written, bits=bits, capacity_bits=capacity),
        Access(term="activation_read", count=read, bits=bits, capacity_bits=capacity),
        token_registers(tokens, params.output.address_bits + bits),
    )
    sums = Arithmetic(
        term="neuron_update", count=computed, instances=int(params.adds or compares), add_bits=params.stored.bits
    )
    return EngineWork(name=name, memory_bits=capacity, accesses=accesses, arithmetic=(sums,), busy=received + scanned)


def event_work(name: str, params: EventParams, placement: StatePlacement, counters: Mapping[str, Counts]) -> EngineWork:
    """Return the work of an event engine, on all lanes: a word of weights per accumulation; a word of states read and
    written per accumulation and per update."""
    lanes, words, state = params.lanes, params.words, params.neuron.state_bits
    accumulated, updated = counters["synapse_words"], counters["update_words"]
    filled = {shape.name: shape for shape in engine_layout(params).memories(params)}
    weights = filled["weights"]
    built_in_registers = params.states_in_ring
    in_registers = placement is StatePlacement.REGISTER or (placement is StatePlacement.BUILT and built_in_registers)
    state_bits = words * lanes * state
    visits = accumulated + updated
    accesses = [
        Access(term="weight_read", count=accumulated, bits=weights.width, capacity_bits=weights.bits),
        token_registers(counters, params.input.address_bits + params.input.payload.bits),
    ]
    if in_registers:
        # a ring shifts: every word moves by one position
        moved = state_bits if placement is StatePlacement.BUILT else lanes * state
        accesses.append(Access(term="state_write", count=visits, bits=moved, capacity_bits=0))
    else:
        accesses += [
            Access(term=term, count=visits, bits=lanes * state, capacity_bits=state_bits)
            for term in ("state_read", "state_write")
        ]
    aux_bits = 0
    if params.neuron.has_aux:
        aux = lanes * aux_layout(params.neuron).size
        aux_bits = words * aux if not params.in_registers else 0
        accesses += [
            Access(term=term, count=updated, bits=aux, capacity_bits=aux_bits)
            for term in (("state_read", "state_write") if aux_bits else ("state_write",))
        ]
    if params.neuron.varying:
        own = filled["decays"]
        accesses.append(Access(term="multiplier_read", count=updated, bits=own.width, capacity_bits=own.bits))
    noise = params.neuron.noise
    if noise is not None:
        accesses.append(Access(term="state_write", count=updated, bits=noise.register_bits(lanes), capacity_bits=0))
    begun = words * counters["samples"] if params.keeps_membranes else updated  # words to which the bias is added
    if params.bias:
        bias = filled["bias"]
        accesses.append(Access(term="bias_read", count=begun, bits=bias.width, capacity_bits=bias.bits))
    counts_bits = 0
    if params.readout is Readout.COUNT:
        counts_bits = words * lanes * params.count_bits if not params.in_registers else 0
        accesses += [
            Access(term=term, count=updated, bits=lanes * params.count_bits, capacity_bits=counts_bits)
            for term in (("state_read", "state_write") if counts_bits else ("state_write",))
        ]
    # An upper bound: spikes of one word share an entry, which no counter shows.
    queued = {
        Readout.SPIKES: counters["spikes"] + counters["ticks"] + counters["samples"],
        Readout.COUNT: words * counters["samples"],
        Readout.MEMBRANE: words * counters["samples"],
    }[params.readout]
    if params.sends_changes:
        queued = words * counters["ticks"] + counters["samples"]
    entry = lane_word_layout(params.updated, lanes, ragged=params.ragged).size
    queue_bits = queue_words(params) * entry
    # without a queue, one register is written
    queue_terms = ("queue_write", "queue_read") if queue_bits else ("queue_write",)
    accesses += [Access(term=term, count=queued, bits=entry, capacity_bits=queue_bits) for term in queue_terms]
    is_spike = params.payload == SPIKE
    sums = range(params.neuron.join_additions + params.neuron.threshold_additions)
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
            count=updated * lanes,
            instances=lanes,
            add_bits=state,
            leak=params.neuron.leaks.get("membrane"),
        ),
        *(Arithmetic(term="neuron_update", count=updated * lanes, instances=lanes, add_bits=state) for _ in sums),
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
            # the difference, and a comparison for each sign
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
        + aux_bits
        + counts_bits
        + queue_bits
        + activation_queue_bits(params)
        + last_sent_bits(params),
        accesses=tuple(accesses),
        arithmetic=tuple(arithmetic),
        busy=visits,
        moved_registers=state_bits * (in_registers - built_in_registers),
    )
