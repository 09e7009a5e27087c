"""The encoder's RTL against its golden model."""

import numpy as np
import pytest
from amaranth.hdl import *
from stream_bench import END, TICK, as_token, receive, send_tokens, simulate, value

from tospike.hw.params import EncoderParams, Encoding, InputError, IntFormat
from tospike.hw.snn.encoder import Encoder
from tospike.hw.snn.layout import counter_names
from tospike.sim.encoder import run_encoder

UNSIGNED = IntFormat(bits=4, signed=False)
SIGNED = IntFormat(bits=3, signed=True)


def check(params, frames, *, stall=0.0):
    run = run_encoder(params, frames)
    sent = [t for frame in frames for t in [*(value(a, int(v)) for a, v in enumerate(frame) if v), END]]
    expected = []
    for train in run.trains:
        for step in train:
            expected += [*(value(a, int(v)) for a, v in enumerate(step) if v), TICK]
        expected.append(END)
    dut = Encoder(params)

    async def producer(ctx):
        await send_tokens(ctx, dut.i, sent, stall=stall)

    async def consumer(ctx):
        received = await receive(ctx, dut.o, len(expected), stall=stall, convert=as_token)
        await ctx.tick().repeat(3)
        assert not ctx.get(dut.busy)
        counters = {name: ctx.get(dut.counters[name]) for name in counter_names(params)}
        ctx.set(dut.clear, 1)
        await ctx.tick()
        assert ctx.get(dut.counters.as_value()) == 0
        return received, counters

    received, counters = simulate(dut, producer, consumer)[1]
    assert received == expected
    assert counters == {name: int(counts.sum()) for name, counts in run.counters.items()}


@pytest.mark.parametrize("stall", [0.0, 0.5])
@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize("inputs", [1, 2, 7])
@pytest.mark.parametrize(
    ("encoding", "payload"),
    [(Encoding.DIRECT, UNSIGNED), (Encoding.DIRECT, SIGNED), (Encoding.RATE, UNSIGNED)],
)
def test_encoder_equals_golden_model(encoding, payload, inputs, steps, stall):
    rng = np.random.default_rng(inputs)
    frames = rng.integers(payload.min, payload.max + 1, (6, inputs))
    frames[0] = 0
    frames[1] = payload.max
    frames[2:4] *= rng.random((2, inputs)) < 0.4
    check(EncoderParams(inputs=inputs, steps=steps, encoding=encoding, payload=payload), frames, stall=stall)


def test_rate_of_every_value_over_a_whole_period():
    frames = np.arange(16)[None, :]
    params = EncoderParams(inputs=16, steps=16, encoding=Encoding.RATE, payload=UNSIGNED)
    assert run_encoder(params, frames).trains.sum(axis=1)[0].tolist() == list(range(16))
    check(params, frames)


def test_operations():
    frames = np.array([[0, 3, 5]])
    direct = EncoderParams(inputs=3, steps=4, payload=UNSIGNED)
    rate = EncoderParams(inputs=3, steps=4, payload=UNSIGNED, encoding=Encoding.RATE)
    assert {k: v[0] for k, v in run_encoder(direct, frames).operations.items()} == {
        "activation_read": 6,
        "activation_write": 2,
    }
    assert {k: v[0] for k, v in run_encoder(rate, frames).operations.items()} == {
        "activation_read": 6,
        "activation_write": 8,
    }


def test_values_out_of_range():
    with pytest.raises(InputError, match="values from 0 to 16 do not fit 0 to 15"):
        run_encoder(EncoderParams(inputs=2, steps=2, payload=UNSIGNED), np.array([[0, 16]]))
    with pytest.raises(InputError, match=r"frames of shape \(2,\), not \(3,\)"):
        run_encoder(EncoderParams(inputs=2, steps=2, payload=UNSIGNED), np.zeros((1, 3), dtype=int))
