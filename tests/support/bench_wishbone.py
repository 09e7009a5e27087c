"""cocotb bench: samples through the Wishbone wrapper of a design folder, as the C driver sends them."""

import os
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, with_timeout

from tospike.gen.emit.beats import input_beats
from tospike.gen.emit.folder import read
from tospike.gen.emit.random_design import random_samples
from tospike.hw.host.layout import MAGIC, Register, StreamRegister
from tospike.hw.host.register_map import INTERRUPT_ENABLE, INTERRUPT_STATUS
from tospike.sim.accelerator import run

DONE = INTERRUPT_STATUS.field("done").mask


class Bus:
    def __init__(self, dut):
        self.dut = dut

    async def _access(self, address, data, write):
        dut = self.dut
        for port, value in (("adr", address >> 2), ("dat_w", data), ("we", write), ("sel", 15), ("cyc", 1), ("stb", 1)):
            getattr(dut, f"wb_{port}").value = value
        while True:
            await RisingEdge(dut.clk)
            if dut.wb_ack.value or dut.wb_err.value:
                break
        word, error = int(dut.wb_dat_r.value), bool(dut.wb_err.value)
        dut.wb_stb.value = 0
        await RisingEdge(dut.clk)
        assert not error, f"access to {address:#x}"
        return word

    async def read(self, address):
        return await self._access(address, 0, 0)

    async def write(self, address, data):
        await self._access(address, data, 1)

    async def send(self, beats):
        for beat in beats:
            while not await self.read(StreamRegister.STREAM_STATUS) & 1:
                pass
            await self.write(StreamRegister.SEND_LAST if beat.last else StreamRegister.SEND, beat.data)

    async def sample(self, beats):
        todo, answer = [*beats], []
        while True:
            status = await self.read(StreamRegister.STREAM_STATUS)
            if todo and status & 1:
                beat = todo.pop(0)
                await self.write(StreamRegister.SEND_LAST if beat.last else StreamRegister.SEND, beat.data)
            if status & 2:
                answer.append(await self.read(StreamRegister.RECEIVE))
                if status & 4:
                    return answer


@cocotb.test()
async def samples_give_what_golden_gives(dut):
    folder, samples, expected, bus = await begin(dut)

    async def session():
        assert await bus.read(Register.MAGIC) == MAGIC
        await bus.write(INTERRUPT_ENABLE.offset, DONE)
        for index, values in enumerate(samples):
            words = await bus.sample(input_beats(folder.params, values))
            assert as_integers(words) == expected.outputs[index].tolist()
            await ClockCycles(dut.clk, 4)
            assert dut.irq.value == 1
            await bus.write(INTERRUPT_STATUS.offset, DONE)
            await ClockCycles(dut.clk, 4)
            assert dut.irq.value == 0

    await with_timeout(session(), 10, "ms")


@cocotb.test()
async def the_interrupt_comes_before_anything_is_read(dut):
    """Software sends a sample, sleeps until the interrupt, and then finds the answer."""
    folder, samples, expected, bus = await begin(dut)

    async def session():
        await bus.write(INTERRUPT_ENABLE.offset, DONE)
        for index, values in enumerate(samples):
            beats = list(input_beats(folder.params, values))
            await bus.send(beats[:-1])
            await ClockCycles(dut.clk, 300)
            assert dut.irq.value == 0, "the interrupt of an answer that cannot be known yet"
            await bus.send(beats[-1:])
            if not dut.irq.value:
                await RisingEdge(dut.irq)
            await bus.write(INTERRUPT_STATUS.offset, DONE)
            await ClockCycles(dut.clk, 300)
            assert dut.irq.value == 0, "one interrupt per answer, however long it waits"
            assert as_integers(await bus.sample([])) == expected.outputs[index].tolist()
            await ClockCycles(dut.clk, 4)
            assert dut.irq.value == 0, "an interrupt of an answer that was read"

    await with_timeout(session(), 10, "ms")


async def begin(dut):
    """Reset the design; return its folder, samples, what golden gives, and the bus."""
    folder = read(Path(os.environ["TOSPIKE_DESIGN"]))
    samples = random_samples(folder.design, 3, seed=5)
    cocotb.start_soon(Clock(dut.clk, 10, unit="ns").start())
    dut.wb_cyc.value = dut.wb_stb.value = 0
    dut.rst.value = 1
    await ClockCycles(dut.clk, 4)
    dut.rst.value = 0
    return folder, samples, run(folder.design, samples), Bus(dut)


def as_integers(words):
    return np.array(words, dtype=np.uint32).astype(np.int32).tolist()
