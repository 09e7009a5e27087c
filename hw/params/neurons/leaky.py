"""Leaky integrating neurons: LIF, and LI without a threshold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from tospike.hw.params.neurons.firing import FiringParams
from tospike.hw.params.neurons.leak import LeakParams
from tospike.hw.params.neurons.membrane import MembraneParams


@dataclass(frozen=True, kw_only=True)
class LeakyParams(MembraneParams):
    """``v <- leak(v) + I``."""

    leak: LeakParams = field(default=LeakParams())

    @property
    def leaks(self) -> Mapping[str, LeakParams]:
        return {"membrane": self.leak}

    @property
    def is_static(self) -> bool:
        return False


@dataclass(frozen=True, kw_only=True)
class LiParams(LeakyParams):
    """``v <- leak(v) + I``; no threshold, so a membrane readout."""

    tag: ClassVar[str] = "li"


@dataclass(frozen=True, kw_only=True)
class LifParams(FiringParams, LeakyParams):
    """``v <- leak(v) + I``; spike and reset when v > threshold."""

    tag: ClassVar[str] = "lif"
