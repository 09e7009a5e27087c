"""Where results go: files of every kind, standard output, and readers that leave."""

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from support.paths import EXAMPLES

from tospike.cli import console
from tospike.gen.files import output as files
from tospike.gen.files.output import check_writable, write_bytes, write_text
from tospike.hw.params import InputError


def tospike(*args, **options):
    command = [sys.executable, "-m", "tospike", *args]
    return subprocess.run(command, timeout=300, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options})


def test_links_are_written_through(tmp_path):
    (tmp_path / "disk").mkdir()
    for link, target in (("a", "disk/a"), ("b", "a")):
        (tmp_path / link).symlink_to(target)
    for text in ("first", "second"):
        check_writable(tmp_path / "b")
        write_text(tmp_path / "b", text)
        assert (tmp_path / "disk" / "a").read_text() == text
    assert (tmp_path / "a").is_symlink() and (tmp_path / "b").is_symlink()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "a", "b", "disk"]


def test_modes(tmp_path):
    path = tmp_path / "r.json"
    before = os.umask(0o027)
    try:
        write_text(path, "1")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o604)
        write_text(path, "2")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


def test_a_fifo_and_a_device_are_written_to(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    check_writable(pipe)
    write_bytes(pipe, b"\x00data")
    reader.join()
    assert got == [b"\x00data"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    for name in (Path("/dev/null"), tmp_path / "null"):
        if name.parent == tmp_path:
            name.symlink_to("/dev/null")
        check_writable(name)
        write_bytes(name, b"data")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    with pytest.raises(InputError, match="cannot write /dev/full: No space left"):
        write_bytes(Path("/dev/full"), b"data")


@pytest.mark.parametrize("name", ["/dev/fd/{}", "/proc/self/fd/{}", "link"])
def test_an_open_file_is_added_to(tmp_path, name):
    """What is written by its number goes behind what is there already, as with a pipe."""
    with (tmp_path / "log").open("wb", buffering=0) as log:
        log.write(b"before ")
        path = Path(name.format(log.fileno()))
        if name == "link":
            path = tmp_path / "link"
            path.symlink_to(f"/dev/fd/{log.fileno()}")
        check_writable(path)
        write_bytes(path, b"data")
        log.write(b" after")
    assert (tmp_path / "log").read_bytes() == b"before data after"


def test_the_longest_names(tmp_path):
    path = tmp_path / ("n" * 255)
    check_writable(path)
    write_text(path, "1")
    assert path.read_text() == "1"
    with pytest.raises(InputError, match="File name too long"):
        check_writable(tmp_path / ("n" * 256))


def test_a_disk_that_is_full_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "r.json"
    write_text(path, "old")

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fchmod", full)
    with pytest.raises(InputError, match=r"r\.json: No space left on device"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_what_cannot_be_written_is_refused_before_the_work(tmp_path, monkeypatch):
    (tmp_path / "r").write_text("")
    monkeypatch.setattr(files.os, "access", lambda path, mode: Path(path) != tmp_path)  # root may write anywhere
    for name in ("r", "new"):
        with pytest.raises(InputError, match="read-only"):
            check_writable(tmp_path / name)
    monkeypatch.undo()
    with pytest.raises(InputError, match="folder"):
        check_writable(tmp_path)
    with pytest.raises(InputError, match="folder does not exist"):
        check_writable(tmp_path / "no" / "r")


def test_inputs_and_outputs_are_told_apart(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("net.onnx", "d.npz"):
        Path(name).write_text("")
    Path("link").symlink_to("d.npz")
    inputs = (Path("net.onnx"), "npz:d.npz")
    console.check_outputs(Path("a"), None, Path("b"), inputs=inputs)
    for paths in (["net.onnx"], ["link"], ["a", "b", "./a"], ["-", "/dev/stdout"]):
        with pytest.raises(InputError, match=r"is an input|is given twice"):
            console.check_outputs(*map(Path, paths), inputs=inputs)
    console.out.stderr = False


def test_files_of_folders_that_are_read_are_no_outputs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("design/tb", "idx"):
        Path(folder).mkdir(parents=True)
    Path("design/manifest.json").write_text(json.dumps({"files": {"network.json": "", "tb/bench.py": ""}}))
    inputs = (Path("design"), "mnist:idx")
    results = ["design/area.json", "idx/out.json"]
    lost = ["design/manifest.json", "design/network.json", "design/tb/bench.py", "idx/t10k-labels-idx1-ubyte.gz"]
    for name in (*results, *lost):
        Path(name).touch()
    for name in results:  # those of an earlier run
        console.check_outputs(Path(name), inputs=inputs)
    for name in lost:
        with pytest.raises(InputError, match="is an input and would be lost"):
            console.check_outputs(Path(name), inputs=inputs)


@pytest.mark.parametrize(
    "line",
    [
        "evaluate net.nir --data npz:d.npz --reference lost --json lost",
        "energy gates net.nir --data npz:d.npz --technology lost --json lost",
        "verify design --json design/manifest.json",
        "synth design --json design/network.json",
        "build design --board ulx3s-85f --out design/network.json",
    ],
)
def test_commands_know_what_they_read(tmp_path, line):
    (tmp_path / "design").mkdir()
    for name in ("net.nir", "d.npz", "lost", "design/network.json"):
        (tmp_path / name).write_text("old")
    (tmp_path / "design" / "manifest.json").write_text('{"files": {"network.json": ""}}')
    ended = tospike(*line.split(), cwd=tmp_path)
    assert ended.returncode == 2 and b"is an input and would be lost" in ended.stderr
    assert (tmp_path / "lost").read_text() == (tmp_path / "design" / "network.json").read_text() == "old"


@pytest.mark.parametrize("name", ["-", "link"])
def test_standard_output_has_the_result_and_nothing_else(tmp_path, name):
    (tmp_path / "link").symlink_to("/dev/stdout")
    done = tospike("evaluate", EXAMPLES / "digits_ann.onnx", "--samples", "5", "--json", name, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["samples"] == 5
    assert "digits, 5 samples" in done.stderr.decode()
    assert [path.name for path in tmp_path.iterdir()] == ["link"]


def test_a_reader_that_leaves():
    """No traceback, no word, and the status that a shell gives whom SIGPIPE ended."""
    for args in (("energy", "models"), ("--help",)):
        read, write = os.pipe()
        os.close(read)
        done = tospike(*args, stdout=write)
        os.close(write)
        assert done.returncode in (141, 1), done.stderr
        assert done.stderr == b""


def test_standard_output_that_is_full_or_closed():
    for environment in (None, {"PATH": os.environ["PATH"]}):
        with Path("/dev/full").open("wb") as full:
            done = tospike("energy", "models", stdout=full, env=environment)
        assert done.returncode == 2
        assert done.stderr.decode().splitlines() == ["tospike: the system: No space left on device"]
    done = tospike("energy", "models", stdout=None, preexec_fn=lambda: os.close(1))
    assert b"Traceback" not in done.stderr


def test_names_that_are_no_utf8(tmp_path):
    name = b"net\xff.onnx"
    done = tospike("evaluate", name, cwd=tmp_path)
    assert done.returncode == 2
    assert b"there is no file net\xff.onnx" in done.stderr
    path = tmp_path / "r.json"
    write_text(path, files.to_json({"file": os.fsdecode(name)}))
    assert json.loads(path.read_text(encoding="utf-8"))["file"] == os.fsdecode(name)


def test_names_with_brackets(tmp_path):
    """They are no markup of the terminal's."""
    out = tmp_path / "d[/b]"
    done = tospike("generate", "spiking", "--inputs", "2", "--neurons", "2", "--out", out)
    assert done.returncode == 0, done.stderr
    assert b"d[/b]" in done.stdout.replace(b"\n", b"")
    done = tospike("synth", out, "--target", "no[/b]", "--json", "-")
    assert done.returncode == 2 and b"Traceback" not in done.stderr
