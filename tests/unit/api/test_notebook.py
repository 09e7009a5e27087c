"""`examples/verdict.ipynb`: from training to the verdict, as it is saved and as it runs."""

import json
import re

import pytest
from support.paths import EXAMPLES

import tospike

CELLS = json.loads((EXAMPLES / "verdict.ipynb").read_text())["cells"]
CODE = [cell for cell in CELLS if cell["cell_type"] == "code"]
SOURCES = ["".join(cell["source"]) for cell in CODE]
(STUDY,) = (source for source in SOURCES if "tospike.study(" in source)


def test_it_is_saved_as_it_ran():
    """From top to bottom, without a warning, an error or a path of the machine."""
    assert [cell["execution_count"] for cell in CODE] == list(range(1, len(CODE) + 1))
    outputs = [output for cell in CODE for output in cell["outputs"]]
    assert {output["output_type"] for output in outputs} == {"stream", "display_data", "execute_result"}
    assert all(output.get("name", "stdout") == "stdout" for output in outputs)
    assert not re.search(r"(?<![\w.])/(home|root|tmp|usr|work|Users)/", json.dumps(outputs))


def test_it_shows_the_verdict():
    (answer,) = (cell["outputs"][-1]["data"] for cell in CODE if "".join(cell["source"]) == STUDY)
    assert re.search(r"On digits, .*energy per inference.*latency.*LUTs", "".join(answer["text/html"]))


@pytest.mark.slow
def test_its_study_needs_no_framework(monkeypatch):
    """The same call on networks from files: what it asks for is there, with torch or without."""
    monkeypatch.chdir(EXAMPLES)
    variables = {"tospike": tospike, "ann": "digits_ann.onnx", "graph": "digits_snn.nir", "data": "digits", "STEPS": 5}
    quick = STUDY.replace("rtl_samples=10", "rtl_samples=1, synth=False")
    assert quick != STUDY
    exec(quick, variables)
    assert {each.accuracy.golden > 0.95 for each in variables["study"].report.designs} == {True}


@pytest.mark.slow
def test_it_runs_from_top_to_bottom(monkeypatch, tmp_path):
    """Training on another machine gives other weights, so the answer is checked for what must hold of it."""
    for package in ("torch", "snntorch", "nirtorch", "onnxscript"):
        pytest.importorskip(package, reason=f"the notebook trains with {package}, an extra: pip install tospike[train]")
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.chdir(tmp_path)
    variables: dict = {}
    for source in SOURCES:
        exec(source, variables)
    for each in variables["study"].report.shown:
        assert each.accuracy.golden > 0.94
    assert (tmp_path / "report" / "report.html").is_file()
