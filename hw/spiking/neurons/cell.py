"""The datapath of one neuron, from the accumulated state to the state that begins the next time step."""

from collections.abc import Callable

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.params import IntFormat, LeakParams, NeuronParams
from tospike.hw.spiking.neurons.decay import Decay


def aux_layout(params: NeuronParams) -> data.StructLayout:
    """Return the layout of a neuron's auxiliary states."""
    return data.StructLayout({name: shape_of(fmt) for name, fmt in params.aux.items()})


def decay_layout(params: NeuronParams) -> data.StructLayout:
    """Return the layout of what differs between neurons: decays of ``membrane`` and synaptic ``current``, or taps."""
    return data.StructLayout({name: constant.bits for name, constant in params.varying.items()})


SUMS = 3
"""Saturating sums of an update, at most, of any neuron."""


class Neuron(wiring.Component):
    """The datapath of an integrator without a threshold; other neurons override what differs.

    Latency 4 plus the ``extra_cycles`` of the parameters, throughput 1, no stalls::

        cycle  0             1                       2                  3                    4
               `membrane` -> `fire`: spike, reset -> `advance`: leak -> rounded, + bias   -> decayed

    The membrane lags ``state`` by the ``join_cycles`` of the parameters. What is given as cycle 1 or later is
    ``extra_cycles`` later. If it is not ``pipelined``, it is combinational.

    Members
    -------
    state : In(signed)
        Cycle 0: membrane or synaptic current, after the last addition of the time step.
    aux : In(aux_layout(params))
        Cycle 0; only if the neuron has auxiliary states.
    clear : In(1)
        Cycle 2: ``decayed`` starts from 0, because the sample ends or because there is no update.
    begin : In(1)
        Cycle 2: ``clear`` because the sample ends, so that the membrane starts from ``initial``; only if that is not 0.
    bias : In(signed)
        Cycle 3; only with ``bias``.
    decays : In(decay_layout(params))
        Cycle ``varying_cycle``, which for decays is 2; only if they, or taps, differ between neurons.
    threshold : In(state_bits - 1)
        Constant while a sample is inside; only with ``host_threshold``.
    noise : In(signed(noise.bits))
        In the cycle of the membrane; only with noise.
    spike : Out(spike_bits)
        Cycle 1.
    after : Out(signed(state_bits))
        Cycle 1: the membrane after the reset; with a reset in the next time step, before it.
    decayed : Out(signed)
        Cycle 4: membrane or current at the start of the next time step.
    aux_next : Out(aux_layout(params))
        Cycle 4; only if the neuron has auxiliary states.
    spikes_again : Out(1)
        Cycle 1, without ``extra_cycles``: the neuron spikes again in the next time step without an event; only with
        ``spikes_again``.
    join_saturated : Out(1)
        In the cycle of the membrane: the sum that it results from saturated; only with ``join_cycles``.
    saturated : Out(SUMS)
        Cycle 4: the sum of ``decayed`` saturated; then those of ``aux_next``, ``aux_sums`` in number.
    """

    def __init__(self, params: NeuronParams, *, bias: bool = False, spikes_again: bool = False, pipelined: bool = True):
        self._params = params
        self._bias = bias
        self._spikes_again = spikes_again
        self._pipelined = pipelined
        self._aux_sums = 0  # connected to ``saturated`` so far
        members = {
            "state": In(shape_of(params.accumulated)),
            "clear": In(1),
            "spike": Out(params.spike_bits),
            "after": Out(shape_of(params.state)),
            "decayed": Out(shape_of(params.accumulated)),
            "join_saturated": Out(1),
            "saturated": Out(SUMS),
        }
        if params.initial:
            members["begin"] = In(1)
        if bias:
            members["bias"] = In(shape_of(params.accumulated))
        if spikes_again:
            members["spikes_again"] = Out(1)
        if params.has_aux:
            members |= {"aux": In(aux_layout(params)), "aux_next": Out(aux_layout(params))}
        if params.noise is not None:
            members["noise"] = In(shape_of(params.noise.value))
        if params.host_threshold:
            members["threshold"] = In(params.state_bits - 1)
        if params.varying:
            members["decays"] = In(decay_layout(params))
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        base, amount = self.fire(m, self.membrane(m))
        self.advance(m, base, amount)
        return m

    # ------------------------------------------------------------------------------ what a neuron may override

    def membrane(self, m: Module) -> Value:
        """Return the membrane of this time step, ``join_cycles`` after ``state``."""
        return self.state

    def fire(self, m: Module, membrane: Value) -> tuple[Value, Value | None]:
        """Drive ``spike`` and ``after`` from the membrane.

        Returns
        -------
        The membrane before its leak, in cycle 2, and the amount to subtract after the leak, in cycle 3.
        """
        held = self.delayed(m, membrane, 1)
        m.d.comb += self.after.eq(held)
        return self.hold(m, self.bounded(held)), None

    def bounded(self, membrane: Value) -> Value:
        """Return the membrane, not below its lower bound, in cycle 1."""
        return membrane

    def hold(self, m: Module, membrane: Value) -> Value:
        """Return the membrane of cycle 1 in cycle 2."""
        base = Signal(membrane.shape())
        later = self.later(m)
        later += base.eq(membrane)
        return base

    def leak(self) -> LeakParams | Callable[[Value], Value] | None:
        """Return the membrane's leak, as :class:`Decay` takes it."""
        return None

    def advance(self, m: Module, base: Value, amount: Value | None) -> None:
        """Drive ``decayed``, and the part of ``aux_next`` that `fire` does not drive, from what `fire` returned."""
        addend = difference(self.bias if self._bias else None, amount)
        decayed = self.decay(m, "membrane", base, self.leak(), self._params.state, addend, flag=self.saturated[0])
        m.d.comb += self.decayed.eq(decayed)

    # ---------------------------------------------------------------------------------------------- building blocks

    def decay(
        self,
        m: Module,
        name: str,
        value: Value,
        leak: LeakParams | Callable[[Value], Value] | None,
        fmt: IntFormat,
        addend: Value | None,
        *,
        flag: Value,
    ) -> Value:
        """Return ``leak(value) + addend`` two cycles later; ``clear`` comes with ``value``, ``flag`` marks
        saturation."""
        initial = self._params.initial if name == "membrane" else 0
        m.submodules[name] = decay = Decay(
            leak,
            fmt,
            addend_bits=0 if addend is None else len(addend),
            initial=initial,
            pipelined=self._pipelined,
        )
        m.d.comb += [decay.value.eq(value), decay.clear.eq(self.clear), flag.eq(decay.overflow)]
        if initial:
            m.d.comb += decay.begin.eq(self.begin)
        if addend is not None:
            m.d.comb += decay.addend.eq(addend)
        if name in self._params.varying:
            m.d.comb += decay.decay.eq(self.decays[name])
        return decay.decayed

    def aux_flag(self) -> Value:
        """Return the next bit of ``saturated``, for a sum of ``aux_next``."""
        self._aux_sums += 1
        return self.saturated[self._aux_sums]

    def later(self, m: Module):
        """Return the domain of assignments that take effect in the next cycle."""
        return m.d.sync if self._pipelined else m.d.comb

    def delayed(self, m: Module, value: Value, cycles: int) -> Value:
        """Return ``value`` some cycles later."""
        for _ in range(cycles if self._pipelined else 0):
            later = Signal(value.shape(), name="later", reset_less=True)
            m.d.sync += later.eq(value)
            value = later
        return value


def difference(value: Value | None, amount: Value | None) -> Value | None:
    """Return ``value - amount``, where ``None`` counts as 0."""
    if amount is None:
        return value
    return -amount if value is None else value - amount
