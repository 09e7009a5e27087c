"""`examples/device.ipynb`: a board in Python, as the notebook is saved and as it runs."""

import json
import re

import pytest
from support.paths import EXAMPLES

CELLS = json.loads((EXAMPLES / "device.ipynb").read_text())["cells"]
CODE = [cell for cell in CELLS if cell["cell_type"] == "code"]


def shown():
    """The text of all outputs, in order."""
    for cell in CODE:
        for output in cell["outputs"]:
            yield "".join(output.get("text") or output["data"]["text/plain"])


def test_it_is_saved_as_it_ran():
    """From top to bottom, without a warning, an error or a path of the machine."""
    assert [cell["execution_count"] for cell in CODE] == list(range(1, len(CODE) + 1))
    outputs = [output for cell in CODE for output in cell["outputs"]]
    assert {output["output_type"] for output in outputs} == {"stream", "execute_result"}
    assert all(output.get("name", "stdout") == "stdout" for output in outputs)
    assert not re.search(r"(?<![\w.])/(home|root|tmp|usr|work|Users)/", json.dumps(outputs))


def test_it_shows_what_it_is_about():
    text = "\n".join(shown())
    for words in (
        "<Design digits_snn",
        "(50, 10)",
        "right",
        "sure for the third time",
        "/dev/ttyUSB99: ",
        "needs other",
    ):
        assert words in text
    used = "".join("".join(cell["source"]) for cell in CODE)
    for name in ("device.run(", "device.predict(", "device.stream(", "run_on_all(", "timeout", "like=host", "counters"):
        assert name in used


@pytest.mark.slow
def test_it_runs_from_top_to_bottom(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    variables: dict = {}
    for cell in CODE:
        exec("".join(cell["source"]), variables)
    assert not list(tmp_path.iterdir())
