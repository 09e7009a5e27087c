"""What the file of a network computes from the network's outputs."""

from typing import Any, Protocol, runtime_checkable

from tospike.sim.network.synapses import Array


@runtime_checkable
class Answers(Protocol):
    """What a file computes from its network's outputs."""

    def arrays(self, outputs: Array) -> dict[str, Array]:
        """Return the file's outputs by name, for (N, outputs) logits."""

    def values(self, outputs: Array, *, is_alone: bool = False) -> dict[str, Any]:
        """Return them in the types of the file's runtime, which need not be arrays; with ``is_alone``, for the only
        sample that it takes."""
