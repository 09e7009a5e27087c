"""Test vectors of a design folder: inputs, expected outputs, cycles and counters."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tospike.gen.emit.beats import Beat, answer_beats, beat_lines, input_beats, output_words, weight_lines
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
"""The beats of a frame's weights, if they are streamed in."""
EXPECTED = f"{TEST}/expected.json"

BENCH_SAMPLES = 4
"""Number of samples, from a data set or random."""
RANDOM = "random"
"""Source of samples that belong to no data set."""
MOST_BEATS = 20_000
"""Most beats of all samples together, unless the first sample alone has more."""
SEED = 1


@dataclass(frozen=True, kw_only=True)
class Vectors:
    """Samples for a design, and the golden model's results."""

    source: str
    """The source of the samples, in words."""
    params: AcceleratorParams
    inputs: list[list[Beat]]
    result: Result
    configuration: list[tuple[int, int]]
    """(CONFIG_ADDRESS, CONFIG_DATA) of each write before the first sample, for a design with blank memories."""
    weights: list[int]
    """Beats of the weights, which each frame repeats, if they are streamed in."""

    def outputs(self, index: int) -> list[Beat]:
        """Return the beats that the host must receive for a sample."""
        beats = answer_beats(self.params, output_words(self.params, self.result, index))
        return [Beat(data=data, last=number == len(beats) - 1) for number, data in enumerate(beats)]

    @property
    def example(self) -> int:
        """The sample for an example: the last of random ones, because it is the densest, else the first."""
        return len(self.inputs) - 1 if self.source == RANDOM else 0

    @property
    def predictions(self) -> list[int] | None:
        """The class of each sample, for a design that sends values or classes."""
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
            files[WEIGHTS] = weight_lines(self.params, self.weights)
        return files

    def summary(self) -> dict[str, Any]:
        """Return the manifest's entry."""
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
        The network in the memories; without one, the vectors include writes of random contents.
    samples
        (N, ...) integers as the golden model takes them; only the first are used, up to :data:`MOST_BEATS` beats.
        Without them, samples are random.
    source
        The source of ``samples``, in words.
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
