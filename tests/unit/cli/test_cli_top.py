"""The command line's own options: version, module, completion."""

import os
import subprocess
import sys
from importlib import metadata

import pytest


def tospike(*args, env=None):
    return subprocess.run(
        [sys.executable, "-m", "tospike", *args],
        env={**os.environ, "COLUMNS": "80", **(env or {})},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_version():
    assert tospike("--version").stdout == f"tospike {metadata.version('tospike')}\n"


def test_help_calls_it_by_its_name():
    said = tospike("evaluate", "--help")
    assert "Usage: tospike evaluate" in said.stdout
    assert not any(len(line) > 80 for line in said.stdout.splitlines())


@pytest.mark.parametrize(
    ("shell", "env"),
    [
        ("bash", {"COMP_WORDS": "tospike eval", "COMP_CWORD": "1"}),
        ("zsh", {"_TYPER_COMPLETE_ARGS": "tospike eval"}),
        ("fish", {"_TYPER_COMPLETE_ARGS": "tospike eval", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}),
    ],
)
def test_completion(shell, env):
    # else it is the shell that started the tests
    shown = tospike("--show-completion", shell, env={"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"})
    assert shown.returncode == 0 and "_TOSPIKE_COMPLETE" in shown.stdout
    assert "evaluate" in tospike(env={"_TOSPIKE_COMPLETE": f"complete_{shell}", **env}).stdout
