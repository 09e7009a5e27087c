"""Runs the commands of ``tospike`` that the tables name, as a user would."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.spec import DATA, HERE


class DataMissingError(Exception):
    """A command reads data that is not part of tospike, and nobody said where they are."""


class CommandFailedError(Exception):
    """A command ended with an error."""


def tospike(command: str, *more: str, data: Path | None = None) -> str:
    """Standard output of ``tospike COMMAND MORE...``, in the project's folder, on a terminal of 80 columns.

    Args:
        command: As the table shows it.
        more: Further arguments, which it does not show.
        data: The folder that `DATA` stands for.

    Raises:
        DataMissingError: if `data` is needed.
        CommandFailedError: if the command fails, with its own message.
    """
    if DATA in command:
        if data is None:
            raise DataMissingError(command)
        command = command.replace(DATA, str(data))
    arguments = [sys.executable, "-m", "tospike", *shlex.split(command), *more]
    environment = os.environ | {"COLUMNS": "80", "NO_COLOR": "1"}
    done = subprocess.run(arguments, cwd=HERE.parent, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandFailedError(f"tospike {command}: {done.stderr.strip()}")
    return done.stdout


def tospike_json(command: str, *more: str, data: Path | None = None) -> Any:
    """What ``tospike COMMAND MORE... --json -`` states."""
    return json.loads(tospike(command, *more, "--json", "-", data=data))
