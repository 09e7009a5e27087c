"""The datapath of each code: what the encoder stores of a value, when it sends an entry, and with which payload."""

from amaranth.hdl import *

from tospike.hw.encoders.random import RandomNumbers
from tospike.hw.params import EncoderParams, Encoding
from tospike.hw.params.engines.encoding import NamedCode


class Coder:
    """The code-specific part of the encoder: expressions, and statements in the encoder's module.

    A buffer entry has a field ``stored`` of `EncoderParams.stored_bits` and a field ``state`` of
    `EncoderParams.state_bits`.
    """

    reads_step = True
    """Whether `later` reads the time step; a code that does not saves the registers that carry it along."""
    reads_mask = True
    """Whether `later` reads the mask; likewise."""

    def __init__(self, params: EncoderParams):
        self._params = params
        self._bits = params.payload.bits

    def elaborate(self, m: Module, visits: Value, ends: Value):
        """Add the logic that the code has besides expressions; none by default.

        Parameters
        ----------
        m : Module
            The encoder's module.
        visits : Value
            In this cycle, an incoming value, or an entry in a later time step, is sent or skipped.
        ends : Value
            The last time step is over.
        """

    def stored(self, value):
        """Return what an entry stores of a value."""
        return value

    def at_once(self, value):
        """Return whether an incoming value is sent in the first time step, and its payload."""
        raise NotImplementedError

    def later(self, entry, step, mask):
        """Return whether an entry is sent in a later time step, and its payload.

        ``step`` is the number of the time step; ``mask`` has one bit set, which rotates downwards by one per step.
        """
        raise NotImplementedError

    def first_state(self, value):
        """Return the state of an entry for the second time step; only for codes with a state."""
        raise NotImplementedError

    def next_state(self, entry):
        """Return the state of an entry for the next time step. It is computed a scan ahead, so that no adder lies in
        the path of whether an entry is sent."""
        raise NotImplementedError


class Direct(Coder):
    """Send the value in every time step."""

    reads_step = reads_mask = False

    def at_once(self, value):
        return C(1, 1), value

    def later(self, entry, step, mask):
        return C(1, 1), entry.stored


class Once(Coder):
    """Send the value in the first time step, and keep nothing."""

    reads_step = reads_mask = False

    def stored(self, value):
        return C(0, 0)

    def at_once(self, value):
        return C(1, 1), value

    def later(self, entry, step, mask):
        return C(0, 1), C(0, self._bits)


class Rate(Coder):
    """Spike on carry; an accumulator that starts at 0 cannot carry on its first addition."""

    reads_step = reads_mask = False

    def at_once(self, value):
        return C(0, 1), 1

    def later(self, entry, step, mask):
        return entry.state[-1:], 1

    def first_state(self, value):
        return value << 1

    def next_state(self, entry):
        return entry.state[: self._bits] + entry.stored


class Stochastic(Coder):
    """Spike if the value exceeds the next random number."""

    reads_step = reads_mask = False

    def __init__(self, params):
        super().__init__(params)
        self._random = Signal(self._bits, name="random")

    def elaborate(self, m, visits, ends):
        m.submodules.numbers = numbers = RandomNumbers(self._params.seed)
        m.d.comb += [self._random.eq(numbers.number), numbers.advance.eq(visits), numbers.restart.eq(ends)]

    def at_once(self, value):
        return value > self._random, 1

    def later(self, entry, step, mask):
        return entry.stored > self._random, 1


class Ttfs(Coder):
    """Spike in the stored time step."""

    reads_mask = False

    def stored(self, value):
        return ((self._params.payload.max - value) * self._params.steps)[self._bits :]

    def at_once(self, value):
        return self.stored(value) == 0, 1

    def later(self, entry, step, mask):
        return entry.stored == step, 1


class Phase(Coder):
    """Send the weight of the current bit if it is set."""

    reads_step = False

    def at_once(self, value):
        return value[-1], value & C(1 << (self._bits - 1), self._bits)

    def later(self, entry, step, mask):
        return (entry.stored & mask).any(), entry.stored & mask


CODERS: dict[NamedCode, type[Coder]] = {
    Encoding.DIRECT: Direct,
    Encoding.ONCE: Once,
    Encoding.RATE: Rate,
    Encoding.STOCHASTIC: Stochastic,
    Encoding.TTFS: Ttfs,
    Encoding.PHASE: Phase,
}
"""The datapath of each code."""
