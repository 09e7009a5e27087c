"""How the frameworks run the networks that they write as NIR, which holds none of it.

Sources: for snnTorch 1.0 its ``import_nir`` (which takes ``reset_delay=False`` and reset to zero), for Norse 1.1
``lif_box`` and ``import_nir``, for Sinabs the traces of the NIR paper (doi:10.1038/s41467-024-52259-9, experiment 1),
for Rockpool, Lava and SpikingJelly their documentation of ``LIFTorch``, ``LIF`` and ``LIFNode``.
"""

from collections.abc import Mapping
from enum import StrEnum

from tospike.hw.params import Comparison, Reset, ResetTiming


class Framework(StrEnum):
    """A simulator of spiking networks."""

    SNNTORCH = "snntorch"
    NORSE = "norse"
    SINABS = "sinabs"
    ROCKPOOL = "rockpool"
    LAVA = "lava"
    SPIKINGJELLY = "spikingjelly"


class DecayRule(StrEnum):
    """What a time constant does in a step of dt."""

    EULER = "euler"
    """decay = 1 - dt / tau."""
    EXPONENTIAL = "exponential"
    """decay = exp(-dt / tau)."""


_ONE_SPIKE = {"spike_bits": 1, "reset_timing": ResetTiming.SAME}
_SEVERAL_SPIKES = {"spike_bits": 4, "reset_timing": ResetTiming.SAME}

PRESETS: Mapping[Framework, Mapping[str, object]] = {
    Framework.SNNTORCH: {
        **_ONE_SPIKE,
        "dt": 1e-4,
        "decay": DecayRule.EULER,
        "reset": Reset.ZERO,
        "comparison": Comparison.ABOVE,
    },
    Framework.NORSE: {
        **_ONE_SPIKE,
        "dt": 1e-3,
        "decay": DecayRule.EULER,
        "reset": Reset.VALUE,
        "comparison": Comparison.ABOVE,
    },
    Framework.SINABS: {
        **_SEVERAL_SPIKES,
        "dt": 1e-3,
        "decay": DecayRule.EXPONENTIAL,
        "reset": Reset.SUBTRACT,
        "comparison": Comparison.AT_LEAST,
    },
    Framework.ROCKPOOL: {
        **_SEVERAL_SPIKES,
        "dt": 1e-3,
        "decay": DecayRule.EXPONENTIAL,
        "reset": Reset.SUBTRACT,
        "comparison": Comparison.AT_LEAST,
    },
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
    },
}
"""The fields of `tospike.gen.nir_options.NirOptions` that a framework fixes."""
