"""The delta encoder against its golden model."""

from support.stream_bench import END, TICK, as_token, receive, send_tokens, simulate, value

from tospike.hw.encoders.delta import DeltaEncoder
from tospike.hw.encoders.layout import delta_counter_names
from tospike.sim.encoders.encoder import run_delta


def check_encoder(params, x, stall):
    golden = run_delta(params, x)
    sent = [
        t for frame in x.reshape(-1, params.inputs) for t in [*(value(a, int(v)) for a, v in enumerate(frame)), END]
    ]
    expected = []
    for train in golden.sent:
        for step in train:
            expected += [*(value(a, int(v)) for a, v in enumerate(step) if v), TICK]
        expected.append(END)
    dut = DeltaEncoder(params)

    async def producer(ctx):
        await send_tokens(ctx, dut.i, sent, stall=stall)

    async def consumer(ctx):
        received = await receive(ctx, dut.o, len(expected), stall=stall, convert=as_token)
        await ctx.tick().repeat(3)
        assert not ctx.get(dut.busy)
        return received, {name: ctx.get(dut.counters[name]) for name in delta_counter_names(params)}

    received, counters = simulate(dut, producer, consumer)[1]
    assert received == expected
    assert counters == {name: int(counts.sum()) for name, counts in golden.counters.items()}
