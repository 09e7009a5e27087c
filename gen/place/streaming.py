"""The cost of streamed weights, in beats and cycles, and the beats themselves."""

from dataclasses import dataclass, replace

from tospike.gen.place.placers import PLACERS
from tospike.hw.params import SystolicParams, WeightSource
from tospike.hw.systolic.layout import weight_beats
from tospike.sim.design import Design
from tospike.sim.systolic.golden import frame_counters
from tospike.sim.systolic.timing import frame_cycles


@dataclass(frozen=True, kw_only=True)
class StreamCost:
    """The cost of weights that are streamed in instead of stored on chip."""

    beats: int
    """Beats of 32 bits per frame."""
    cycles_lost: int
    """Additional cycles per frame, compared with weights on chip, if the host always has the next beat ready."""

    def __str__(self) -> str:
        return (
            f"weights are streamed: {self.beats:,} beats per frame, {self.cycles_lost:,} cycles more than from memory"
        )


def stream_cost(params: SystolicParams) -> StreamCost:
    """Return the cost for an engine that streams its weights."""
    stored = replace(params, weights=WeightSource.MEMORY)
    return StreamCost(
        beats=frame_counters(params)["weight_words"] * params.beats_per_word,
        cycles_lost=frame_cycles(params) - frame_cycles(stored),
    )


def frame_weights(design: Design) -> list[int]:
    """Return the beats that the host sends for each frame; none, if no engine takes them."""
    streams = design.params.weight_stream
    if streams is None:
        return []
    index = design.params.engines.index(streams)
    return weight_beats(streams, PLACERS[type(streams)].pack(streams, design, index)["weights"])
