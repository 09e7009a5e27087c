"""One lane's neuron: threshold, reset, leak."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import saturate, shape_of
from tospike.hw.params import NeuronParams, Reset, ResetTiming
from tospike.hw.snn.decay import Decay


def side_layout(params: NeuronParams) -> data.StructLayout:
    """A neuron's state besides what events are added to: what it needs of a ``membrane`` (its leak done), the steps
    that it ``rests``, whether it ``owes`` a threshold before the comparison, how far its threshold is ``raised``; the
    ``inputs`` of the steps before, the last one first."""
    fields = {
        "membrane": (params.kind.synaptic, shape_of(params.state)),
        "rests": (params.rest_steps > 0, range(params.rest_steps + 1)),
        "owes": (params.owes, 1),
        "raised": (params.adaptation is not None, shape_of(params.state)),
        "inputs": (params.slides, data.ArrayLayout(shape_of(params.state), len(params.taps))),
    }
    return data.StructLayout({name: shape for name, (needed, shape) in fields.items() if needed})


def decay_layout(params: NeuronParams) -> data.StructLayout:
    """The decays that each neuron has of its own: of its ``membrane``, of its synaptic ``current``."""
    leaks = {"membrane": (params.kind.leaks, params.leak), "current": (params.kind.synaptic, params.synapse)}
    return data.StructLayout(
        {name: leak.fraction_bits + 1 for name, (present, leak) in leaks.items() if present and leak.varies}
    )


class Neuron(wiring.Component):
    """``spike = membrane > threshold``, then the reset of the same step, then the leak and the bias of the next step.

    A pipeline without stalls; each part has its own cycle::

        cycle   0            1               2               3               4
              state ->  spike  ->  after (the reset)  ->  leak  ->  decayed (rounded, + bias)

    With a synaptic current that is the ``state``, and its leak and bias are ``decayed``. A cycle before the others adds
    it to the membrane, which stays in ``side``::

        state + side.membrane -> membrane -> spike -> after -> leak -> side_after.membrane (rounded, + drift)

    A sliding neuron adds its earlier inputs to ``state`` two by two, a cycle for each level of that tree; the next step
    begins with its bias.

    An adaptive or noisy threshold has a cycle before that of the comparison, for the membrane less what raises the
    threshold, and the noise.

    A neuron that spikes several times in a step finds the number bit by bit, highest first, in two cycles each: is the
    membrane above ``threshold * 2**bit``, then subtract that. Whatever is said to be in cycle 1 or later is there
    ``extra_cycles`` of the parameters later.

    If it is not ``pipelined``, there are no registers, and all of that is one cycle.

    Members
    -------
    state : In(signed)
        Cycle 0: membrane or synaptic current, after the step's last addition.
    side : In(side_layout(params))
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
    side_after : Out(side_layout(params))
        Cycle 4; only if the neuron has such state.
    again : Out(1)
        Cycle 1, whatever ``extra_cycles``: it will spike in the next step too, if nothing comes; only with ``again``.
    joined : Out(1)
        The cycle of the membrane: the sum of current and membrane, or of inputs, did not fit.
    saturated : Out(3)
        Cycle 4: the sums with the bias, with the drift, and of an adaptive threshold that did not fit.
    """

    def __init__(self, params: NeuronParams, *, bias: bool = False, again: bool = False, pipelined: bool = True):
        self._params = params
        self._bias = bias
        self._again = again
        self._pipelined = pipelined
        members = {
            "state": In(shape_of(params.accumulated)),
            "clear": In(1),
            "spike": Out(params.spike_bits),
            "after": Out(shape_of(params.state)),
            "decayed": Out(shape_of(params.accumulated)),
            "joined": Out(1),
            "saturated": Out(3),
        }
        if params.initial:
            members["begin"] = In(1)
        if bias:
            members["bias"] = In(shape_of(params.accumulated))
        if again:
            members["again"] = Out(1)
        if params.has_side:
            members |= {"side": In(side_layout(params)), "side_after": Out(side_layout(params))}
        if params.noise is not None:
            members["noise"] = In(shape_of(params.noise.value))
        if params.varying:
            members["decays"] = In(decay_layout(params))
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        params = self._params
        later = self._later(m)
        late = params.reset_timing is ResetTiming.NEXT
        late_amount = late and params.reset is Reset.SUBTRACT

        membrane, resting, owes = self._membrane(m)
        if params.rest_steps:
            membrane = Mux(resting, params.reset_value, membrane)
        compared = membrane
        if params.moves_threshold:
            compared, membrane, resting = self._compared(m, membrane, resting)
        held = self._spike(
            m, membrane, compared, resting, owes
        )  # what is left of the membrane, with the last bit of `spike`

        if self._again:
            later += self.again.eq(_above(membrane, params.spikes_again_above))

        # cycle 2
        fired = self.spike.any()
        reset = Signal(shape_of(params.state))
        m.d.comb += reset.eq(held)
        if params.slides or params.reset is Reset.NONE:
            pass
        elif params.reset is not Reset.SUBTRACT:
            with m.If(fired):
                m.d.comb += reset.eq(params.reset_value)
        else:
            with m.If(self.spike[0]):
                m.d.comb += reset.eq(held - params.threshold)
        before = self._delayed(m, membrane, 1 + params.count_cycles) if params.count_cycles else held
        m.d.comb += self.after.eq(before if late else reset)
        base = Signal(shape_of(params.state))  # what decays
        if not params.slides:
            later += base.eq(before if late_amount else reset)

        # cycles 3 and 4
        addend = self.bias if self._bias else None
        if late_amount:
            amount = Signal(range(params.spike.max * params.threshold + 1))
            later += amount.eq(self._delayed(m, self.spike, 1) * params.threshold)
            with m.If(self.clear):
                later += amount.eq(0)
        if params.kind.synaptic:
            drift = C(params.drift, signed(params.state_bits)) if params.drift else None
            base_addend = (drift - amount if params.drift else -amount) if late_amount else drift
            base_decayed = self._decay(m, "membrane", base, params.leak, params.state, base_addend, flag=1)
            current = self._delayed(m, self.state, 2 + params.extra_cycles)
            decayed = self._decay(m, "current", current, params.synapse, params.accumulated, addend, flag=0)
        else:
            if late_amount:
                addend = addend - amount if self._bias else -amount
            leak = params.leak if params.kind.leaks else None
            decayed = base_decayed = self._decay(m, "membrane", base, leak, params.state, addend, flag=0)
        m.d.comb += self.decayed.eq(decayed)
        if params.has_side:
            self._keep(m, base, base_decayed, fired)
        return m

    def _membrane(self, m: Module) -> tuple[Value, Value, Value]:
        """The membrane, whether it rests, and whether it owes a threshold: all in the cycle that compares."""
        params = self._params
        resting = self.side.rests.any() if params.rest_steps else C(0, 1)
        owes = self.side.owes if params.owes else C(0, 1)
        if params.slides:
            return self._window(m), resting, owes
        if not params.kind.synaptic:
            return self.state, resting, owes
        membrane = Signal(shape_of(params.state))
        total = self.side.membrane + self.state
        fitting = saturate(total, params.state)
        later = self._later(m)
        later += [membrane.eq(fitting), self.joined.eq(fitting != total)]
        if params.rest_steps:
            resting = self._delayed(m, resting, 1)
        if params.owes:
            owes = self._delayed(m, owes, 1)
        return membrane, resting, owes

    def _window(self, m: Module) -> Value:
        """The weighted sum of the inputs, exact until it saturates."""
        params = self._params
        later = self._later(m)
        terms = [self.state, *(self.side.inputs[n] >> tap for n, tap in enumerate(params.taps))]
        while len(terms) > 1:
            pairs = [terms[n : n + 2] for n in range(0, len(terms), 2)]
            sums = [pair[0] + pair[1] if len(pair) == 2 else pair[0] for pair in pairs]
            if len(sums) == 1:
                fitting = saturate(sums[0], params.state)
                later += self.joined.eq(fitting != sums[0])
                sums = [fitting]
            terms = [self._delayed(m, value, 1) for value in sums]
        return terms[0]

    def _compared(self, m: Module, membrane: Value, resting: Value) -> tuple[Value, Value, Value]:
        """What is compared with the constant threshold, and the other two in the same cycle: the next."""
        params = self._params
        moved = membrane
        if params.adaptation is not None:
            moved = moved - self._delayed(m, self.side.raised, params.join_cycles)
        if params.noise is not None:
            moved = moved + (self.noise << params.noise.shift)
        return self._delayed(m, moved, 1), self._delayed(m, membrane, 1), self._delayed(m, resting, 1)

    def _spike(self, m: Module, membrane: Value, compared: Value, resting: Value, owes: Value) -> Value:
        """Drives ``spike`` by the membrane as it is ``compared``, which for several spikes is itself; returns what is
        left of the membrane, in the cycle of the last bit."""
        params = self._params
        later = self._later(m)
        left = membrane
        if not params.kind.spikes:
            return self._delayed(m, left, 1)
        for bit in reversed(range(params.spike_bits)):
            amount = params.threshold << bit
            found = _above(compared if bit == params.spike_bits - 1 else left, amount - params.spikes_at_threshold)
            if params.owes:
                found = Mux(owes, _above(left, params.limit + params.threshold), found)
            taken, held = Signal(name=f"taken_{bit}"), Signal(left.shape(), name=f"held_{bit}", reset_less=True)
            later += [taken.eq(found & ~resting if params.rest_steps else found), held.eq(left)]
            m.d.comb += self.spike[bit].eq(self._delayed(m, taken, 2 * bit))
            if bit:
                left = Signal(held.shape(), name=f"left_{bit}")
                resting = self._delayed(m, resting, 2)
                later += left.eq(Mux(taken, held - amount, held))
        return held

    def _decay(self, m: Module, name: str, value, leak, fmt, addend, *, flag: int) -> Value:
        """What is there two cycles after ``value``, in whose cycle ``clear`` is."""
        initial = self._params.initial if name == "membrane" else 0
        m.submodules[name] = decay = Decay(
            leak,
            fmt,
            addend_bits=0 if addend is None else len(addend),
            initial=initial,
            pipelined=self._pipelined,
        )
        m.d.comb += [decay.value.eq(value), decay.clear.eq(self.clear), self.saturated[flag].eq(decay.overflow)]
        if initial:
            m.d.comb += decay.begin.eq(self.begin)
        if addend is not None:
            m.d.comb += decay.addend.eq(addend)
        if leak is not None and leak.varies:
            m.d.comb += decay.decay.eq(self.decays[name])
        return decay.decayed

    def _keep(self, m: Module, base: Value, decayed: Value, fired: Value) -> None:
        """Drives ``side_after``; ``base`` is in cycle 2, ``decayed`` in cycle 4, ``fired`` in cycle 1."""
        params = self._params
        after = self.side_after
        if params.kind.synaptic:
            m.d.comb += after.membrane.eq(decayed)
        if params.slides:
            current = self._delayed(m, self.state, 2 + params.extra_cycles)
            earlier = self._delayed(m, Value.cast(self.side.inputs), 2 + params.extra_cycles)
            inputs = Cat(current, earlier)[: len(earlier)]
            m.d.comb += Value.cast(after.inputs).eq(self._delayed(m, Mux(self.clear, 0, inputs), 2))
        if params.adaptation is not None:
            raised = self._delayed(m, self.side.raised, 2 + params.extra_cycles)
            bump = Signal(range(params.adaptation.step + 1))
            later = self._later(m)
            later += bump.eq(Mux(self.clear, 0, self._delayed(m, fired, 1) * params.adaptation.step))
            addend = Cat(bump, C(0, 1)).as_signed()
            m.d.comb += after.raised.eq(
                self._decay(m, "raised", raised, params.adaptation.leak, params.state, addend, flag=2)
            )
        if params.rest_steps:
            left = self._delayed(m, self.side.rests, 1 + params.extra_cycles)
            rests = Signal.like(left)
            later = self._later(m)
            later += rests.eq(Mux(fired, params.rest_steps, Mux(left.any(), left - 1, 0)))
            m.d.comb += after.rests.eq(self._delayed(m, Mux(self.clear, 0, rests), 2))
        if params.owes:
            m.d.comb += after.owes.eq(self._delayed(m, _above(base, params.limit) & ~self.clear, 2))

    def _later(self, m: Module):
        """The domain of what is in the next cycle."""
        return m.d.sync if self._pipelined else m.d.comb

    def _delayed(self, m: Module, value: Value, cycles: int) -> Value:
        """``value`` some cycles later."""
        for _ in range(cycles if self._pipelined else 0):
            later = Signal(value.shape(), name="later", reset_less=True)
            m.d.sync += later.eq(value)
            value = later
        return value


def _above(value: Value, limit: int) -> Value:
    """``value > limit``, for a limit that is not negative."""
    return ~value[-1] & _magnitude_above(value[:-1], limit)


def _magnitude_above(value: Value, limit: int) -> Value:
    """``value > limit``, both unsigned, as a tree of groups of 4 bits: a third of the LUTs of a carry chain."""
    width = len(value)
    if limit >> width:
        return C(0, 1)
    if width <= 4:
        return value > limit
    low = 4
    while low * 4 < width:
        low *= 4
    high_limit = limit >> low
    high, rest = value[low:], value[:low]
    return _magnitude_above(high, high_limit) | (
        (high == high_limit) & _magnitude_above(rest, limit & ((1 << low) - 1))
    )
