"""The commands of README and docs: each can be typed as it stands, and says where it stands what it needs."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from support.paths import ROOT
from typer.core import TyperGroup

from tospike.cli.main import app
from tospike.gen.data.datasets import load_data
from tospike.gen.tools.programs import look

PAGES = [ROOT / "README.md", ROOT / "examples" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NEEDS = {
    r"--simulator icarus|energy gates|energy cells|--gates\b": "make asic-tools",
    r"/dev/tty": "board",
    r"\bmnist:DIR|\bmnist-": "idx files|train",
    r"compare mine\b": "--dt",
}
"""What a command of this kind must name: in its comment, in its options, or in the paragraph around its block."""


def commands(page):
    """Lines of the code blocks, and what stands in backquotes, that call us: page, command, what is said of it."""
    text = page.read_text()
    for block in re.finditer(r"(?s)((?:[^\n]+\n)*)\n?```[a-z]*\n(.*?)```\n((?:\n?[^\n#`]+\n)?)", text):
        around = block[1] + block[3]
        for line in block[2].replace("\\\n", " ").splitlines():
            if re.match(r"(tospike|python|make) ", line):
                command, _, comment = line.partition(" # ")
                yield str(page.relative_to(ROOT)), command.strip(), comment + around
    for inline in re.finditer(r"`((?:tospike|make|python -m) [^`]*)`", text):
        if "..." not in inline[1] and not inline[1].endswith("-"):
            yield str(page.relative_to(ROOT)), " ".join(inline[1].split()), ""


ALL = list(dict.fromkeys(command for page in PAGES for command in commands(page)))
TYPED = ("README.md", "docs/tutorial/", "docs/how-to/own-network.md", "docs/how-to/design.md")
"""Pages whose commands are run from first to last."""
README = list({command: said for page, command, said in ALL if page.startswith(TYPED) and said}.items())


def test_there_are_commands():
    assert len(ALL) > 60 and len(README) > 20


@pytest.mark.parametrize(("page", "command", "whole"), sorted({(page, line, bool(said)) for page, line, said in ALL}))
def test_the_command_can_be_typed(page, command, whole):
    program, *args = shlex.split(command.replace("[", "").replace("]", ""))
    if program == "make":
        assert re.search(rf"^{args[0]}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    elif program == "python":
        module = args[args.index("-m") + 1]
        assert find_spec(module) or (ROOT / f"{module.replace('.', '/')}.py").exists()
    else:
        parse(args, whole=whole)


def parse(args, *, whole):
    """Take a command line as the program would, without running it; one in a sentence need not be whole."""
    command: Any = typer.main.get_command(app)
    context = typer.Context(command, info_name="tospike")
    while isinstance(command, TyperGroup) and args and not args[0].startswith("-"):
        name, command, args = command.resolve_command(context, args)
        if isinstance(command, TyperGroup) or not whole:
            context = typer.Context(command, parent=context, info_name=name)
        else:
            command.make_context(name, list(args), parent=context)
    there = {name for option in command.get_params(context) for name in (*option.opts, *option.secondary_opts)}
    missing = {arg.partition("=")[0] for arg in args if re.match(r"--?[a-z]", arg)} - there
    assert not missing, f"no option {missing}"


@pytest.mark.parametrize("line", ["nonsense", "energy nonsense", "evaluate a.nir --nonsense", "sweep --steps 4 --out"])
def test_a_command_that_does_not_exist_is_found_out(line):
    with pytest.raises(Exception, match=r"nonsense|requires an argument"):
        parse(line.split(), whole=True)


def test_an_option_that_does_not_exist_is_found_out():
    with pytest.raises(AssertionError, match="nonsense"):
        parse(["evaluate", "--nonsense"], whole=False)


@pytest.mark.parametrize(("command", "said"), README)
def test_what_a_command_needs_stands_beside_it(command, said):
    for pattern, need in NEEDS.items():
        if re.search(pattern, command):
            assert re.search(need, command + said), f"{command}: say that it needs {need}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where a reader types, with what stands for their own files."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "examples").symlink_to(ROOT / "examples")
    shutil.copy(ROOT / "examples" / "digits_ann.onnx", folder / "my.onnx")
    shutil.copy(ROOT / "examples" / "digits_snn.nir", folder / "my.nir")
    data = load_data("digits")
    np.savez(folder / "my.npz", x=data.x, y=data.y)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("command", [command for command, _ in README])
def test_the_command_works(command, folder):
    """In order: later commands use what earlier ones made."""
    program, *args = shlex.split(command)
    if program != "tospike":
        pytest.skip("make and pip are the subject of tests/house/test_makefile.py")
    if "/dev/tty" in command:
        pytest.skip("no board is connected")
    if "icarus" in command and not look("iverilog")[0]:
        pytest.skip("no Icarus Verilog: make asic-tools")
    if "my_cells.lib" in command or re.search(r"energy gates|--gates\b", command):
        cells = Path("/usr/share/qflow/tech/osu018/osu018_stdcells.lib")
        if not cells.exists():
            pytest.skip("no standard cells: make asic-tools")
        shutil.copy(cells, folder / "my_cells.lib")
    result = subprocess.run(
        [sys.executable, "-m", "tospike", *args],
        cwd=folder,
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr[-2000:]
