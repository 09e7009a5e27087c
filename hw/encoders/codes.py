"""The hardware of each code: what the encoder stores of a value, when it sends the entry, and with which payload."""

from amaranth.hdl import *

from tospike.hw.encoders.random import RandomNumbers
from tospike.hw.params import EncoderParams, Encoding
from tospike.hw.params.engines.encoding import NamedCode


class Coder:
    """A code's part of the encoder: expressions, and statements in the encoder's module.

    An entry has ``stored``, `EncoderParams.stored_bits` of a value, and ``state``, `EncoderParams.state_bits`.
    """

    def __init__(self, params: EncoderParams):
        self._params = params
        self._bits = params.payload.bits

    def elaborate(self, m: Module, looks: Value, ends: Value):
        """Add what the code has of its own: nothing, as a rule.

        Parameters
        ----------
        m : Module
            The encoder's.
        looks : Value
            A value that comes, or an entry in a later step, is sent in this cycle or is not.
        ends : Value
            All steps are over.
        """

    def stored(self, value):
        """Return what an entry holds of a value."""
        return value

    def at_once(self, value):
        """Return whether a value is sent in the first step, as it comes, and its payload."""
        raise NotImplementedError

    def later(self, entry, step, mask):
        """Return whether an entry is sent in a later step, and its payload.

        ``step`` is the step's number, ``mask`` has the bit set whose turn it is if each step takes the next lower one.
        """
        raise NotImplementedError

    def first_state(self, value):
        """Return the state of an entry for the second step; only where it has one."""
        raise NotImplementedError

    def next_state(self, entry):
        """Return the state of an entry for the step after this one. It is made a scan ahead: whether an entry is sent
        must not wait for an adder."""
        raise NotImplementedError


class Direct(Coder):
    """Always, with the value."""

    def at_once(self, value):
        return C(1, 1), value

    def later(self, entry, step, mask):
        return C(1, 1), entry.stored


class Rate(Coder):
    """On carry; an accumulator that starts at 0 cannot carry on its first addition."""

    def at_once(self, value):
        return C(0, 1), 1

    def later(self, entry, step, mask):
        return entry.state[-1:], 1

    def first_state(self, value):
        return value << 1

    def next_state(self, entry):
        return entry.state[: self._bits] + entry.stored


class Stochastic(Coder):
    """If the value is above the next random number."""

    def __init__(self, params):
        super().__init__(params)
        self._random = Signal(self._bits, name="random")

    def elaborate(self, m, looks, ends):
        m.submodules.numbers = numbers = RandomNumbers(self._params.seed)
        m.d.comb += [self._random.eq(numbers.number), numbers.advance.eq(looks), numbers.restart.eq(ends)]

    def at_once(self, value):
        return value > self._random, 1

    def later(self, entry, step, mask):
        return entry.stored > self._random, 1


class Ttfs(Coder):
    """In the step that is stored."""

    def stored(self, value):
        return ((self._params.payload.max - value) * self._params.steps)[self._bits :]

    def at_once(self, value):
        return self.stored(value) == 0, 1

    def later(self, entry, step, mask):
        return entry.stored == step, 1


class Phase(Coder):
    """If the bit whose turn it is is set, with its weight."""

    def at_once(self, value):
        return value[-1], value & C(1 << (self._bits - 1), self._bits)

    def later(self, entry, step, mask):
        return (entry.stored & mask).any(), entry.stored & mask


CODERS: dict[NamedCode, type[Coder]] = {
    Encoding.DIRECT: Direct,
    Encoding.RATE: Rate,
    Encoding.STOCHASTIC: Stochastic,
    Encoding.TTFS: Ttfs,
    Encoding.PHASE: Phase,
}
"""By the code's name."""
