"""Check a distribution: its size and files, and that it works in fresh environments, outside the repository.

``make package`` and ``make test-pythons`` run it: ``check.py DIST FOLDER PYTHON...``. For each Python, the wheel is
installed into a fresh environment in the folder, with the small extras, and used as `pipx` would: by the path of the
wheel, from a folder that is not the repository, with nothing of the caller's environment. Installing downloads what
tospike needs.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from email.parser import Parser
from pathlib import Path

LARGEST = 3_000_000
"""Bytes of a file on PyPI, at most: what it needs is bought with every installation."""
NEEDED = (
    "tospike/py.typed",
    "tospike/compare/report/demo.html.j2",
    "tospike/compare/report/style.css.j2",
    "tospike/gen/driver/templates/tospike.c.j2",
    "tospike/gen/emit/templates/README.md.j2",
    "tospike/tb/board/simulated_board.cpp",
    "tospike/tb/driver/axi_port.cpp",
    "tospike/tb/replay/replay.sv",
    "tospike/examples/digits_snn.nir",
)
EXTRAS = {"cluster", "docs", "dev", "images", "power", "train", "zstd"}
SMALL = ("images", "power", "zstd")
"""Extras that are installed here, and what each brings."""
BRING = "import PIL, smbus2, zstandard"

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
        names = set(archive.namelist())
        (about,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(about).decode())
    missing = set(NEEDED) - names
    assert not missing, f"{wheel.name} lacks {sorted(missing)}"
    foreign = {name.split("/")[0] for name in names} - {"tospike", about.split("/")[0]}
    assert not foreign, f"{wheel.name} installs {sorted(foreign)} beside tospike"
    assert set(metadata.get_all("Provides-Extra")) == EXTRAS, metadata.get_all("Provides-Extra")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "api/py.typed"} <= names, f"{sdist.name} is not complete"
    return wheel


def check_installed(wheel: Path, environment: Path, python: str) -> str:
    """Install the wheel into a fresh environment of a Python, and use it where there is no repository; return the
    version of the Python."""
    shutil.rmtree(environment, ignore_errors=True)
    subprocess.run([python, "-m", "venv", environment], check=True)
    programs = environment.resolve() / ("Scripts" if os.name == "nt" else "bin")
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}

    def run(*command: str | Path) -> str:
        ran = subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, f"{command}: {ran.stdout}{ran.stderr}"
        return ran.stdout

    with tempfile.TemporaryDirectory() as folder:
        given = f"{wheel.resolve()}[{','.join(SMALL)}]"
        run(programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", given)
        run(programs / "python", "-c", BRING)
        version = run(programs / "python", "-c", "import tospike; print(tospike.__version__, tospike.__file__)").split()
        assert str(environment.resolve()) in version[1], version
        assert version[0] in run(programs / "tospike", "--version")
        run(programs / "tospike", "generate", "spiking", "--inputs", "9", "--neurons", "6", "--out", "core")
        assert (Path(folder) / "core" / "driver" / "tospike.c").is_file()
        run(programs / "python", "-c", USE)
        run(programs / "tospike", "demo", "--out", "page")
        assert "digits_snn answers" in (Path(folder) / "page" / "demo.html").read_text(encoding="utf-8")
        return run(programs / "python", "-c", "import platform; print(platform.python_version())").strip()


def main(dist: Path, folder: Path, pythons: list[str]) -> None:
    """Check the distribution, with each Python that there is."""
    wheel = check_files(dist)
    found = [path for name in pythons if (path := shutil.which(name)) and _runs(path)]
    assert found, f"none of {', '.join(pythons)} is installed"
    for number, python in enumerate(found):
        print(f"works with Python {check_installed(wheel, folder / f'python{number}', python)}", flush=True)
    lacking = [name for name in pythons if not ((path := shutil.which(name)) and _runs(path))]
    if lacking:
        print(f"not tried, because they are not installed: {', '.join(lacking)}")


def _runs(python: str) -> bool:
    """Return whether a program of that name is a Python, and not a shim of one that is not installed."""
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:] or [sys.executable])
