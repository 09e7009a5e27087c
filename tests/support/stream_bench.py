"""Producers, consumers and a runner for unit tests in Amaranth's simulator."""

import random

from amaranth.hdl import Fragment
from amaranth.sim import Simulator

from tospike.hw.params import Encoding, TokenKind

TICK = (TokenKind.TICK, 0, 0)
END = (TokenKind.END, 0, 0)

ONE_FRAME = [encoding for encoding in Encoding if not encoding.code.takes_frames]
"""Encodings of `tospike.hw.encoders.encoder.Encoder`."""


def value(address, payload=1):
    return (TokenKind.VALUE, address, payload)


def as_token(payload):
    """(kind, address, payload) of a token's data.Const."""
    return (TokenKind(payload.kind), int(payload.address), int(payload.payload))


async def send(ctx, stream, payloads, *, stall=0.0, seed=0):
    """Sends each payload; some are there but not yet valid, for another cycle with probability ``stall``."""
    rng = random.Random(seed)
    for payload in payloads:
        ctx.set(stream.payload, payload)
        while rng.random() < stall:
            await ctx.tick()
        ctx.set(stream.valid, 1)
        await ctx.tick().until(stream.ready)
        ctx.set(stream.valid, 0)


async def write_config(ctx, dut, writes):
    """Write (region, index, chunk) to the configuration port, one per cycle."""
    for region, index, chunk in writes:
        for name, word in {"valid": 1, "region": region, "index": index, "data": chunk}.items():
            ctx.set(getattr(dut.config, name), word)
        await ctx.tick()
    ctx.set(dut.config.valid, 0)


async def send_tokens(ctx, stream, tokens, **options):
    """Sends (kind, address, payload) tuples."""
    fields = ("kind", "address", "payload")
    await send(ctx, stream, [dict(zip(fields, t, strict=True)) for t in tokens], **options)


async def receive(ctx, stream, count, *, stall=0.0, seed=1, convert=lambda payload: payload):
    """Receives ``count`` payloads; refuses with probability ``stall`` per cycle. Checks that a payload is held."""
    rng = random.Random(seed)
    received = []
    held = None
    while len(received) < count:
        ready = rng.random() >= stall
        ctx.set(stream.ready, ready)
        _, _, valid, payload = await ctx.tick().sample(stream.valid, stream.payload)
        if held is not None:
            assert valid, "valid fell before the transfer"
            assert convert(payload) == held, "the payload changed before the transfer"
        held = None
        if valid and ready:
            received.append(convert(payload))
        elif valid:
            held = convert(payload)
    ctx.set(stream.ready, 0)
    return received


def simulate(dut, *benches, background=(), max_cycles=100_000):
    """Runs the test benches to their end and returns what each returned; fails after ``max_cycles``."""
    sim = Simulator(Fragment.get(dut, None))
    sim.add_clock(1e-6)
    results = [None] * len(benches)
    running = set(range(len(benches)))

    def wrap(index, bench):
        async def run(ctx):
            results[index] = await bench(ctx)
            running.discard(index)

        return run

    for index, bench in enumerate(benches):
        sim.add_testbench(wrap(index, bench))
    for bench in background:
        sim.add_testbench(bench, background=True)

    async def watchdog(ctx):
        for _ in range(max_cycles):
            await ctx.tick()
        raise AssertionError(f"no end after {max_cycles} cycles")

    sim.add_testbench(watchdog, background=True)
    sim.run()
    return results


def train_tokens(train):
    """The VALUEs of each step that are not 0, its TICK, and an END."""
    steps = [[*(value(a, int(v)) for a, v in enumerate(step) if v), TICK] for step in train]
    return [token for step in steps for token in step] + [END]


def frame_tokens(frames):
    """The tokens of (N, values) frames, zeros included, each with an END."""
    return [token for frame in frames for token in [*(value(a, int(v)) for a, v in enumerate(frame)), END]]


def check_encoder_engine(dut, sent, expected, names, golden, *, stall):
    """Send tokens to an engine in front of a chain: what leaves is ``expected``, counters by ``names`` are golden's."""

    async def producer(ctx):
        await send_tokens(ctx, dut.i, sent, stall=stall)

    async def consumer(ctx):
        received = await receive(ctx, dut.o, len(expected), stall=stall, convert=as_token)
        await ctx.tick().repeat(3)
        assert not ctx.get(dut.busy)
        return received, {name: ctx.get(dut.counters[name]) for name in names}

    received, counters = simulate(dut, producer, consumer)[1]
    assert received == expected
    assert counters == {name: int(counts.sum()) for name, counts in golden.counters.items()}
