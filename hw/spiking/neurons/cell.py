"""One lane's neuron: from what the events are added to, to what the next step begins with."""

from collections.abc import Callable

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.params import IntFormat, LeakParams, NeuronParams
from tospike.hw.spiking.neurons.decay import Decay


def aux_layout(params: NeuronParams) -> data.StructLayout:
    """Return a neuron's states besides what events are added to."""
    return data.StructLayout({name: shape_of(fmt) for name, fmt in params.aux.items()})


def decay_layout(params: NeuronParams) -> data.StructLayout:
    """Return the decays that each neuron has of its own: of its ``membrane``, of its synaptic ``current``."""
    return data.StructLayout({name: leak.decay_bits + 1 for name, leak in params.varying.items()})


SUMS = 3
"""Sums of an update that may saturate, of any neuron."""


class Neuron(wiring.Component):
    """A neuron without a threshold whose membrane sums up what comes; others override what differs.

    A pipeline without stalls; each part has its own cycle::

        cycle   0                  1               2               3               4
              `membrane`  ->  `fire`: spike, reset  ->  `advance`: leak  ->  decayed (rounded, + bias)

    What comes before the membrane takes the ``join_cycles`` of the parameters. Whatever is said to be in cycle 1 or
    later is there their ``extra_cycles`` later. If it is not ``pipelined``, there are no registers, and all of that is
    one cycle.

    Members
    -------
    state : In(signed)
        Cycle 0: membrane or synaptic current, after the step's last addition.
    aux : In(aux_layout(params))
        Cycle 0; only if the neuron has such state.
    clear : In(1)
        Cycle 2: ``decayed`` starts from 0, because the sample ends or because there is no membrane at all.
    begin : In(1)
        Cycle 2: ``clear`` because the sample ends, so that the next membrane starts from ``initial``; only if that is
        not 0.
    bias : In(signed)
        Cycle 3; only with ``bias``.
    decays : In(decay_layout(params))
        Cycle 2; only if a leak varies.
    noise : In(signed(noise.bits))
        The cycle of the membrane: ``join_cycles`` of the parameters, whatever ``extra_cycles``; only with noise.
    spike : Out(spike_bits)
        Cycle 1.
    after : Out(signed(state_bits))
        Cycle 1: the membrane after the reset; with a reset in the next step, before it.
    decayed : Out(signed)
        Cycle 4: the next step's membrane, or current, before the events.
    aux_next : Out(aux_layout(params))
        Cycle 4; only if the neuron has such state.
    again : Out(1)
        Cycle 1, whatever ``extra_cycles``: it will spike in the next step too, if nothing comes; only with ``again``.
    joined : Out(1)
        The cycle of the membrane: the sum that it is did not fit; only if it takes ``join_cycles``.
    saturated : Out(SUMS)
        Cycle 4: the sum of ``decayed`` did not fit; then the ``aux_sums`` of the parameters, of ``aux_next``.
    """

    def __init__(self, params: NeuronParams, *, bias: bool = False, again: bool = False, pipelined: bool = True):
        self._params = params
        self._bias = bias
        self._again = again
        self._pipelined = pipelined
        self._side_sums = 0  # that are wired to ``saturated``
        members = {
            "state": In(shape_of(params.accumulated)),
            "clear": In(1),
            "spike": Out(params.spike_bits),
            "after": Out(shape_of(params.state)),
            "decayed": Out(shape_of(params.accumulated)),
            "joined": Out(1),
            "saturated": Out(SUMS),
        }
        if params.initial:
            members["begin"] = In(1)
        if bias:
            members["bias"] = In(shape_of(params.accumulated))
        if again:
            members["again"] = Out(1)
        if params.has_aux:
            members |= {"aux": In(aux_layout(params)), "aux_next": Out(aux_layout(params))}
        if params.noise is not None:
            members["noise"] = In(shape_of(params.noise.value))
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
        """The membrane of this step, ``join_cycles`` after ``state``."""
        return self.state

    def fire(self, m: Module, membrane: Value) -> tuple[Value, Value | None]:
        """Drive ``spike`` and ``after`` by the membrane.

        Returns
        -------
        The membrane that the next step begins with, in cycle 2, and what is subtracted behind its leak, in cycle 3.
        """
        held = self.delayed(m, membrane, 1)
        m.d.comb += self.after.eq(held)
        return self.hold(m, self.lasting(held)), None

    def lasting(self, membrane: Value) -> Value:
        """What lasts of a membrane behind the reset, in cycle 1."""
        return membrane

    def hold(self, m: Module, membrane: Value) -> Value:
        """That, in cycle 2."""
        base = Signal(membrane.shape())
        later = self.later(m)
        later += base.eq(membrane)
        return base

    def leak(self) -> LeakParams | Callable[[Value], Value] | None:
        """The membrane's leak, as :class:`Decay` takes it."""
        return None

    def advance(self, m: Module, base: Value, amount: Value | None) -> None:
        """Drive ``decayed``, and what ``fire`` does not of ``aux_next``, by what `fire` returned."""
        addend = difference(self.bias if self._bias else None, amount)
        decayed = self.decay(m, "membrane", base, self.leak(), self._params.state, addend, flag=self.saturated[0])
        m.d.comb += self.decayed.eq(decayed)

    # ---------------------------------------------------------------------------------------------- its means

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
        """What is there two cycles after ``value``, in whose cycle ``clear`` is; ``flag`` says that it did not fit."""
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

    def side_flag(self) -> Value:
        """The next bit of ``saturated`` for a sum of ``aux_next``."""
        self._side_sums += 1
        return self.saturated[self._side_sums]

    def later(self, m: Module):
        """The domain of what is in the next cycle."""
        return m.d.sync if self._pipelined else m.d.comb

    def delayed(self, m: Module, value: Value, cycles: int) -> Value:
        """``value`` some cycles later."""
        for _ in range(cycles if self._pipelined else 0):
            later = Signal(value.shape(), name="later", reset_less=True)
            m.d.sync += later.eq(value)
            value = later
        return value


def difference(value: Value | None, amount: Value | None) -> Value | None:
    """Return ``value - amount``, where nothing counts as 0."""
    if amount is None:
        return value
    return -amount if value is None else value - amount
