"""Integrating neurons without leak: IF, and I without a threshold."""

from dataclasses import dataclass
from typing import ClassVar

from tospike.hw.params.neurons.firing import FiringParams
from tospike.hw.params.neurons.membrane import MembraneParams


@dataclass(frozen=True, kw_only=True)
class IParams(MembraneParams):
    """``v <- v + I``; no threshold, so a membrane readout."""

    tag: ClassVar[str] = "i"


@dataclass(frozen=True, kw_only=True)
class IfParams(FiringParams):
    """``v <- v + I``; spike and reset when v > threshold."""

    tag: ClassVar[str] = "if"
