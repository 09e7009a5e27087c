"""Events of a sensor, and its size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Sensor:
    """The addresses of a sensor: ``width * height`` pixels, or as many channels if ``height`` is 1."""

    width: int
    height: int = 1
    polarities: int = 2
    """2: events have a polarity; 1: they have none, and ``p`` is 0."""

    @property
    def channels(self) -> int:
        """Different addresses, polarities included."""
        return self.polarities * self.height * self.width

    def describe(self) -> str:
        """Return the size in words."""
        pixels = f"{self.width} channels" if self.height == 1 else f"{self.width}x{self.height}"
        return pixels if self.polarities == 2 else f"{pixels}, no polarities"


@dataclass(frozen=True, eq=False)
class Events:
    """E events in the order of their file: times, addresses and polarities, (E,) each."""

    t_us: NDArray[np.int64]
    """Microseconds, counted on where a file's clock wraps."""
    x: NDArray[np.uint16]
    """Column, or channel."""
    y: NDArray[np.uint16]
    """Row; 0 for channels."""
    p: NDArray[np.uint8]
    """1: brighter (ON), 0: darker (OFF)."""

    def __len__(self) -> int:
        return len(self.t_us)

    def take(self, chosen: Any) -> "Events":
        """Return the events that a slice, a mask or indices choose."""
        return Events(self.t_us[chosen], self.x[chosen], self.y[chosen], self.p[chosen])

    @staticmethod
    def joined(parts: Sequence["Events"]) -> "Events":
        """Return the events of all parts, one part after another."""
        if not parts:
            return Events.of([], [], [], [])
        return Events(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("t_us", "x", "y", "p")))

    @staticmethod
    def of(t_us: Any, x: Any, y: Any, p: Any) -> "Events":
        """Return events of integers in any array type; addresses are at most 65,535."""
        return Events(
            np.asarray(t_us, np.int64), np.asarray(x, np.uint16), np.asarray(y, np.uint16), np.asarray(p, np.uint8)
        )
