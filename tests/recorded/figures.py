"""What is on record of a design: what the golden model says, its energy, and what Yosys makes of its Verilog.

``PYTHONPATH=tests python -m recorded.figures`` writes ``figures.json`` anew; do so only where a figure is meant to
change, and say why.
"""

import hashlib
import json
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from recorded.designs import designs

from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.technology import load_technology
from tospike.gen.emit.folder import build
from tospike.gen.emit.memory_init import pack
from tospike.gen.tools.programs import find
from tospike.sim import accelerator
from tospike.synth.yosys import read_statistics

FIGURES = Path(__file__).with_name("figures.json")


def digest(values):
    """Of integers, whatever their type."""
    return hashlib.sha256(np.ascontiguousarray(values, dtype=np.int64).tobytes()).hexdigest()[:16]


def golden(design, x):
    """Outputs by digest; cycles, counters and operations as totals and by digest; energy by counters."""
    result = accelerator.run(design, x)

    def totals(counts):
        return {name: [int(values.sum()), digest(values)] for name, values in sorted(counts.items())}

    figures = {
        "outputs": digest(result.outputs),
        "cycles": [int(result.cycles.sum()), digest(result.cycles)],
        "counters": totals(result.counters),
        "operations": totals(result.operations),
        "engine_operations": [totals(operations) for operations in result.engine_operations],
    }
    if design.params.weight_stream is None:  # the energy of weights from outside is refused
        energy = counter_energy(load_technology("horowitz45"), design.params, result.counters, result.cycles)
        figures["energy_pj"] = f"{energy.total.sum():.6f}"
    return figures


def cells(design):
    """Cells of each module before they are mapped, modules without their names: those may change."""
    verilog, _, _ = build(design.params, pack(design), number=0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        verilog.write_memories(path)
        (path / "top.v").write_text(verilog.text)
        script = (
            "read_verilog -sv top.v; hierarchy -auto-top; proc; opt_expr; opt_clean; tee -q -o stat.json stat -json"
        )
        find("yosys").run(("-q", "-p", script), cwd=path, log=path / "yosys.log", makes=("stat.json",))
        statistics = read_statistics(path / "stat.json")
    modules = []
    for counts in statistics.cells.values():
        kinds = Counter()
        for kind, count in counts.items():
            kinds["module" if kind in statistics.cells else kind] += count
        modules.append(" ".join(f"{kind}:{count}" for kind, count in sorted(kinds.items())))
    return sorted(modules)


def main():
    recorded = {name: golden(*made) | {"cells": cells(made[0])} for name, made in designs().items()}
    FIGURES.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
