"""Proofs about a whole event engine, recurrent or not: its queues have room for whatever comes, and it never sticks.

SymbiYosys tries all tokens that may come, whenever they come and whenever what leaves is taken, from reset up to a
number of cycles in which two steps leave the engine and its own spikes come back twice.
"""

import pytest
from amaranth.hdl import *
from support.formal import NO_FORMAL, prove
from support.proofs import holds, no_reset
from support.spike_ports import ports_of

from tospike.hw.params import SPIKE, LeakKind, LeakParams, LifParams, SpikingParams, TokenKind
from tospike.hw.spiking import engine
from tospike.hw.spiking.layout import pack
from tospike.hw.streams import Queue

pytestmark = [NO_FORMAL, pytest.mark.slow]


class CheckedQueue(Queue):
    """A queue that is never offered what it has no room for."""

    def elaborate(self, platform):
        m = super().elaborate(platform)
        m.d.comb += Assert(~self.i.valid | self.i.ready)
        return m


class ShortQueue(CheckedQueue):
    """The same with two places, however many were asked for."""

    def __init__(self, shape, *, depth):
        super().__init__(shape, depth=2)


def engine_bench(*, neurons, recurrent):
    """(module, engine, ports): as many words of one neuron, all of which spike in each step with an event."""
    neuron = LifParams(state_bits=4, threshold=0, leak=LeakParams(kind=LeakKind.MULTIPLY, decay=1, decay_bits=1))
    params = SpikingParams(
        inputs=1, neurons=neurons, lanes=1, payload=SPIKE, weight_bits=2, neuron=neuron, recurrent=recurrent,
        counter_bits=8,
    )  # fmt: skip
    own = [[1] * neurons] * neurons if recurrent else None
    m = Module()
    m.submodules.dut = dut = engine.EventEngine(params, pack(params, [[1]] * neurons, [0] * neurons, own))
    no_reset(m)
    token = dut.i.payload
    value = token.kind == TokenKind.VALUE
    m.d.comb += [
        Assume((token.address == 0) & (token.payload == value) & (Value.cast(token.kind) < len(TokenKind))),
        Assume(~dut.clear),
    ]
    holds(m, dut.i.valid, dut.i.ready, token, "i", Assume)
    holds(m, dut.o.valid, dut.o.ready, dut.o.payload, "o", Assert)
    return m, dut, ports_of(dut.i.valid, token, dut.o.ready, dut.clear)


@pytest.mark.parametrize("recurrent", [False, True])
def test_queues_have_room(tmp_path, monkeypatch, recurrent):
    """Those of what leaves and of what comes back: pipelines cannot wait."""
    monkeypatch.setattr(engine, "Queue", CheckedQueue)
    m, _, ports = engine_bench(neurons=3, recurrent=recurrent)
    passed, log = prove(tmp_path, m, ports, depth=42)
    assert passed, log


def test_two_places_would_be_too_few(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "Queue", ShortQueue)
    m, _, ports = engine_bench(neurons=3, recurrent=False)
    passed, log = prove(tmp_path, m, ports, depth=42)
    assert not passed
    assert "Assert failed" in log or "failed assertion" in log


@pytest.mark.parametrize(("longest", "proved"), [(22, True), (18, False)])
def test_a_recurrent_engine_takes_the_next_token_in_bounded_time(tmp_path, longest, proved):
    """There is no deadlock: while what leaves is taken, no token waits longer for the step before it to come back."""
    m, dut, ports = engine_bench(neurons=1, recurrent=True)
    waited = Signal(range(longest + 1))
    with m.If(dut.i.valid & ~dut.i.ready & dut.o.ready):
        m.d.sync += waited.eq(waited + 1)
    with m.Else():
        m.d.sync += waited.eq(0)
    m.d.comb += Assert(waited < longest)
    passed, log = prove(tmp_path, m, ports, depth=36)
    assert passed is proved, log
