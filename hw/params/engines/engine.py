"""The interface that the parameters of every engine implement."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar

from tospike.hw.params.check import require
from tospike.hw.params.engines.array import ArrayParams
from tospike.hw.params.primitives import PrimitiveSet
from tospike.hw.params.stream import Contents, TokenFormat, WeightFormat


class Readout(StrEnum):
    """What a layer of neurons sends."""

    SPIKES = "spikes"
    """On every TICK, the spikes of the time step and the TICK; on END, the END."""
    COUNT = "count"
    """On END, the number of spikes of each neuron since the last END, then the END."""
    MEMBRANE = "membrane"
    """On END, the membrane potential of each neuron, then the END. For a frame, which has no TICK, that is the sum."""


def check_counter_bits(bits: int) -> None:
    """Check the width of an engine's counters."""
    require(bits == 0 or 8 <= bits <= 32, f"counter-bits must be 0, for no counters, or from 8 to 32, not {bits}")


AWAKE = "awake_cycles"
"""The counter of cycles with a sample inside in which the clock of an engine that sleeps runs."""
WHOLE = ("",)
"""All of an engine, as `EngineParams.sleeping_parts`."""
ARRAY_CYCLES = "array_cycles"
"""The counter of cycles in which operands or sums are in an array."""
ARRAY = ("array", "skew_rows", "skew_cols")
"""A systolic array and the delay lines of its operands, as `EngineParams.sleeping_parts`."""


@dataclass(frozen=True, kw_only=True)
class EngineParams(ABC):
    """An engine of a chain: tokens in, tokens out, and counters of ``counter_bits``."""

    sleeping_parts: ClassVar[tuple[str, ...]] = ()
    """Submodules whose clock can stop; `WHOLE`: the engine itself. None: its clock always runs."""

    @property
    @abstractmethod
    def counter_bits(self) -> int:
        """Width of its performance counters; 0: it has none."""

    @property
    @abstractmethod
    def input(self) -> TokenFormat:
        """Format of the input tokens."""

    @property
    @abstractmethod
    def output(self) -> TokenFormat:
        """Format of the output tokens."""

    @property
    @abstractmethod
    def takes(self) -> Contents:
        """Form of a sample on its input."""

    @property
    @abstractmethod
    def sends(self) -> Contents:
        """Form of a sample on its output."""

    @property
    def is_counted(self) -> bool:
        """Whether it has performance counters."""
        return self.counter_bits > 0

    def without_counters(self) -> "EngineParams":
        """Return this engine without performance counters."""
        none: dict[str, Any] = {"counter_bits": 0}  # a field of every class
        return replace(self, **none)

    @property
    def clock_gating(self) -> bool:
        """Whether the clock of its `sleeping_parts` stops while nothing is in them. Outputs and cycles are the same."""
        return False

    def with_clock_gating(self, gated: bool) -> "EngineParams":
        """Return this engine with or without clock gating; one whose clock always runs stays as it is."""
        field: dict[str, Any] = {"clock_gating": gated}  # of every class with sleeping parts
        return replace(self, **field) if self.sleeping_parts else self

    @property
    def sleeps(self) -> bool:
        """Whether the clock of the whole engine stops, so that its awake cycles are counted outside of it."""
        return self.clock_gating and self.sleeping_parts == WHOLE

    @property
    def awake_counter(self) -> str | None:
        """The counter of cycles in which the clock of its sleeping parts runs; ``None``: it always runs."""
        if not self.clock_gating:
            return None
        return AWAKE if self.sleeps else ARRAY_CYCLES

    def as_writable(self, weight_bits: int) -> "EngineParams":
        """Return this engine with memories that the host may write, for any network of this shape.

        Parameters
        ----------
        weight_bits
            Bits of a weight of any of the networks.

        Raises
        ------
        InputError
            Its weights are in logic, or in memories that cannot be written.
        """
        require(
            not self.runs_stages,
            "only systolic, conv and event engines have weights that can be written: give one of these as --engine, or "
            "leave --writable out",
        )
        return self

    @property
    def is_writable(self) -> bool:
        """Whether the host may write its memories."""
        return False

    @property
    def runs_stages(self) -> bool:
        """Whether it computes stages of the network. Encoders, delays and bridges do not."""
        return True

    @property
    def frames(self) -> int:
        """Frames per sample, with ``Contents.FRAMES``."""
        return 1

    @property
    def field_bits(self) -> int:
        """Bits of a value in a beat of dense host input."""
        return 8

    @property
    def orders_events(self) -> bool:
        """Whether it accepts the events of a time step in any order."""
        return False

    @property
    def lanes(self) -> int:
        """Neurons that it updates per cycle; 0 if it has none."""
        return 0

    @property
    def readout(self) -> Readout | None:
        """What its neurons send; ``None`` if it has none."""
        return None

    @property
    def longest_delay(self) -> int:
        """Time steps by which it delays its input, at most."""
        return 0

    @property
    def blank_weight(self) -> int:
        """The weight whose stored bits are all 0."""
        return 0

    @property
    def weight_stream(self) -> WeightFormat | None:
        """Format of its weights, if the host streams them in."""
        return None

    @property
    def streams_weights(self) -> bool:
        """Whether the host streams in its weights."""
        return self.weight_stream is not None

    @property
    def arrays(self) -> tuple[ArrayParams, ...]:
        """Its multiply-accumulate arrays."""
        return ()

    @property
    def primitive_sets(self) -> tuple[PrimitiveSet, ...]:
        """What its multipliers are built from; empty if it has none, or leaves them to synthesis."""
        return tuple(array.primitives for array in self.arrays)

    def with_primitives(self, primitives: PrimitiveSet) -> "EngineParams":
        """Return this engine with its arrays built from other primitives."""
        return self

    @property
    def arriving_image(self) -> tuple[int, int, int] | None:
        """(channels, height, width) of the image that it takes position by position; ``None`` if it takes none so."""
        return None

    @property
    def sent_image(self) -> tuple[int, int, int] | None:
        """(channels, height, width) of the image that it sends position by position; ``None`` if it sends none so."""
        return None

    @property
    def output_image(self) -> tuple[int, int, int] | None:
        """`sent_image`, but ``None`` if the network orders the values in the same way."""
        if self.sent_image is None:
            return None
        channels, height, width = self.sent_image
        return None if channels == 1 or height * width == 1 else self.sent_image
