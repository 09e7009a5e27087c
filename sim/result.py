"""The result of an accelerator's golden model."""

from collections.abc import Mapping
from dataclasses import dataclass

from tospike.sim.network import Array
from tospike.sim.network.output_order import predicted


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """Outputs, cycles and counts of N samples."""

    outputs: Array
    """(N, outputs) int64: logits, spike counts or membranes; those of an image channel by channel. (N, 1) classes if
    ``is_class``."""
    cycles: Array
    """(N,) int64: latency, from the cycle that takes the first input beat to the one that takes the last output
    beat, both included, with the sample alone in the pipeline, input always valid, output always ready."""
    counters: Mapping[str, Array]
    """The hardware's counters except ``cycles``, one (N,) int64 array each: see ``hw.host.layout.counter_names``."""
    operations: Mapping[str, Array]
    """Operation counts, one (N,) int64 array each: see ``docs/explanation/architecture.md``."""
    engine_operations: tuple[Mapping[str, Array], ...] = ()
    """Operation counts of each engine."""
    trains: Array | None = None
    """(N, steps, neurons) spikes, ordered as ``outputs``, if the last engine sends spikes rather than a readout."""
    is_class: bool = False
    """Whether the hardware chooses the class, and sends nothing else."""

    @property
    def predictions(self) -> Array:
        """(N,) class: see `predicted`."""
        return self.outputs[:, 0] if self.is_class else predicted(self.outputs)
