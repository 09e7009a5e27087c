"""cocotb's runners, adapted to paths of cocotb or the design that contain blanks."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import cocotb_tools.config
from cocotb_tools.runner import Icarus, Runner, Verilator

from tospike.gen.files.plain_path import plain
from tospike.gen.tools.children import started


def make_runner(simulator: str) -> Runner:
    """Return the runner of ``verilator`` or ``icarus``."""
    return _PlainVerilator() if simulator == "verilator" else _Icarus()


def library_path() -> Mapping[str, str]:
    """Return the library path of a built simulator: its built-in path to cocotb may be outdated."""
    folders = (str(cocotb_tools.config.libs_dir), os.environ.get("LD_LIBRARY_PATH", ""))
    return {"LD_LIBRARY_PATH": os.pathsep.join(filter(None, folders))}


def python_path(path: Sequence[str]) -> str:
    """Return ``sys.path`` without the working directory, whose modules must not run."""
    here = Path.cwd()
    return os.pathsep.join(entry for entry in path if Path(entry).is_absolute() and Path(entry).resolve() != here)


class _Contained(Runner):
    """Child processes end with this one, and import no Python from the working directory."""

    def _set_env_common(self) -> None:
        super()._set_env_common()
        self.env |= {"PYTHONPATH": python_path(sys.path), "PYTHONSAFEPATH": "1"}

    def _execute_cmds(
        self, cmds: Sequence[list[str]], cwd: "str | os.PathLike[str]", stdout: IO[str] | None = None
    ) -> None:
        assert stdout is not None  # there is always a log
        for command in cmds:
            with started(command, cwd=Path(cwd), environment=self.env, stdout=stdout) as process:
                if process.wait() != 0:
                    raise RuntimeError(f"Command failed with return code: {process.returncode}")


class _Icarus(_Contained, Icarus):
    pass


class _PlainVerilator(_Contained, Verilator):
    """Replaces folders whose names make cannot handle by links."""

    def _build_command(self) -> list[list[str]]:
        folders = (cocotb_tools.config.libs_dir, cocotb_tools.config.share_dir)
        sources = [Path(source.value) for source in (*self._sources, *self._verilog_sources)]
        links = {str(path): str(plain(path)) for path in (*folders, *sources)}
        return [[_replaced(word, links) for word in command] for command in super()._build_command()]


def _replaced(word: str, links: Mapping[str, str]) -> str:
    for path, link in links.items():
        word = word.replace(path, link)
    return word
