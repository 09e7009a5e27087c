"""The cost of streamed weights, in beats and cycles, and the beats themselves."""

from dataclasses import dataclass, replace
from typing import Any

from tospike.gen.place.placers import PLACERS
from tospike.hw.params import AcceleratorParams, WeightSource
from tospike.sim.design import Design
from tospike.sim.models import MODELS


@dataclass(frozen=True, kw_only=True)
class StreamCost:
    """The cost of weights that are streamed in instead of stored on chip."""

    beats: int
    """Beats per frame."""
    cycles_lost: int
    """Additional cycles per frame, compared with weights on chip, if the host always has the next beat ready."""
    order: str
    """The order of the words, of one weight per column each."""

    def __str__(self) -> str:
        return (
            f"weights are streamed: {self.beats:,} beats per frame, {self.cycles_lost:,} cycles more than from memory"
        )


def stream_cost(params: AcceleratorParams) -> StreamCost | None:
    """Return the cost for an accelerator, if an engine streams its weights."""
    if params.streaming_engine is None or params.weight_stream is None:
        return None
    engine: Any = params.engines[params.streaming_engine]
    frame_cycles = MODELS[type(engine)].frame_cycles
    assert frame_cycles is not None, "of an array, cycles do not depend on the data"
    return StreamCost(
        beats=params.weight_stream.beats,
        cycles_lost=frame_cycles(engine) - frame_cycles(replace(engine, weights=WeightSource.MEMORY)),
        order=PLACERS[type(engine)].stream_order,
    )


def frame_weights(design: Design) -> list[int]:
    """Return the beats that the host sends for each frame; none, if no engine takes them."""
    params, index = design.params, design.params.streaming_engine
    if index is None or params.weight_stream is None:
        return []
    engine = params.engines[index]
    return params.weight_stream.split(PLACERS[type(engine)].pack(engine, design, index)["weights"])
