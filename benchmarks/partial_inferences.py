"""``python -m benchmarks.partial_inferences DATA``: an ANN that answers after each part of a recording, by engine.

A delta ANN does so as it is; the array and the event engine take each partial inference as a sample of its own. Golden
models, energy by the hardware's counters with the prices of horowitz45. DATA is npz:FILE with spikes and labels, for
examples/braille_ann.onnx; every fourth recording is a test sample.
"""

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.technology import load_technology
from tospike.gen.data.datasets import load_data
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.place.options import Engine
from tospike.sim import accelerator as golden

MODEL = Path(__file__).parent.parent / "examples" / "braille_ann.onnx"
THRESHOLDS = (0, 4, 8, 16)


def main() -> None:
    """Print a line for each engine, and for the delta ANN one for each threshold."""
    data = load_data(sys.argv[1], every=4)
    technology = load_technology("horowitz45")
    table = Table("", "accuracy, %", "multiply-accumulates", "cycles", "nJ")
    changing = [ModelOptions(engine=Engine.DELTA, delta_threshold=n) for n in THRESHOLDS]
    looks = prepare(MODEL, data, changing[0]).integers(data.x)
    for options in (ModelOptions(), ModelOptions(engine=Engine.EVENT), *changing):
        design = prepare(MODEL, data, options).design
        threshold = options.delta_threshold
        samples = looks.reshape(-1, looks.shape[-1]) if threshold is None else looks
        result = golden.run(design, samples)
        last = result.predictions.reshape(len(looks), -1)[:, -1]
        energy = counter_energy(technology, design.params, result.counters, result.cycles).total
        name = (options.engine or Engine.SYSTOLIC).value
        table.add_row(
            name if threshold is None else f"{name}, threshold {threshold}",
            f"{100 * (last == data.y).mean():.1f}",
            *(f"{values.sum() / len(looks):,.0f}" for values in (result.operations["mac"], result.cycles)),
            f"{energy.sum() / len(looks) / 1000:,.1f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
