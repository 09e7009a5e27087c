"""The designs that the verdict of each platform compares: the cheapest eligible ones by the platform's own prices."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tospike.compare.energy.counters.registers import register_bits
from tospike.compare.energy.technology import Platform
from tospike.compare.report.candidates import Candidate
from tospike.compare.report.design import KINDS, Accuracy, DesignReport, Kind
from tospike.compare.search.measure import SearchPoint
from tospike.compare.search.setting import Part
from tospike.compare.study.candidates import candidates_of, pair_of
from tospike.compare.study.chosen import Chosen, Search
from tospike.compare.study.entry import golden_entry
from tospike.compare.study.judged import Judged
from tospike.compare.study.measure import Measured
from tospike.compare.study.options import StudyOptions
from tospike.compare.study.workload import Workload
from tospike.tb.evaluate import float_inference, golden_inference


def compared_sides(
    workload: Workload, chosen: Chosen, measured: Mapping[Kind, Sequence[Measured]], options: StudyOptions
) -> list[Judged]:
    """Return what each platform compares, that of the cost model that decides first.

    Parameters
    ----------
    workload
        Networks and data.
    chosen
        The designs that were measured, and their search.
    measured
        Their measurements.
    options
        Has the cost models.
    """
    platforms = dict.fromkeys(each.platform for each in options.technologies)
    names = {
        platform: [each.name for each in options.technologies if each.platform is platform] for platform in platforms
    }
    if chosen.search is None:
        compared = {kind: measured[kind][0] for kind in KINDS}
        best = pair_of(workload, chosen, compared)
        return [
            Judged(
                runs={kind: ((compared[kind].design,),) for kind in KINDS},
                against=best.ann,
                judged=best.snn,
                candidates=(best.ann, best.snn),
                platform=platform,
                technologies=names[platform],
            )
            for platform in platforms
        ]
    reports = {kind: [each.design for each in sides] for kind, sides in measured.items()}
    searched = _Searched(
        search=chosen.search,
        rows=candidates_of(workload, chosen.search, reports),
        designs={
            found.point: design
            for kind in KINDS
            for found, design in zip(chosen.search.chosen[kind], reports[kind], strict=True)
        },
        options=options,
    )
    return [searched.compared(platform, names[platform]) for platform in platforms]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Searched:
    """The candidates of a search, and those that were measured."""

    search: Search
    rows: Mapping[SearchPoint, Candidate]
    designs: Mapping[SearchPoint, DesignReport]
    options: StudyOptions

    def compared(self, platform: Platform, technologies: Sequence[str]) -> Judged:
        """Return what a platform with these cost models compares."""
        points = {kind: self._best(kind, technologies[0]) for kind in KINDS}
        return Judged(
            runs={kind: self._runs(point) for kind, point in points.items()},
            against=self.rows[points["ann"]],
            judged=self.rows[points["snn"]],
            candidates=tuple(self.rows.values()),
            platform=platform,
            technologies=technologies,
        )

    def _best(self, kind: Kind, technology: str) -> SearchPoint:
        """Return the best design of a side: the search's own by the objective and cost model that it minimised."""
        own = self.search.chosen[kind][0].point
        if technology == self.options.technology.name:
            return own
        eligible: Iterable[SearchPoint] = (
            point for point, row in self.rows.items() if row.side == kind and row.eligible
        )
        return min(eligible, key=lambda point: self.rows[point].technologies[technology])

    def _runs(self, point: SearchPoint) -> list[list[DesignReport]]:
        """Return a design by seed and fold of its network."""
        trainings = self.search.setting.trainings(point.function)
        measured, last = self.designs.get(point), len(trainings[0]) - 1
        return [
            [
                measured if measured and (seed, fold) == (0, last) else self._golden(point, file, part)
                for fold, (file, part) in enumerate(row)
            ]
            for seed, row in enumerate(trainings)
        ]

    def _golden(self, point: SearchPoint, file: Path, part: Part) -> DesignReport:
        """Return the report of a design that was not measured, by its golden model, of the network in a file."""
        test = part.test
        setting = self.search.setting
        prepared = setting.prepared(point.function, point.hardware, file=file, part=part)
        registers = register_bits(setting.prepared(point.function, point.hardware).design.params)
        reference = float_inference(prepared.network, test.x, test.y)
        golden = golden_inference(prepared, test.x, test.y)
        return golden_entry(prepared, test.x, golden, self.options.prices, registers=registers).report(
            name=file.stem,
            kind=point.function.side,
            accuracy=Accuracy(of_float=reference.accuracy, golden=golden.accuracy, rtl=None),
            rtl_samples=0,
            mismatches=None,
        )
