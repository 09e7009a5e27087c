"""What proofs have in common."""

from amaranth.hdl import *

from tospike.hw.params import IntFormat, TokenFormat

FORMAT = TokenFormat(addresses=3, payload=IntFormat(bits=2, signed=False))


def past(m, signal, name):
    """The signal's value one cycle ago."""
    register = Signal.like(signal, name=name)
    m.d.sync += register.eq(signal)
    return register


def holds(m, valid, ready, payload, name, check):
    """What is offered stays until it is taken."""
    begun = Signal(name=f"{name}_begun")
    m.d.sync += begun.eq(1)
    waits = past(m, valid & ~ready, f"{name}_waits")
    before = past(m, Value.cast(payload), f"{name}_before")
    with m.If(begun & waits & ~ResetSignal()):
        m.d.comb += check(valid & (Value.cast(payload) == before))


def no_reset(m):
    m.d.comb += Assume(~ResetSignal())
