"""The committed figures of `make bench`: whole, and as good as the README says; and the drawing of them."""

import json

import pytest
from support.paths import ROOT

from benchmarks import measure
from benchmarks.plot import draw
from tospike.hw.params import ArrayParams, Dataflow, DenseLayer, ceil_div

ANN = json.loads((ROOT / "benchmarks" / "ann.json").read_text())


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
