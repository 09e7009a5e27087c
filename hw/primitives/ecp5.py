"""Lattice ECP5 primitives of arrays; `ecp5_cells.v` has their simulation models.

Their parameters are documented in Lattice's "ECP5 and ECP5-5G sysDSP Usage Guide" (FPGA-TN-02205) and in the cell
library of Yosys.
"""

from amaranth.hdl import *

from tospike.hw.arithmetic import extended
from tospike.hw.delay import delayed
from tospike.hw.primitives.flags import flag_for_bits

_OPERAND_BITS = 18
_PRODUCT_BITS = 36
_RESTARTABLE_ADD = 0xC60C
"""LUT contents for D = 1: C ? B : A ^ B, with B as the carry where that is 0. So C turns ``A + B`` into ``B``."""


class Ecp5:
    """MULT18X18D, CCU2C and TRELLIS_FF; see `tospike.hw.primitives.protocol.Primitives`."""

    def flip_flop(self, m: Module, d: Value, *, name: str) -> Value:
        """Return ``d`` a cycle later, from a flip-flop that synthesis never merges."""
        q = Signal(name=name)
        m.submodules[name] = _preserved(d, q)
        return q

    def multiplier(self, m: Module, a: Value, b: Value, *, registers: int, zero_gating: bool) -> Value:
        """Return ``a * b``. The first two register stages are those of the DSP block, so ``registers`` is at least 1.

        Operands have at most 18 bits (17 if unsigned). They cannot be isolated, so ``zero_gating`` is ignored.
        """
        inside = Signal(Shape(len(a) + len(b), signed=a.shape().signed or b.shape().signed))
        m.submodules.dsp = _dsp(a, b, inside)
        return delayed(m, inside, registers - 1, name="product", reset_less=True)

    def restartable_adder(
        self, m: Module, acc: Value, product: Value, *, carry: Value, first: Value, cycles: int, name: str
    ) -> Value:
        """Return the sum, computed in the carry chain alone."""
        restart = flag_for_bits(m, self, first, cycles, width=len(acc), name=name)
        return _carry_chain(m, restart, acc, product, carry=carry)


def _dsp(a, b, product: Signal) -> Instance:
    """Return a MULT18X18D that drives ``product`` with ``a * b`` two cycles later; its registers have no reset.

    Both operands are registered, because the tools treat a single registered operand as none. Operands are aligned to
    the upper end of their ports, so that no sign bit has to be replicated.
    """
    operands: dict[str, Value] = {}
    unused = _PRODUCT_BITS
    for port, operand in (("A", a), ("B", b)):
        operand = Value.cast(operand)
        bits = extended(operand, len(operand) + (not operand.shape().signed))
        low = _OPERAND_BITS - len(bits)
        operands |= {f"i_{port}{bit}": C(0, 1) if bit < low else bits[bit - low] for bit in range(_OPERAND_BITS)}
        unused -= len(bits)
    result = Cat(Signal(unused, name="unused"), product)
    result = Cat(result, Signal(_PRODUCT_BITS - len(result), name="sign"))
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


def _carry_chain(m: Module, restart, a: Value, b: Value, *, carry) -> Value:
    """Return ``(restart ? 0 : a) + b + carry`` modulo 2 ** len(a), in the carry chain alone: two bits per CCU2C.

    ``restart`` replicates the flag for each bit of ``a``.
    """
    width = len(a)
    pairs = (width + 1) // 2
    total = Signal(2 * pairs)
    carries = [Value.cast(carry), *(Signal(name=f"carry_{pair}") for pair in range(pairs))]
    a, b, restart = (extended(value, 2 * pairs) for value in (a, b, restart))
    for pair in range(pairs):
        low, high = 2 * pair, 2 * pair + 1
        m.submodules += Instance(
            "CCU2C",
            p_INIT0=C(_RESTARTABLE_ADD, 16),
            p_INIT1=C(_RESTARTABLE_ADD, 16),
            p_INJECT1_0="NO",
            p_INJECT1_1="NO",
            i_CIN=carries[pair],
            **{"i_A0": a[low], "i_B0": b[low], "i_C0": restart[low], "i_D0": C(1, 1), "o_S0": total[low]},
            **{"i_A1": a[high], "i_B1": b[high], "i_C1": restart[high], "i_D1": C(1, 1), "o_S1": total[high]},
            o_COUT=carries[pair + 1],
        )
    return total[:width]


def _preserved(d, q: Signal) -> Instance:
    """Return a flip-flop that Yosys preserves, even if another one always holds the same value."""
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
