"""A design: the parameters of the hardware, and the integer network that runs on it."""

from dataclasses import dataclass

from tospike.hw.params import AcceleratorParams, require
from tospike.sim.network import Network, Stage


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """``stage_counts[i]`` consecutive stages of ``network`` run on engine ``i``; encoders and delay engines run none.

    A delay engine takes its delays from the stage of the next engine.
    """

    params: AcceleratorParams
    network: Network
    stage_counts: tuple[int, ...]

    def __post_init__(self) -> None:
        require(
            len(self.stage_counts) == len(self.params.engines) and sum(self.stage_counts) == len(self.network.stages),
            f"{len(self.network.stages)} stages cannot be put on engines as {self.stage_counts}",
        )
        for engine, count in zip(self.params.engines, self.stage_counts, strict=True):
            require(
                (count == 0) == (not engine.runs_stages),
                f"{type(engine).__name__} cannot run {count} stages",
            )

    def engine_of(self, stage: int) -> int:
        """The engine that a stage runs on."""
        return next(index for index in range(len(self.stage_counts)) if sum(self.stage_counts[: index + 1]) > stage)

    def stages_of(self, engine: int) -> tuple[Stage, ...]:
        """The stages that run on an engine."""
        first = sum(self.stage_counts[:engine])
        return self.network.stages[first : first + self.stage_counts[engine]]
