"""Whole chains in Amaranth's simulator, host beat to host beat."""

import numpy as np
from amaranth.hdl import *
from amaranth.lib.wiring import connect
from support.event_engine import packed, random_decays, random_neuron, random_update
from support.stream_bench import ONE_FRAME, simulate

from tospike.hw.accelerator import make_engine, make_output
from tospike.hw.encoders import delay_layout
from tospike.hw.encoders.delay import Delay
from tospike.hw.encoders.delta import DeltaEncoder
from tospike.hw.encoders.encoder import Encoder
from tospike.hw.host.input import DenseInput, TokenInput
from tospike.hw.host.layout import engine_layout
from tospike.hw.params import (
    SPIKE,
    WORD_ADDRESS,
    WORD_KIND,
    WORD_PAYLOAD,
    AcceleratorParams,
    DelayParams,
    DeltaParams,
    EncoderParams,
    Encoding,
    HostInput,
    HostOutput,
    IntFormat,
    NeuronKind,
    Readout,
    SpikingParams,
    TokenKind,
)
from tospike.sim.accelerator import first_spikes
from tospike.sim.cycles.chain import chain_cycles
from tospike.sim.encoders.delay import run_delay
from tospike.sim.encoders.encoder import run_delta, run_encoder
from tospike.sim.spiking.golden import run_event


def random_chain(rng):
    """An encoder or none, 1 to 3 engines, some with delays before them, their weights and biases, and 3 samples."""

    def choose(*options):
        return options[rng.integers(len(options))]

    inputs, steps = choose(1, 5, 9), choose(1, 2, 4)
    payload = choose(SPIKE, IntFormat(bits=4, signed=True), IntFormat(bits=4, signed=False))
    engines = []
    from_tokens = choose(False, False, True)
    if not from_tokens:
        encoding = Encoding.DIRECT if payload.signed else choose(*Encoding)
        if encoding is Encoding.DELTA and payload != SPIKE:
            threshold = int(choose(0, 3, payload.max - 1))
            engines.append(DeltaParams(inputs=inputs, steps=steps, threshold=threshold, payload=payload))
        else:
            encoding = choose(*ONE_FRAME) if encoding is Encoding.DELTA else encoding
            engines.append(EncoderParams(inputs=inputs, steps=steps, encoding=encoding, payload=payload))
    depth = choose(1, 2, 3)
    synapses = []
    for place in range(depth):
        before = engines[-1].output if engines else None
        if choose(False, False, True):
            before = DelayParams(
                inputs=before.addresses if before else inputs,
                longest=choose(1, 2, 5),
                payload=before.payload if before else payload,
            )
            engines.append(before)
            synapses.append(rng.integers(0, before.longest, before.inputs, endpoint=True))
            before = before.output
        readout = choose(*Readout) if place == depth - 1 else Readout.SPIKES
        kinds = [kind for kind in NeuronKind if kind.spikes or readout is Readout.MEMBRANE]
        neuron = random_neuron(rng, choose(*kinds))
        bias = choose(False, True)
        params = SpikingParams(
            inputs=before.addresses if before else inputs,
            neurons=choose(1, 7, 8, 9, 20),
            lanes=choose(1, 3, 8),
            payload=before.payload if before else payload,
            weight_bits=4,
            neuron=neuron,
            readout=readout,
            count_bits=choose(1, 8),
            bias=bias,
            recurrent=readout is not Readout.MEMBRANE and choose(False, True),
            update=random_update(rng, neuron, bias),
        )
        engines.append(params)
        weight = rng.integers(-8, 8, (params.neurons, params.inputs))
        recurrent = rng.integers(-8, 8, (params.neurons, params.neurons)) if params.recurrent else None
        bias = rng.integers(-8, 8, params.neurons) * params.bias
        synapses.append((weight, bias, recurrent, random_decays(rng, params)))
    others = [HostOutput.FIRST_SPIKE, HostOutput.EARLY] if readout is Readout.SPIKES else [HostOutput.DENSE]
    host_output = choose(HostOutput.TOKENS, *(others if params.neurons > 1 else others[:1]))
    chain = AcceleratorParams(
        name="chain",
        engines=tuple(engines),
        host_input=HostInput.TOKENS if from_tokens else HostInput.DENSE,
        host_output=host_output,
        decision_steps=steps if host_output is HostOutput.EARLY else None,
    )
    has_steps = from_tokens or isinstance(engines[0], DeltaParams)
    shape = (3, steps, inputs) if has_steps else (3, inputs)
    values = rng.integers(payload.min, payload.max + 1, shape)
    return chain, synapses, values * (rng.random(shape) < choose(0.0, 0.3, 1.0))


def token_word(kind, address=0, payload=0):
    fields = ((kind, WORD_KIND), (address, WORD_ADDRESS), (payload, WORD_PAYLOAD))
    return sum((field & ((1 << width) - 1)) << low for field, (low, width) in fields)


def frame_words(values):
    return [token_word(TokenKind.VALUE, a, int(v)) for a, v in enumerate(values) if v]


def train_words(train):
    words = [word for step in train for word in [*frame_words(step), token_word(TokenKind.TICK)]]
    return [*words, token_word(TokenKind.END)]


def input_beats(chain, sample):
    """(data, last) of each beat."""
    if chain.host_input is HostInput.TOKENS:
        words = train_words(sample)
    else:
        frames = np.atleast_2d(sample)
        padded = np.zeros((len(frames), -(-frames.shape[1] // 4) * 4), dtype=np.int64)
        padded[:, : frames.shape[1]] = frames
        words = [int.from_bytes((beat & 0xFF).astype(np.uint8).tobytes(), "little") for beat in padded.reshape(-1, 4)]
    return [(word, index == len(words) - 1) for index, word in enumerate(words)]


def expected_words(chain, run, sample):
    if chain.host_output is HostOutput.FIRST_SPIKE:
        return [int(first_spikes(run.spikes)[sample])]
    if chain.host_output is HostOutput.EARLY:
        return [int(np.argmax(run.spikes[sample].sum(axis=0, dtype=int)))]
    if chain.host_output is HostOutput.DENSE:
        return [int(v) & 0xFFFF_FFFF for v in run.outputs[sample]]
    if chain.engines[-1].readout is Readout.SPIKES:
        return train_words(run.spikes[sample])
    return [*frame_words(run.outputs[sample]), token_word(TokenKind.END)]


def run_rtl(chain, synapses, samples):
    """(words, cycles) of each sample, and each engine's counters."""
    m = Module()
    if chain.host_input is HostInput.DENSE:
        is_delta = isinstance(chain.engines[0], DeltaParams)
        source = DenseInput(
            chain.input, send_zeros=is_delta, frames=chain.input_frames, field_bits=chain.input_field_bits
        )
    else:
        source = TokenInput(chain.input)
    sink = make_output(chain)
    waiting = list(synapses)
    engines = []
    for params in chain.engines:
        if isinstance(params, EncoderParams):
            engines.append(Encoder(params))
        elif isinstance(params, DeltaParams):
            engines.append(DeltaEncoder(params))
        elif isinstance(params, DelayParams):
            engines.append(Delay(params, delay_layout.pack(params, waiting.pop(0).tolist())))
        else:
            engines.append(make_engine(params, packed(params, *waiting.pop(0)), 0))
    m.submodules += [source, *engines, sink]
    for before, after in zip([source, *engines], [*engines, sink], strict=True):
        connect(m, before.o, after.i)

    async def rest(ctx):
        while any(ctx.get(part.busy) for part in [*engines, *([sink] if chain.decision_steps else [])]):
            await ctx.tick()

    async def bench(ctx):
        results = []
        ctx.set(sink.o.tready, 1)
        for sample in samples:
            await rest(ctx)
            beats = input_beats(chain, sample)
            taken, cycles, words, last = 0, 0, [], False
            while not last or taken < len(beats):  # a first spike may come before the sample's end
                ctx.set(source.i.tvalid, taken < len(beats))
                if taken < len(beats):
                    ctx.set(source.i.tdata, beats[taken][0])
                    ctx.set(source.i.tlast, beats[taken][1])
                *_, ready, valid, word, last_word = await ctx.tick().sample(
                    source.i.tready, sink.o.tvalid, sink.o.tdata, sink.o.tlast
                )
                taken += ready and taken < len(beats)
                cycles += taken > 0 and not last
                if valid:
                    words.append(word)
                    last = last or last_word
            ctx.set(source.i.tvalid, 0)
            results.append((words, cycles))
        await rest(ctx)
        counters = [
            {name: ctx.get(engine.counters[name]) for name in engine_layout(engine.params).counter_names(engine.params)}
            for engine in engines
        ]
        return results, counters

    return simulate(m, bench)[0]


def run_golden(chain, synapses, samples):
    """What the host sends, and what each engine does."""
    frames = samples[:, None] if samples.ndim == 2 else samples
    synapses, sent, runs = iter(synapses), frames, []
    for params in chain.engines:
        if isinstance(params, EncoderParams):
            runs.append(run_encoder(params, samples))
        elif isinstance(params, DeltaParams):
            runs.append(run_delta(params, samples))
        elif isinstance(params, DelayParams):
            runs.append(run_delay(params, next(synapses), sent))
        else:
            weight, bias, *others = next(synapses)
            runs.append(run_event(params, weight, bias, sent, *others))
        sent = runs[-1].sent
    return frames, runs


def check_chain(chain, synapses, samples):
    frames, runs = run_golden(chain, synapses, samples)
    cycles = chain_cycles(chain, frames, runs)
    results, counters = run_rtl(chain, synapses, samples)
    for sample, (words, _) in enumerate(results):
        assert words == expected_words(chain, runs[-1], sample)
    assert counters == [{name: int(count.sum()) for name, count in run.counters.items()} for run in runs]
    assert [taken for _, taken in results] == cycles.tolist()
