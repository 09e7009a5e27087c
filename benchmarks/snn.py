"""``python -m benchmarks.snn``: measures the spiking side; writes snn.json and snn.svg beside this file.

As with `benchmarks.ann`, all figures are measured when the command runs, and an interrupted run goes on where it was.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks import measure, spiking
from benchmarks.plot_snn import draw
from tospike.hw.params import SpikingParams

HERE = Path(__file__).parent

CORE = SpikingParams(inputs=256, neurons=256, lanes=16, weight_bits=4)
"""The size of ODIN: 256 neurons, 64k synapses of 4 bits."""
RATES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
LANES = (4, 8, 16, 32, 64)
NEURONS = (64, 128)
"""Other sizes, as many inputs as neurons."""
WEIGHT_BITS = (2, 3, 4, 6, 8)
STEPS = (2, 4, 8, 16)


def cores() -> list[tuple[str, SpikingParams]]:
    """Cores over lanes, then over sizes; one on the small device."""
    over_lanes = [replace(CORE, lanes=lanes) for lanes in LANES]
    over_sizes = [replace(CORE, inputs=size, neurons=size) for size in NEURONS]
    return [("ecp5-85k", core) for core in (*over_lanes, *over_sizes)] + [
        ("ice40-up5k", replace(CORE, inputs=128, neurons=128, lanes=8))
    ]


def main() -> None:
    """Measure and write."""

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    result = {
        "provenance": measure.provenance(),
        "rates": [row for lanes in LANES for row in spiking.rates(replace(CORE, lanes=lanes), RATES, say)],
        "accuracy": spiking.accuracy(WEIGHT_BITS, STEPS, say),
        "area": spiking.area(cores(), say),
    }
    (HERE / "snn.json").write_text(json.dumps(result, indent=1) + "\n")
    (HERE / "snn.svg").write_text(draw(result))


if __name__ == "__main__":
    main()
