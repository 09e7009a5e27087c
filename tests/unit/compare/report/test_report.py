"""report.json, report.html, the figures and the table of the terminal, on a study made by hand."""

import csv
import io
import json
import os
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from rich.console import Console
from support import reports
from support.reports import SAMPLES, verdict_of, with_matched_qnn

from tospike.cli.tables.report import print_report
from tospike.compare.energy.counts.models import MODELS
from tospike.compare.energy.gates.levels import TERM_PARTS, part_levels
from tospike.compare.energy.gates.parts import PARTS
from tospike.compare.energy.gates.place import GatePlace
from tospike.compare.energy.gates.simulate import DelayModel
from tospike.compare.energy.levels import TERMS
from tospike.compare.report.area import CellArea
from tospike.compare.report.figures.drawing import PALETTE, new_figure
from tospike.compare.report.figures.energy import accuracy_energy_figure
from tospike.compare.report.figures.labels import Label, place_labels
from tospike.compare.report.figures.parts import ENERGY_LABELS, energy_figure
from tospike.compare.report.figures.summary import summary_figure, wilson_interval
from tospike.compare.report.files import figures_of, write_report
from tospike.compare.report.json_file import report_json
from tospike.compare.report.numbers import count, percent, significant, times
from tospike.compare.report.page import report_html
from tospike.compare.report.rows import summary_rows
from tospike.compare.report.variations import IsoAccuracy, Match, Missing, Point
from tospike.hw.params import InputError


@pytest.fixture(scope="module")
def study():
    return reports.study()


@pytest.fixture
def bare(study):
    return reports.without_synthesis(study)


def test_rtl_on_fewer_samples_stands_beside_the_golden_model_on_the_same(study):
    """98 % of all beside 96 % of the first 50 is no loss."""
    labels = [row.label for row in summary_rows(study)]
    assert labels[:3] == ["float", "golden model", "RTL"]
    accuracy = replace(study.ann.accuracy, golden_as_rtl=0.96, rtl=0.96)
    study = reports.with_designs(study, lambda each: replace(each, rtl_samples=50, accuracy=accuracy))
    rows = summary_rows(study)
    assert [row.label for row in rows[:4]] == ["float", "golden model", "golden, RTL's samples", "RTL"]
    assert rows[2].values == rows[3].values == ("96.0 %", "96.0 %")
    assert "RTL on 50 96.0" in page(study) and "golden, RTL's samples" in page_text(page(study))


def test_warnings_stand_above_the_verdict(study):
    study = replace(study, warnings=("digits_snn: stage 'a' never spikes",))
    text = page_text(page(study))
    assert text.index("Warning: digits_snn: stage 'a' never spikes") < text.index(study.verdict.sentence)


def test_the_report_says_with_what_prices_are_calibrated(study):
    how = "calibrated with digits_snn on INA219, 0.1 ohm: measured over modelled 1.31 (1.22 to 1.4)"
    assert "calibrated" not in page_text(page(study))
    assert f"Prices of ice40 are {how}." in page_text(page(replace(study, calibrations={"ice40": how})))


DRAWN = []
"""Reports with their figures: drawing takes seconds, and many tests read the same report."""


def page(report):
    figures = next((figures for drawn, figures in DRAWN if drawn is report), None)
    if figures is None:
        figures = figures_of(report)
        DRAWN.append((report, figures))
    return report_html(report, figures)


def page_text(html):
    """Parse the page, which fails where it is not well-formed, and return its text."""
    root = ElementTree.fromstring(html)
    body = root.find("body")
    return " ".join(" ".join(body.itertext()).split())


# ----------------------------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.012345, "0.0123"),
        (0.9996, "1.00"),
        (9.996, "10.0"),
        (131.25, "131"),
        (12345.6, "12,346"),
        (1432, "1,432"),
        (-2.5, "-2.50"),
        (0.0, "0"),
        (None, "–"),
    ],
)
def test_three_significant_digits(value, text):
    assert significant(value) == text


def test_other_numbers():
    assert (count(96.0), count(94.13), count(None)) == ("96", "94.1", "–")
    assert (percent(0.9756), percent(None)) == ("97.6 %", "–")
    assert (times(4.1734), times(None)) == ("4.17×", "–")


def test_wilson_interval_against_a_published_value():
    """R. G. Newcombe, Statistics in Medicine 17, 1998, table I: 81 of 263 gives 0.2553 to 0.3662."""
    assert wilson_interval(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson_interval(1.0, 100)[1] == pytest.approx(1)


# -------------------------------------------------------------------------------------------------------- JSON


def test_json_has_the_keys_of_the_contract_in_a_fixed_order(study):
    data = json.loads(report_json(study))
    assert list(data) == [
        "format",
        "workload",
        "question",
        "warnings",
        "verdict",
        "designs",
        "candidates",
        "best",
        "activity",
        "break_even",
        "sensitivity",
        "variants",
        "models",
        "constants",
        "technology",
        "provenance",
    ]
    for each in data["designs"]:
        assert list(each)[:11] == [
            "name",
            "kind",
            "description",
            "accuracy",
            "rtl_samples",
            "mismatches",
            "cycles",
            "fpga",
            "latency_us",
            "operations",
            "energy_pj",
        ]
        assert set(each["accuracy"]) == {"float", "golden", "golden_as_rtl", "rtl"}
        assert set(each["cycles"]) == {"mean", "p5", "p50", "p95"}
        assert {"target", "lut4", "carry", "ff", "bram", "dsp", "fmax_mhz"} <= set(each["fpga"])
        assert {"model", "total", "p5", "p50", "p95", "compute", "memory", "terms"} <= set(each["energy_pj"])


def test_json_keeps_values_and_stays_short(study):
    data = json.loads(report_json(study))
    assert data["designs"][1]["cycles_samples"] == list(study.snn.cycles_samples)
    assert data["verdict"]["ratio"] == study.verdict.ratio
    assert report_json(study).count("\n") < 1300, "the numbers of all samples are in one line"


def test_json_refuses_nan(study):
    with pytest.raises(ValueError, match="not JSON compliant"):
        report_json(replace(study, break_even=replace(study.break_even, n=float("nan"))))


# -------------------------------------------------------------------------------------------------------- page


def test_the_page_shows_every_figure(study):
    text = page_text(page(study))
    assert study.verdict.sentence in text
    for row in summary_rows(study):
        for value in (row.label, *row.values, row.ratio):
            assert value in text, row
    for each in study.designs:
        for name, mean in each.operations.items():
            assert count(mean) in text, name
        for name, mean in each.energy_pj.terms.items():
            price = each.energy_pj.prices[name]
            assert f"{count(each.operations[name])} {significant(price)} {significant(mean)}" in text, name
        for engine, area in each.fpga.engines.items():
            assert f"{each.name} {engine} 922 251 586 5 7" in text, area
    for name, constant in study.constants.items():
        assert f"{name.replace('_', ' ')} {constant.value:g} {constant.unit} {constant.source}" in text
    assert "multiply-accumulates 100 120 +20.2" in text
    assert "SNN: 2 lanes 0.875 −25.0 % 93.8 % at lower accuracy" in text
    assert "technology x 2.12 +50.0 % –" in text
    assert "engine 0 busy in 62.5 % of the cycles" in text
    assert "2.88 per non-zero activation of the ANN" in text
    for name in MODELS:
        assert f"{name} {1000 + len(name):,}" in text
    for fact in ("tospike compare digits --out build/digits", "yosys 0.66, nextpnr-ecp5 0.11.1", "rtl 31.5"):
        assert fact in text
    assert "weight bits 8 8" in text
    assert "dt 0.0001 0.0001" in text
    assert "bias yes yes" in text


def test_the_page_needs_nothing_from_elsewhere(study):
    html = page(study)
    assert not re.search(r"<(script|link|iframe|img|object|embed)\b", html)
    assert not re.search(r"@import|url\((?!#)", html)
    for target in re.findall(r'(?:src|href)="([^"]*)"', html):
        assert target.startswith("#") or target == "report.json", target


def test_the_page_is_deterministic_and_escapes_text(study):
    html = page(study)
    assert html == page(study)
    assert "&lt;small&gt; &amp; simple" in html


def test_wide_tables_can_be_scrolled_and_it_is_told(study):
    root = ElementTree.fromstring(page(study))
    parents = {child: parent for parent in root.iter() for child in parent}
    for wide in (*root.iter("table"), *root.iter("figure")):
        box = wide if wide.tag == "figure" else parents[wide]
        assert box.get("tabindex") == "0", "a keyboard scrolls it"
        around = list(parents[box])
        assert "sideways" in around[around.index(box) - 1].text


def test_colours_follow_light_and_dark(study):
    html = page(study)
    figures = "".join(re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL))
    assert not re.search(r"#[0-9a-f]{6}\b", figures), "a colour that does not follow the scheme"
    used = set(ENERGY_LABELS) - {"activations"}  # this SNN reads its input from nowhere, its ANN does
    for name in ("ink", "rule", "ann", "snn", *used):
        assert f"var(--{name})" in figures, name
    for name, (light, dark) in PALETTE.items():
        assert f"--{name}: {light};" in html
        assert f"--{name}: {dark};" in html
    ids = re.findall(r'\bid="([^"]*)"', html)
    assert len(ids) == len(set(ids))


def luminance(colour):
    """Relative luminance by WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


@pytest.mark.parametrize("scheme", [0, 1])
@pytest.mark.parametrize("name", ["ink", "muted", "ann", "snn", "qnn"])
def test_text_has_contrast(scheme, name):
    lighter, darker = sorted((luminance(PALETTE[key][scheme]) for key in (name, "paper")), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_a_page_with_parts_missing_says_so(bare):
    text = page_text(page(bare))
    assert "Not synthesised." in text
    assert "(area was not measured)" in text
    assert "None" not in text
    assert "nan" not in text.lower().split()


def test_standard_cells_have_an_area_of_their_own(study, tmp_path):
    def in_cells(each):
        area = CellArea(target="x.lib", area=123.5, cells=45, ff=6, memory_bits=78, engines={}, tools={})
        return replace(each, fpga=area, latency_us=None)

    report = reports.with_designs(study, in_cells)
    rows = {row.label: row.values for row in summary_rows(report) if row.group == "Area, x.lib"}
    assert rows == {
        "cells, in the library's unit": ("124", "124"),
        "flip-flops": ("6", "6"),
        "memory, bit": ("78", "78"),
    }
    text = page_text(page(report))
    assert "digits_ann in the cells of x.lib: area 124 in the library's unit, 45 cells, 6 of them flip-flops" in text
    assert "1.00× cells area" not in text and "Not synthesised." not in text and "LUT4" not in text
    assert "area of cells" in summary_figure(report).svg and "LUT4" not in summary_figure(report).svg


def test_energies_far_apart_fit_on_the_axis(study):
    energies = zip(study.variants, (1.0, 20.0, 3e4, 5e6), strict=True)
    far = replace(study, variants=tuple(replace(variant, pj=pj) for variant, pj in energies))
    drawing = accuracy_energy_figure(far)
    assert ElementTree.fromstring(drawing.svg).tag.endswith("svg")
    assert "nJ (hardware counters; large: as given), logarithmic" in drawing.svg


def test_the_summary_figure_stands_alone(study, bare):
    for report in (study, bare):
        root = ElementTree.fromstring(summary_figure(report).svg)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        text = " ".join(" ".join(root.itertext()).split())
        assert report.verdict.sentence[:60] in text
    assert "1,432" in summary_figure(study).svg
    assert "cycles per inference" in summary_figure(bare).svg


def test_files_have_colours_that_every_program_knows(study):
    """Word processors, and most viewers, paint a CSS variable black."""
    for name, drawing in {"summary": summary_figure(study), **figures_of(study)}.items():
        assert not re.search(r"var\(|--\w|@media|<style>(?!\*)", drawing.svg), name
        colours = set(re.findall(r"#[0-9a-f]{6}\b", drawing.svg))
        assert {PALETTE["paper"][0], PALETTE["snn"][0]} <= colours, name
        assert colours <= {light for light, _ in PALETTE.values()}, name
        assert drawing.pdf.startswith(b"%PDF-") and drawing.pdf.rstrip().endswith(b"%%EOF"), name
    once, again = energy_figure(study), energy_figure(study)
    assert (once, once.pdf) == (again, again.pdf), "the same report gives the same bytes"


def test_colours_differ_so_that_a_page_can_tell_them():
    assert len({light for light, _ in PALETTE.values()}) == len(PALETTE)


def test_names_of_points_cover_no_other_name():
    axes = new_figure(8.6, 5.2).subplots()
    axes.set_xlim(0, 10), axes.set_ylim(0, 10)
    crowd = [Label(text=f"{n}-bit weights", x=4 + n / 5, y=6 + n / 10, colour="#000000") for n in range(6)]
    place_labels(axes, crowd, np.array([(label.x, label.y) for label in crowd]))
    boxes = [text.get_window_extent() for text in axes.texts]
    inside = axes.get_window_extent()
    for n, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:n])
        assert inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 and box.y1 <= inside.y1
    for label in crowd:
        place = axes.transData.transform((label.x, label.y))
        assert not any(box.contains(*place) for box in boxes), "a name lies on a point"


# ------------------------------------------------------------------------------------------------------- files


def test_the_report_is_written(study, tmp_path):
    written = write_report(study, tmp_path / "new" / "folder")
    assert written == tmp_path / "new" / "folder" / "report.html"
    assert written.read_text("utf-8") == page(study)
    assert (written.parent / "report.json").read_text("utf-8") == report_json(study)
    drawn = ["accuracy", "accuracy_energy", "break_even", "cycles", "energy", "energy_samples", "summary"]
    assert sorted(path.name for path in written.parent.iterdir()) == sorted(
        [".tospike.json", "report.html", "report.json", "samples.csv", "summary.csv"]
        + [f"{name}.{kind}" for name in drawn for kind in ("svg", "pdf")]
    )
    for name in drawn:
        svg = (written.parent / f"{name}.svg").read_text("utf-8")
        assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
        assert (written.parent / f"{name}.pdf").read_bytes().startswith(b"%PDF-")


def test_tables_hold_numbers_in_full(study, tmp_path):
    write_report(study, tmp_path)
    with (tmp_path / "samples.csv").open() as file:
        samples = list(csv.DictReader(file))
    assert len(samples) == 2 * SAMPLES
    for each in study.designs:
        own = [line for line in samples if line["design"] == each.name]
        assert tuple(int(line["cycles"]) for line in own) == each.cycles_samples
        assert tuple(float(line["energy_pj"]) for line in own) == each.counters_pj.samples
    with (tmp_path / "summary.csv").open() as file:
        summary = {(line["figure"], line["design"]): line["value"] for line in csv.DictReader(file)}
    assert float(summary["float", "digits_ann"]) == 0.981
    assert float(summary["LUT4", "digits_snn"]) == 1432


def test_a_bare_study_has_its_files_too(bare, tmp_path):
    write_report(bare, tmp_path)
    assert not (tmp_path / "break_even.svg").exists()
    assert (tmp_path / "samples.csv").read_text().count("\n") == 1 + 2 * SAMPLES


@pytest.mark.parametrize(
    ("place", "said"),
    [((3.0, 2.75, 3.25), "with its 90 % interval. Published"), (None, "here it is beyond the range of the samples.")],
)
def test_the_place_in_gates_is_told(study, place, said):
    assert "In gates:" not in page_text(page(study))
    gates = GatePlace(library="some.lib", samples=20, n_star={DelayModel.LIBRARY: place})
    with_gates = replace(study, break_even=replace(study.break_even, gates=gates))
    text = page_text(page(with_gates))
    assert "the line through the energies of 20 samples" in text
    assert said in text
    assert ("this network, gates, some.lib" in text) == (place is not None)


def test_the_gates_stand_beside_the_other_levels(study):
    with_gates = reports.with_designs(study, lambda each: replace(each, gates_pj=reports.gates(each.kind)))
    with_gates = replace(with_gates, gates=Missing(missing=""))
    rows = {row.label: row for row in summary_rows(with_gates) if row.group == "Energy, gates, some.lib"}
    assert rows["total, no delays, pJ"].numbers == (721.0, 1442.0)
    assert rows["total, delays of the library, pJ"].ratio == "2.00×"
    assert rows["counters, the same technology, pJ"].numbers == (222.0, 222.0)
    assert rows["samples"].values == ("7", "7")
    text = page_text(page(with_gates))
    assert "clock 0.00500 0.0110 0.0300 0.0400 25.0 % 0.00500 0.0110 0.0300 0.0400 25.0 %" in text, (
        "the glitches' share"
    )
    assert "total 0.0350 0.0110 0.210 0.280 25.0 %" in text
    assert "gates, no delays" in figures_of(with_gates)["levels"].svg
    for expected in ("The gates", "some.lib", "multiply/accumulate", "4,321 cells", "period 10.5 ns", "OpenSTA 9"):
        assert expected in text
    json.loads(report_json(with_gates))


def test_the_twin_has_a_column_and_a_sentence(study, tmp_path):
    report = with_matched_qnn(study)
    assert report.verdict == verdict_of(*report.designs), "the verdict is about the two as given"
    ann, snn, qnn = next(row for row in summary_rows(report) if row.label == "golden model").values
    assert (ann, snn, qnn) == ("97.7 %", "97.7 %", "50.0 %")
    energies = [row for row in summary_rows(report) if row.label == "total, pJ"]
    assert all(len(row.numbers) == 3 and row.ratio == times(row.numbers[1] / row.numbers[0]) for row in energies)
    text = page_text(page(report))
    ratio = significant(energies[0].numbers[1] / energies[0].numbers[0])
    assert f"with 3-bit activations (50.0 %), this SNN of 5 steps (97.7 %) needs {ratio} times the energy" in text
    assert "bit-matched QNN, 3 bits" in accuracy_energy_figure(report).svg
    low, high = report.matched_qnn.interval
    assert low < report.matched_qnn.ratio < high
    assert "a_qnn" in printed(report, tmp_path)
    assert json.loads(report_json(report))["controls"][0]["kind"] == "qnn"
    write_report(report, tmp_path)
    assert "\na_qnn,0," in (tmp_path / "samples.csv").read_text()


def test_equal_accuracy_has_a_figure_a_table_and_a_file(study, tmp_path):
    points = tuple(
        Point(kind=kind, label=label, accuracy=accuracy, pj=pj, front=True)
        for kind, label, accuracy, pj in (
            ("ann", "", 0.98, 3000.0),
            ("ann", "3-bit weights", 0.95, 2000.0),
            ("snn", "", 0.97, 4000.0),
            ("snn", "2 steps", 0.9, 1000.0),
        )
    )
    found = IsoAccuracy(
        technology="horowitz45",
        samples=7,
        points=points,
        matches=(Match(snn="2 steps", ann="3-bit weights", accuracy=0.9, ratio=0.5, interval=(0.25, 0.75)),),
        target=0.9,
        ratio=0.5,
        interval=(0.25, 0.75),
        sentence="So it is.",
    )
    report = replace(with_matched_qnn(study), iso_accuracy=found)
    text = page_text(page(report))
    assert "So it is." in text
    assert "90.0 % 2 steps 3-bit weights 0.500 0.250 to 0.750" in text
    assert "So it is." in printed(report, tmp_path)
    write_report(report, tmp_path)
    assert (tmp_path / "iso_accuracy.csv").read_text().splitlines()[2] == "ann,3-bit weights,0.95,2000.0,True"
    svg = (tmp_path / "iso_accuracy.svg").read_text()
    for label in ("3-bit weights", "2 steps", "bit-matched QNN, 3 bits"):
        assert label in svg


def test_a_qnn_that_cannot_be_is_told(study, tmp_path):
    report = replace(study, matched_qnn=Missing(missing="trained quantisers"))
    assert "No bit-matched QNN: trained quantisers" in page_text(page(report))
    assert "no bit-matched QNN: trained quantisers" in printed(report, tmp_path)


def test_every_term_belongs_to_one_part_of_the_gates():
    terms = [term for terms in TERM_PARTS.values() for term in terms]
    assert sorted(terms) == sorted({*TERMS, "queue_read", "queue_write"})
    assert set(TERM_PARTS) == set(PARTS)
    gates = dict.fromkeys(PARTS, 10.0)
    rows = part_levels({"sop": 1.0, "weight_read": 2.0}, {"sop": 3.0, "clock_idle": 4.0}, {"zero": gates})
    found = {row.part: (row.counts, row.counters) for row in rows}
    assert found["mac"] == (1.0, 3.0)
    assert found["memories"] == (2.0, 0.0)
    assert found["clock"] == (0.0, 4.0)
    assert all(row.zero == row.library == 10.0 for row in rows), "one delay model stands in for the other"


def test_what_the_gates_lack_is_told(study, tmp_path):
    assert "The gates" not in page_text(page(study))
    without = replace(study, gates=Missing(missing="no cells: install them"))
    assert "Not measured: no cells: install them" in page_text(page(without))
    assert "no energy of the gates: no cells: install them" in printed(without, tmp_path)
    assert not any("gates" in row.group for row in summary_rows(without))


def test_a_failed_write_leaves_the_old_report(study, tmp_path, monkeypatch):
    write_report(study, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(InputError, match=r"cannot write .*: No space left on device"):
        write_report(study, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_file_where_the_folder_should_be_is_named(study, tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(InputError, match=r"cannot write to .*out"):
        write_report(study, tmp_path / "out")


# ---------------------------------------------------------------------------------------------------- terminal


def printed(report, path, width=100):
    stream = io.StringIO()
    print_report(report, path, Console(file=stream, width=width))
    return stream.getvalue()


def test_the_terminal_shows_the_same_rows_and_the_path(study, tmp_path):
    text = printed(study, tmp_path / "report.html")
    for row in summary_rows(study):
        assert re.search(r"\s+│\s+".join(map(re.escape, (row.label, *row.values))), text), row
    assert study.verdict.sentence.split(":")[0] in text
    assert text.rstrip().endswith(f"report: {tmp_path / 'report.html'}")


@pytest.mark.parametrize("names", [("digits_ann", "digits_snn"), ("a_rather_long_name_of_a_network", "b" * 40)])
def test_nothing_is_cut_on_80_columns(study, tmp_path, names):
    report = with_matched_qnn(study)
    designs = tuple(replace(each, name=name) for each, name in zip(study.designs, names, strict=True))
    report = replace(report, designs=designs)
    lines = printed(report, tmp_path / "report.html", width=80).splitlines()
    assert not any("…" in line for line in lines)
    assert all(len(line) <= 80 for line in lines if not line.startswith("report: "))
    cells = [re.split(r"[│┃]", line) for line in lines if re.match(r"[│┃]", line)]
    columns = ["".join(cell[n].strip() for cell in cells) for n in range(2, 6)]
    for n, name in enumerate((*names, "a_qnn")):
        assert columns[n].startswith(name)
    for row in summary_rows(report):
        assert any(all(v in cell[n + 2].split("  ")[-1] for n, v in enumerate(row.values)) for cell in cells), row


def test_ratios_are_snn_over_ann(study):
    rows = {(row.group, row.label): row.ratio for row in summary_rows(study)}
    assert rows["Area, ecp5-85k", "LUT4"] == "1.00×"
    assert rows["Area, ecp5-85k", "DSP blocks"] == "0×"
    energies = [each.counters_pj.total for each in study.designs]
    assert rows["Energy, counters, horowitz45", "total, pJ"] == times(energies[1] / energies[0])
    assert rows["Accuracy", "RTL"] == ""


def test_the_terminal_has_dashes_for_what_is_missing(bare, tmp_path):
    text = printed(bare, tmp_path / "report.html")
    assert re.search(r"LUT4\s+│\s+–\s+│\s+–\s+│\s+–", text)
    assert "None" not in text
