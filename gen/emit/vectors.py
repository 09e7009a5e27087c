"""Test vectors of a design folder: what to send, what must come back, and after how many cycles."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tospike.gen.emit.beats import Beat, answer_beats, beat_lines, input_beats, output_words
from tospike.gen.emit.memory_init import pack
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.gen.files.output import to_json
from tospike.gen.place.streaming import frame_weights
from tospike.hw.host.layout import regions
from tospike.hw.layout import INDEX_BITS, config_writes
from tospike.hw.params import AcceleratorParams, HostOutput
from tospike.sim import accelerator as golden
from tospike.sim.design import Design
from tospike.sim.network import Array
from tospike.sim.result import Result

TEST = "test"
"""The folder of the test bench."""
INPUTS = f"{TEST}/inputs.hex"
OUTPUTS = f"{TEST}/outputs.hex"
CONFIGURATION = f"{TEST}/configuration.hex"
WEIGHTS = "weight_stream.hex"
"""The beats of a frame's weights, where they are streamed in."""
EXPECTED = f"{TEST}/expected.json"

BENCH_SAMPLES = 4
"""Of a data set, or random ones."""
RANDOM = "random"
"""Where samples come from that come from nowhere."""
MOST_BEATS = 20_000
"""Of all samples, unless the first alone has more."""
SEED = 1


@dataclass(frozen=True, kw_only=True)
class Vectors:
    """Samples for a design, and the golden model's answers."""

    source: str
    """Where the samples come from, a few words."""
    params: AcceleratorParams
    inputs: list[list[Beat]]
    result: Result
    configuration: list[tuple[int, int]]
    """(CONFIG_ADDRESS, CONFIG_DATA) of each write that comes first, for a design without contents."""
    weights: list[int]
    """Beats of each frame's weights, where they are streamed in."""

    def outputs(self, index: int) -> list[Beat]:
        """Return what the host must get for a sample."""
        beats = answer_beats(self.params, output_words(self.params, self.result, index))
        return [Beat(data=data, last=number == len(beats) - 1) for number, data in enumerate(beats)]

    @property
    def example(self) -> int:
        """The sample that is the best example: of random ones, which begin with nothing at all, the fullest."""
        return len(self.inputs) - 1 if self.source == RANDOM else 0

    @property
    def predictions(self) -> list[int] | None:
        """The class of each sample, for a design that answers with values or classes."""
        return None if self.params.host_output is HostOutput.TOKENS else self.result.predictions.tolist()

    def files(self) -> dict[str, str]:
        """Return the contents by path."""
        counters = {name: values.tolist() for name, values in self.result.counters.items()}
        files = {
            INPUTS: beat_lines((beat for beats in self.inputs for beat in beats), self.params.input_beat_bits),
            OUTPUTS: beat_lines(
                (beat for index in range(len(self.inputs)) for beat in self.outputs(index)),
                self.params.output_beat_bits,
            ),
            EXPECTED: to_json(self.summary() | {"counters": counters}),
        }
        if self.configuration:
            files[CONFIGURATION] = "".join(f"{address:08x} {data:08x}\n" for address, data in self.configuration)
        if self.weights:
            files[WEIGHTS] = "".join(f"{beat:08x}\n" for beat in self.weights)
        return files

    def summary(self) -> dict[str, Any]:
        """Return what the manifest says."""
        return {
            "samples": len(self.inputs),
            "source": self.source,
            "cycles": self.result.cycles.tolist(),
            "predictions": self.predictions,
        }


def make_vectors(params: AcceleratorParams, design: Design | None, samples: Array | None, source: str) -> Vectors:
    """Return the vectors for a design.

    Parameters
    ----------
    design
        What the memories hold; without one, the vectors bring random contents for them.
    samples
        (N, ...) integers as the golden model takes them, of which as many are used as make no more than
        :data:`MOST_BEATS` beats; without them, random ones.
    source
        Where ``samples`` come from.
    """
    filled = design or random_design(params, seed=SEED)
    if samples is None:
        samples, source = random_samples(filled, BENCH_SAMPLES, seed=SEED), RANDOM
    inputs = [list(input_beats(params, sample)) for sample in samples]
    sizes = np.cumsum([len(beats) for beats in inputs])
    count = max(1, int(np.searchsorted(sizes, MOST_BEATS, side="right")))
    configuration = [] if design else _configuration(params, filled)
    return Vectors(
        source=source,
        params=params,
        inputs=inputs[:count],
        result=golden.run(filled, samples[:count]),
        configuration=configuration,
        weights=frame_weights(filled),
    )


def _configuration(params: AcceleratorParams, design: Design) -> list[tuple[int, int]]:
    contents = pack(design)
    return [
        (region.number << INDEX_BITS | index, data)
        for region in regions(params)
        for index, data in config_writes(region.shape, contents[region.engine][region.shape.name])
    ]
