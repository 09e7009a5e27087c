"""Pseudo-random numbers for the lanes of a word, from a linear-feedback shift register."""

from collections.abc import Sequence
from functools import reduce
from operator import add

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.params import NOISE_LAGS, NoiseParams


class Noise(wiring.Component):
    """An LFSR that advances by the bits of a whole word per cycle.

    ::

        oldest bit ... 127 bits ... newest bit | bits of lane 0 | bits of lane 1 | ...
                                                     |
                                     a uniform number: the bits themselves
                      several, or scaled: sum * scale -> register -> values     (a word ahead)

    Each new bit is the exclusive or of those 127 and 64 before it. Sums are registered, so that they add nothing to the
    path of the membrane: the register holds the word that is used next, and the LFSR is a word ahead of it.

    Members
    -------
    advance : In(1)
        ``values`` are used: the next cycle has new ones.
    restart : In(1)
        The next cycle has the first values of the sequence.
    values : Out
        A signed number per lane.
    """

    def __init__(self, params: NoiseParams, *, lanes: int):
        self._params = params
        self._lanes = lanes
        super().__init__(
            {
                "advance": In(1),
                "restart": In(1),
                "values": Out(data.ArrayLayout(shape_of(params.value), lanes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        length, tap = NOISE_LAGS
        initial, first = self._params.initial, None
        if self._params.is_summed:
            initial, first = self._first_word()
        history = Signal(length, init=initial)
        sequence = [history[n] for n in range(length)]
        for number in range(self._params.drawn_bits * self._lanes):
            bit = Signal(name=f"bit_{number}")
            m.d.comb += bit.eq(sequence[-length] ^ sequence[-tap])
            sequence.append(bit)
        word = Cat(sequence[length:])
        if first is None:
            m.d.comb += self.values.as_value().eq(word)
        else:
            values = Signal(len(self.values.as_value()), init=first)
            m.d.comb += self.values.as_value().eq(values)
        with m.If(self.restart):
            m.d.sync += history.eq(initial)
            if first is not None:
                m.d.sync += values.eq(first)
        with m.Elif(self.advance):
            m.d.sync += history.eq(Cat(sequence[-length:]))
            if first is not None:
                m.d.sync += values.eq(self._sums(word))
        return m

    def _sums(self, word: Value) -> Value:
        """Return the values of a word."""
        params = self._params
        values = []
        for lane in range(self._lanes):
            drawn = word.word_select(lane, params.drawn_bits)
            total = _sum([drawn.word_select(n, params.bits).as_signed() for n in range(params.draws)])
            values.append((((total * params.scale) + params.centre) >> params.right_shift)[: params.value.bits])
        return Cat(values)

    def _first_word(self) -> tuple[int, int]:
        """Return the state after the first word, and the values of that word."""
        params = self._params
        length, tap = NOISE_LAGS
        sequence = [params.initial >> n & 1 for n in range(length)]
        for _ in range(params.drawn_bits * self._lanes):
            sequence.append(sequence[-length] ^ sequence[-tap])
        new, packed = sequence[length:], 0
        for lane in range(self._lanes):
            total = 0
            for draw in range(params.draws):
                start = lane * params.drawn_bits + draw * params.bits
                *low, sign = new[start : start + params.bits]
                total += sum(bit << n for n, bit in enumerate(low)) - (sign << params.bits - 1)
            value = (total * params.scale + params.centre) >> params.right_shift
            packed |= (value & (1 << params.value.bits) - 1) << lane * params.value.bits
        return sum(bit << n for n, bit in enumerate(sequence[-length:])), packed


def _sum(terms: Sequence[Value]) -> Value:
    """Return the sum, as a tree."""
    while len(terms) > 1:
        terms = [reduce(add, terms[n : n + 2]) for n in range(0, len(terms), 2)]
    return terms[0]
