"""Threshold comparison, reset, refractory period and adaptation."""

from functools import reduce
from operator import or_

from amaranth.hdl import *

from tospike.hw.arithmetic import shape_of
from tospike.hw.params import PayloadCode, Reset, ResetTiming
from tospike.hw.spiking.neurons.cell import Neuron
from tospike.hw.spiking.neurons.compare import above


class ThresholdNeuron(Neuron):
    """``spike = membrane > threshold``, then the reset.

    With ``host_threshold``, the threshold is an input, which holds still while a sample is inside. An adaptive or noisy
    threshold takes a cycle before the comparison, for membrane - threshold offset + noise.

    A graded spike is found bit by bit, most significant first, two cycles each: compare the membrane with
    ``threshold * 2**bit``, and subtract that if it is above. A power of two of a burst or a phase is found at once: its
    bit is known.
    """

    def fire(self, m, membrane):
        """Compare and reset the membrane, and drive the auxiliary states."""
        params = self._params
        later = self.later(m)
        resting = (
            self.delayed(m, self.aux.refractory_count.any(), params.join_cycles) if params.refractory_steps else C(0, 1)
        )
        pending_reset = self.delayed(m, self.aux.pending_reset, params.join_cycles) if params.pending_reset else C(0, 1)
        if params.refractory_steps:
            membrane = Mux(resting, params.reset_value, membrane)
        compared = membrane
        if params.moves_threshold:
            compared, membrane, resting = self._compared(m, membrane, resting)
        if params.code is PayloadCode.COUNT:
            held = self._spike(m, membrane, compared, resting, pending_reset)
        else:
            held = self._power_of_two(m, membrane)
        if self._spikes_again:
            later += self.spikes_again.eq(above(membrane, params.spikes_again_above))

        fired = self.spike.any()
        before = self.delayed(m, membrane, 1 + params.count_cycles) if params.count_cycles else held
        late = params.reset_timing is ResetTiming.NEXT
        late_amount = late and params.reset is Reset.SUBTRACT
        reset = self.bounded(self._reset(m, held, fired))
        before = self.bounded(before)
        m.d.comb += self.after.eq(before if late else reset)
        base = self.hold(m, before if late_amount else reset)
        self._drive_aux(m, base, fired)
        return base, self._late_amount(m) if late_amount else None

    def _compared(self, m: Module, membrane: Value, resting: Value) -> tuple[Value, Value, Value]:
        """Return what is compared with the constant threshold a cycle later, with ``membrane`` and ``resting``."""
        params = self._params
        compared = membrane
        if params.adaptation is not None:
            compared = compared - self.delayed(m, self.aux.threshold_offset, params.join_cycles)
        if params.noise is not None:
            compared = compared + (self.noise << params.noise.left_shift)
        return self.delayed(m, compared, 1), self.delayed(m, membrane, 1), self.delayed(m, resting, 1)

    @property
    def _threshold(self) -> Value | int:
        """The threshold: a constant, or what the host wrote."""
        return self.threshold if self._params.host_threshold else self._params.threshold

    def _reaches(self, membrane: Value, threshold: Value | int) -> Value:
        """Return whether a membrane is large enough to spike."""
        at_threshold = self._params.spikes_at_threshold
        if not self._params.host_threshold:
            return above(membrane, threshold - at_threshold)
        return membrane >= threshold if at_threshold else membrane > threshold

    def _spike(self, m: Module, membrane: Value, compared: Value, resting: Value, pending_reset: Value) -> Value:
        """Drive ``spike`` from ``compared``, which is the membrane itself for graded spikes; return the remainder of
        the membrane in the cycle of the last bit."""
        params = self._params
        later = self.later(m)
        remainder = membrane
        for bit in reversed(range(params.spike_bits)):
            amount = self._threshold << bit
            found = self._reaches(compared if bit == params.spike_bits - 1 else remainder, amount)
            if params.pending_reset:
                found = Mux(pending_reset, above(remainder, params.limit + params.threshold), found)
            taken = Signal(name=f"taken_{bit}")
            held = Signal(remainder.shape(), name=f"held_{bit}", reset_less=True)
            later += [taken.eq(found & ~resting if params.refractory_steps else found), held.eq(remainder)]
            m.d.comb += self.spike[bit].eq(self.delayed(m, taken, 2 * bit))
            if bit:
                remainder = Signal(held.shape(), name=f"remainder_{bit}")
                resting = self.delayed(m, resting, 2)
                later += remainder.eq(Mux(taken, held - amount, held))
        return held

    def _power_of_two(self, m: Module, membrane: Value) -> Value:
        """Drive ``spike`` with the power of two of the neuron's place in a burst or a period, if the membrane is above
        as many thresholds; return the membrane in the cycle of the spike."""
        params = self._params
        later = self.later(m)
        place = self.delayed(m, self.aux.spike_place, params.join_cycles)
        held = Signal(membrane.shape(), reset_less=True)
        later += held.eq(membrane)
        for bit in range(params.spike_bits):
            here = place == (bit if params.code is PayloadCode.BURST else params.largest_exponent - bit)
            exceeds = above(membrane, (params.threshold << bit) - params.spikes_at_threshold)
            later += self.spike[bit].eq(here & exceeds)
        return held

    def _next_place(self, place: Value, fired: Value) -> Value:
        """Return the place in a burst or a period after ``place``."""
        params = self._params
        following = Mux(place == params.largest_exponent, 0, place + 1)
        if params.code is PayloadCode.PHASE:
            return following
        return Mux(fired, Mux(place == params.largest_exponent, place, place + 1), 0)

    def _reset(self, m: Module, held: Value, fired: Value) -> Value:
        """Return the membrane after the reset, in cycle 1."""
        params = self._params
        if params.reset is Reset.NONE:
            return held
        reset = Signal(shape_of(params.state))
        m.d.comb += reset.eq(held)
        if params.largest_exponent:
            amounts = (Mux(self.spike[bit], params.threshold << bit, 0) for bit in range(params.spike_bits))
            m.d.comb += reset.eq(held - reduce(or_, amounts))
        elif params.reset is Reset.SUBTRACT:
            with m.If(self.spike[0]):
                m.d.comb += reset.eq(held - self._threshold)
        else:
            with m.If(fired):
                m.d.comb += reset.eq(params.reset_value)
        return reset

    def _late_amount(self, m: Module) -> Value:
        """Return the amount that a reset in the next time step subtracts, in cycle 3."""
        params = self._params
        later = self.later(m)
        amount = Signal(range(params.spike.max * params.threshold + 1))
        later += amount.eq(self.delayed(m, self.spike, 1) * self._threshold)
        with m.If(self.clear):
            later += amount.eq(0)
        return amount

    def _drive_aux(self, m: Module, base: Value, fired: Value) -> None:
        """Drive ``aux_next``; ``base`` is in cycle 2, ``fired`` in cycle 1."""
        params = self._params
        later = self.later(m)
        if params.adaptation is not None:
            threshold_offset = self.delayed(m, self.aux.threshold_offset, 2 + params.extra_cycles)
            bump = Signal(range(params.adaptation.step + 1))
            later += bump.eq(Mux(self.clear, 0, self.delayed(m, fired, 1) * params.adaptation.step))
            addend = Cat(bump, C(0, 1)).as_signed()
            decayed = self.decay(
                m,
                "threshold_offset",
                threshold_offset,
                params.adaptation.leak,
                params.state,
                addend,
                flag=self.aux_flag(),
            )
            m.d.comb += self.aux_next.threshold_offset.eq(decayed)
        if params.refractory_steps:
            remaining = self.delayed(m, self.aux.refractory_count, 1 + params.extra_cycles)
            refractory_count = Signal.like(remaining)
            countdown = Mux(remaining.any(), remaining - 1, 0)
            later += refractory_count.eq(Mux(fired, params.refractory_steps, countdown))
            m.d.comb += self.aux_next.refractory_count.eq(self.delayed(m, Mux(self.clear, 0, refractory_count), 2))
        if params.largest_exponent:
            place = Signal(2)
            before = self.delayed(m, self.aux.spike_place, 1 + params.extra_cycles)
            later += place.eq(self._next_place(before, fired))
            m.d.comb += self.aux_next.spike_place.eq(self.delayed(m, Mux(self.clear, 0, place), 2))
        if params.pending_reset:
            pending_reset = above(base, params.limit) & ~self.clear
            m.d.comb += self.aux_next.pending_reset.eq(self.delayed(m, pending_reset, 2))
