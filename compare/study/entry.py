"""The golden model's entry of a design, with cycles, operations and energy, and its report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tospike.compare.energy.activity import EngineActivity
from tospike.compare.energy.counters.energy import counter_energy, mean_energy
from tospike.compare.energy.counts.model import EnergyModel, energy
from tospike.compare.energy.counts.models import MODELS
from tospike.compare.energy.counts.operations import operation_model
from tospike.compare.energy.gates.summary import GateReport
from tospike.compare.energy.levels import Difference, differences
from tospike.compare.energy.neurobench import neurobench
from tospike.compare.energy.observe import engine_activities
from tospike.compare.energy.summary import CounterEnergyReport, OperationEnergyReport, mean_terms
from tospike.compare.energy.technology import Technology
from tospike.compare.report.area import area_of
from tospike.compare.report.design import Accuracy, DesignReport, Distribution, Side
from tospike.compare.study.engines import describe
from tospike.gen.pipeline import Prepared
from tospike.sim.network import Array
from tospike.sim.result import Result
from tospike.synth.report import FpgaReport, SynthReport
from tospike.tb.inference import Inference, mean_operations


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Prices of operations and counters."""

    model: EnergyModel
    """Prices of operations."""
    technologies: tuple[Technology, ...]
    """Prices of counters: the first technology decides, all of them give the range."""


@dataclass(frozen=True, kw_only=True, eq=False)
class GoldenEntry:
    """The golden model's results for a design."""

    prepared: Prepared
    result: Result
    correct: NDArray[np.bool_]
    """(N,): whether each prediction is right."""
    interval: float | None
    """Mean cycles between two answers when samples follow one another without a gap."""
    engines: tuple[EngineActivity, ...]
    energy: OperationEnergyReport
    counted: CounterEnergyReport
    levels: tuple[Difference, ...]

    def report(
        self,
        *,
        name: str,
        kind: Side | Literal["qnn"],
        accuracy: Accuracy,
        rtl_samples: int,
        mismatches: int | None,
        rtl_pj: float | None = None,
        synthesis: SynthReport | None = None,
        gates: GateReport | None = None,
    ) -> DesignReport:
        """Return the design's report, with the other measurements: RTL, synthesis, gates."""
        cycles = self.result.cycles
        return DesignReport(
            name=name,
            kind=kind,
            description=describe(self.prepared),
            accuracy=accuracy,
            rtl_samples=rtl_samples,
            mismatches=mismatches,
            cycles=Distribution.of(cycles),
            fpga=area_of(synthesis) if synthesis else None,
            latency_us=Distribution.of(cycles / synthesis.fmax_mhz) if isinstance(synthesis, FpgaReport) else None,
            operations=mean_operations(self.result),
            energy_pj=self.energy,
            counters_pj=replace(self.counted, rtl=rtl_pj),
            levels=self.levels,
            gates_pj=gates,
            published_pj=published(self.engines),
            choices=self.prepared.choices,
            cycles_samples=tuple(cycles.tolist()),
            correct_samples=tuple(self.correct.astype(int).tolist()),
            interval=self.interval,
            neurobench=neurobench(self.prepared.quantized.network, self.engines),
        )


def golden_entry(
    prepared: Prepared,
    x: Array,
    golden: Inference,
    prices: Prices,
    *,
    registers: Mapping[str, int] | None = None,
) -> GoldenEntry:
    """Return cycles, operations and energy of a design.

    Parameters
    ----------
    prepared
        The design.
    x
        (N, ...) samples of the data set.
    golden
        The golden model's inference of them.
    prices
        Prices of operations and counters.
    registers
        Flip-flops of each part of the design; by default they are counted.
    """
    result = golden.result
    assert result is not None  # not a float evaluation
    engines = engine_activities(prepared.design, prepared.integers(x), result)
    first = prices.technologies[0]
    energies = {
        technology.name: counter_energy(
            technology, prepared.design.params, result.counters, result.cycles, registers=registers
        )
        for technology in prices.technologies
    }
    static = {name: float(np.mean(found.static)) for name, found in energies.items()}
    summaries = {name: found.summary() for name, found in energies.items()}
    corners = _corners(prices.technologies, prepared, result, registers)
    same_prices = energy(operation_model(first, source=first.description), engines)
    return GoldenEntry(
        prepared=prepared,
        result=result,
        correct=golden.correct,
        interval=golden.interval,
        engines=engines,
        energy=energy(prices.model, engines).summary(),
        counted=replace(
            summaries[first.name],
            technologies={name: found.total for name, found in summaries.items()},
            dynamic_pj={name: found.total - static[name] for name, found in summaries.items()},
            static_pj=static,
            technology_samples={name: found.samples for name, found in summaries.items()},
            corner_pj=corners.total,
            corner_dynamic_pj=corners.dynamic,
            platforms={technology.name: technology.platform for technology in prices.technologies},
        ),
        levels=tuple(differences(mean_terms(same_prices.terms), summaries[first.name].terms)),
    )


@dataclass(frozen=True, kw_only=True)
class _Corners:
    """Mean pJ in each corner of the uncertain prices, by technology."""

    total: dict[str, tuple[float, ...]]
    dynamic: dict[str, tuple[float, ...]]


def _corners(
    technologies: Sequence[Technology], prepared: Prepared, result: Result, registers: Mapping[str, int] | None
) -> _Corners:
    """Price a design in all corners."""
    found = {
        technology.name: [
            mean_energy(corner, prepared.design.params, result, registers=registers) for corner in technology.corners()
        ]
        for technology in technologies
    }
    return _Corners(
        total={name: tuple(float(each.total[0]) for each in several) for name, several in found.items() if several},
        dynamic={
            name: tuple(float((each.total - each.static)[0]) for each in several)
            for name, several in found.items()
            if several
        },
    )


def published(engines: Sequence[EngineActivity]) -> dict[str, float]:
    """Return the mean pJ by published energy model."""
    return {name: float(energy(model, engines).total.mean()) for name, model in MODELS.items()}
