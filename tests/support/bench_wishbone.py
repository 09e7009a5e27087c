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
    folder = read(Path(os.environ["TOSPIKE_DESIGN"]))
    samples = random_samples(folder.design, 3, seed=5)
    expected = run(folder.design, samples)
    cocotb.start_soon(Clock(dut.clk, 10, unit="ns").start())
    dut.wb_cyc.value = dut.wb_stb.value = 0
    dut.rst.value = 1
    await ClockCycles(dut.clk, 4)
    dut.rst.value = 0
    bus = Bus(dut)
    done = INTERRUPT_STATUS.field("done").mask

    async def session():
        assert await bus.read(Register.MAGIC) == MAGIC
        await bus.write(INTERRUPT_ENABLE.offset, done)
        for index, values in enumerate(samples):
            words = await bus.sample(input_beats(folder.params, values))
            got = np.array(words, dtype=np.uint32).astype(np.int32).tolist()
            assert got == expected.outputs[index].tolist()
            await ClockCycles(dut.clk, 4)
            assert dut.irq.value == 1
            await bus.write(INTERRUPT_STATUS.offset, done)
            await ClockCycles(dut.clk, 4)
            assert dut.irq.value == 0

    await with_timeout(session(), 10, "ms")
