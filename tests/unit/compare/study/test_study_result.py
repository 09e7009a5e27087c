"""A study's result in Python: as data, as a table, in a notebook, saved and loaded."""

import json
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from support import reports

from tospike.compare.report.json_file import report_json
from tospike.compare.report.rows import summary_rows
from tospike.compare.study.result import Study
from tospike.hw.params import InputError


@pytest.fixture(scope="module")
def study():
    return Study(report=reports.with_matched_qnn(reports.study()))


def test_it_is_saved_and_loaded(study, tmp_path):
    page = study.save(tmp_path / "out")
    assert page == tmp_path / "out" / "report.html" and page.is_file()
    assert Study.load(tmp_path / "out") == Study.load(str(tmp_path / "out" / "report.json")) == study
    (tmp_path / "out" / "report.html").write_text("mine")
    with pytest.raises(InputError, match="was not written by tospike"):
        study.save(tmp_path / "out")


def test_it_tells_its_verdict(study):
    assert str(study) == study.verdict.sentence == study.report.verdict.sentence
    assert (study.ann.kind, study.snn.kind) == ("ann", "snn")


def test_as_a_dict_it_is_what_report_json_holds(study):
    assert study.to_dict() == json.loads(report_json(study.report))


def test_as_a_table_it_has_a_column_for_each_design(study):
    pytest.importorskip("pandas")
    table = study.to_pandas()
    assert list(table.columns) == ["digits_ann", "digits_snn", "a_qnn"]
    assert [*table.index] == [(row.group, row.label) for row in summary_rows(study.report)]
    assert table.loc[("Area, ecp5-85k", "LUT4"), "digits_ann"] == 1432
    assert table.loc[("Accuracy", "RTL"), "digits_snn"] == 0.975
    assert table.isna().loc[("Area, ecp5-85k", "LUT4"), "a_qnn"], "it was not synthesised"


def test_without_pandas_it_says_what_to_install(study, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(InputError, match="pip install pandas"):
        study.to_pandas()


def test_a_notebook_shows_verdict_and_table(study):
    root = ElementTree.fromstring(f"<div>{study._repr_html_()}</div>")
    text = " ".join(" ".join(root.itertext()).split())
    assert study.verdict.sentence in text and study.report.matched_qnn.sentence in text
    for row in summary_rows(study.report):
        assert " ".join((row.label, *row.values, row.ratio)).strip() in text, row
    assert "<script" not in study._repr_html_()


def test_reading_a_study_loads_no_hardware_and_draws_nothing():
    """A saved study is looked at where there is neither time nor need for Amaranth and matplotlib."""
    code = "import sys, tospike.compare.study.result; print(*{'amaranth', 'matplotlib', 'typer'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
