"""Whatever beats come, an accelerator ends what they began, says so in STATUS, and is right about the next sample."""

import random
from dataclasses import replace

import pytest
from amaranth.hdl import *
from amaranth.sim import Simulator
from support.accelerator_bench import read_counters, read_register
from support.beats import send_beats
from support.conv_engine import Maker
from support.designs import DESIGNS, core

from tospike.gen.emit.beats import input_beats, output_words
from tospike.gen.emit.memory_init import pack
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.hw.accelerator import Accelerator
from tospike.hw.host.layout import Register
from tospike.hw.host.register_map import ERRORS
from tospike.hw.params import (
    AcceleratorParams,
    DelayParams,
    EventWindow,
    HostInput,
    HostOutput,
    LifParams,
    Readout,
    RegisterParams,
    SpikingParams,
)
from tospike.sim import accelerator as golden

ALL_ERRORS = sum(error.mask for error in ERRORS)


def from_tokens(engine, **options):
    return AcceleratorParams(name="tokens", engines=(engine,), host_input=HostInput.TOKENS, **options)


CORE = replace(core(Readout.COUNT).engines[0], writable=False)
IN_REGISTERS = RegisterParams(
    inputs=CORE.inputs, neurons=CORE.neurons, neuron=CORE.neuron, weight_bits=CORE.weight_bits, readout=CORE.readout
)
WINDOW = EventWindow(shape=(2, 4, 6), channels=4, kernel=(2, 3), stride=(1, 2), pool=(2, 1))
TRAINED = {
    "count": from_tokens(CORE),
    "recurrent": from_tokens(replace(CORE, recurrent=True)),
    "register": from_tokens(IN_REGISTERS),
    "spikes": from_tokens(replace(CORE, readout=Readout.SPIKES), host_output=HostOutput.TOKENS),
    "first-spike": from_tokens(replace(CORE, readout=Readout.SPIKES), host_output=HostOutput.FIRST_SPIKE),
    "window": from_tokens(
        SpikingParams(
            inputs=48, neurons=WINDOW.neurons, lanes=2, window=WINDOW, neuron=LifParams(), readout=Readout.COUNT
        )
    ),
    "delayed": AcceleratorParams(
        name="delayed", engines=(DelayParams(inputs=9, longest=3), CORE), host_input=HostInput.TOKENS
    ),
    **{
        name: DESIGNS[name][0]
        for name in ("early", "delays", "recordings", "rate-membrane", "delta", "delta-ann", "os")
    },
}


def image():
    maker = Maker((1, 3, 4), seed=3).conv(2, (2, 2)).max_pool((2, 1))
    return maker.dense(4).logits().design(2, 3)


def design_of(name):
    return image() if name == "image" else random_design(TRAINED[name], seed=3)


class Bench:
    """An accelerator in Amaranth's simulator, its output always taken."""

    def __init__(self, design):
        self.params = design.params
        self.dut = Accelerator(design.params, pack(design), version="0.1.0", config_hash=1)
        self.reset = Signal()
        self.answers, self.words = [], []

    async def sink(self, ctx):
        axis = self.dut.m_axis
        ctx.set(axis.tready, 1)
        async for _, _, valid, word, last in ctx.tick().sample(axis.tvalid, axis.tdata, axis.tlast):
            if valid:
                self.words.append(word)
            if valid and last:
                self.answers.append(self.words)
                self.words = []

    async def clear(self, ctx):
        axi = self.dut.s_axi
        signals = (axi.awaddr, axi.awvalid, axi.wdata, axi.wstrb, axi.wvalid, axi.bready)
        for signal, value in zip(signals, (Register.CONTROL, 1, 3, 15, 1, 1), strict=True):
            ctx.set(signal, value)
        await ctx.tick().until(axi.awready)
        ctx.set(axi.awvalid, 0)
        ctx.set(axi.wvalid, 0)
        await ctx.tick().until(axi.bvalid)

    async def idle(self, ctx):
        """STATUS, as soon as it is not busy: the error flags."""
        while (status := await read_register(ctx, self.dut.s_axi, Register.STATUS)) & 1:
            pass
        return status

    async def counters(self, ctx):
        return await read_counters(ctx, self.dut.s_axi, self.params)

    def run(self, session, *, max_cycles=60_000):
        sim = Simulator(Fragment.get(ResetInserter(self.reset)(self.dut), None))
        sim.add_clock(1e-6)
        sim.add_testbench(session)
        sim.add_testbench(self.sink, background=True)

        async def watchdog(ctx):
            for _ in range(max_cycles):
                await ctx.tick()
            raise AssertionError(f"no end after {max_cycles} cycles")

        sim.add_testbench(watchdog, background=True)
        sim.run()


def nonsense(params, rng):
    """Beats that break every rule, and how many samples they end."""
    if params.host_input is HostInput.TOKENS:
        addresses, kinds = params.input.addresses, [0] * 8 + [1, 1, 2, 3]
        words = [
            rng.randrange(addresses + 2)
            | rng.choice([0, 1, 1, 3, rng.randrange(1 << 14)]) << 16
            | rng.choice(kinds) << 30
            for _ in range(80)
        ]
        words.append(2 << 30)
        return [(word, rng.randrange(2)) for word in words], sum(word >> 30 == 2 for word in words)
    if params.host_input is HostInput.EVENTS:
        beats = [(rng.choice([rng.randrange(12), rng.randrange(600)]), rng.random() < 0.05) for _ in range(60)]
    else:
        beats = [(rng.getrandbits(32), rng.random() < 0.3) for _ in range(24)]
    beats[-1] = (1, True)
    return beats, sum(last for _, last in beats)


def expected_words(params, result, index):
    return [value & 0xFFFF_FFFF for value in output_words(params, result, index)]


@pytest.mark.parametrize("name", [*TRAINED, "image"])
def test_nonsense_ends_and_what_follows_is_exact(name):
    """BenchOutput, STATUS, busy and every counter, to the cycle."""
    design = design_of(name)
    params = design.params
    samples = random_samples(design, 3, seed=1)[1:]
    expected = golden.run(design, samples)
    bench = Bench(design)
    rng = random.Random(name)

    async def session(ctx):
        for index, sample in enumerate(samples):
            await bench.idle(ctx)
            bench.answers.clear()
            beats, ends = nonsense(params, rng)
            await send_beats(ctx, bench.dut.s_axis, beats, stall=0.1 * index)
            assert await bench.idle(ctx) > 1, "an error flag"
            assert len(bench.answers) == ends and not bench.words
            await bench.clear(ctx)
            await send_beats(ctx, bench.dut.s_axis, [(beat.data, beat.last) for beat in input_beats(params, sample)])
            assert await bench.idle(ctx) == 0
            assert bench.answers[ends:] == [expected_words(params, expected, index)]
            counters = await bench.counters(ctx)
            assert counters.pop("cycles") == expected.cycles[index]
            assert counters == {counter: int(expected.counters[counter][index]) for counter in counters}

    bench.run(session)


@pytest.mark.parametrize("ends_by_reset", [False, True])
@pytest.mark.parametrize("name", ["count", "recurrent", "window", "recordings", "rate-membrane", "os", "image"])
def test_a_sample_that_was_broken_off(name, ends_by_reset):
    """It is busy until its end comes, by an END or TLAST, or a reset; then the next one is exact, to the cycle."""
    design = design_of(name)
    params = design.params
    sample = random_samples(design, 2, seed=1)[1:]
    expected = golden.run(design, sample)
    beats = [(beat.data, beat.last) for beat in input_beats(params, sample[0])]
    bench = Bench(design)

    async def session(ctx):
        await bench.idle(ctx)
        await send_beats(ctx, bench.dut.s_axis, beats[: len(beats) // 2])
        await ctx.tick().repeat(3000)
        assert await read_register(ctx, bench.dut.s_axi, Register.STATUS) & 1
        if ends_by_reset:
            ctx.set(bench.reset, 1)
            await ctx.tick()
            ctx.set(bench.reset, 0)
        else:
            await send_beats(ctx, bench.dut.s_axis, beats[-1:])
        await bench.idle(ctx)
        assert len(bench.answers) == (not ends_by_reset)
        await bench.clear(ctx)
        await send_beats(ctx, bench.dut.s_axis, beats)
        assert await bench.idle(ctx) == 0
        assert bench.answers[-1] == expected_words(params, expected, 0)
        assert (await bench.counters(ctx))["cycles"] == expected.cycles[0]

    bench.run(session)
