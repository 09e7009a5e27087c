"""cocotb bench: samples through the AXI wrapper of a design folder, by the names of its own ports."""

import os
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, with_timeout
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

from tospike.gen.emit.beats import input_beats
from tospike.gen.emit.folder import read
from tospike.gen.emit.random_design import random_samples
from tospike.hw.host.layout import MAGIC, Register
from tospike.hw.host.register_map import INTERRUPT_ENABLE, INTERRUPT_STATUS
from tospike.sim.accelerator import run


@cocotb.test()
async def samples_give_what_golden_gives(dut):
    folder = read(Path(os.environ["TOSPIKE_DESIGN"]))
    samples = random_samples(folder.design, 3, seed=5)
    expected = run(folder.design, samples)
    cocotb.start_soon(Clock(dut.aclk, 10, unit="ns").start())
    given = dut.aclk, dut.aresetn
    source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), *given, reset_active_level=False)
    sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), *given, reset_active_level=False)
    registers = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), *given, reset_active_level=False)
    dut.aresetn.value = 0
    await ClockCycles(dut.aclk, 4)
    dut.aresetn.value = 1
    await ClockCycles(dut.aclk, 2)
    done = INTERRUPT_STATUS.field("done").mask

    async def session():
        assert await registers.read_dword(Register.MAGIC) == MAGIC
        await registers.write_dword(INTERRUPT_ENABLE.offset, done)
        for index, values in enumerate(samples):
            beats = input_beats(folder.params, values)
            await source.send(AxiStreamFrame(b"".join(beat.data.to_bytes(4, "little") for beat in beats)))
            answer = bytes((await sink.recv()).tdata)
            assert np.frombuffer(answer, "<i4").tolist() == expected.outputs[index].tolist()
            await ClockCycles(dut.aclk, 4)
            assert dut.irq.value == 1
            await registers.write_dword(INTERRUPT_STATUS.offset, done)
            await ClockCycles(dut.aclk, 4)
            assert dut.irq.value == 0

    await with_timeout(session(), 1, "ms")
