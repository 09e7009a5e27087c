"""How the frameworks run the networks that they write as NIR, which holds none of it.

Sources, each compared spike for spike with the framework itself (`test_frameworks.py`): snnTorch 1.0, Norse 1.1,
Sinabs 2.0 and 3.1, SpikingJelly 2.0, their neurons and exporters to NIR; `docs/reference/frameworks.md` has the
classes. For ``norse``, ``sinabs`` and ``snntorch`` also the traces of the NIR paper (doi:10.1038/s41467-024-52259-9,
experiment 1). Rockpool and Lava are as the documentation of ``LIFTorch`` and ``LIF`` says, and were not run.
"""

from collections.abc import Mapping
from enum import StrEnum

from tospike.hw.params import Comparison, Reset, ResetTiming


class Framework(StrEnum):
    """A simulator of spiking networks, where need be with the class or the exporter whose rules are meant."""

    SNNTORCH = "snntorch"
    """As ``import_from_nir`` makes it: reset to zero, not delayed. The file does not tell how it was trained."""
    SNNTORCH_SUBTRACT_DELAYED = "snntorch-subtract-delayed"
    """The default of ``Leaky``, ``Synaptic`` and the recurrent ones."""
    SNNTORCH_SUBTRACT = "snntorch-subtract"
    SNNTORCH_ZERO_DELAYED = "snntorch-zero-delayed"
    SNNTORCH_ZERO = "snntorch-zero"
    SNNTORCH_NONE = "snntorch-none"
    """``reset_mechanism="none"``."""
    NORSE = "norse"
    """As ``from_nir`` runs it; what ``to_nir`` wrote is recognised by time constants below dt."""
    NORSE_EXPORT = "norse-export"
    """What ``to_nir`` wrote: dt times the time constants; spikes enter the current of ``LIFCell`` whole."""
    SINABS = "sinabs"
    """Time constants in seconds; what ``to_nir`` wrote is recognised by time constants of at least 1."""
    SINABS_EXPORT = "sinabs-export"
    """What ``to_nir`` wrote: time constants in steps."""
    ROCKPOOL = "rockpool"
    LAVA = "lava"
    SPIKINGJELLY = "spikingjelly"


class DecayRule(StrEnum):
    """What a time constant does in a step of dt."""

    EULER = "euler"
    """decay = 1 - dt / tau."""
    EXPONENTIAL = "exponential"
    """decay = exp(-dt / tau)."""


class Gain(StrEnum):
    """By what an input is multiplied on its way into a membrane or a synaptic current that decays."""

    DT_OVER_TAU = "dt-over-tau"
    """R dt / tau: Euler's rule on NIR's equation."""
    ONE_MINUS_DECAY = "one-minus-decay"
    """R (1 - decay): the exact solution for a constant input; Sinabs' ``norm_input=True``."""
    ONE = "one"
    """R alone; Sinabs' ``norm_input=False``, and what spikes do to the current of Norse's ``LIFCell``."""
    SINABS = "sinabs"
    """What Sinabs' layers do unless told: ``LIF`` one-minus-decay, ``ExpLeak`` one."""


class TauUnit(StrEnum):
    """In what the time constants of a file are."""

    SECONDS = "seconds"
    """As NIR wants it."""
    STEPS = "steps"
    """Steps, as Sinabs writes them."""
    DT_SECONDS = "dt-seconds"
    """Seconds times dt, as Norse writes them (dt / tau_mem_inv; norse issue 411)."""


class Start(StrEnum):
    """Where membranes are at the start of a sample."""

    INITIAL = "initial"
    """At --initial, a part of the threshold."""
    LEAK = "leak"
    """At v_leak."""
    RESET = "reset"
    """At v_reset."""


class Integration(StrEnum):
    """What an input does to the membranes of IF and I, whose NIR equation is v' = R I."""

    STEP = "step"
    """v <- v + R I: an input lasts one step whatever dt is, as Sinabs, Norse and snnTorch run these networks."""
    TIME = "time"
    """v <- v + R I dt: Euler's rule on NIR's equation, for a current that is meant per second (SpikingJelly)."""


_ONE_SPIKE = {"spike_bits": 1, "reset_timing": ResetTiming.SAME}
_SEVERAL_SPIKES = {"spike_bits": 4, "reset_timing": ResetTiming.SAME}
_SNNTORCH = {
    **_ONE_SPIKE,
    "dt": 1e-4,
    "decay": DecayRule.EULER,
    "reset": Reset.ZERO,
    "comparison": Comparison.ABOVE,
}
_NORSE = {
    **_ONE_SPIKE,
    "dt": 1e-3,
    "decay": DecayRule.EULER,
    "reset": Reset.VALUE,
    "comparison": Comparison.ABOVE,
    "start": Start.LEAK,
}
_SINABS = {
    **_SEVERAL_SPIKES,
    "dt": 1e-3,
    "decay": DecayRule.EXPONENTIAL,
    "reset": Reset.SUBTRACT,
    "comparison": Comparison.AT_LEAST,
}
EXPORTED_BY_NORSE: Mapping[str, object] = {"tau_unit": TauUnit.DT_SECONDS, "synapse_gain": Gain.ONE}
"""What else holds for a file of Norse's own."""
EXPORTED_BY_SINABS: Mapping[str, object] = {"tau_unit": TauUnit.STEPS, "gain": Gain.SINABS}
"""What else holds for a file of Sinabs' own."""

PRESETS: Mapping[Framework, Mapping[str, object]] = {
    Framework.SNNTORCH: _SNNTORCH,
    Framework.SNNTORCH_SUBTRACT_DELAYED: {**_SNNTORCH, "reset": Reset.SUBTRACT, "reset_timing": ResetTiming.NEXT},
    Framework.SNNTORCH_SUBTRACT: {**_SNNTORCH, "reset": Reset.SUBTRACT, "reset_timing": ResetTiming.SNNTORCH},
    Framework.SNNTORCH_ZERO_DELAYED: {**_SNNTORCH, "reset_timing": ResetTiming.NEXT},
    Framework.SNNTORCH_ZERO: _SNNTORCH,
    Framework.SNNTORCH_NONE: {**_SNNTORCH, "reset": Reset.NONE},
    Framework.NORSE: _NORSE,
    Framework.NORSE_EXPORT: {**_NORSE, **EXPORTED_BY_NORSE},
    Framework.SINABS: _SINABS,
    Framework.SINABS_EXPORT: {**_SINABS, **EXPORTED_BY_SINABS},
    Framework.ROCKPOOL: _SINABS,
    Framework.LAVA: {
        **_ONE_SPIKE,
        "dt": 1e-4,
        "decay": DecayRule.EULER,
        "reset": Reset.ZERO,
        "comparison": Comparison.AT_LEAST,
    },
    Framework.SPIKINGJELLY: {
        **_ONE_SPIKE,
        "dt": 1e-4,
        "decay": DecayRule.EULER,
        "reset": Reset.VALUE,
        "comparison": Comparison.AT_LEAST,
        "integration": Integration.TIME,
        "start": Start.RESET,
    },
}
"""The fields of `tospike.gen.nir.options.NirOptions` that a framework fixes."""

_RESET = ("reset", "reset_timing")
_OF_SINABS = ("spike_bits", "reset", "gain", "min_v_mem")

CODING = ("encoding", "steps")
"""The fields that say how values become time steps: no file and no framework tells."""
GUESSED: Mapping[Framework | None, tuple[str, ...]] = {
    None: (*_RESET, "comparison", "decay"),
    Framework.SNNTORCH: _RESET,
    Framework.NORSE: ("tau_unit", "synapse_gain"),
    Framework.NORSE_EXPORT: ("reset",),
    Framework.SINABS: ("tau_unit", *_OF_SINABS),
    Framework.SINABS_EXPORT: _OF_SINABS,
}
"""Which others its networks may have otherwise, and no file tells; ``None``: of the defaults, without a framework."""
