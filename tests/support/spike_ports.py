"""The ports of what spikes pass."""

from amaranth.hdl import *


def ports_of(*values):
    return [signal for value in values for signal in Value.cast(value)._rhs_signals()]
