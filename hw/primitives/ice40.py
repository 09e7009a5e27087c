"""The Lattice iCE40 UltraPlus primitive of arrays; `ice40_cells.v` has its simulation model.

Its parameters are documented in Lattice's "DSP Function Usage Guide for iCE40 Devices" (FPGA-TN-02007).
"""

from amaranth.hdl import *

from tospike.hw.arithmetic import extended

_OPERAND_BITS = 16
_SUM_BITS = 32


class MultiplyAdd:
    """SB_MAC16; see `tospike.hw.primitives.protocol.MultiplyAdd`."""

    def accumulate(self, m: Module, a: Value, b: Value, *, restart: Value) -> Value:
        """Return the sum, accumulated in the cell's output register."""
        total = Signal(signed(_SUM_BITS))
        m.submodules.dsp = _mac16(a, b, total, load=restart)
        return total

    def add(self, m: Module, a: Value, b: Value, *, addend: Value) -> Value:
        """Return the sum, from the cell's adder."""
        total = Signal(signed(_SUM_BITS))
        m.submodules.dsp = _mac16(a, b, total, addend=addend)
        return total


def _mac16(a, b, total: Signal, *, addend=None, load=None) -> Instance:
    """Return an SB_MAC16 with its registers, which have no reset: operands, partial products, product, sum.

    Without ``addend``, ``total`` accumulates ``a * b`` with a latency of four cycles; ``load`` clears it in the next
    cycle, so that one product is lost. With ``addend``, ``total`` is ``addend`` (latency 1) plus ``a * b`` (latency 4).
    """
    accumulates = addend is None
    addend = C(0, _SUM_BITS) if accumulates else addend
    return Instance(
        "SB_MAC16",
        **dict.fromkeys(("p_A_REG", "p_B_REG", "p_A_SIGNED", "p_B_SIGNED"), C(1, 1)),
        **dict.fromkeys(("p_TOP_8x8_MULT_REG", "p_BOT_8x8_MULT_REG"), C(1, 1)),
        **dict.fromkeys(("p_PIPELINE_16x16_MULT_REG1", "p_PIPELINE_16x16_MULT_REG2"), C(1, 1)),
        # each half adds its half of the product, the upper one with the carry of the lower one
        **dict.fromkeys(("p_TOPADDSUB_LOWERINPUT", "p_BOTADDSUB_LOWERINPUT"), C(2, 2)),
        **dict.fromkeys(("p_TOPADDSUB_UPPERINPUT", "p_BOTADDSUB_UPPERINPUT"), C(int(not accumulates), 1)),
        p_TOPADDSUB_CARRYSELECT=C(2, 2),
        p_BOTADDSUB_CARRYSELECT=C(0, 2),
        **dict.fromkeys(("p_TOPOUTPUT_SELECT", "p_BOTOUTPUT_SELECT"), C(1, 2)),
        i_CLK=ClockSignal(),
        i_CE=C(1, 1),
        i_A=extended(a, _OPERAND_BITS),
        i_B=extended(b, _OPERAND_BITS),
        i_C=extended(addend, _SUM_BITS)[16:],
        i_D=extended(addend, _SUM_BITS)[:16],
        i_OLOADTOP=C(0, 1) if load is None else load,
        i_OLOADBOT=C(0, 1) if load is None else load,
        o_O=total,
    )
