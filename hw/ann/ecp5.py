"""The primitives of Lattice ECP5 that the array is made of; `ecp5_cells.v` has their simulation models.

What each setting means is in Lattice's "ECP5 and ECP5-5G sysDSP Usage Guide" (FPGA-TN-02205) and in the cell library
of Yosys.
"""

from amaranth.hdl import *

from tospike.hw.arithmetic import extended

_OPERAND_BITS = 18
_PRODUCT_BITS = 36
_RESTARTABLE_ADD = 0xC60C
"""D = 1: C ? B : A ^ B, and the carry where that is 0 is B. With B at both, C turns ``A + B`` into ``B``."""


def multiplier(a, b, product: Signal) -> Instance:
    """``product`` is ``a * b`` of two cycles ago, in the registers of MULT18X18D (they have no reset).

    Both operands are registered: the tools count one registered operand as none.
    """
    operands = {
        f"i_{port}{bit}": extended(operand, _OPERAND_BITS)[bit]
        for port, operand in (("A", a), ("B", b))
        for bit in range(_OPERAND_BITS)
    }
    unused = Signal(_PRODUCT_BITS - len(product))
    result = Cat(product, unused)
    return Instance(
        "MULT18X18D",
        p_REG_INPUTA_CLK="CLK0",
        p_REG_INPUTB_CLK="CLK0",
        p_REG_OUTPUT_CLK="CLK0",
        i_CLK0=ClockSignal(),
        i_CE0=C(1, 1),
        i_RST0=C(0, 1),
        i_SIGNEDA=C(1, 1),
        i_SIGNEDB=C(1, 1),
        i_SOURCEA=C(0, 1),
        i_SOURCEB=C(0, 1),
        **operands,
        **{f"o_P{bit}": result[bit] for bit in range(_PRODUCT_BITS)},
    )


def restartable_adder(m: Module, restart, a: Value, b: Value) -> Value:
    """``(restart ? 0 : a) + b`` modulo 2 ** len(a), in the carry chain alone: two bits for each CCU2C."""
    width = len(a)
    pairs = (width + 1) // 2
    total = Signal(2 * pairs)
    carry = Signal(pairs + 1)
    a, b = extended(a, 2 * pairs), extended(b, 2 * pairs)
    for pair in range(pairs):
        low, high = 2 * pair, 2 * pair + 1
        m.submodules += Instance(
            "CCU2C",
            p_INIT0=C(_RESTARTABLE_ADD, 16),
            p_INIT1=C(_RESTARTABLE_ADD, 16),
            p_INJECT1_0="NO",
            p_INJECT1_1="NO",
            i_CIN=carry[pair],
            **{"i_A0": a[low], "i_B0": b[low], "i_C0": restart, "i_D0": C(1, 1), "o_S0": total[low]},
            **{"i_A1": a[high], "i_B1": b[high], "i_C1": restart, "i_D1": C(1, 1), "o_S1": total[high]},
            o_COUT=carry[pair + 1],
        )
    return total[:width]


def flip_flop(d, q: Signal) -> Instance:
    """One flip-flop that Yosys keeps, even where another one always holds the same value."""
    return Instance(
        "TRELLIS_FF",
        a_keep=1,
        p_GSR="DISABLED",
        p_CEMUX="1",
        p_CLKMUX="CLK",
        p_LSRMUX="LSR",
        p_REGSET="RESET",
        p_SRMODE="LSR_OVER_CE",
        i_CLK=ClockSignal(),
        i_LSR=ResetSignal(),
        i_DI=d,
        o_Q=q,
    )

