"""``python -m benchmarks.ann``: measures the systolic side; writes ann.json and ann.svg beside this file.

Every figure is measured when the command runs. Synthesis and compiled simulators come from the cache where they are
known, so a run that was interrupted goes on where it was, and a second one takes minutes.
"""

import json
import sys
from pathlib import Path

from benchmarks import measure
from benchmarks.measure import Circuit
from benchmarks.plot import draw
from tospike.hw.params import ArrayParams, Dataflow, DenseLayer, PrimitiveSet

HERE = Path(__file__).parent

EIGHT = (8, 8)
SIZES = ((4, 4), EIGHT)
"""Rows and columns of the arrays."""
PRODUCTS = tuple(
    DenseLayer(rows=m, outputs=n, inputs=k) for m, n, k in ((8, 8, 8), (64, 64, 64), (128, 10, 784), (100, 50, 70))
)
"""M, N, K: small, square, tall, ragged."""
SQUARE = PRODUCTS[1]


def products(size: tuple[int, int]) -> tuple[DenseLayer, ...]:
    """All on 8 x 8, one on the others: a simulator is built for each."""
    return PRODUCTS if size == EIGHT else (SQUARE,)


def circuits() -> list[Circuit]:
    """Arrays over sizes."""
    chosen = []
    for dataflow in Dataflow:
        for rows, cols in SIZES:
            chosen.append(Circuit(target="ecp5-85k", array=ArrayParams(rows=rows, cols=cols, dataflow=dataflow)))
        own = ArrayParams(rows=4, cols=2, dataflow=dataflow, primitives=PrimitiveSet.ICE40)
        chosen.append(Circuit(target="ice40-up5k", array=own))  # all eight SB_MAC16 of the device
    return chosen


def main() -> None:
    """Measure and write."""

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    result = {
        "provenance": measure.provenance(),
        "cycles": [row for size in SIZES for row in measure.cycles(size, products(size), say)],
        "speed": measure.speed(*EIGHT, say),
        "area": measure.area(circuits(), say),
    }
    (HERE / "ann.json").write_text(json.dumps(result, indent=1) + "\n")
    (HERE / "ann.svg").write_text(draw(result))


if __name__ == "__main__":
    main()
