"""The products of an event engine's lanes: exact for all operands, and a module of their own where there are any."""

import re

import pytest
from support.stream_bench import simulate

from tospike.gen.emit.memory_init import pack
from tospike.gen.emit.random_design import blank_design
from tospike.gen.emit.verilog import convert
from tospike.hw.accelerator import Accelerator
from tospike.hw.params import SPIKE, AcceleratorParams, HostInput, IntFormat, SpikingParams
from tospike.hw.spiking.multiply import Multiply

U3, S4, U8 = IntFormat(bits=3, signed=False), IntFormat(bits=4, signed=True), IntFormat(bits=8, signed=False)


@pytest.mark.parametrize("event", [U3, S4, SPIKE, IntFormat(bits=1, signed=True)])
@pytest.mark.parametrize("weight_bits", [2, 4])
def test_all_operands(event, weight_bits):
    params = SpikingParams(inputs=2, neurons=2, lanes=2, payload=event, weight_bits=weight_bits)
    weights = range(params.weight.min, params.weight.max + 1)
    dut = Multiply(params, lanes=params.lanes)

    async def bench(ctx):
        for payload in range(event.min, event.max + 1):
            for weight in weights:
                other = params.weight.max + params.weight.min - weight
                ctx.set(dut.payload, payload)
                ctx.set(dut.weights, [weight, other])
                await ctx.tick()
                assert [ctx.get(dut.products[lane]) for lane in (0, 1)] == [payload * weight, payload * other]

    simulate(dut, bench)


@pytest.mark.parametrize("event", [SPIKE, U3, S4, U8])
def test_a_product_has_the_bits_that_it_needs(event):
    product = SpikingParams(inputs=1, neurons=1, payload=event, weight_bits=5).product
    extremes = [payload * weight for payload in (event.min, event.max) for weight in (-16, 15)]
    assert all(product.holds(value) for value in extremes)
    if event == SPIKE:
        assert product.bits == 5, "no more than a weight"


@pytest.mark.parametrize(("event", "modules"), [(SPIKE, 0), (U3, 1)])
def test_spikes_need_no_such_module(event, modules):
    engine = SpikingParams(inputs=6, neurons=5, lanes=2, payload=event, weight_bits=3)
    params = AcceleratorParams(name="core", engines=(engine,), host_input=HostInput.TOKENS)
    verilog, _ = convert(Accelerator(params, pack(blank_design(params)), version="0.0.0", config_hash=0), "core")
    assert len(re.findall(r"^module \\core\.engine_0\.multiply\b", verilog.text, re.MULTILINE)) == modules
