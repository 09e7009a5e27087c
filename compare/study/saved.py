"""Run a study and save it to a folder."""

from pathlib import Path

from tospike.compare.study.options import Progress, StudyOptions
from tospike.compare.study.result import Study
from tospike.compare.study.run import run_study
from tospike.compare.study.workload import Workload
from tospike.gen.files.results_folder import check_results


def save_study(
    workload: Workload, out: Path, options: StudyOptions, *, command: str, progress: Progress = lambda name, step: None
) -> tuple[Study, Path]:
    """Run a study, and write its report and designs to the folder ``out``; for the parameters, see `run_study`.

    Returns
    -------
    The study, and the path of its page.

    Raises
    ------
    InputError
        As for `run_study`; or the report cannot be written, which is checked in advance as far as possible.
    """
    from tospike.compare.report.files import REPORTS  # importing matplotlib is slow

    check_results(out, REPORTS)
    study = Study(report=run_study(workload, out, options, command=command, progress=progress))
    return study, study.save(out)
