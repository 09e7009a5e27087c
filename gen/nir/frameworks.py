"""The rules by which frameworks run the networks that they export, which NIR files do not record.

The rules of snnTorch 1.0, Norse 1.1, Sinabs 2.0 and 3.1, SpikingJelly 2.0, Rockpool 3.1 and spyx 1.0, for neurons and
NIR exporters, were compared spike for spike with the frameworks (`test_frameworks.py`); `docs/reference/frameworks.md`
lists the classes. ``norse``, ``sinabs`` and ``snntorch`` were also compared with the traces of the NIR paper
(doi:10.1038/s41467-024-52259-9, experiment 1). The rules of Lava are those of ``lava.proc.lif`` in floating point.
"""

from collections.abc import Mapping
from enum import StrEnum

from tospike.hw.params import Comparison, Reset, ResetTiming


class Framework(StrEnum):
    """A framework, and where rules differ, the neuron's options or the exporter."""

    SNNTORCH = "snntorch"
    """As ``import_from_nir`` builds it: reset to zero without delay. The file does not record the trained rule."""
    SNNTORCH_SUBTRACT_DELAYED = "snntorch-subtract-delayed"
    """The default of ``Leaky``, ``Synaptic`` and their recurrent variants."""
    SNNTORCH_SUBTRACT = "snntorch-subtract"
    SNNTORCH_ZERO_DELAYED = "snntorch-zero-delayed"
    SNNTORCH_ZERO = "snntorch-zero"
    SNNTORCH_NONE = "snntorch-none"
    """``reset_mechanism="none"``."""
    NORSE = "norse"
    """As ``from_nir`` runs it; files of ``to_nir`` are recognised by time constants below dt."""
    NORSE_EXPORT = "norse-export"
    """A file of ``to_nir``: dt times the time constants; spikes are added unscaled to the current of ``LIFCell``."""
    SINABS = "sinabs"
    """Time constants in seconds; files of ``to_nir`` are recognised by time constants of at least 1."""
    SINABS_EXPORT = "sinabs-export"
    """A file of ``to_nir``: time constants in steps."""
    ROCKPOOL = "rockpool"
    LAVA = "lava"
    SPIKINGJELLY = "spikingjelly"
    SPYX = "spyx"
    """A file of ``to_nir``, whose R is the decay although the neurons add their input unscaled."""


class DecayRule(StrEnum):
    """The decay per step of dt for a time constant."""

    EULER = "euler"
    """decay = 1 - dt / tau."""
    EXPONENTIAL = "exponential"
    """decay = exp(-dt / tau)."""


class Gain(StrEnum):
    """The factor of an input to a membrane or a synaptic current that decays."""

    DT_OVER_TAU = "dt-over-tau"
    """R dt / tau: Euler's rule on NIR's equation."""
    ONE_MINUS_DECAY = "one-minus-decay"
    """R (1 - decay): the exact solution for a constant input; Sinabs' ``norm_input=True``."""
    ONE = "one"
    """R alone; Sinabs' ``norm_input=False``, and the current of Norse's ``LIFCell``."""
    UNIT = "unit"
    """1, whatever R is: spyx, which writes its decay as R."""
    DECAY = "decay"
    """The decay, whatever R is: inputs that decay in the step in which they arrive."""
    SINABS = "sinabs"
    """The defaults of Sinabs' layers: one-minus-decay for ``LIF``, one for ``ExpLeak``."""
    ROCKPOOL = "rockpool"
    """Rockpool's layers, whatever R is: decay for synaptic currents and ``ExpSynTorch``, unit for other membranes."""


class TauUnit(StrEnum):
    """The unit of a file's time constants."""

    SECONDS = "seconds"
    """As NIR specifies."""
    STEPS = "steps"
    """Steps, as Sinabs writes them."""
    DT_SECONDS = "dt-seconds"
    """Seconds times dt, as Norse writes them (dt / tau_mem_inv; norse issue 411)."""


class Start(StrEnum):
    """The membrane at the start of a sample."""

    INITIAL = "initial"
    """At --initial, a fraction of the threshold."""
    LEAK = "leak"
    """At v_leak."""
    RESET = "reset"
    """At v_reset."""


class Integration(StrEnum):
    """How IF and I integrate their input; their NIR equation is v' = R I."""

    STEP = "step"
    """v <- v + R I, independent of dt, as in Sinabs, Norse and snnTorch."""
    TIME = "time"
    """v <- v + R I dt: Euler's rule on NIR's equation, for a current per second, as in SpikingJelly."""


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
"""Additional rules for a file that Norse exported."""
EXPORTED_BY_SINABS: Mapping[str, object] = {"tau_unit": TauUnit.STEPS, "gain": Gain.SINABS}
"""Additional rules for a file that Sinabs exported."""

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
    Framework.ROCKPOOL: {**_SINABS, "gain": Gain.ROCKPOOL, "synapse_gain": Gain.ROCKPOOL},
    Framework.LAVA: {
        **_ONE_SPIKE,
        "dt": 1e-4,
        "decay": DecayRule.EULER,
        "reset": Reset.ZERO,
        "comparison": Comparison.ABOVE,
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
    Framework.SPYX: {
        **_ONE_SPIKE,
        "dt": 1.0,
        "decay": DecayRule.EULER,
        "gain": Gain.UNIT,
        "synapse_gain": Gain.UNIT,
        "reset": Reset.SUBTRACT,
        "reset_timing": ResetTiming.NEXT,
        "comparison": Comparison.ABOVE,
    },
}
"""The fields of `tospike.gen.nir.options.NirOptions` that a framework sets."""

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
"""The other fields in which a framework's networks may differ although no file records it; ``None``: without a
framework, those of the defaults."""
