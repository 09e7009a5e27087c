"""Proofs: the host's ports keep the rules of AXI, whatever the host does.

SymbiYosys tries all of it from reset up to a number of cycles in which several requests of each kind overlap; resets
may come at any time. That each rule can be broken is shown by circuits that are changed in one place.
"""

import inspect

import pytest
from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.memory import ReadPort, WritePort
from support.axi_rules import CHANNELS, STREAM, answers_each_once, does_not_wait, keeps, within
from support.formal import NO_FORMAL, prove
from support.proofs import FORMAT

from tospike.hw.host import bridge, registers
from tospike.hw.host.early import EarlyOutput
from tospike.hw.host.output import ArgmaxOutput, DenseOutput, FirstSpikeOutput, TokenOutput
from tospike.hw.host.recording import RecordingInput
from tospike.hw.host.register_map import register_map
from tospike.hw.params import (
    SPIKE,
    AcceleratorParams,
    HostEventParams,
    HostInput,
    LifParams,
    SpikingParams,
    TokenFormat,
    TokenKind,
)

pytestmark = NO_FORMAL

ENGINE = SpikingParams(inputs=2, neurons=2, neuron=LifParams(threshold=1))
REGISTERS = register_map(
    AcceleratorParams(name="a", engines=(ENGINE,), host_input=HostInput.TOKENS), version=1, config_hash=1 << 40
)


def changed(component, *changes):
    """The class, but for some places of its text."""
    text = inspect.getsource(component)
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    module = dict(vars(inspect.getmodule(component)))
    exec(text, module)
    return module[component.__name__]


def inputs_of(component):
    """Every input of a component, by the names of its members."""
    return {
        "_".join(map(str, path)): Value.cast(value)
        for path, member, value in component.signature.flatten(component)
        if member.flow == wiring.In
    }


def register_bench(kind):
    m = Module()
    m.submodules.dut = dut = kind(REGISTERS)
    axi = dut.axi
    for name in ("aw", "w", "ar"):
        keeps(m, axi, CHANNELS[name], Assume, name)
    for name in ("b", "r"):
        keeps(m, axi, CHANNELS[name], Assert, name)
    writes, reads = answers_each_once(m, axi, Assert)
    within(m, writes != 0, axi.bvalid, 1, Assert, "b")
    within(m, reads != 0, axi.rvalid, 3, Assert, "r")
    # a write has its effect once, when it is taken
    m.d.comb += Assert(~dut.config.valid | (axi.wvalid & axi.wready))
    return m, dut


def test_registers_answer_each_request_once(tmp_path):
    m, dut = register_bench(registers.RegisterFile)
    passed, log = prove(tmp_path, m, [*inputs_of(dut).values()], depth=14)
    assert passed, log


READY = "m.d.comb += axi.arready.eq(~decoding & ~selecting & ~axi.rvalid)"
CONFIG = "m.d.comb += self.config.valid.eq(written(CONFIG_DATA))"
MUTANTS = {
    "a write is taken while the answer before waits": ("& ~taken & ~axi.bvalid", "& ~taken"),
    "a write is taken twice": ("& ~taken & ~axi.bvalid", "& ~axi.bvalid"),
    "a write without data": ("offered.eq(axi.awvalid & axi.wvalid", "offered.eq(axi.awvalid"),
    "the answer goes before it is taken": ("m.If(axi.bvalid & axi.bready)", "m.If(axi.bvalid)"),
    "a read is taken while one is answered": (READY, "m.d.comb += axi.arready.eq(~decoding)"),
    "data change while they wait": (READY, f"m.d.sync += axi.rdata.eq(self.counters[0]); {READY}"),
    "a read is never answered": ("axi.rvalid.eq(1)", "axi.rvalid.eq(address[0])"),
    "data come without a write": (CONFIG, "m.d.comb += self.config.valid.eq(axi.wvalid)"),
    "an answer outlives a reset": (CONFIG, f"axi.bvalid._reset_less = True; {CONFIG}"),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_registers_that_break_a_rule_are_found(tmp_path, name):
    m, dut = register_bench(changed(registers.RegisterFile, MUTANTS[name]))
    passed, log = prove(tmp_path, m, [*inputs_of(dut).values()], depth=14)
    assert not passed
    assert "Assert failed" in log


STEP = TokenFormat(addresses=3, payload=SPIKE)
OUTPUTS = {
    "dense": lambda: DenseOutput(FORMAT),
    "tokens": lambda: TokenOutput(FORMAT),
    "argmax": lambda: ArgmaxOutput(FORMAT),
    "first-spike": lambda: FirstSpikeOutput(STEP),
    "early": lambda: EarlyOutput(STEP, steps=2),
}


def token_rules(m, dut):
    """The rules that an engine keeps: what it offers stays, and addresses ascend."""
    token = dut.i.payload
    kind, address = token.kind, token.address
    names = ("valid", "ready", ("payload",))
    keeps(m, dut.i, names, Assume, "i")
    least = Signal(3)
    with m.If(dut.i.valid & dut.i.ready):
        m.d.sync += least.eq(Mux(kind == TokenKind.VALUE, address + 1, 0))
    is_value = kind == TokenKind.VALUE
    m.d.comb += Assume((Value.cast(kind) < len(TokenKind)) & (~is_value | ((address >= least) & (address < 3))))
    m.d.comb += Assume(~is_value | (token.payload != 0))


@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs_keep_what_they_offer(tmp_path, name):
    m = Module()
    m.submodules.dut = dut = OUTPUTS[name]()
    token_rules(m, dut)
    if name == "dense":
        m.d.comb += Assume(dut.i.payload.kind != TokenKind.TICK)
    keeps(m, dut.o, STREAM, Assert, "o")
    m.d.comb += Assert(~dut.finished | (dut.o.tvalid & dut.o.tready & dut.o.tlast))
    passed, log = prove(tmp_path, m, [*inputs_of(dut).values()], depth=18)
    assert passed, log


def twins(make, free):
    """A module with two of a kind whose inputs are the same, but for those in ``free``; and the inputs."""
    m = Module()
    m.submodules.one, m.submodules.other = one, other = make(), make()
    shared = inputs_of(one)
    for name, value in inputs_of(other).items():
        if name not in free:
            m.d.comb += value.eq(shared[name])
    return m, one, other, [*shared.values(), *(inputs_of(other)[name] for name in free)]


@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs_do_not_wait_for_ready(tmp_path, name):
    m, one, other, ports = twins(OUTPUTS[name], ["o_tready"])
    token_rules(m, one)
    does_not_wait(m, (one.o, other.o), STREAM, "o")
    passed, log = prove(tmp_path, m, ports, depth=12)
    assert passed, log


@pytest.mark.parametrize("name", ["b", "r"])
def test_registers_do_not_wait_for_ready(tmp_path, name):
    m, one, other, ports = twins(lambda: registers.RegisterFile(REGISTERS), [f"axi_{name}ready"])
    does_not_wait(m, (one.axi, other.axi), CHANNELS[name], name)
    passed, log = prove(tmp_path, m, ports, depth=10)
    assert passed, log


def test_a_recording_is_kept(tmp_path):
    m = Module()
    m.submodules.dut = dut = RecordingInput(STEP, HostEventParams(time_bin=2, steps=3))
    keeps(m, dut.i, STREAM, Assume, "i")
    keeps(m, dut.o, ("valid", "ready", ("payload",)), Assert, "o")
    passed, log = prove(tmp_path, m, [*inputs_of(dut).values()], depth=14)
    assert passed, log


ANYTHING = {
    "good": Signal(),
    "number": Signal(4),
    "kind": Signal(4),
    "length": Signal(4),
    "done": Signal(),
    "data": Signal(8),
}
"""What the solver chooses anew in each cycle."""


class AnyPackets(bridge.Deframer):
    """Any packet, whenever the bridge listens."""

    def elaborate(self, platform):
        m = Module()
        listens = ~self.hold & ~self.is_good
        m.d.sync += self.is_good.eq(ANYTHING["good"] & listens)
        with m.If(listens):
            m.d.sync += [getattr(self, name).eq(ANYTHING[name]) for name in ("number", "kind", "length")]
        return m


class AnyPace(bridge.Framer):
    """Sends nothing, and is done at any time."""

    def elaborate(self, platform):
        m = Module()
        is_sending = Signal()
        m.d.sync += is_sending.eq((is_sending | self.start) & ~self.done)
        m.d.comb += self.done.eq(is_sending & ANYTHING["done"])
        return m


class AnyMemory(wiring.Component):
    """Reads as anything."""

    def __init__(self, *, shape, depth, init):
        self._read = ReadPort.Signature(addr_width=(depth - 1).bit_length(), shape=shape).flip().create()
        self._write = WritePort.Signature(addr_width=(depth - 1).bit_length(), shape=shape).flip().create()
        super().__init__({})

    def read_port(self):
        return self._read

    def write_port(self):
        return self._write

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self._read.data.eq(ANYTHING["data"])
        return m


def bridge_bench(*changes):
    """A bridge that has a session from the start: to begin one would take most of the cycles."""
    m = Module()
    session = ("has_session = Signal()", "has_session = Signal(init=1)")
    m.submodules.dut = dut = changed(bridge.AxiBridge, session, *changes)(timeout=2)
    axi = dut.s_axi
    for name, check in (("aw", Assert), ("w", Assert), ("ar", Assert), ("b", Assume), ("r", Assume)):
        keeps(m, axi, CHANNELS[name], check, name)
    writes, reads = answers_each_once(m, axi, Assume, requests=Assert)
    m.d.comb += Assert((writes == 0) | (reads == 0))
    keeps(m, dut.s_axis, STREAM, Assert, "s_axis", unless=dut.reset)
    keeps(m, dut.m_axis, STREAM, Assume, "m_axis")
    return m, dut


@pytest.fixture
def any_requests(monkeypatch):
    for name, stand_in in (("Deframer", AnyPackets), ("Framer", AnyPace), ("Memory", AnyMemory)):
        monkeypatch.setattr(bridge, name, stand_in)


def test_the_bridge_asks_by_the_rules(tmp_path, any_requests):
    m, dut = bridge_bench()
    passed, log = prove(tmp_path, m, [*inputs_of(dut).values(), *ANYTHING.values()], depth=26)
    assert passed, log


BRIDGE_MUTANTS = {
    "a beat is withdrawn": ("[is_stalled.eq(1), size", "[beats.tvalid.eq(0), is_stalled.eq(1), size"),
    "a beat is overwritten": ("with m.If(~beats.tvalid | beats.tready):", "with m.If(C(1)):"),
    "an address does not wait": ("with m.If(axi.awready):", "with m.If(C(1)):"),
    "an answer is not awaited": ("with m.If(axi.bvalid):", "with m.If(axi.awready):"),
}  # fmt: skip


@pytest.mark.parametrize("name", BRIDGE_MUTANTS)
def test_a_bridge_that_breaks_a_rule_is_found(tmp_path, any_requests, name):
    m, dut = bridge_bench(BRIDGE_MUTANTS[name])
    passed, log = prove(tmp_path, m, [*inputs_of(dut).values(), *ANYTHING.values()], depth=26)
    assert not passed
    assert "Assert failed" in log
