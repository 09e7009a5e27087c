"""Parameters of commands: an option stands in the class that works with it, and what a page of help shows of it."""

import ast
import re

import pytest
from support.paths import ROOT
from typer.main import get_command
from typer.testing import CliRunner

from tospike.cli.commands import COMMANDS, LazyGroup
from tospike.cli.main import app


def declared():
    """What `typer.Option` declares in the commands' modules: file and what kind of value."""
    for path in sorted((ROOT / "cli").rglob("*.py")):
        if path.name == "options.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Annotated":
                kind, said = node.slice.elts[:2]
                if ast.unparse(said).startswith("typer.Option"):
                    yield path.name, ast.unparse(kind)


def test_commands_declare_paths_and_nothing_else():
    """All else is an option of a class, which checks it for Python too."""
    assert {(file, kind) for file, kind in declared() if "Path" not in kind} == {
        ("main.py", "bool"),  # --version
        ("convert.py", "Target"),  # of which there is one
    }


def commands(group, entries):
    for name, entry in entries.items():
        command = group.resolve_command(None, [name])[1]
        yield command
        if isinstance(command, LazyGroup):
            yield from commands(command, entry.commands)
        else:
            yield from getattr(command, "commands", {}).values()


COMMAND_LIST = list(commands(get_command(app), COMMANDS))


def test_every_parameter_has_help():
    for command in COMMAND_LIST:
        for parameter in command.params:
            assert parameter.help, f"{command.name} {parameter.name}"


def test_no_title_of_a_panel_is_cut_in_80_columns():
    """A frame and a blank on either side of the title take six of them."""
    titles = {parameter.rich_help_panel for command in COMMAND_LIST for parameter in command.params}
    assert len(titles) > 8
    assert [title for title in titles if title and len(title) > 74] == []


def helped(group, entries, path=()):
    for name, entry in entries.items():
        command = group.resolve_command(None, [name])[1]
        if isinstance(command, LazyGroup):
            yield from helped(command, entry.commands, (*path, name))
        elif hasattr(command, "commands"):
            yield from (((*path, name, below), child) for below, child in command.commands.items())
        else:
            yield (*path, name), command


@pytest.mark.parametrize(
    ("words", "command"), [pytest.param(*each, id=" ".join(each[0])) for each in helped(get_command(app), COMMANDS)]
)
def test_no_name_of_an_option_is_cut_in_80_columns(words, command):
    said = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "80"}).output
    assert "…" not in said
    shown = set(re.findall(r"--[a-z0-9-]+", said))
    flags = {flag for parameter in command.params for flag in parameter.opts if flag.startswith("--")}
    assert flags <= shown
