"""cocotb bench: samples of the digits over the serial line of a board's top module, by cocotbext-uart."""

import os
import random
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.task import bridge, resume
from cocotb.triggers import ClockCycles, with_timeout
from cocotb.utils import get_sim_time
from cocotbext.uart import UartSink, UartSource

from tospike.gen.emit.beats import input_beats
from tospike.gen.emit.folder import read
from tospike.gen.emit.random_design import random_samples
from tospike.hw.host.layout import MAGIC, Register
from tospike.sim.accelerator import run
from tospike.tb.board.serial_host import SerialHost

PERIOD = 40  # ns
DIVISOR = int(os.environ["TOSPIKE_DIVISOR"])


class CocotbLine:
    """`tospike.tb.board.serial_host.Line`, called from a thread of its own. Some bytes are damaged on their way."""

    def __init__(self, dut):
        baud = round(1e9 / (PERIOD * DIVISOR))
        self.source, self.sink = UartSource(dut.rx, baud=baud), UartSink(dut.tx, baud=baud)
        self.seconds_per_byte = 10 * PERIOD * DIVISOR / 1e9
        self.rng = random.Random(1)

    def damage(self, data):
        return bytes(byte ^ 8 if self.rng.random() < 0.002 else byte for byte in data)

    @resume
    async def send(self, data):
        await self.source.write(self.damage(data))

    @resume
    async def receive(self):
        for _ in range(100):
            await ClockCycles(cocotb.top.clk, DIVISOR)
            if self.sink.count():
                return self.damage(await self.sink.read(self.sink.count()))
        return b""

    def time(self):
        return get_sim_time("ns") / 1e9


@cocotb.test()
async def samples_give_what_golden_gives(dut):
    folder = read(Path(os.environ["TOSPIKE_DESIGN"]))
    design, params = folder.design, folder.params
    samples = random_samples(design, 3, seed=5)
    expected = run(design, samples)
    cocotb.start_soon(Clock(dut.clk, PERIOD, unit="ns").start())
    line = CocotbLine(dut)
    host = SerialHost(line, "the board", timeout=0.02, rng=random.Random(2))

    @bridge
    def session():
        host.reset()
        assert host.read(Register.MAGIC) == MAGIC
        assert host.read(Register.HASH_HIGH) << 32 | host.read(Register.HASH_LOW) == int(
            folder.manifest["config_hash"], 16
        )
        host.clear_counters()
        return [host.run(input_beats(params, sample)) for sample in samples], host.read(Register.COUNTER + 4)

    outputs, inputs = await with_timeout(session(), 500, "ms")
    assert expected.outputs.any()
    assert np.array(outputs, dtype=np.uint32).astype(np.int32).tolist() == expected.outputs.tolist()
    assert inputs == expected.counters["inputs"].sum()
