"""``tospike data``, and ``--data`` with a path."""

import json

import numpy as np
import pytest
from support import event_files as files
from support.command_line import refused, tospike
from support.paths import SHARED

from tospike.gen.data.datasets import load_data

SENSORS, SINABS = SHARED / "data" / "sensors", SHARED / "data" / "nir" / "cnn_sinabs.nir"


def run(*args):
    return tospike(*args, cwd=SHARED.parent)


def test_info_of_a_recording(tmp_path):
    path, out = tmp_path / "recording", tmp_path / "info.json"
    events = [(100, 3, 4, 1), (50, 7, 0, 0), (1100, 2, 9, 1), (2050, 0, 0, 1)]
    path.write_bytes(files.dat(events))
    said = run("data", "info", path, "--json", out)
    assert said.returncode == 0, said.stderr
    assert "warning: time goes backwards 1 times (first at event 1), by up to 50 us" in said.stderr
    found = json.loads(out.read_text())
    assert found["notes"] == ["time goes backwards 1 times (first at event 1), by up to 50 us"]
    expected = {
        "format": "Prophesee .dat",
        "sensor": {"width": 8, "height": 10, "polarities": 2},
        "sensor_is_stated": False,
        "events": 4,
        "first_us": 50,
        "last_us": 2050,
        "duration_s": 0.002,
        "rate_hz": 2000.0,
        "on_fraction": 0.75,
        "labels": None,
    }
    assert {name: found[name] for name in expected} == expected
    assert "Prophesee .dat" in said.stdout and "width 8, height 10" in said.stdout


def test_info_with_filters(tmp_path):
    path = tmp_path / "recording"
    path.write_bytes(files.event_stream([(0, 1, 1, 1), (5, 1, 1, 1), (9, 50, 60, 0)]))
    options = ("--refractory-us", "10", "--downsample", "4", "--json", "-")
    found = json.loads(run("data", "info", path, *options).stdout)
    assert found["events"] == 2 and found["sensor"] == {"width": 25, "height": 20, "polarities": 2}


def test_info_of_samples():
    found = json.loads(run("data", "info", "digits", "--json", "-").stdout)
    assert (found["format"], found["samples"], sum(found["labels"].values())) == ("digits: values", 449, 449)


def test_info_of_event_lists(tmp_path):
    np.savez(
        tmp_path / "a.npz", x=[1, 2, 3], y=[0, 0, 1], p=[0, 1, 1], t_us=[0, 10, 5], offsets=[0, 2, 3], label=[4, 4]
    )
    found = json.loads(run("data", "info", tmp_path / "a.npz", "--json", "-").stdout)
    assert found["recordings"] == 2 and found["labels"] == {"4": 2}
    assert found["events_per_recording"] == {"least": 1, "median": 1.5, "most": 2}


@pytest.mark.parametrize(("command", "more"), [("info", ()), ("plot", ("--out", "a.png"))])
@pytest.mark.parametrize("name", ["recording", "a.npz"])
def test_recordings_are_not_divided(command, more, name, tmp_path):
    path = tmp_path / name
    path.write_bytes(files.dat([(100, 3, 4, 1), (500, 7, 0, 0)]))
    if name == "a.npz":
        np.savez(path, x=[1], y=[0], p=[0], t_us=[0], offsets=[0, 1], label=[4])
    said = run("data", command, path, "--hold-out", "2", *(tmp_path / word if "." in word else word for word in more))
    refused(said, "leave --hold-out out")
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(("command", "more"), [("info", ()), ("plot", ("--out", "a.png"))])
def test_damage_is_one_line(command, more, tmp_path):
    path = tmp_path / "recording"
    path.write_bytes(files.evt2(files.random_events(1, 9))[:-1])
    said = run("data", command, path, *(tmp_path / word if "." in word else word for word in more))
    refused(said, "is truncated within EVT 2.0", "byte ")
    assert [file.name for file in tmp_path.iterdir()] == ["recording"]


def test_pictures(tmp_path):
    path, magic = tmp_path / "recording", {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    path.write_bytes(files.event_stream(files.random_events(1, 200)))
    for suffix, first in magic.items():
        out = tmp_path / f"a.{suffix}"
        assert run("data", "plot", path, "--out", out).returncode == 0
        assert out.read_bytes().startswith(first)
    assert run("data", "plot", "digits", "--out", tmp_path / "b.png", "--sample", "7").returncode == 0
    said = run("data", "plot", path, "--out", tmp_path / "c.png", "--sample", "1")
    assert said.returncode == 2 and "there is no recording 1: give 0 to 0" in said.stderr
    assert "a.jpg ends in none of .png, .svg, .pdf" in run("data", "plot", path, "--out", tmp_path / "a.jpg").stderr


@pytest.mark.skipif(not SENSORS.is_dir(), reason="the recordings are not in ../shared/data")
def test_a_recording_without_labels_is_evaluated(tmp_path):
    """For throughput: cycles and operations, no accuracy."""
    data = ("--data", SENSORS / "sample_nmnist.bin", "--time-bin-us", "10000", "--steps", "30")
    said = run("evaluate", SINABS, *data, "--framework", "sinabs", "--json", tmp_path / "a.json")
    assert said.returncode == 0, said.stderr
    found = json.loads((tmp_path / "a.json").read_text())
    assert found["samples"] == 1 and "accuracy" not in found and found["cycles"]["mean"] > 0
    refused(run("run", SINABS, *data, "--port", "/dev/null"), "is a recording without labels")


def test_a_path_alone_is_data(tmp_path):
    np.savez(tmp_path / "data", x=np.zeros((3, 4)), y=[0, 1, 2])
    assert load_data(f"{tmp_path / 'data.npz'}").x.shape == (3, 4)
