"""Gates in a study: what a design's gates cost, beside counts and counters with the same technology."""

from dataclasses import dataclass, replace

import numpy as np

from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.counts.model import energy
from tospike.compare.energy.counts.operations import operation_model
from tospike.compare.energy.gates.levels import part_levels
from tospike.compare.energy.gates.measure import GateOptions, NotInstalledError, measure_gates
from tospike.compare.energy.gates.summary import GateReport, LevelTotals
from tospike.compare.energy.observe import engine_activities
from tospike.compare.energy.summary import mean_terms
from tospike.gen.data.datasets import DataSet
from tospike.gen.pipeline import Prepared
from tospike.gen.tools.programs import find
from tospike.gen.tools.tool import Progress, ToolError
from tospike.hw.params import require_range

DEFAULT_SAMPLES = 20


@dataclass(frozen=True, kw_only=True)
class GateStudy:
    """The gates of a study, or why they are not measured."""

    options: GateOptions | None
    samples: int
    """The first ones of the test part, at most as many as there are."""
    missing: str = ""

    @classmethod
    def on(cls, target: str, *, samples: int = DEFAULT_SAMPLES) -> "GateStudy":
        """For a library; one that comes with the system, or the compiler, may be missing: the study goes on without.

        Raises
        ------
        InputError
            A library file that is not there, or no samples.
        """
        require_range("gate-samples", samples, 1, 1_000_000)
        try:
            find("g++"), find("yosys")
            return cls(options=GateOptions.on(target), samples=samples)
        except (ToolError, NotInstalledError) as error:
            return cls(options=None, samples=samples, missing=str(error))


def gate_figures(prepared: Prepared, data: DataSet, study: GateStudy, progress: Progress) -> GateReport | None:
    """Return what a report says of a design's gates; ``None`` where they are not measured.

    Raises
    ------
    InputError
        The gates differ from the golden model, or a tool fails.
    """
    options = study.options
    if options is None:
        return None
    x = prepared.integers(data.x[: study.samples])
    measured = measure_gates(prepared.design, x, options, progress=progress)
    result, prices = measured.result, options.technology
    activities = engine_activities(prepared.design, x, result)
    operations = energy(operation_model(prices, source=prices.description), activities)
    counters = counter_energy(prices, prepared.design.params, result.counters, result.cycles)
    by_delay = {delays.value: mean_terms(found.parts) for delays, found in measured.energies.items()}
    return replace(
        measured.report,
        levels=LevelTotals(
            counts=float(np.mean(operations.total)),
            counters=float(np.mean(counters.total)),
            **{delays.value: float(np.mean(found.total)) for delays, found in measured.energies.items()},
        ),
        parts=tuple(part_levels(mean_terms(operations.terms), mean_terms(counters.terms), by_delay)),
    )
