"""Samples through each front, polled as the C driver does, give what golden gives; and what a front refuses."""

import random

import numpy as np
import pytest
from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import connect, flipped
from amaranth.sim import Simulator
from support.designs import DESIGNS

from tospike.gen.emit.beats import input_beats, output_words
from tospike.gen.emit.memory_init import pack
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.hw.accelerator import Accelerator
from tospike.hw.host.layout import MAGIC, Register, StreamRegister
from tospike.hw.host.spi import SLOWDOWN
from tospike.hw.host.wrappers import LiteFront, SpiFront, WishboneFront
from tospike.sim import accelerator as golden


class Wrapped(wiring.Component):
    """A front and a design, the ports of the front outside."""

    def __init__(self, front, design):
        self._front = front
        self._accelerator = Accelerator(design.params, pack(design), version="0.1.0", config_hash=1)
        inner = ("s_axis", "m_axis", "s_axi")
        super().__init__({n: member for n, member in front.signature.members.items() if n not in inner})

    def elaborate(self, platform):
        m = Module()
        m.submodules.front = front = self._front
        m.submodules.accelerator = accelerator = self._accelerator
        for name, member in self.signature.members.items():
            mine, inside = getattr(self, name), getattr(front, name)
            if member.is_signature:
                connect(m, flipped(mine), inside)
            else:
                m.d.comb += inside.eq(mine) if member.flow == wiring.In else mine.eq(inside)
        connect(m, front.s_axis, accelerator.s_axis)
        connect(m, accelerator.m_axis, front.m_axis)
        connect(m, front.s_axi, accelerator.s_axi)
        return m


class Wishbone:
    front = WishboneFront

    def __init__(self, ctx, dut):
        self.ctx, self.dut, self.rng = ctx, dut, random.Random(1)

    async def _access(self, address, data, write):
        ctx, dut = self.ctx, self.dut
        for signal, value in ((dut.wb_adr, address >> 2), (dut.wb_dat_w, data), (dut.wb_we, write), (dut.wb_sel, 15)):
            ctx.set(signal, value)
        ctx.set(dut.wb_cyc, 1)
        ctx.set(dut.wb_stb, 1)
        word, error = await ctx.tick().sample(dut.wb_dat_r, dut.wb_err).until(dut.wb_ack | dut.wb_err)
        if self.rng.random() < 0.5:
            ctx.set(dut.wb_stb, 0)
            await ctx.tick().repeat(self.rng.randrange(1, 4))
        return word, error

    async def read(self, address):
        return await self._access(address, 0, 0)

    async def write(self, address, data):
        return (await self._access(address, data, 1))[1]


class Lite:
    front = LiteFront

    def __init__(self, ctx, dut):
        self.ctx, self.axi = ctx, dut.s

    async def read(self, address):
        ctx, axi = self.ctx, self.axi
        ctx.set(axi.araddr, address)
        ctx.set(axi.arvalid, 1)
        await ctx.tick().until(axi.arready)
        ctx.set(axi.arvalid, 0)
        ctx.set(axi.rready, 1)
        word, response = await ctx.tick().sample(axi.rdata, axi.rresp).until(axi.rvalid)
        ctx.set(axi.rready, 0)
        return word, response != 0

    async def write(self, address, data):
        ctx, axi = self.ctx, self.axi
        for signal, value in ((axi.awaddr, address), (axi.wdata, data), (axi.wstrb, 15), (axi.awvalid, 1)):
            ctx.set(signal, value)
        ctx.set(axi.wvalid, 1)
        await ctx.tick().until(axi.awready & axi.wready)
        ctx.set(axi.awvalid, 0)
        ctx.set(axi.wvalid, 0)
        ctx.set(axi.bready, 1)
        (response,) = await ctx.tick().sample(axi.bresp).until(axi.bvalid)
        ctx.set(axi.bready, 0)
        return response != 0


class Spi:
    front = SpiFront

    def __init__(self, ctx, dut):
        self.ctx, self.dut = ctx, dut

    async def _transfer(self, sent):
        """The bytes that come while these are sent, at the highest clock."""
        ctx, dut, came = self.ctx, self.dut, 0
        ctx.set(dut.cs_n, 0)
        await ctx.tick().repeat(SLOWDOWN // 2)
        bits = int.from_bytes(sent, "big")
        for number in reversed(range(8 * len(sent))):
            ctx.set(dut.mosi, bits >> number & 1)
            await ctx.tick().repeat(SLOWDOWN // 2)
            came = came << 1 | ctx.get(dut.miso)
            ctx.set(dut.sck, 1)
            await ctx.tick().repeat(SLOWDOWN // 2)
            ctx.set(dut.sck, 0)
        await ctx.tick().repeat(SLOWDOWN // 2)
        ctx.set(dut.cs_n, 1)
        await ctx.tick().repeat(SLOWDOWN)
        return came.to_bytes(len(sent), "big")

    async def read(self, address):
        came = await self._transfer(address.to_bytes(2, "big") + bytes(6))
        assert came[7] & 1, "carried out"
        return int.from_bytes(came[3:7], "big"), came[7] >> 1

    async def write(self, address, data):
        came = await self._transfer((0x8000 | address).to_bytes(2, "big") + data.to_bytes(4, "big") + bytes(2))
        assert came[7] & 1, "carried out"
        return came[7] >> 1


FRONTS = {"wishbone": Wishbone, "lite": Lite, "spi": Spi}


def run(kind, name, bench):
    design = random_design(DESIGNS[name][0], seed=3)
    dut = Wrapped(FRONTS[kind].front(), design)
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)

    async def testbench(ctx):
        if kind == "spi":
            ctx.set(dut.cs_n, 1)
            await ctx.tick().repeat(4)
        await bench(FRONTS[kind](ctx, dut), design)

    simulator.add_testbench(testbench)
    simulator.run()


async def sample(bus, beats):
    """The answer to a sample: both streams are served in turn."""
    todo, answer = [*beats], []
    for _ in range(2000):
        status, error = await bus.read(StreamRegister.STREAM_STATUS)
        assert not error
        if todo and status & 1:
            beat = todo.pop(0)
            assert not await bus.write(StreamRegister.SEND_LAST if beat.last else StreamRegister.SEND, beat.data)
        if status & 2:
            word, error = await bus.read(StreamRegister.RECEIVE)
            assert not error
            answer.append(word)
            if status & 4:
                return answer
    raise AssertionError("no answer")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *((kind, "os") for kind in FRONTS),
        *((kind, "core-count") for kind in ("wishbone", "lite")),
        pytest.param("spi", "core-count", marks=pytest.mark.slow),
    ],
)
def test_samples_give_what_golden_gives(kind, name):
    async def bench(bus, design):
        samples = random_samples(design, 3, seed=5)
        expected = golden.run(design, samples)
        assert (await bus.read(Register.MAGIC)) == (MAGIC, 0)
        assert not await bus.write(Register.CONTROL, 3)
        for index, values in enumerate(samples):
            words = np.array(output_words(design.params, expected, index), dtype=np.int64)
            assert await sample(bus, input_beats(design.params, values)) == (words & 0xFFFF_FFFF).tolist()
        assert await bus.read(Register.COUNTER + 4) == (int(expected.counters["inputs"].sum()), 0)

    run(kind, name, bench)


@pytest.mark.parametrize("kind", FRONTS)
def test_the_interrupt_comes_before_anything_is_read(kind):
    """``done`` is set as soon as a beat of the answer is there, once per answer, and not again when it is read."""

    async def bench(bus, design):
        for values in random_samples(design, 2, seed=5):
            for beat in input_beats(design.params, values):
                assert await bus.read(Register.INTERRUPT_STATUS) == (0, 0)
                assert not await bus.write(StreamRegister.SEND_LAST if beat.last else StreamRegister.SEND, beat.data)
            for _ in range(100):
                if await bus.read(Register.INTERRUPT_STATUS) == (1, 0):
                    break
            assert (await bus.read(StreamRegister.STREAM_STATUS))[0] & 2
            assert not await bus.write(Register.INTERRUPT_STATUS, 1)
            assert len(await sample(bus, [])) == design.network.outputs
            assert await bus.read(Register.INTERRUPT_STATUS) == (0, 0)

    run(kind, "os", bench)


@pytest.mark.parametrize("kind", FRONTS)
def test_accesses_that_are_impossible_are_errors_at_once(kind):
    async def bench(bus, design):
        assert await bus.read(StreamRegister.STREAM_STATUS) == (1, 0)
        for address in (StreamRegister.RECEIVE, StreamRegister.SEND, Register.CONTROL, 0x34, StreamRegister.SEND - 8):
            assert (await bus.read(address))[1], f"read of {address:#x}"
        for address in (StreamRegister.RECEIVE, StreamRegister.STREAM_STATUS, Register.MAGIC, 0x34):
            assert await bus.write(address, 0), f"write to {address:#x}"
        assert not await bus.write(StreamRegister.SEND, 1)
        assert await bus.read(Register.MAGIC) == (MAGIC, 0)

    run(kind, "os", bench)


def test_a_broken_off_spi_write_is_none():
    async def bench(bus, design):
        head = (0x8000 | Register.INTERRUPT_ENABLE).to_bytes(2, "big")
        await bus._transfer(head + b"\0\0\0")
        assert await bus.read(Register.INTERRUPT_ENABLE) == (0, 0)
        assert not await bus.write(Register.INTERRUPT_ENABLE, 3)
        assert await bus.read(Register.INTERRUPT_ENABLE) == (3, 0)

    run("spi", "os", bench)
