"""A generated folder takes another's place only where nothing is lost."""

import hashlib
import json
import os
import stat
from pathlib import Path

import pytest

from tospike.gen.emit.folder import read
from tospike.gen.files import written_folder
from tospike.gen.files.written_folder import write_folder
from tospike.hw.params import InputError

FILES = {"top.v": "module top; endmodule\n", "ecp5/top.v": "module top; endmodule\n"}
MANIFEST = {"tospike": "0", "kind": "test", "choices": {"rate": 0.1}}


def write(out, text="first"):
    return write_folder(out, {**FILES, "readme": text}, MANIFEST)


def tree(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_files_in_sub_folders_are_written_and_listed(tmp_path):
    manifest = write(tmp_path / "a" / "d")
    assert json.loads((tmp_path / "a" / "d" / "manifest.json").read_text()) == manifest
    assert manifest["files"]["ecp5/top.v"] == hashlib.sha256(FILES["ecp5/top.v"].encode()).hexdigest()
    assert set(tree(tmp_path / "a" / "d")) == {*FILES, "readme", "manifest.json"}


def test_an_earlier_folder_and_what_simulations_left_is_replaced(tmp_path):
    out = tmp_path / "d"
    write(out)
    for name in ("verify", "sim_build"):
        (out / name / "obj").mkdir(parents=True)
        (out / name / "obj" / "log").write_text("old")
    out.chmod(0o750)
    write(out, "second")
    assert (out / "readme").read_text() == "second"
    assert set(tree(out)) == {*FILES, "readme", "manifest.json"}
    assert stat.S_IMODE(out.stat().st_mode) == 0o750
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


def edit(out):
    (out / "ecp5" / "top.v").write_text("mine")


def edit_manifest(out):
    path = out / "manifest.json"
    path.write_text(path.read_text().replace("0.1", "0.2"))


def foreign_manifest(out):
    (out / "manifest.json").write_text('{"name": "my web site", "files": {}}')


def list_a_foreign_file(out):
    """A manifest of another's making does not make the file ours."""
    (out / "notes").write_text("years")
    manifest = json.loads((out / "manifest.json").read_text())
    manifest["files"]["notes"] = hashlib.sha256(b"years").hexdigest()
    (out / "manifest.json").write_text(json.dumps(manifest))


def unseal(out):
    """Without its own digest nothing tells whether the manifest was edited, or written by hand."""
    manifest = json.loads((out / "manifest.json").read_text())
    del manifest["sha256"]
    (out / "manifest.json").write_text(json.dumps(manifest))
    (out / "verify").mkdir()
    (out / "verify" / "notes").write_text("years")


def link_out(out):
    (out.parent / "elsewhere").mkdir()
    (out.parent / "elsewhere" / "notes").write_text("years")
    (out / "verify").symlink_to(out.parent / "elsewhere")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda out: (out / "notes").write_text("years"), "notes"),
        (unseal, "manifest.json"),
        (lambda out: (out / "ecp5" / "notes").write_text("years"), "ecp5/notes"),
        (lambda out: (out / "empty").mkdir(), "empty"),
        (lambda out: (out / "scratch").mkdir(), "scratch"),
        (lambda out: os.mkfifo(out / "pipe"), "pipe"),
        (lambda out: (out / "readme").unlink(), "readme"),
        (lambda out: (out / "manifest.json").unlink(), "not a generated design"),
        (edit, "ecp5/top.v"),
        (edit_manifest, "manifest.json"),
        (foreign_manifest, "manifest.json"),
        (list_a_foreign_file, "manifest.json"),
        (link_out, "verify"),
    ],
)
def test_whatever_else_is_there_is_refused_by_name(tmp_path, change, named):
    out = tmp_path / "d"
    write(out)
    change(out)
    before = tree(tmp_path)
    with pytest.raises(InputError, match=named) as refused:
        write(out, "second")
    assert "choose another --out" in str(refused.value)
    assert tree(tmp_path) == before


def test_a_link_stays_and_what_it_points_to_is_written(tmp_path):
    (tmp_path / "disk").mkdir()
    link = tmp_path / "d"
    link.symlink_to("disk/design")
    for text in ("first", "second"):
        write(link, text)
        assert link.is_symlink()
        assert (tmp_path / "disk" / "design" / "readme").read_text() == text
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["design"]
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    with pytest.raises(InputError, match="loop"):
        write(loop)


@pytest.mark.parametrize("out", [".", "..", "/", "../d"])
def test_the_folder_that_one_is_in_is_refused(tmp_path, monkeypatch, out):
    (tmp_path / "d").mkdir()
    monkeypatch.chdir(tmp_path / "d")
    with pytest.raises(InputError, match="is the current folder"):
        write(Path(out))


def test_the_umask_holds(tmp_path):
    before = os.umask(0o027)
    try:
        write(tmp_path / "d")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "d").stat().st_mode) == 0o750
    assert stat.S_IMODE((tmp_path / "d" / "readme").stat().st_mode) == 0o640


def test_the_longest_names(tmp_path):
    out = tmp_path / ("d" * 255)
    for text in ("first", "second"):
        write(out, text)
    assert (out / "readme").read_text() == "second"
    with pytest.raises(InputError, match="File name too long"):
        write(tmp_path / ("d" * 256))


class Killed(BaseException):
    pass


def crash(monkeypatch, method, number):
    """Dies at call ``number`` of a method, with no more than a real kill would let run."""
    calls = 0
    real = getattr(Path, method)

    def die(self, *args, **kwargs):
        nonlocal calls
        calls += 1
        if calls >= number:
            raise Killed
        return real(self, *args, **kwargs)

    monkeypatch.setattr(Path, method, die)
    monkeypatch.setattr(written_folder.shutil, "rmtree", lambda *args, **kwargs: None)


def test_killed_between_the_renames_nothing_is_lost(tmp_path, monkeypatch, caplog):
    out = tmp_path / "d"
    write(out)
    before = tree(out)
    with monkeypatch.context() as patch:
        crash(patch, "rename", 2)
        with pytest.raises(Killed):
            write(out, "second")
    assert tree(tmp_path / ".d.old") == before
    with pytest.raises(InputError, match=r"left the earlier design as .*\.d\.old"):
        read(out)
    write(out, "third")
    assert (out / "readme").read_text() == "third"
    assert "an earlier run was killed" in caplog.text
    assert ".new belongs to another run" in caplog.text


def test_killed_while_the_old_one_is_removed(tmp_path, monkeypatch):
    out = tmp_path / "d"
    write(out)
    with monkeypatch.context() as patch:
        crash(patch, "unlink", 2)
        with pytest.raises(Killed):
            write(out, "second")
    assert (out / "readme").read_text() == "second"
    assert (tmp_path / ".d.old" / "manifest.json").is_file()
    write(out, "third")
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".new")] == ["d"]


def test_what_was_never_ours_is_not_removed_as_a_left_over(tmp_path):
    write(tmp_path / "d")
    (tmp_path / ".d.old").mkdir()
    (tmp_path / ".d.old" / "thesis.tex").write_text("years")
    with pytest.raises(InputError, match=r"a killed run left .*\.d\.old, and"):
        write(tmp_path / "d", "second")
    assert (tmp_path / ".d.old" / "thesis.tex").read_text() == "years"
