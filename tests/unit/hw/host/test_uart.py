"""The UART of boards."""

import random

import pytest
from amaranth.hdl import *
from amaranth.lib import wiring
from support.stream_bench import receive, send, simulate

from tospike.hw.host.uart import BITS, UartReceiver, UartTransmitter
from tospike.hw.params import InputError


class Loop(wiring.Component):
    """A transmitter and a receiver on one line."""

    def __init__(self, sent, received):
        self.transmitter, self.receiver = UartTransmitter(divisor=sent), UartReceiver(divisor=received)
        super().__init__({})

    def elaborate(self, platform):
        m = Module()
        m.submodules += [self.transmitter, self.receiver]
        m.d.comb += self.receiver.rx.eq(self.transmitter.tx)
        return m


@pytest.mark.parametrize(("sent", "received"), [(4, 4), (5, 5), (12, 12), (25, 25), (25, 26), (26, 25), (100, 104)])
def test_bytes_pass_a_line_whose_ends_differ_by_four_percent(sent, received):
    data = [0, 255, 0x55, 0xAA, 1, 128, *random.Random(sent).randbytes(20)]
    loop = Loop(sent, received)

    async def source(ctx):
        await send(ctx, loop.transmitter.i, data, stall=0.02)

    async def sink(ctx):
        return await receive(ctx, loop.receiver.o, len(data))

    assert simulate(loop, source, sink)[1] == data


@pytest.mark.parametrize("divisor", [4, 7])
def test_a_byte_takes_ten_bits(divisor):
    transmitter = UartTransmitter(divisor=divisor)

    async def source(ctx):
        await send(ctx, transmitter.i, [0b1010_0110, 0])

    async def line(ctx):
        levels = []
        for _ in range(2 * BITS * divisor + 8):
            await ctx.tick()
            levels.append(ctx.get(transmitter.tx))
        return levels

    levels = simulate(transmitter, source, line)[1]
    begin = levels.index(0)
    bits = [levels[begin + divisor // 2 + n * divisor] for n in range(BITS)]
    assert bits == [0, 0, 1, 1, 0, 0, 1, 0, 1, 1]


def test_a_short_pulse_and_a_byte_without_stop_bit_are_no_bytes():
    receiver = UartReceiver(divisor=8)

    async def line(ctx):
        async def hold(level, cycles):
            ctx.set(receiver.rx, level)
            for _ in range(cycles):
                await ctx.tick()
                seen.append(ctx.get(receiver.o.valid))

        seen = []
        await hold(1, 10)
        await hold(0, 2)
        await hold(1, 100)
        await hold(0, 80)
        await hold(1, 100)
        return seen

    assert not any(simulate(receiver, line)[0])


def test_an_impossible_divisor_is_refused():
    with pytest.raises(InputError, match="clock cycles per bit must be an integer from 4 to 65536, not 3"):
        UartReceiver(divisor=3)
