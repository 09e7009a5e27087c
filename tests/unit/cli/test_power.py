"""``tospike power``: on a simulated board, with a log that is made of the phases."""

import json

import numpy as np
import pytest
from support.command_line import refused, tospike
from support.paths import EXAMPLES

from tospike.compare.energy.calibration import read_calibration
from tospike.gen.data.datasets import load_data
from tospike.gen.emit.folder import config_hash
from tospike.gen.emit.memory_init import pack
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare

SNN = EXAMPLES / "digits_snn.nir"
QUICK = ("--rounds", "2", "--seconds", "0.3", "--settle", "0.05", "--samples", "20")
NJ = 50.0


def write_log(path, phases, *, per_sample):
    """A log as a meter would write it: 20 mW, and what the samples of each phase need."""
    rows = ["time,volts,current (mA)"]
    for phase in phases:
        rate = phase["samples"] / (phase["end"] - phase["begin"])
        for when in np.linspace(phase["begin"], phase["end"], 50):
            rows.append(f"{float(when)!r},1.2,{(20 + 1e3 * rate * per_sample) / 1.2!r}")
    path.write_text("\n".join(rows))


@pytest.mark.slow
def test_samples_run_in_phases_on_the_simulated_board(tmp_path):
    said = tospike("power", SNN, "--port", "sim", "--phases", "run.json", *QUICK, cwd=tmp_path)
    assert said.returncode == 0, said.stderr
    phases = json.loads((tmp_path / "run.json").read_text())["phases"]
    assert len(phases) == 5 and [phase["samples"] > 0 for phase in phases] == [False, True] * 2 + [False]
    assert all(phase["end"] - phase["begin"] >= 0.3 for phase in phases)
    evaluated(tmp_path, phases)


def test_a_logged_run_is_calibrated(tmp_path):
    phases = [{"begin": 1e9 + 3 * n, "end": 1e9 + 3 * n + 2, "samples": 700 * (n % 2)} for n in range(5)]
    (tmp_path / "run.json").write_text(json.dumps(run_of(phases)))
    evaluated(tmp_path, phases)


def run_of(phases):
    """A phases file of the example."""
    design = prepare(SNN, load_data("digits"), ModelOptions()).design
    return {
        "design": design.params.name,
        "configuration": f"{config_hash(design.params, pack(design)):016x}",
        "phases": phases,
    }


@pytest.mark.parametrize("wrong", [{"design": "other"}, {"configuration": "0" * 16}])
def test_phases_of_another_design_are_refused(wrong, tmp_path):
    phases = [{"begin": 3.0 * n, "end": 3.0 * n + 2, "samples": 700 * (n % 2)} for n in range(5)]
    (tmp_path / "run.json").write_text(json.dumps({**run_of(phases), **wrong}))
    write_log(tmp_path / "log.csv", phases, per_sample=NJ * 1e-9)
    said = tospike("power", SNN, "--phases", "run.json", "--log", "log.csv", "--out", "a.toml", cwd=tmp_path)
    refused(said, "the phases are those of", *wrong.values())
    assert not (tmp_path / "a.toml").exists()


def evaluated(tmp_path, phases):
    write_log(tmp_path / "log.csv", phases, per_sample=NJ * 1e-9)
    evaluate = ("--phases", "run.json", "--log", "log.csv", "--samples", "20", "--out", "board.toml", "--json", "-")
    said = tospike("power", SNN, *evaluate, cwd=tmp_path)
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout)
    assert found["measured"]["nj_by_round"] == pytest.approx([NJ, NJ], rel=1e-3)
    assert found["measured"]["idle_mw"] == pytest.approx(20)
    (made,) = read_calibration(tmp_path / "board.toml").measurements
    assert made.design == "digits_snn" and made.meter == "log log.csv"
    assert made.dynamic.ratio == pytest.approx(NJ / found["modelled"]["nj_above_idle"], rel=1e-3)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((), ("give --port", "--phases")),
        (("--port", "sim"), ("give --meter, or --phases",)),
        (("--phases", "run.json"), ("without --port", "--log")),
        (("--phases", "run.json", "--log", "log.csv"), ("no file run.json",)),
        (("--port", "sim", "--meter", "ina219", "--log", "log.csv"), ("two ways",)),
        (("--port", "sim", "--meter", "ina219", "--technology", "osu018"), ("standard cells",)),
        (("--port", "sim", "--meter", "ina219", "--core-supply"), ("belong together",)),
        (("--port", "sim", "--phases", "run.json", "--out", "a.toml"), ("--out needs --meter or --log",)),
        (("--port", "sim", "--phases", "run.json", "--json", "a.json"), ("--json needs --meter or --log",)),
        (("--port", "sim", "--phases", "run.json", "--log-offset", "1"), ("--log-offset is for a --log",)),
        (("--port", "sim", "--phases", "run.json", "--shunt-ohms", "1"), ("--shunt-ohms is for a --meter",)),
        *(
            (("--phases", "run.json", "--log", "log.csv", flag, "700"), (f"{flag} is for a run with --port",))
            for flag in ("--baud", "--settle")
        ),
    ],
)
def test_bad_input_is_one_line(given, words, tmp_path):
    refused(tospike("power", SNN, *given, cwd=tmp_path), *words)
    assert not list(tmp_path.iterdir())
