"""Clock gating: the clock of a part stands still while nothing is in it."""

from typing import Any

from amaranth.hdl import *
from amaranth.lib import wiring

CONFIGURED = 4
"""Cycles after a configuration write until it is stored."""


def gated(part: Any, awake: Value) -> Any:
    """Return a component with a clock that runs in cycles in which ``awake`` is high.

    In Amaranth and Verilog that is an enable of every register and memory port, of which synthesis for standard cells
    makes clock gates (Yosys: ``clockgate``). A vendor's cells (`tospike.hw.primitives`) run on: nothing is in them.
    """
    return EnableInserter(awake)(part)


def engine_awake(m: Module, engine: wiring.Component, *, name: str) -> Signal:
    """Return whether the clock of an engine must run: a token is offered or inside, or its host needs it to.

    ``engine.busy`` is low only when all of its pipelines are empty, so that no register would change.
    """
    awake = Signal(name=name)
    wanted = engine.i.valid | engine.busy
    if "clear" in engine.signature.members:
        wanted |= engine.clear
    if "config" in engine.signature.members:
        configured = Signal(CONFIGURED, name=f"{name}_configured")
        m.d.sync += configured.eq(Cat(engine.config.valid, configured))
        wanted |= engine.config.valid | configured.any()
    m.d.comb += awake.eq(wanted)
    return awake


def count_awake(m: Module, awake: Value, inside: Value, clear: Value, *, bits: int, name: str) -> Signal:
    """Return the number of cycles in which ``awake`` was high with a sample inside; ``inside`` is a cycle late."""
    count, late = Signal(bits, name=name), Signal(name=f"{name}_late")
    m.d.sync += [late.eq(awake), count.eq(count + (late & inside))]
    with m.If(clear):
        m.d.sync += count.eq(0)
    return count
