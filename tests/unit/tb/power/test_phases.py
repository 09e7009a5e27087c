"""Files of phases, and what is none."""

import json

import pytest

from tospike.hw.params import InputError
from tospike.tb.power.phases import Phase, Recorded, phases_json, read_phases

RUN = Recorded(
    design="digits",
    configuration="00ff",
    phases=tuple(Phase(begin=2.0 * n, end=2.0 * n + 1, samples=9 * (n % 2)) for n in range(5)),
)


def test_phases_are_read_as_they_were_written(tmp_path):
    (tmp_path / "run.json").write_text(json.dumps(phases_json(RUN)))
    assert read_phases(tmp_path / "run.json") == RUN


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"begin": float("nan")}, "seconds since 1970"),
        ({"end": float("inf")}, "seconds since 1970"),
        ({"end": 10**400}, "seconds since 1970"),
        ({"begin": True}, "seconds since 1970"),
        ({"begin": 1.5}, "begins before it ends"),
        ({"samples": 1.5}, "a whole number"),
        ({"samples": -1}, "a whole number"),
        ({"samples": 10**400}, "a whole number"),
        ({"more": 1}, "holds no phases"),
    ],
)
def test_a_phase_that_cannot_be(wrong, message, tmp_path):
    made = phases_json(RUN)
    made["phases"] = [{**made["phases"][0], **wrong}, *made["phases"][1:]]
    (tmp_path / "run.json").write_text(json.dumps(made))
    with pytest.raises(InputError, match=message) as caught:
        read_phases(tmp_path / "run.json")
    assert "run.json" in str(caught.value) and len(str(caught.value)) < 300


@pytest.mark.parametrize("name", ["design", "configuration"])
@pytest.mark.parametrize("value", [None, 3, "two\nlines"])
def test_a_file_tells_what_ran(name, value, tmp_path):
    (tmp_path / "run.json").write_text(json.dumps({**phases_json(RUN), name: value}))
    with pytest.raises(InputError, match="does not tell which design ran"):
        read_phases(tmp_path / "run.json")
