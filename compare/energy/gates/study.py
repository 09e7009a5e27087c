"""Gates in a study: the energy of a design's gates, with that by counts and counters in the same technology."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.counts.model import energy
from tospike.compare.energy.counts.operations import operation_model
from tospike.compare.energy.gates.levels import part_levels
from tospike.compare.energy.gates.measure import GateOptions, NotInstalledError, measure_gates
from tospike.compare.energy.gates.options import LibraryOptions
from tospike.compare.energy.gates.summary import GateReport, LevelTotals
from tospike.compare.energy.observe import engine_activities
from tospike.compare.energy.summary import mean_terms
from tospike.gen.data.datasets import DataSet
from tospike.gen.pipeline import Prepared
from tospike.gen.tools.programs import find
from tospike.gen.tools.tool import Progress, ToolError
from tospike.hw.params import check_options, option, same_option


@dataclass(frozen=True, kw_only=True)
class GateStudy:
    """The gates of a study, or why they are not measured."""

    options: GateOptions | None
    samples: int
    """Number of test samples: the first ones, or all if there are fewer."""
    missing: str = ""

    @classmethod
    def on(cls, target: str, *, samples: int) -> "GateStudy":
        """Return the gates of a study for a library; without a system library or the compiler, the study omits gates.

        Raises
        ------
        InputError
            The library file is missing.
        """
        try:
            find("g++"), find("yosys")
            return cls(options=GateOptions.on(target), samples=samples)
        except (ToolError, NotInstalledError) as error:
            return cls(options=None, samples=samples, missing=str(error))


@dataclass(frozen=True, kw_only=True)
class GateStudyOptions:
    """Options of a study's gates."""

    PANEL: ClassVar = "Energy of the gates"

    gates: bool = option(False, "Also measure the energy of the gates")
    gate_target: str = same_option(LibraryOptions, "target")
    gate_samples: int = option(20, "Test samples to simulate in gates", low=1, high=1_000_000)

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def study(self) -> GateStudy | None:
        """Return the requested measurement; ``None``: not requested.

        Raises
        ------
        InputError
            As for `GateStudy.on`.
        """
        return GateStudy.on(self.gate_target, samples=self.gate_samples) if self.gates else None


def gate_figures(prepared: Prepared, data: DataSet, study: GateStudy, progress: Progress) -> GateReport | None:
    """Return the report of a design's gates; ``None`` if they are not measured.

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
