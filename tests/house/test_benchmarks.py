"""The committed figures of `make bench`: whole, as the pages show them, and as good as they say."""

import json
import re

import pytest
from support.paths import ROOT

from benchmarks import boards, circuits, markdown, measure, tables
from benchmarks.plot import draw
from benchmarks.spec import Table
from benchmarks.spec import tables as told
from tospike.hw.params import ArrayParams, Dataflow, DenseLayer, ceil_div

ANN = json.loads((ROOT / "benchmarks" / "ann.json").read_text())
TABLES = told()
PLACED = [(page, name, text) for page in markdown.pages() for name, text in markdown.blocks(page)]
MEASURED = {table.name for table in TABLES.values() if table.results.exists()}


def area(rows, cols, dataflow, target="ecp5-85k"):
    wanted = {"rows": rows, "cols": cols, "dataflow": dataflow, "target": target}
    return next(row for row in ANN["area"] if wanted.items() <= row.items())


def test_every_run_equals_the_golden_model():
    assert all(row["golden_match"] for row in ANN["cycles"])
    assert {(row["rows"], row["cols"]) for row in ANN["cycles"]} >= {(4, 4), (8, 8)}


def test_output_stationary_cycles_are_folds_and_one_fill():
    for row in ANN["cycles"]:
        m, n, k = row["gemm"]
        if row["dataflow"] == "os" and (row["rows"], row["cols"]) == (8, 8):
            assert row["cycles"] <= ceil_div(m, 8) * ceil_div(n, 8) * max(k, 8) + 24


def test_clock_and_area_on_ecp5():
    array = area(8, 8, "os")
    assert array["fmax_mhz"] >= 180 and array["dsp"] == 64
    assert array["lut4"] + 2 * array["carry"] <= 4096 and array["ff"] <= 6048
    assert area(8, 8, "ws")["fmax_mhz"] >= 170


def test_simulation_is_fast():
    assert ANN["speed"]["rtl_cycles_per_second"] >= 200_000


def test_a_row_of_cycles_is_measured():
    rows = measure.cycles((1, 2), [DenseLayer(rows=2, inputs=3, outputs=4)], lambda line: None)
    assert [row["dataflow"] for row in rows] == [dataflow.value for dataflow in Dataflow]
    assert all(row["golden_match"] and row["cycles"] >= row["bound"] for row in rows)


@pytest.mark.slow
def test_a_circuit_is_synthesised(tmp_path, monkeypatch):
    monkeypatch.setenv("TOSPIKE_CACHE", str(tmp_path))
    (row,) = measure.area([measure.Circuit(target="ice40-up5k", array=ArrayParams(rows=1, cols=1))], lambda line: None)
    assert (row["rows"], row["dsp"]) == (1, 1)
    assert row["fmax_mhz"] > 20


def test_the_picture_shows_what_was_measured():
    svg = draw(ANN)
    assert svg.lstrip().startswith("<?xml") or "<svg" in svg
    for text in ("output-stationary, RTL", "weight-stationary, RTL", "64×64×64", "4×4"):
        assert text in svg
    with pytest.raises(KeyError):
        draw({"cycles": ANN["cycles"]})


@pytest.mark.parametrize(("page", "name", "text"), PLACED, ids=[f"{page.stem}-{name}" for page, name, _ in PLACED])
def test_pages_show_what_was_measured(page, name, text):
    assert text == tables.text(TABLES[name]), "python -m benchmarks.tables --write puts the measured table there"


def test_every_measured_table_is_shown_and_whole():
    assert {name for _, name, _ in PLACED} == MEASURED
    for name in MEASURED:
        table = TABLES[name]
        assert list(tables.known(table)) == list(tables.KINDS[table.kind].cells(table.settings))


def test_results_belong_to_tables():
    assert {path.stem for path in (ROOT / "benchmarks" / "results").iterdir()} == MEASURED


def test_a_circuit_tells_what_it_was_measured_with():
    for table in TABLES.values():
        if table.kind == "circuits":
            cells = circuits.cells(table.settings)
            for name, row in tables.known(table).items():
                assert (row["generate"], row["target"]) == (cells[name]["generate"], cells[name]["target"])
                assert set(row["fmax_mhz"]) == {str(seed) for seed in circuits.SEEDS}
                assert re.fullmatch("[0-9a-f]{64}", row["verilog_sha256"]) and "yosys" in row["tools"]


def test_a_board_tells_what_it_was_measured_with():
    tables_of_boards = [table for table in TABLES.values() if table.kind == "boards"]
    assert tables_of_boards
    for table in tables_of_boards:
        cells = boards.cells(table.settings)
        for name, row in tables.known(table).items():
            built = row["build"]
            assert (row["generate"], row["board"]) == (cells[name]["generate"], cells[name]["board"])
            assert row["board"] == built["board"]
            assert built["fmax_mhz"] >= built["clock_mhz"] * (1 + built["margin_percent"] / 100) - 0.01
            attempt = {key: built[key] for key in ("clock_mhz", "seed", "fmax_mhz")}
            assert attempt in built["attempts"] and row["bitstream_bytes"] > 10_000
            assert built["inferences_per_second"] == pytest.approx(
                built["clock_mhz"] * 1e6 / built["cycles_per_inference"], rel=1e-4
            )
            assert {"verilog_sha256", "shell_sha256"} <= set(row) and "yosys" in built["tools"]


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A table of one small circuit and of one that needs data; its results in a folder of its own."""
    monkeypatch.setattr("benchmarks.spec.RESULTS", tmp_path)
    rows = [
        {"name": "1x1", "target": "ice40-up5k", "generate": "systolic --rows 1 --cols 1 --array-only"},
        {"name": "MNIST", "generate": "network examples/mnist_ann.onnx --data mnist:DIR/mnist"},
    ]
    return Table(name="small", kind="circuits", settings={"head": "array", "rows": rows})


@pytest.mark.slow
def test_a_circuit_is_measured_once(small, monkeypatch):
    monkeypatch.setattr(circuits, "SEEDS", (1,))
    said: list[str] = []
    tables.measure(small, None, said.append)
    assert said[:2] == ["small: 1x1", "small: MNIST"] and "--data is needed" in said[2]
    rows = tables.known(small)
    assert set(rows) == {"1x1"} and rows["1x1"]["dsp"] == 1 and rows["1x1"]["fmax_mhz"]["1"] > 20
    assert tables.stale(small, None) == ["MNIST"]
    said.clear()
    tables.measure(small, None, said.append)
    assert said[0] == "small: MNIST" and "--data is needed" in said[1]
    rows["1x1"]["verilog_sha256"] = "of another circuit"
    tables.keep(small, rows)
    assert tables.stale(small, None) == ["1x1", "MNIST"]


def test_a_command_that_fails_keeps_the_old_row(small):
    rows = {"1x1": {"verilog_sha256": "old"}}
    tables.keep(small, rows)
    small.settings["rows"][0]["generate"] = "systolic --rows 0"
    said: list[str] = []
    tables.measure(small, None, said.append)
    assert "is not measured: tospike generate systolic --rows 0" in said[0]
    assert tables.known(small) == rows


def test_a_page_takes_its_tables(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- measured: small -->\nold\n<!-- /measured -->\nafter\n")
    markdown.write(page, "other", "nothing\n")
    assert list(markdown.blocks(page)) == [("small", "old\n")]
    markdown.write(page, "small", markdown.table(["a", "b"], [["1", "2"]]))
    rows = "| a | b |\n| --- | --- |\n| 1 | 2 |\n"
    assert page.read_text() == f"before\n<!-- measured: small -->\n\n{rows}\n<!-- /measured -->\nafter\n"
