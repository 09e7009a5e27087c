"""What an engine's parameters tell of it from outside."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum

from tospike.hw.params.engines.array import ArrayParams
from tospike.hw.params.primitives import PrimitiveSet
from tospike.hw.params.stream import Contents, TokenFormat


class Readout(StrEnum):
    """What is read out of the neurons of a layer."""

    SPIKES = "spikes"
    """On every TICK the spikes of the step, then the TICK; on END the END."""
    COUNT = "count"
    """On END the number of spikes of each neuron since the last END, then the END."""
    MEMBRANE = "membrane"
    """On END the membrane potential of each neuron, then the END. A frame, which has no TICK, is summed up so."""


@dataclass(frozen=True, kw_only=True)
class EngineParams(ABC):
    """An engine of a chain: tokens in, tokens out, and counters of ``counter_bits``."""

    @property
    @abstractmethod
    def counter_bits(self) -> int:
        """Width of its counters."""

    @property
    @abstractmethod
    def input(self) -> TokenFormat:
        """Tokens that come in."""

    @property
    @abstractmethod
    def output(self) -> TokenFormat:
        """Tokens that go out."""

    @property
    @abstractmethod
    def takes(self) -> Contents:
        """What a sample is on its way in."""

    @property
    @abstractmethod
    def sends(self) -> Contents:
        """What a sample is on its way out."""

    @property
    def runs_stages(self) -> bool:
        """Whether stages of the network run on it. An encoder, a delay or a bridge runs none."""
        return True

    @property
    def frames(self) -> int:
        """Frames of a sample, with ``Contents.FRAMES``."""
        return 1

    @property
    def orders_events(self) -> bool:
        """Whether the events of a step may come in any order."""
        return False

    @property
    def lanes(self) -> int:
        """Neurons that it updates in a cycle; 0 if it has none."""
        return 0

    @property
    def readout(self) -> Readout | None:
        """What is read out of its neurons; ``None`` if it has none."""
        return None

    @property
    def longest_delay(self) -> int:
        """Steps by which it delays what comes, at most."""
        return 0

    @property
    def blank_weight(self) -> int:
        """The weight that is stored as 0."""
        return 0

    @property
    def streams_weights(self) -> bool:
        """Whether its weights come from the host."""
        return False

    @property
    def arrays(self) -> tuple[ArrayParams, ...]:
        """Its arrays of multiply-accumulators."""
        return ()

    def made_of(self, primitives: PrimitiveSet) -> "EngineParams":
        """The same engine, its arrays of other cells."""
        return self

    @property
    def arriving_image(self) -> tuple[int, int, int] | None:
        """(channels, height, width) of the image that it gets position by position; ``None`` if it wants none."""
        return None

    @property
    def sent_image(self) -> tuple[int, int, int] | None:
        """The same of the image that it sends position by position."""
        return None

    @property
    def output_image(self) -> tuple[int, int, int] | None:
        """`sent_image`; ``None``, too, if the network has its values in the same order."""
        if self.sent_image is None:
            return None
        channels, height, width = self.sent_image
        return None if channels == 1 or height * width == 1 else self.sent_image
