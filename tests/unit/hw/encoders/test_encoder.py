"""The encoder's RTL against its golden model."""

import numpy as np
import pytest
from amaranth.hdl import *
from support.stream_bench import END, ONE_FRAME, TICK, as_token, receive, send_tokens, simulate, value

from tospike.hw.encoders.encoder import Encoder
from tospike.hw.encoders.layout import counter_names
from tospike.hw.encoders.random import RandomNumbers
from tospike.hw.params import EncoderParams, Encoding, InputError, IntFormat
from tospike.sim.encoders.codes import coded
from tospike.sim.encoders.encoder import run_encoder
from tospike.sim.encoders.encoding import encode, encode_float
from tospike.sim.encoders.random import random_numbers
from tospike.sim.network import InputSpec

UNSIGNED = IntFormat(bits=4, signed=False)
SIGNED = IntFormat(bits=3, signed=True)
ONE = IntFormat(bits=1, signed=False)


def check(params, frames, *, stall=0.0):
    run = run_encoder(params, frames)
    sent = [t for frame in frames for t in [*(value(a, int(v)) for a, v in enumerate(frame) if v), END]]
    expected = []
    for train in run.sent:
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
    [
        (Encoding.DIRECT, SIGNED),
        *((encoding, UNSIGNED) for encoding in ONE_FRAME),
        (Encoding.PHASE, ONE),
        (Encoding.STOCHASTIC, ONE),
    ],
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
    assert run_encoder(params, frames).sent.sum(axis=1)[0].tolist() == list(range(16))
    check(params, frames)


def plain_register(seed, count):
    """The shift register, bit by bit."""
    numbers = []
    for _ in range(count):
        numbers.append(seed & 0xFF)
        for _ in range(8):
            seed = ((seed << 1) | ((seed >> 30 ^ seed >> 27) & 1)) & 0x7FFF_FFFF
    return numbers


@pytest.mark.parametrize("seed", [1, 0x7FFF_FFFF, 12345678])
def test_random_numbers_are_those_of_the_shift_register(seed):
    assert random_numbers(seed, 300).tolist() == plain_register(seed, 300)
    assert random_numbers(seed, 0).tolist() == []
    dut = RandomNumbers(seed)

    async def bench(ctx):
        found = []
        for _ in range(40):
            found.append(ctx.get(dut.number))
            ctx.set(dut.advance, 1)
            await ctx.tick()
        ctx.set(dut.restart, 1)
        await ctx.tick()
        assert ctx.get(dut.number) == seed & 0xFF
        return found

    assert simulate(dut, bench)[0] == plain_register(seed, 40)


def test_random_spikes_have_the_rate_of_their_value():
    values = np.arange(256)[None, :]
    spikes = coded(Encoding.STOCHASTIC, values, 2000, 8, seed=7)[0]
    assert np.abs(spikes.mean(axis=0) - values[0] / 256).max() < 0.05
    assert not spikes[:, 0].any()
    assert (spikes != coded(Encoding.STOCHASTIC, values, 2000, 8, seed=8)[0]).any()


def test_random_numbers_begin_anew_with_each_sample():
    frames = np.array([[3, 0, 9], [3, 0, 9], [15, 15, 15]])
    spikes = coded(Encoding.STOCHASTIC, frames, 20, 4, seed=5)
    assert (spikes[0] == spikes[1]).all()
    numbers = np.array(plain_register(5, 40)) & 15
    assert spikes[0, :, 0].tolist() == (numbers[0::2] < 3).tolist()
    assert spikes[0, :, 2].tolist() == (numbers[1::2] < 9).tolist()


@pytest.mark.parametrize(("bits", "steps"), [(4, 16), (4, 5), (4, 1), (8, 3), (2, 9)])
def test_larger_values_spike_earlier_and_all_but_0_once(bits, steps):
    values = np.arange(1 << bits)
    spikes = coded(Encoding.TTFS, values[None, :], steps, bits)[0]
    assert spikes.sum(axis=0).tolist() == [0] + [1] * (len(values) - 1)
    when = spikes.argmax(axis=0)[1:]
    assert when[-1] == 0 and (np.diff(when) <= 0).all()
    assert when.tolist() == [int((len(values) - 1 - v) * steps / len(values)) for v in values[1:]]


def test_a_period_of_phases_is_the_value():
    values = np.arange(16)[None, :]
    assert coded(Encoding.PHASE, values, 8, 4)[0].sum(axis=0).tolist() == [2 * v for v in range(16)]
    assert coded(Encoding.PHASE, [[0b1010]], 6, 4)[0, :, 0].tolist() == [8, 0, 2, 0, 8, 0]
    spec = InputSpec(inputs=16, steps=8, encoding=Encoding.PHASE, format=UNSIGNED)
    assert encode_float(spec, values).mean(axis=1)[0].tolist() == [v / 16 for v in range(16)]


@pytest.mark.parametrize("encoding", [encoding for encoding in ONE_FRAME if encoding.code.takes_integers])
def test_values_that_an_encoding_cannot_take(encoding):
    with pytest.raises(InputError, match=f"{encoding.value} encoding takes values from 0 to 15, not -1 to 16"):
        coded(encoding, [[-1, 16]], 4, 4)
    with pytest.raises(InputError, match=f"{encoding.value} encoding needs unsigned input values"):
        EncoderParams(inputs=1, steps=1, encoding=encoding, payload=SIGNED)
    with pytest.raises(InputError, match=f"{encoding.value} encoding needs an unsigned integer input"):
        encode(InputSpec(inputs=1, steps=2, encoding=encoding), [[0]])


def test_bad_seed():
    with pytest.raises(InputError, match="encoding-seed must be an integer from 1 to 2147483647, not 0"):
        EncoderParams(inputs=1, steps=1, encoding=Encoding.STOCHASTIC, seed=0)


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
