"""What a start loads: a command's module when it is called, and nothing heavy before."""

import subprocess
import sys

import pytest
from typer.main import get_command

from tospike.cli.commands import COMMANDS, LazyGroup
from tospike.cli.main import app

HEAVY = ("amaranth", "onnx", "nir", "h5py", "matplotlib", "cocotb", "scipy", "sklearn", "torch", "numpy")


def loaded_by(code):
    """The packages that are loaded after ``code`` has run in a fresh interpreter."""
    said = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in said.stdout.splitlines()[-1].split()}


@pytest.mark.parametrize("arguments", [["--help"], ["generate", "--help"], ["energy", "--help"], ["--version"]])
def test_a_list_of_commands_loads_nothing_heavy(arguments):
    loaded = loaded_by(f"from tospike.cli.main import app\napp({arguments}, standalone_mode=False)")
    assert "typer" in loaded and not loaded.intersection(HEAVY)


@pytest.mark.parametrize("module", ["tospike", "tospike.sim", "tospike.hw.params"])
def test_a_package_loads_no_other(module):
    loaded = loaded_by(f"import {module}")
    assert not loaded.intersection((*HEAVY, "typer", "rich"))


def test_golden_models_load_neither_amaranth_nor_typer():
    loaded = loaded_by("import tospike.sim.accelerator")
    assert "numpy" in loaded and not loaded.intersection(("amaranth", "typer", "rich"))


def test_options_load_neither_planner_nor_golden_models():
    code = "import sys, tospike.gen.options.model\nprint(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(said.stdout.split())
    assert "tospike.gen.place.options" in loaded
    assert not loaded.intersection(("tospike.gen.place.plan", "tospike.sim.accelerator"))


def listed(group, entries, path=()):
    for name, entry in entries.items():
        command = group.resolve_command(None, [name])[1]
        yield " ".join((*path, name)), entry, command
        if isinstance(command, LazyGroup):
            yield from listed(command, entry.commands, (*path, name))


def test_summaries_are_what_commands_say_of_themselves():
    commands = list(listed(get_command(app), COMMANDS))
    assert len(commands) == 29
    said = {name: " ".join(command.help.split("\n\n")[0].split()) for name, _, command in commands}
    assert {name: said[name] for name, entry, _ in commands if not said[name].startswith(entry.summary)} == {}


def test_a_wrong_command_is_told_the_nearest():
    said = subprocess.run([sys.executable, "-m", "tospike", "evalute"], capture_output=True, text=True)
    assert said.returncode == 2 and "evaluate" in said.stderr and len(said.stderr.splitlines()) == 1
