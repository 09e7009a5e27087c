"""The cochlea's RTL against its golden model, to the token, with stalls, and through Verilog to the cycle."""

import numpy as np
import pytest
from support.cochlea import cochlea
from support.simulators import QUICK
from support.stream_bench import (
    END,
    as_token,
    check_encoder_engine,
    frame_tokens,
    receive,
    send_tokens,
    simulate,
    train_tokens,
    value,
)

from tospike.gen.emit.folder import build
from tospike.gen.emit.memory_init import pack
from tospike.gen.emit.random_design import random_design
from tospike.gen.tools.cache import Cache
from tospike.hw.cochlea.engine import Cochlea
from tospike.hw.cochlea.layout import counter_names, sample_cycles
from tospike.hw.params import (
    AcceleratorParams,
    CochleaCode,
    Compression,
    Contents,
    IntFormat,
    Readout,
    SpikingParams,
)
from tospike.sim.accelerator import run
from tospike.sim.cochlea import timing
from tospike.sim.cochlea.golden import run_cochlea
from tospike.tb.replay.replay import replay

LIF, DELTA, LEVELS = CochleaCode


def sounds(params, seed=0):
    """Silence, full scale at both ends, a step, noise, and quiet noise."""
    rng = np.random.default_rng(seed)
    shape = (params.steps, params.hop)
    low, high = params.payload.min, params.payload.max
    square = np.where(np.arange(params.samples) % 7 < 4, high, low).reshape(shape)
    noise = rng.integers(low, high + 1, shape)
    return np.stack([np.zeros(shape, int), square, np.full(shape, low), noise, noise // 64])


def tokens(params, sent):
    if params.sends is Contents.TRAIN:
        return [token for train in sent for token in train_tokens(train)]
    return [
        token
        for frame in sent[:, 0]
        for token in [*(value(i, int(v)) for i, v in enumerate(frame) if v or not params.sparse), END]
    ]


def check(params, x, stall):
    golden = run_cochlea(params, x)
    sent, expected = frame_tokens(x.reshape(-1, params.hop)), tokens(params, golden.sent)
    check_encoder_engine(Cochlea(params), sent, expected, counter_names(params), golden, stall=stall)


CASES = {
    "one channel, one sample, one bin": cochlea(1, sections=1, hop=1, steps=1, code=LIF, threshold=3),
    "one section": cochlea(5, sections=1, code=LIF, threshold=90, leak_shift=2, multipliers=2),
    "ragged groups": cochlea(7, code=DELTA, threshold=4, multipliers=3, fraction_bits=2),
    "four groups of one": cochlea(4, sections=3, guard_bits=0, compression=Compression.SHIFT),
    "all at once": cochlea(6, multipliers=6, floor=70, level_bits=5, sparse=True),
    "five in one": cochlea(5, bits=8, sections=4, fraction_bits=0, sent=IntFormat(bits=9, signed=True)),
    "saturated": cochlea(2, headroom_bits=0, guard_bits=1, hop=40, steps=2, code=LIF, threshold=30),
    "bytes": cochlea(3, payload=IntFormat(bits=8, signed=True), code=LIF, threshold=60, multipliers=2),
}


@pytest.mark.parametrize("stall", [0.0, 0.4])
@pytest.mark.parametrize("name", CASES)
def test_rtl_equals_golden(name, stall):
    check(CASES[name], sounds(CASES[name]), stall)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(30))
def test_random_cochleas(seed):
    rng = np.random.default_rng(seed)
    channels = int(rng.choice([1, 2, 3, 9, 16, 33, 64]))
    code = CochleaCode(rng.choice(list(CochleaCode)))
    knobs = {"threshold": int(rng.integers(1, 100))} if code is not LEVELS else {"sparse": bool(rng.integers(2))}
    params = cochlea(
        channels,
        sections=int(rng.integers(1, 5)),
        bits=int(rng.choice([10, 14, 18])),
        guard_bits=int(rng.integers(0, 9)),
        multipliers=int(rng.integers(1, min(channels, 16) + 1)),  # wider words are beyond Amaranth's simulator
        hop=int(rng.integers(1, 6)),
        steps=int(rng.integers(1, 4)),
        fraction_bits=int(rng.integers(0, 5)),
        compression=rng.choice(list(Compression)),
        code=code,
        **knobs,
    )
    check(params, sounds(params, seed), float(rng.choice([0, 0.3, 0.7])))


def test_schedules_of_both_models_agree():
    for params in CASES.values():
        assert sample_cycles(params) == timing.sample_cycles(params)


@pytest.mark.parametrize(
    "front",
    [
        cochlea(5, code=LIF, threshold=50, multipliers=2),
        pytest.param(cochlea(3, code=DELTA, threshold=3, sections=1), marks=pytest.mark.slow),
        pytest.param(
            cochlea(4, code=LIF, threshold=50, payload=IntFormat(bits=8, signed=True)), marks=pytest.mark.slow
        ),
    ],
)
def test_generated_verilog_equals_golden_in_cycles(front, tmp_path):
    layer = SpikingParams(
        inputs=front.channels, payload=front.output.payload, neurons=3, lanes=2, weight_bits=4, readout=Readout.COUNT
    )
    params = AcceleratorParams(name="ear", engines=(front, layer))
    design = random_design(params, seed=1)
    x = sounds(front)
    verilog, _, _ = build(params, pack(design))
    got = replay(verilog, params, x, simulator=QUICK, cache=Cache(root=tmp_path))
    golden = run(design, x)
    assert got.outputs.tolist() == golden.outputs.tolist()
    assert got.cycles.tolist() == golden.cycles.tolist()
    totals = {name: int(counts.sum()) for name, counts in golden.counters.items()}
    assert {name: count for name, count in got.counters.items() if name != "cycles"} == totals
    assert totals["inputs"] == totals["0.heard"] == x.size


def test_samples_that_stop_early_leave_nothing_behind():
    """Time bins without samples, as the host sends after an early TLAST, are silent, and the next sample is exact."""
    params = cochlea(3, code=LIF, threshold=5, fraction_bits=4)
    x = sounds(params)[3:4]
    cut = [value(a, int(v)) for a, v in enumerate(x[0, 0, :2])]
    sent = [*cut, END, END, END, *(t for f in x[0] for t in [*(value(a, int(v)) for a, v in enumerate(f)), END])]
    expected = tokens(params, run_cochlea(params, x).sent)
    dut = Cochlea(params)

    async def producer(ctx):
        await send_tokens(ctx, dut.i, sent)

    async def consumer(ctx):
        first = []
        while END not in first:
            first += await receive(ctx, dut.o, 1, convert=as_token)
        return first, await receive(ctx, dut.o, len(expected), convert=as_token)

    first, second = simulate(dut, producer, consumer)[1]
    assert [kind for kind, _, _ in first].count(first[-2][0]) == params.steps
    assert second == expected
