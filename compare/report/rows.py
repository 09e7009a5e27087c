"""The main table of a study, for terminal and page: one row per figure, one column per design, and SNN over ANN."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from tospike.compare.energy.gates.simulate import DelayModel
from tospike.compare.energy.gates.summary import GateEnergyReport, LevelTotals
from tospike.compare.report.area import CellArea, FpgaArea
from tospike.compare.report.design import DesignReport
from tospike.compare.report.numbers import count, percent, significant, times
from tospike.compare.report.sentence import fpga_sentence
from tospike.compare.report.study import StudyReport
from tospike.compare.report.variations import Missing

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure of every design, formatted."""

    group: str
    label: str
    values: tuple[str, ...]
    numbers: tuple[float | None, ...]
    """The unrounded values."""
    ratio: str
    """SNN over ANN; empty if the ratio is not meaningful."""


@dataclass(frozen=True, kw_only=True)
class _Line:
    """A figure: its label, format, value in a design, and whether to show its ratio."""

    label: str
    write: Callable[[float | None], str]
    figure: Callable[[DesignReport], float | None]
    compared: bool


def _plain(label: str, write: Callable[[float | None], str], figure: Callable[[DesignReport], float | None]) -> _Line:
    return _Line(label=label, write=write, figure=figure, compared=False)


def _ratio(label: str, write: Callable[[float | None], str], figure: Callable[[DesignReport], float | None]) -> _Line:
    return _Line(label=label, write=write, figure=figure, compared=True)


def _of(part: T | None, figure: Callable[[T], float | None]) -> float | None:
    """Return a figure of a part that may not have been measured."""
    return None if part is None else figure(part)


def summary_rows(report: StudyReport) -> list[Row]:
    """Return the rows of the main table; figures that were not measured are dashes."""
    rows = []
    for group, lines in _groups(report):
        for line in lines:
            values = tuple(line.figure(design) for design in report.shown)
            ann, snn = line.figure(report.ann), line.figure(report.snn)
            ratio = times(snn / ann if ann and snn is not None else None) if line.compared else ""
            texts = tuple(map(line.write, values))
            rows.append(Row(group=group, label=line.label, values=texts, numbers=values, ratio=ratio))
    return rows


def grouped_rows(report: StudyReport) -> list[tuple[str, list[Row]]]:
    """Return the rows of the main table by group."""
    return [(name, list(rows)) for name, rows in groupby(summary_rows(report), key=lambda row: row.group)]


def _groups(report: StudyReport) -> Iterator[tuple[str, tuple[_Line, ...]]]:
    # the golden model on all samples and the RTL on a part of them are not comparable
    part = any(0 < design.rtl_samples < report.workload.samples for design in report.designs)
    yield (
        "Accuracy",
        (
            _plain("float", percent, lambda d: d.accuracy.of_float),
            _plain("golden model", percent, lambda d: d.accuracy.golden),
            *([_plain("golden, RTL's samples", percent, lambda d: d.accuracy.golden_as_rtl)] if part else []),
            _plain("RTL", percent, lambda d: d.accuracy.rtl),
        ),
    )
    yield (
        "RTL against golden model",
        (
            _plain("samples run in RTL", count, lambda d: d.rtl_samples),
            _plain("mismatches", count, lambda d: d.mismatches),
        ),
    )
    yield (
        "Cycles per inference",
        (
            _ratio("mean", count, lambda d: d.cycles.mean),
            _ratio("5th percentile", count, lambda d: d.cycles.p5),
            _ratio("median", count, lambda d: d.cycles.p50),
            _ratio("95th percentile", count, lambda d: d.cycles.p95),
        ),
    )
    yield (
        "Latency",
        (
            _plain("post-route Fmax, MHz", significant, lambda d: _of(_fpga(d), lambda area: area.fmax_mhz)),
            _ratio("mean, µs", significant, lambda d: _of(d.latency_us, lambda time: time.mean)),
            _ratio("95th percentile, µs", significant, lambda d: _of(d.latency_us, lambda time: time.p95)),
        ),
    )
    yield (
        "Throughput, back to back",
        (
            _ratio("cycles per sample", count, lambda d: d.interval),
            _ratio("samples per second", count, lambda d: d.samples_per_second),
        ),
    )
    yield from _energy(report)
    yield _area(report)


def _energy(report: StudyReport) -> Iterator[tuple[str, tuple[_Line, ...]]]:
    yield (
        f"Energy, counters, {report.ann.counters_pj.technology}",
        (
            _ratio("total, pJ", significant, lambda d: d.counters_pj.total),
            _ratio("clock and leakage, pJ", significant, lambda d: d.counters_pj.static),
            _ratio("with ideal clock gating, pJ", significant, lambda d: d.counters_pj.gated),
        ),
    )
    yield (
        f"Energy, counts, {report.ann.energy_pj.model}",
        (
            _ratio("total, pJ", significant, lambda d: d.energy_pj.total),
            _ratio("compute, pJ", significant, lambda d: d.energy_pj.compute),
            _ratio("memory, pJ", significant, lambda d: d.energy_pj.memory),
        ),
    )
    library = next((design.gates_pj.library for design in report.designs if design.gates_pj), None)
    if library:
        yield f"Energy, gates, {library}", _GATES


def _at(design: DesignReport, delays: DelayModel) -> GateEnergyReport | None:
    return design.gates_pj.delays.get(delays) if design.gates_pj else None


_GATES = (
    _ratio(
        "total, delays of the library, pJ",
        significant,
        lambda d: _of(_at(d, DelayModel.LIBRARY), lambda energy: energy.total),
    ),
    _ratio("total, no delays, pJ", significant, lambda d: _of(_at(d, DelayModel.ZERO), lambda energy: energy.total)),
    _ratio(
        "clock and leakage, pJ", significant, lambda d: _of(_at(d, DelayModel.LIBRARY), lambda energy: energy.static)
    ),
    _ratio("counters, the same technology, pJ", significant, lambda d: _of(_levels(d), lambda pj: pj.counters)),
    _ratio("counts, the same technology, pJ", significant, lambda d: _of(_levels(d), lambda pj: pj.counts)),
    _plain("samples", count, lambda d: _of(d.gates_pj, lambda gates: gates.samples)),
)


def _levels(design: DesignReport) -> LevelTotals | None:
    return design.gates_pj.levels if design.gates_pj else None


def _fpga(design: DesignReport) -> FpgaArea | None:
    return design.fpga if isinstance(design.fpga, FpgaArea) else None


def _cells(design: DesignReport) -> CellArea | None:
    return design.fpga if isinstance(design.fpga, CellArea) else None


def _area(report: StudyReport) -> tuple[str, tuple[_Line, ...]]:
    target = next((design.fpga.target for design in report.designs if design.fpga), "FPGA")
    if any(_cells(design) for design in report.designs):
        return f"Area, {target}", _CELLS
    return f"Area, {target}", _RESOURCES


_RESOURCES = (
    _ratio("LUT4", count, lambda d: _of(_fpga(d), lambda area: area.lut4)),
    _ratio("carry", count, lambda d: _of(_fpga(d), lambda area: area.carry)),
    _ratio("flip-flops", count, lambda d: _of(_fpga(d), lambda area: area.ff)),
    _ratio("block RAMs", count, lambda d: _of(_fpga(d), lambda area: area.bram)),
    _ratio("DSP blocks", count, lambda d: _of(_fpga(d), lambda area: area.dsp)),
)
_CELLS = (
    _ratio("cells, in the library's unit", significant, lambda d: _of(_cells(d), lambda area: area.area)),
    _ratio("flip-flops", count, lambda d: _of(_cells(d), lambda area: area.ff)),
    _ratio("memory, bit", count, lambda d: _of(_cells(d), lambda area: area.memory_bits)),
)


def notes(report: StudyReport) -> Iterator[str]:
    """Yield notes to print with the verdict."""
    if report.search:
        yield report.search.sentence
    if (fpga := report.verdict.platforms.fpga) and report.verdict.platforms.asic:
        yield fpga_sentence(fpga, report.calibrations)
    if matched := report.matched_qnn:
        yield f"no bit-matched QNN: {matched.missing}" if isinstance(matched, Missing) else matched.sentence
    if report.exact_pair:
        yield report.exact_pair.sentence
    if report.hybrid:
        yield report.hybrid.sentence
    if report.iso_accuracy:
        yield report.iso_accuracy.sentence
    if report.gates and report.gates.missing:
        yield f"no energy of the gates: {report.gates.missing}"
