"""The register file does what the map says, at every address."""

import random
from dataclasses import replace

import pytest
from amaranth.sim import Simulator

from tospike.hw.host.axi import RESP_OKAY, RESP_SLVERR
from tospike.hw.host.layout import ADDRESS_BITS, Register, regions
from tospike.hw.host.register_map import (
    CONTROL,
    ERRORS,
    INTERRUPT_ENABLE,
    INTERRUPT_STATUS,
    INTERRUPTS,
    STATUS,
    Field,
    register_map,
)
from tospike.hw.host.registers import RegisterFile
from tospike.hw.layout import MemoryShape
from tospike.hw.params import AcceleratorParams, HostInput, InputError, LifParams, SpikingParams

ENGINE = SpikingParams(inputs=9, neurons=6, lanes=2, neuron=LifParams(threshold=40, state_bits=10))
MAP = register_map(
    AcceleratorParams(name="core", engines=(ENGINE,), host_input=HostInput.TOKENS),
    version=0x010203,
    config_hash=0x1234_5678_9ABC_DEF0,
)
COUNTERS = [register for register in MAP if register.is_counter]


async def read(ctx, axi, address):
    ctx.set(axi.araddr, address)
    ctx.set(axi.arvalid, 1)
    ctx.set(axi.rready, 1)
    await ctx.tick().until(axi.arready)
    ctx.set(axi.arvalid, 0)
    data, resp = await ctx.tick().sample(axi.rdata, axi.rresp).until(axi.rvalid)
    return data, resp


async def write(ctx, axi, address, data):
    for signal, value in ((axi.awaddr, address), (axi.wdata, data), (axi.wstrb, 0xF)):
        ctx.set(signal, value)
    for valid in (axi.awvalid, axi.wvalid):
        ctx.set(valid, 1)
    ctx.set(axi.bready, 1)
    await ctx.tick().until(axi.awready)
    for valid in (axi.awvalid, axi.wvalid):
        ctx.set(valid, 0)
    (resp,) = await ctx.tick().sample(axi.bresp).until(axi.bvalid)
    return resp


def run(bench):
    dut = RegisterFile(MAP)
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)

    async def testbench(ctx):
        await bench(ctx, dut)

    simulator.add_testbench(testbench)
    simulator.run()


def test_reads_answer_as_the_map_says():
    readable = {register.offset: register for register in MAP if register.access.reads}

    async def bench(ctx, dut):
        for number, _ in enumerate(COUNTERS):
            ctx.set(dut.counters[number], 100 + number)
        counted = {register.offset: 100 + number for number, register in enumerate(COUNTERS)}
        for address in range(0, 1 << ADDRESS_BITS, 4):
            data, resp = await read(ctx, dut.axi, address)
            register = readable.get(address)
            expected = (0, RESP_SLVERR)
            if register is not None:
                expected = (counted.get(address, register.reset), RESP_OKAY)
            assert (data, resp) == expected, f"{address:#x}"

    run(bench)


def test_writes_answer_as_the_map_says():
    writable = {register.offset for register in MAP if register.access.writes}

    async def bench(ctx, dut):
        for address in range(0, 1 << ADDRESS_BITS, 4):
            resp = await write(ctx, dut.axi, address, 0)
            assert resp == (RESP_OKAY if address in writable else RESP_SLVERR), f"{address:#x}"

    run(bench)


def test_flags_lie_at_their_bits_and_stay_until_they_are_cleared():
    async def bench(ctx, dut):
        ctx.set(dut.busy, 1)
        assert (await read(ctx, dut.axi, STATUS.offset))[0] == STATUS.field("busy").mask
        ctx.set(dut.busy, 0)
        for error in ERRORS:
            ctx.set(getattr(dut, error.name), 1)
            await ctx.tick()
            ctx.set(getattr(dut, error.name), 0)
            await write(ctx, dut.axi, CONTROL.offset, CONTROL.field("clear_counters").mask)
            assert (await read(ctx, dut.axi, STATUS.offset))[0] == error.mask
            await write(ctx, dut.axi, CONTROL.offset, CONTROL.field("clear_errors").mask)
            assert (await read(ctx, dut.axi, STATUS.offset))[0] == 0

    run(bench)


def test_the_interrupt_follows_its_enabled_sources_until_they_are_cleared():
    """Against what the registers' descriptions say: pending bits are kept whether enabled or not, and a pulse in the
    cycle of the write that clears them is not lost."""
    done, error = (field.mask for field in INTERRUPTS)
    rng = random.Random(4)

    async def bench(ctx, dut):
        enabled = pending = 0
        for _ in range(120):
            action = rng.choice(["done", *[flag.name for flag in ERRORS], "enable", "clear", "clear and done"])
            data = rng.randrange(4)
            if action == "enable":
                await write(ctx, dut.axi, INTERRUPT_ENABLE.offset, data | 0xF0)
                enabled = data
            elif action == "clear":
                await write(ctx, dut.axi, INTERRUPT_STATUS.offset, data)
                pending &= ~data
            elif action == "clear and done":
                ctx.set(dut.on_done, 1)
                await write(ctx, dut.axi, INTERRUPT_STATUS.offset, data)
                ctx.set(dut.on_done, 0)
                pending = pending & ~data | done
            else:
                pulse = dut.on_done if action == "done" else getattr(dut, action)
                ctx.set(pulse, 1)
                await ctx.tick()
                ctx.set(pulse, 0)
                pending |= done if action == "done" else error
            await ctx.tick().repeat(2)
            assert ctx.get(dut.irq) == bool(enabled & pending)
            assert await read(ctx, dut.axi, INTERRUPT_STATUS.offset) == (pending, RESP_OKAY)
            assert await read(ctx, dut.axi, INTERRUPT_ENABLE.offset) == (enabled, RESP_OKAY)

    run(bench)


def test_the_map_is_in_order_and_complete():
    offsets = [register.offset for register in MAP]
    assert offsets == sorted(set(offsets))
    assert {register.value for register in Register} <= set(offsets)
    assert len({register.name for register in MAP}) == len(MAP)
    values = {register.name: register.reset for register in MAP if register.is_constant}
    assert values["hash_low"] == 0x9ABC_DEF0 and values["hash_high"] == 0x1234_5678
    assert values["inputs"] == 9 and values["outputs"] == 6 and values["counters"] == len(COUNTERS)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Field(name="Busy", low=0, meaning=""), "must be snake_case"),
        (lambda: Field(name="wide", low=30, width=3, meaning=""), "must lie in a register's 32 bits"),
        (lambda: replace(STATUS, offset=0x15), "must lie at a word of 4096 bytes, not at 0x15"),
        (lambda: replace(STATUS, fields=STATUS.fields[::-1]), "must ascend"),
        (lambda: replace(STATUS, reset=1 << 32), "cannot hold 0x100000000"),
    ],
)
def test_a_wrong_description_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_a_writable_memory_beyond_the_hosts_addresses_is_refused():
    """An address has 6 bits for the memory, and 24 for the chunk in it."""
    engine = SpikingParams(inputs=2, neurons=2, lanes=1, writable=True)
    params = AcceleratorParams(name="core", engines=(engine,) * 64, host_input=HostInput.TOKENS)
    assert len(regions(params)) == 64
    with pytest.raises(InputError, match="memory weights of engine 64 is more than the host can address"):
        regions(replace(params, engines=(engine,) * 65))
    assert len(regions(replace(params, engines=(replace(engine, writable=False),) * 65))) == 65
    assert MemoryShape(name="weights", width=33, depth=1 << 23).last_index == (1 << 24) - 1
