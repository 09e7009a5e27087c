"""A study's result, for Python and notebooks."""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from tospike.compare.plain import to_plain
from tospike.compare.report.design import DesignReport
from tospike.compare.report.json_file import load_report
from tospike.compare.report.rows import summary_rows
from tospike.compare.report.study import StudyReport
from tospike.compare.report.verdict import Verdict
from tospike.hw.params import InputError


@dataclass(frozen=True, kw_only=True, repr=False)
class Study:
    """The result of a study.

    Examples
    --------
    >>> study = Study.load("out")  # doctest: +SKIP
    >>> study.verdict.decision, study.verdict.ratio  # doctest: +SKIP
    ('do not spike', 3.53)
    """

    report: StudyReport
    """All figures, with units."""

    @classmethod
    def load(cls, path: str | PathLike[str]) -> "Study":
        """Load a study saved by `save` or ``tospike compare``.

        Parameters
        ----------
        path
            The folder, or its report.json.

        Raises
        ------
        InputError
            There is no study, or it is from another version of tospike.
        """
        return cls(report=load_report(Path(path)))

    @property
    def verdict(self) -> Verdict:
        """Decision, ratio and interval."""
        return self.report.verdict

    @property
    def ann(self) -> DesignReport:
        """The ANN of the comparison."""
        return self.report.ann

    @property
    def snn(self) -> DesignReport:
        """The SNN of the comparison."""
        return self.report.snn

    def save(self, folder: str | PathLike[str]) -> Path:
        """Write the page, its data as JSON and CSV, and its figures to ``folder``; return the page's path.

        Raises
        ------
        InputError
            A file cannot be written or replaced; nothing is written then.
        """
        from tospike.compare.report.files import write_report  # importing matplotlib is slow

        return write_report(self.report, Path(folder))

    def to_dict(self) -> dict[str, Any]:
        """Return the contents of report.json as dicts, lists, numbers and strings."""
        found: dict[str, Any] = to_plain(self.report)
        return found

    def to_pandas(self) -> Any:
        """Return the main table as a ``pandas.DataFrame``, with a column per design and a row per figure.

        Raises
        ------
        InputError
            pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise InputError("a study as a table of pandas needs pandas: pip install pandas") from None
        rows = summary_rows(self.report)
        index = pandas.MultiIndex.from_tuples([(row.group, row.label) for row in rows], names=["group", "figure"])
        names = [design.name for design in self.report.shown]
        return pandas.DataFrame([row.numbers for row in rows], index=index, columns=names, dtype=float)

    def __str__(self) -> str:
        return self.verdict.sentence

    def __repr__(self) -> str:
        return f"<Study {self.report.workload.name}: {' and '.join(design.name for design in self.report.designs)}>"

    def _repr_html_(self) -> str:
        """Return verdict and main table for a notebook."""
        from tospike.compare.report.notebook import notebook_html  # a template engine, for notebooks only

        return notebook_html(self.report)
