"""Proofs about the way of spikes out of their engine and back into it, whatever comes in and whenever it is taken.

SymbiYosys tries every input from reset up to a number of cycles in which all stages fill, wait and empty.
"""

import pytest
from amaranth.hdl import *
from support.formal import NO_FORMAL, prove
from support.proofs import holds, no_reset
from support.spike_ports import ports_of

from tospike.hw.params import (
    SPIKE,
    IntFormat,
    LeakKind,
    LeakParams,
    LifParams,
    RegisterParams,
    SpikingParams,
    TokenFormat,
    TokenKind,
)
from tospike.hw.spiking import register
from tospike.hw.spiking.layout import pack
from tospike.hw.spiking.recurrence import Recurrence
from tospike.hw.spiking.serializer import Serializer
from tospike.hw.streams import Register

pytestmark = NO_FORMAL


@pytest.mark.parametrize(("lanes", "bits"), [(1, 1), (3, 2), (5, 1)])
def test_every_value_of_a_word_leaves_once_in_order(tmp_path, lanes, bits):
    """Of any one word, whichever it is: its lanes that are not zero, lowest first, then its TICK or END."""
    m = Module()
    m.submodules.dut = dut = Serializer(
        TokenFormat(addresses=lanes, payload=IntFormat(bits=bits, signed=False)), lanes=lanes
    )
    no_reset(m)
    word, token = dut.i.payload, dut.o.payload
    m.d.comb += Assume(word.tick ^ word.end)
    holds(m, dut.i.valid, dut.i.ready, word, "i", Assume)
    holds(m, dut.o.valid, dut.o.ready, token, "o", Assert)

    watched = Signal(3)  # which word; free, but constant
    same = Signal.like(watched)
    begun = Signal()
    m.d.sync += [same.eq(watched), begun.eq(1)]
    with m.If(begun):
        m.d.comb += Assume(watched == same)
    came, went = Signal(4), Signal(4)  # words in, words out
    seen = Signal.like(word)
    left = Signal(lanes)  # of the word's lanes that are not zero
    with m.If(dut.i.valid & dut.i.ready):
        m.d.sync += came.eq(came + 1)
        with m.If(came == watched):
            m.d.sync += [seen.eq(word), left.eq(Cat(word.values[n] != 0 for n in range(lanes)))]
    is_value = token.kind == TokenKind.VALUE
    with m.If(dut.o.valid & dut.o.ready):
        m.d.comb += Assert(went < came)
        with m.If(~is_value):
            m.d.sync += went.eq(went + 1)
        with m.If((went == watched) & is_value):
            lane = Signal(range(lanes + 1))
            m.d.comb += [
                lane.eq(token.address),
                Assert(left.bit_select(lane, 1) & ((left & ((1 << lane) - 1)) == 0)),
                Assert(token.payload == Array([seen.values[n] for n in range(lanes)])[lane]),
            ]
            m.d.sync += left.eq(left & ~(1 << lane)[:lanes])
        with m.Elif(went == watched):
            m.d.comb += Assert((left == 0) & (token.kind == Mux(seen.tick, TokenKind.TICK, TokenKind.END)))
    ports = [*ports_of(dut.i.valid, word, dut.o.ready), watched]
    passed, log = prove(tmp_path, m, ports, depth=9)
    assert passed, log


def test_own_spikes_come_between_the_steps(tmp_path):
    """Each token of both sides leaves in the cycle in which it is taken, but for the TICKs of the own side; no token
    comes between a TICK and the own spikes of its step."""
    params = SpikingParams(inputs=2, neurons=2, lanes=1, recurrent=True)
    m = Module()
    m.submodules.dut = dut = Recurrence(params)
    no_reset(m)
    for name, side in (("i", dut.i), ("recurrent", dut.recurrent)):
        holds(m, side.valid, side.ready, side.payload, name, Assume)
    holds(m, dut.o.valid, dut.o.ready, dut.o.payload, "o", Assert)
    token = dut.o.payload
    outer, own, left = (port.valid & port.ready for port in (dut.i, dut.recurrent, dut.o))
    own_tick = dut.recurrent.payload.kind == TokenKind.TICK
    own_value = own & ~own_tick
    waits = Signal()  # for the own spikes of a step
    with m.If(outer):
        m.d.sync += waits.eq(dut.i.payload.kind == TokenKind.TICK)
    with m.Elif(own & own_tick):
        m.d.sync += waits.eq(0)
    m.d.comb += [
        Assume(dut.recurrent.payload.kind != TokenKind.END),
        Assume(dut.i.payload.address < params.inputs),
        Assert(left == (outer | own_value)),
        Assert(~(outer & own)),
        Assert(~(outer & waits)),
        Assert(~(own & ~waits)),
        # whoever's turn it is waits for nobody but the consumer
        Assert(~(dut.o.ready & waits & dut.recurrent.valid & ~dut.recurrent.ready)),
        Assert(~(dut.o.ready & ~waits & dut.i.valid & ~dut.i.ready)),
    ]
    with m.If(outer):
        m.d.comb += Assert((token.address == dut.i.payload.address) & (token.kind == dut.i.payload.kind))
    with m.If(own_value):
        m.d.comb += Assert(
            (token.address == dut.recurrent.payload.address + params.inputs) & (token.kind == TokenKind.VALUE)
        )
    ports = ports_of(dut.i.valid, dut.i.payload, dut.recurrent.valid, dut.recurrent.payload, dut.o.ready)
    passed, log = prove(tmp_path, m, ports, depth=9)
    assert passed, log


class CheckedRegister(Register):
    """A register that is never offered what it has no room for."""

    def elaborate(self, platform):
        m = super().elaborate(platform)
        m.d.comb += Assert(~self.i.valid | self.i.ready)
        return m


def engine_bench(*, recurrent):
    """A register engine of two neurons that spike in each step with an event, any tokens, and a consumer that takes
    what it sends whenever it likes."""
    neuron = LifParams(state_bits=4, threshold=0, leak=LeakParams(kind=LeakKind.MULTIPLY, decay=1, decay_bits=1))
    params = RegisterParams(
        inputs=1, neurons=2, payload=SPIKE, weight_bits=2, neuron=neuron,
        recurrent=recurrent, counter_bits=8,
    )  # fmt: skip
    own = [[1, 1]] * 2 if recurrent else None
    m = Module()
    m.submodules.dut = dut = register.RegisterEngine(params, pack(params, [[1], [1]], [0, 0], own))
    no_reset(m)
    token = dut.i.payload
    value = token.kind == TokenKind.VALUE
    m.d.comb += [
        Assume((token.address == 0) & (token.payload == value) & (Value.cast(token.kind) < len(TokenKind))),
        Assume(~dut.clear),
    ]
    holds(m, dut.i.valid, dut.i.ready, token, "i", Assume)
    holds(m, dut.o.valid, dut.o.ready, dut.o.payload, "o", Assert)
    return m, ports_of(dut.i.valid, token, dut.o.ready, dut.clear)


@pytest.mark.parametrize("recurrent", [False, True])
def test_the_register_engines_words_find_room(tmp_path, monkeypatch, recurrent):
    """Its pipeline cannot wait: what a step sends must find the register before the serializer empty."""
    monkeypatch.setattr(register, "Register", CheckedRegister)
    m, ports = engine_bench(recurrent=recurrent)
    passed, log = prove(tmp_path, m, ports, depth=16)
    assert passed, log


def test_four_steps_outside_would_be_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr(register, "Register", CheckedRegister)
    monkeypatch.setattr(register, "updates_in_flight", lambda params: 4)
    m, ports = engine_bench(recurrent=False)
    passed, log = prove(tmp_path, m, ports, depth=16)
    assert not passed
    assert "Assert failed" in log
