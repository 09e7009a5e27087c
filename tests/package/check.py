"""Check a distribution: its size and files, and that it works in a fresh environment, outside the repository.

``make package`` runs it: ``check.py DIST ENVIRONMENT``. Installing downloads what tospike needs.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

LARGEST = 3_000_000
"""Bytes of a file on PyPI, at most: what it needs is bought with every installation."""
NEEDED = (
    "tospike/py.typed",
    "tospike/gen/driver/templates/tospike.c.j2",
    "tospike/gen/emit/templates/README.md.j2",
    "tospike/tb/board/simulated_board.cpp",
    "tospike/tb/driver/axi_port.cpp",
    "tospike/tb/replay/replay.sv",
    "tospike/examples/digits_snn.nir",
)

USE = """
from importlib.resources import files
import tospike
design = tospike.load(files("tospike.examples") / "digits_snn.nir", data="digits").compile()
assert design.evaluate().accuracy > 0.95 and tospike.Device
"""


def check_files(folder: Path) -> Path:
    """Return the wheel of a folder with a wheel and an sdist, both small and complete."""
    [wheel], [sdist] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    for path in (wheel, sdist):
        assert path.stat().st_size < LARGEST, f"{path.name} has {path.stat().st_size:,} bytes, {LARGEST:,} at most"
    with zipfile.ZipFile(wheel) as archive:
        missing = set(NEEDED) - set(archive.namelist())
    assert not missing, f"{wheel.name} lacks {sorted(missing)}"
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "api/py.typed"} <= names, f"{sdist.name} is not complete"
    return wheel


def check_installed(wheel: Path, environment: Path) -> None:
    """Install the wheel into a fresh environment, and use it where there is no repository."""
    venv.create(environment, with_pip=True, clear=True)
    programs = environment.resolve() / ("Scripts" if os.name == "nt" else "bin")
    clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}

    def run(*command: str | Path) -> str:
        ran = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, f"{command}: {ran.stdout}{ran.stderr}"
        return ran.stdout

    with tempfile.TemporaryDirectory() as folder:
        run(programs / "python", "-m", "pip", "install", "--quiet", wheel.resolve())
        version = run(programs / "python", "-c", "import tospike; print(tospike.__version__, tospike.__file__)").split()
        assert str(environment.resolve()) in version[1], version
        assert version[0] in run(programs / "tospike", "--version")
        run(programs / "tospike", "generate", "spiking", "--inputs", "9", "--neurons", "6", "--out", "core")
        assert (Path(folder) / "core" / "driver" / "tospike.c").is_file()
        run(programs / "python", "-c", USE)


if __name__ == "__main__":
    check_installed(check_files(Path(sys.argv[1])), Path(sys.argv[2]))
    print("the distribution is complete, and works in a fresh environment")
