"""Neurons of any kind, where a test does not care what knobs a kind has."""

from dataclasses import fields
from types import SimpleNamespace

from tospike.hw.params import PayloadCode, Reset, ResetTiming

ABSENT = {
    "adaptation": None,
    "comparison": None,
    "leak_bias": 0,
    "leak": None,
    "lower_bound": None,
    "reset": Reset.NONE,
    "reset_timing": ResetTiming.SAME,
    "refractory": 0,
    "spike_bits": 1,
    "code": PayloadCode.COUNT,
    "synapse": None,
    "taps": (),
    "threshold": 0,
    "v_reset": 0,
}
"""What a neuron does that lacks a knob."""


def of_kind(kind, **knobs):
    """A neuron with those of ``knobs`` that its kind has."""
    return kind.params(**{name: value for name, value in knobs.items() if name in kind.knobs})


def all_knobs(neuron):
    """The knobs of a neuron, and those that it lacks as what it does without."""
    return SimpleNamespace(**ABSENT | {field.name: getattr(neuron, field.name) for field in fields(neuron)})
