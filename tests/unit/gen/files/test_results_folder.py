"""Results replace those of an earlier run and nobody else's files."""

import json
import os
from pathlib import Path

import pytest

from tospike.gen.files import results_folder
from tospike.gen.files.results_folder import RECORD, check_results, write_results
from tospike.hw.params import InputError

NAMES = ("r.json", "r.svg")


def write(out, text="first"):
    write_results(out, {"r.json": text, "r.svg": text.encode()})


def test_an_earlier_run_is_replaced_and_others_files_stay(tmp_path):
    out = tmp_path / "a" / "b"
    for text in ("first", "second"):
        check_results(out, NAMES)
        write(out, text)
        assert [(out / name).read_text() for name in NAMES] == [text, text]
        (out / "notes").write_text("years")
        (out / "r.svg").unlink()  # nothing is lost by what is missing
    assert (out / "notes").read_text() == "years"
    write_results(out, {"other": "x"})
    write(out, "third")
    assert set(json.loads((out / RECORD).read_text())["files"]) == {*NAMES, "other"}


def link(out):
    (out / "mine").write_text("first")
    (out / "r.svg").unlink()
    (out / "r.svg").symlink_to("mine")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda out: (out / "r.json").write_text("edited"), "r.json"),
        (lambda out: (out / RECORD).unlink(), "r.json"),
        (lambda out: (out / RECORD).write_text("[]"), "r.json"),
        (link, "r.svg"),
    ],
)
def test_what_is_not_ours_is_refused_by_name_before_anything_is_written(tmp_path, change, named):
    write(tmp_path)
    change(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for refuse in (lambda: check_results(tmp_path, NAMES), lambda: write(tmp_path, "second")):
        with pytest.raises(InputError, match=rf"{named} was not written by tospike.*choose another --out"):
            refuse()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_killed_in_between_the_next_run_knows_both(tmp_path, monkeypatch):
    write(tmp_path)
    with monkeypatch.context() as patch:
        real = results_folder.write_bytes

        def die(path, data):
            if path.name == "r.svg":
                raise KeyboardInterrupt
            real(path, data)

        patch.setattr(results_folder, "write_bytes", die)
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path, "second")
    write(tmp_path, "third")
    assert [(tmp_path / name).read_text() for name in NAMES] == ["third", "third"]


def test_the_folder_itself(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError, match=r"(it|file) is not a folder; use another --out"):
            check_results(out, NAMES)
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real").mkdir()
    write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real" / "r.json").is_file()
    monkeypatch.chdir(tmp_path / "real")
    write(Path(), "second")
    assert (tmp_path / "real" / "r.json").read_text() == "second"
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    for out in (tmp_path / "real", tmp_path / "real" / "a" / "b"):
        with pytest.raises(InputError, match="read-only"):
            check_results(out, NAMES)


def test_a_check_makes_no_folder(tmp_path):
    check_results(tmp_path / "a" / "b", NAMES)
    assert not list(tmp_path.iterdir())
