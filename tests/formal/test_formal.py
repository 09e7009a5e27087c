"""Proofs: streams keep their rules and lose, duplicate or reorder nothing, whatever the neighbours do.

Each property is an Amaranth module with assertions; SymbiYosys proves it for every input from reset up to a number of
cycles in which queues fill, empty and wrap, and frames of every kind come and go.
"""

import pytest
from amaranth.hdl import *
from support.formal import NO_FORMAL, prove
from support.proofs import FORMAT, holds, no_reset

from tospike.hw.host.input import DenseInput, TokenInput
from tospike.hw.host.output import DenseOutput
from tospike.hw.params import TokenKind
from tospike.hw.streams import Queue, Register
from tospike.hw.tokens import Densifier

pytestmark = NO_FORMAL


@pytest.mark.parametrize(
    "make",
    [
        Register,
        lambda shape: Queue(shape, depth=2),
        pytest.param(lambda shape: Queue(shape, depth=3), marks=pytest.mark.slow),
    ],
)
def test_nothing_is_lost_duplicated_or_reordered(tmp_path, make):
    """Payloads number the tokens; they must come out numbered."""
    m = Module()
    m.submodules.dut = dut = make(unsigned(4))
    sent, got = Signal(4), Signal(4)
    no_reset(m)
    m.d.comb += dut.i.payload.eq(sent)
    with m.If(dut.i.valid & dut.i.ready):
        m.d.sync += sent.eq(sent + 1)
    with m.If(dut.o.valid & dut.o.ready):
        m.d.sync += got.eq(got + 1)
        m.d.comb += Assert(dut.o.payload == got)
    holds(m, dut.o.valid, dut.o.ready, dut.o.payload, "o", Assert)
    passed, log = prove(tmp_path, m, [dut.i.valid, dut.o.ready])
    assert passed, log


def stream_component(name):
    """A component with its input's (valid, ready, payload) and its output's, and what its neighbour promises."""
    if name == "densifier":
        dut = Densifier(FORMAT)
        return dut, (dut.i.valid, dut.i.ready, dut.i.payload), (dut.o.valid, dut.o.ready, dut.o.payload)
    if name == "dense output":
        dut = DenseOutput(FORMAT)
        out = (dut.o.tvalid, dut.o.tready, Cat(dut.o.tdata, dut.o.tlast))
        return dut, (dut.i.valid, dut.i.ready, dut.i.payload), out
    dut = DenseInput(FORMAT, send_zeros=name == "all values") if name != "token input" else TokenInput(FORMAT)
    into = (dut.i.tvalid, dut.i.tready, Cat(dut.i.tdata, dut.i.tlast))
    return dut, into, (dut.o.valid, dut.o.ready, dut.o.payload)


@pytest.mark.parametrize("name", ["densifier", "dense output", "all values", "values", "token input"])
def test_an_offer_is_held_until_it_is_taken(tmp_path, name):
    m = Module()
    dut, into, out = stream_component(name)
    m.submodules.dut = dut
    no_reset(m)
    holds(m, *into, "i", Assume)
    holds(m, *out, "o", Assert)
    if name in ("densifier", "dense output"):  # addresses ascend: rule 1 of the stream
        kind, address = dut.i.payload.kind, dut.i.payload.address
        least = Signal(3)
        with m.If(kind == TokenKind.VALUE):
            m.d.comb += Assume((address >= least) & (address < FORMAT.addresses))
        with m.If(dut.i.valid & dut.i.ready):
            m.d.sync += least.eq(Mux(kind == TokenKind.VALUE, address + 1, 0))
        m.d.comb += Assume(kind != TokenKind.TICK)
    ports = [into[0], out[1], *Value.cast(into[2])._rhs_signals()]
    passed, log = prove(tmp_path, m, ports)
    assert passed, log


@pytest.mark.parametrize("send_zeros", [False, True])
def test_every_frame_becomes_its_values_and_one_end(tmp_path, send_zeros):
    """Whatever the frames' lengths: addresses ascend, and as many ENDs leave as frames came in."""
    m = Module()
    m.submodules.dut = dut = DenseInput(FORMAT, send_zeros=send_zeros)
    no_reset(m)
    token = dut.o.payload
    inside = Signal(signed(4))  # frames begun, less ENDs sent
    least = Signal(3)
    left = dut.o.valid & dut.o.ready
    ended = left & (token.kind == TokenKind.END)
    m.d.sync += inside.eq(inside + dut.started - ended)
    m.d.comb += Assert((inside >= 0) & (inside <= 2))
    with m.If(ended):
        m.d.sync += least.eq(0)
    with m.Elif(left):
        m.d.sync += least.eq(token.address + 1)
    with m.If(dut.o.valid):
        m.d.comb += Assert((token.kind == TokenKind.END) | ((token.address >= least) & (token.address < 3)))
        with m.If((token.kind == TokenKind.VALUE) & (not send_zeros)):
            m.d.comb += Assert(token.payload != 0)
    ports = [dut.i.tvalid, dut.i.tdata, dut.i.tlast, dut.o.ready]
    passed, log = prove(tmp_path, m, ports)
    assert passed, log


def test_a_wrong_claim_is_refuted(tmp_path):
    """A queue of two entries does fill up."""
    m = Module()
    m.submodules.dut = dut = Queue(unsigned(1), depth=2)
    no_reset(m)
    m.d.comb += Assert(dut.i.ready)
    passed, log = prove(tmp_path, m, [dut.i.valid, dut.o.ready], depth=8)
    assert not passed
    assert "Assert failed" in log
