"""Spikes or not? Generate, verify, synthesise and compare systolic ANN and spiking hardware for a trained network.

Every ``import tospike.…`` imports this module, so names are loaded lazily (PEP 562).
"""

from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tospike.compare.study.result import Study
    from tospike.design import Design
    from tospike.device import Device, run_on_all
    from tospike.hw.params.check import InputError
    from tospike.loading import load
    from tospike.network import Network
    from tospike.studies import study
    from tospike.tb.inference import Inference, Simulation

    __version__: str

__all__ = [
    "Design",
    "Device",
    "Inference",
    "InputError",
    "Network",
    "Simulation",
    "Study",
    "__version__",
    "load",
    "run_on_all",
    "study",
]

# no submodule has the name of a function here: importing it would replace the function
_HOMES = {
    "Design": "tospike.design",
    "Device": "tospike.device",
    "Inference": "tospike.tb.inference",
    "InputError": "tospike.hw.params.check",
    "Network": "tospike.network",
    "Simulation": "tospike.tb.inference",
    "Study": "tospike.compare.study.result",
    "load": "tospike.loading",
    "run_on_all": "tospike.device",
    "study": "tospike.studies",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":  # rarely used, and read from the installed metadata
        return metadata.version("tospike")
    if name in _HOMES:
        found = getattr(import_module(_HOMES[name]), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module 'tospike' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
