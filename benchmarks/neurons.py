"""``python -m benchmarks.neurons FOLDER``: prints accuracy, cycles and energy of the networks that ``tospike train
digits-neurons`` wrote into the folder, RTL against the golden model, and accuracy over noise."""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.technology import load_technology
from tospike.gen.data.datasets import DataSet, load_data
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.tb.evaluate import evaluate
from tospike.tb.inference import Backend

EXAMPLES = Path(__file__).parent.parent / "examples"
RTL_SAMPLES = 50
SIGMAS = (0.0, 0.125, 0.25, 0.5, 1.0)
SEEDS = range(1, 11)


def row(model: Path, data: DataSet) -> str:
    """Return a row of the table of networks.

    Raises
    ------
    RuntimeError
        RTL and golden model differ.
    """
    prepared = prepare(model, data, ModelOptions())
    golden = evaluate(prepared, data, Backend.GOLDEN)
    rtl = evaluate(prepared, data, Backend.RTL, samples=RTL_SAMPLES)
    if rtl.mismatches:
        raise RuntimeError(f"{model.name}: RTL and golden model differ in {rtl.mismatches} samples")
    result = golden.result
    energy = counter_energy(load_technology("horowitz45"), prepared.design.params, result.counters, result.cycles)
    correct = evaluate(prepared, data, Backend.FLOAT).accuracy
    cells = (
        f"`{model.name}`",
        f"{100 * correct:.1f} / {100 * golden.accuracy:.1f}",
        f"{rtl.mismatches} of {RTL_SAMPLES}",
        f"{np.mean(result.cycles):.0f}",
        f"{np.mean(energy.total) / 1000:.2f}",
    )
    return f"| {' | '.join(cells)} |"


def noise_row(model: Path, layer: str, data: DataSet) -> str:
    """Return mean, least and largest accuracy over the seeds, for each deviation."""
    cells = []
    for sigma in SIGMAS:
        right = [_accuracy(model, layer, data, noise=sigma, noise_seed=seed) for seed in (SEEDS if sigma else [1])]
        spread = f" ({100 * min(right):.1f} to {100 * max(right):.1f})" if sigma else ""
        cells.append(f"{100 * np.mean(right):.1f}{spread}")
    return f"| `{model.name}` | {' | '.join(cells)} |"


def _accuracy(model: Path, layer: str, data: DataSet, **own: Any) -> float:
    return evaluate(prepare(model, data, ModelOptions(layers={layer: own})), data, Backend.GOLDEN).accuracy


def main() -> None:
    """Print both tables."""
    folder, data = Path(sys.argv[1]), load_data("digits")
    plain, noisy = EXAMPLES / "digits_snn.nir", folder / "digits_noisy.nir"
    print("| network | accuracy float / golden, % | RTL mismatches | cycles | energy, nJ |", flush=True)
    for model in (plain, *(folder / f"digits_{name}.nir" for name in ("sliding", "noisy", "heterogeneous"))):
        print(row(model, data), flush=True)
    print(f"| noise | {' | '.join(f'{sigma:g}' for sigma in SIGMAS)} |", flush=True)
    print(noise_row(plain, "lif", data), flush=True)
    print(noise_row(noisy, "hidden", data), flush=True)


if __name__ == "__main__":
    main()
