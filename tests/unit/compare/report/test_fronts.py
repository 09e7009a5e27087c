"""The candidates of a search on the page: figure and table without a script, and a script that needs no network."""

import re
import shutil
import subprocess
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from support import reports
from support.reports import study

from tospike.compare.report.candidates import BestCandidates, SearchReport
from tospike.compare.report.files import write_report
from tospike.compare.report.json_file import parse_report, report_json


def candidate(side, number):
    return reports.candidate(
        side,
        weight_bits=8 - number,
        is_quantised_after_training=number > 0,
        accuracy=0.98 - 0.01 * number,
        validation_accuracy=0.97 - 0.01 * number,
        accuracy_bound=-0.01 * number,
        eligible=number < 2,
        energy_pj=4000.0 - 500 * number,
        technologies={"horowitz45": 4000.0 - 500 * number},
        command=f"tospike generate network 'a & b.onnx' --lanes {number} --out build/{side}",
    )


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    found = tuple(candidate(side, number) for side in ("ann", "snn") for number in range(3))
    search = SearchReport(
        objective="energy",
        target=0.97,
        target_side="snn",
        margin=0.01,
        points=40,
        ran=6,
        pruned=30,
        over_budget=4,
        left=0,
        functions=5,
        functions_left=0,
        proven=True,
        minutes=1.0,
        seconds=12.0,
        validation_samples=225,
        sentence="Of 40 designs of both sides, 6 are candidates.",
    )
    report = replace(study(), candidates=found, best=BestCandidates(ann=found[1], snn=found[4]), search=search)
    folder = tmp_path_factory.mktemp("report")
    write_report(report, folder)
    return report, folder, (folder / "report.html").read_text()


def test_a_report_with_candidates_is_read_again(searched):
    report, folder, _ = searched
    assert parse_report(report_json(report)) == report
    assert {"fronts.svg", "fronts.pdf"} <= {path.name for path in folder.iterdir()}


def test_every_candidate_is_in_the_table_with_its_command(searched):
    report, _, page = searched
    root = ElementTree.fromstring(page.replace("<!DOCTYPE html>", ""))
    rows = root.findall(".//table[@id='candidates']/tbody/tr")
    assert [row.find("td/code").text for row in rows] == [each.command for each in report.candidates]
    assert [row.get("data-front") for row in rows] == ["1"] * 6
    assert [row.get("class") for row in rows] == [None, "total", None] * 2, "the best stand out"
    assert report.search.sentence in page


def test_without_a_search_there_is_no_script(tmp_path):
    page = write_report(study(), tmp_path).read_text()
    assert "<script" not in page and 'id="candidates"' not in page


def test_the_script_needs_no_network_and_hides_nothing_until_it_runs(searched):
    _, _, page = searched
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert not re.search(r"https?://(?!www\.w3\.org)|fetch|XMLHttpRequest|import|eval|innerHTML", script)
    assert '<div id="explore" hidden="hidden"></div>' in page
    assert not re.search(r"<(link|iframe|img|object|embed)\b", page)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node to parse the script")
def test_the_script_is_valid(searched, tmp_path):
    _, _, page = searched
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    (tmp_path / "fronts.js").write_text(script)
    result = subprocess.run(["node", "--check", str(tmp_path / "fronts.js")], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
