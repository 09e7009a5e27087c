"""report.json, read again: the same study, which can be drawn and judged once more."""

import json
from dataclasses import fields, is_dataclass, replace

import pytest
from support import reports

from tospike.compare.plain import from_plain, to_plain
from tospike.compare.report.area import CellArea, FpgaArea, Resources, area_of
from tospike.compare.report.design import DesignReport
from tospike.compare.report.files import figures_of, write_report
from tospike.compare.report.json_file import load_report, parse_report, report_json
from tospike.compare.report.page import report_html
from tospike.compare.report.study import StudyReport
from tospike.compare.report.variations import MatchedQnnComparison, Missing
from tospike.hw.params import InputError
from tospike.synth.report import CellReport, CriticalPath, FpgaReport
from tospike.synth.targets import RESOURCES


@pytest.fixture(scope="module")
def study():
    whole = reports.with_matched_qnn(reports.study())
    return reports.with_designs(whole, lambda each: replace(each, gates_pj=reports.gates(each.kind)))


def test_what_was_written_is_read(study, tmp_path):
    for report in (
        study,
        reports.without_synthesis(reports.study()),
        replace(study, matched_qnn=Missing(missing="no")),
    ):
        again = parse_report(report_json(report))
        assert again == report
        assert report_json(again) == report_json(report)
    write_report(study, tmp_path)
    assert load_report(tmp_path) == load_report(tmp_path / "report.json") == study


def test_a_saved_study_is_drawn_and_judged_again(study):
    again = parse_report(report_json(study))
    assert report_html(again, figures_of(again)) == report_html(study, figures_of(study))
    assert reports.verdict_of(*again.designs, workload=again.workload.name) == study.verdict
    assert isinstance(again.matched_qnn, MatchedQnnComparison)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data.pop("format"), r"another version of tospike \(0\.1\.0, format none, not 4\): compare again"),
        (
            lambda data: data.update(format=1, provenance={"tospike": "9.9"}),
            r"\(9\.9, format 1, not 4\): compare again",
        ),
        (lambda data: data.update(format=1, provenance=None), r"\(unknown, format 1, not 4\)"),
        (lambda data: data.pop("verdict"), "is not a report of `tospike compare`: give its report.json"),
        (lambda data: data["designs"][1].pop("cycles"), r"designs\.1\.cycles: field required"),
        (lambda data: data["designs"][0].update(kind="cnn"), r"designs\.0\.kind: input should be 'ann'"),
        (
            lambda data: data["designs"][0]["accuracy"].update(float="high"),
            r"designs\.0\.accuracy\.float: input should",
        ),
        (lambda data: data.update(activity=3), "activity: "),
    ],
)
def test_another_file_is_refused_in_one_line(study, tmp_path, change, message):
    data = json.loads(report_json(study))
    change(data)
    path = tmp_path / "report.json"
    path.write_text(json.dumps(data))
    with pytest.raises(InputError, match=message) as refused:
        load_report(path)
    assert str(path) in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '"x"', "null", "\udcff", "[" * 100_000, '{"verdict": NaN}'])
def test_what_is_no_report_is_refused_in_one_line(text, tmp_path):
    path = tmp_path / "any.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=r"any\.json") as refused:
        load_report(path)
    assert "\n" not in str(refused.value)
    with pytest.raises(InputError, match="there is no file"):
        load_report(tmp_path / "nothing.json")
    with pytest.raises(InputError, match="there is no file"):
        load_report(tmp_path)


def test_what_is_of_another_type_is_not_written(study):
    with pytest.raises(ValueError, match="cycles"):
        to_plain(replace(study, designs=(replace(study.ann, cycles=3), study.snn)))


def classes(kind, seen):
    """Every dataclass below one, by its annotations."""
    if is_dataclass(kind) and kind not in seen:
        seen.add(kind)
        for each in fields(kind):
            classes(each.type, seen)
    for inner in getattr(kind, "__args__", ()):
        classes(inner, seen)
    return seen


def test_reports_are_frozen_and_made_by_keyword():
    found = classes(StudyReport, set())
    assert {StudyReport, DesignReport, FpgaArea, CellArea, Resources} <= found and len(found) > 30
    for kind in found:
        assert kind.__dataclass_params__.frozen, kind
        assert all(each.kw_only for each in fields(kind)), kind


def test_resources_are_those_that_synthesis_counts():
    assert tuple(each.name for each in fields(Resources)) == RESOURCES


def test_an_area_is_what_synthesis_says():
    counts = {name: number for number, name in enumerate(RESOURCES)}
    fpga = FpgaReport(
        target="ecp5-85k",
        speed=6,
        seed=1,
        resources=counts,
        engines={"top.engine_0": counts},
        wrapper=counts,
        placed={"TRELLIS_COMB": (3, 9)},
        capacity={"lut4": 84000},
        fmax_mhz=100.129,
        critical_path=CriticalPath(start="a", end="b", logic_ns=1.23456, routing_ns=2.0),
        tools={"yosys": "0.66"},
        options={"yosys": "-abc9"},
    )
    cells = CellReport(
        target="x.lib",
        area=1.5,
        cells=2,
        ff=1,
        memory_bits=8,
        engines={"top.engine_0": {"area": 1.25, "ff": 1}},
        tools={"yosys": "0.66"},
    )
    for report, kind in ((fpga, FpgaArea), (cells, CellArea)):
        found = area_of(report)
        assert isinstance(found, kind)
        assert to_plain(found) == json.loads(json.dumps(report.to_json()))
    assert from_plain(FpgaArea, fpga.to_json(), "it").fmax_mhz == 100.13
