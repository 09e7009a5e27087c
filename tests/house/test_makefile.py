"""`make` on a machine that lacks something, or was interrupted: small scripts in the place of Python."""

import shutil
import subprocess

import pytest
from support.paths import ROOT

PYTHON = """\
#!/bin/sh
case "$1 $2" in
"-m venv")
    mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && cp "$0" "$3/bin/python3"
    printf '#!/bin/sh\\nprintf "<%%s>" "$@"\\n' > "$3/bin/tospike" && chmod +x "$3/bin/tospike" ;;
"-m pip") [ "$3" = --version ] || [ ! -e "$FAKE/no_network" ] ;;
*version_info*) [ ! -e "$FAKE/old" ] ;;
*ensurepip*) [ ! -e "$FAKE/no_ensurepip" ] ;;
esac
"""


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A folder with the Makefile, and a PATH with what a stock system has."""
    folder = tmp_path / "zu Fuß" / "check out"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", folder)
    (folder / "pyproject.toml").touch()
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "make", "g++", "perl", "mkdir", "cp", "chmod", "touch", "rm", "test"):
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"no {name} here")
        (programs / name).symlink_to(found)
    (programs / "python3").write_text(PYTHON)
    (programs / "python3").chmod(0o755)
    return folder


def make(checkout, *args):
    programs = checkout.parent.parent / "bin"
    return subprocess.run(
        [programs / "make", *args],
        cwd=checkout,
        env={"PATH": str(programs), "FAKE": str(checkout.parent), "HOME": str(checkout)},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("lacking", "line"),
    [
        ("python3", "tospike: python3 was not found, or does not run: apt-get install python3 python3-venv"),
        (
            "new python3",
            "tospike: Python 3.11 or newer is needed, python3 is older: "
            "apt-get install python3.11-venv, then make PYTHON=python3.11",
        ),
        ("ensurepip", "tospike: python3 has no venv with pip: apt-get install python3-venv"),
        ("g++", "tospike: not found: g++: apt-get install g++"),
        ("perl", "tospike: not found: perl: apt-get install perl"),
        ("g++ perl", "tospike: not found: g++ perl: apt-get install g++ perl"),
    ],
)
@pytest.mark.parametrize("target", ["compare", "test"])
def test_what_is_missing_is_one_line_and_nothing_is_made(checkout, lacking, line, target):
    flags = {"new python3": "old", "ensurepip": "no_ensurepip"}
    if flag := flags.get(lacking):
        (checkout.parent / flag).touch()
    else:
        for name in lacking.split():
            (checkout.parent.parent / "bin" / name).unlink()
    result = make(checkout, target)
    assert result.returncode == 2
    assert [text for text in result.stderr.splitlines() if not text.startswith("make: ")] == [line]
    assert {path.name for path in checkout.iterdir()} == {"Makefile", "pyproject.toml"}


def test_another_python_has_a_package_of_its_own(checkout):
    (checkout.parent / "no_ensurepip").touch()
    programs = checkout.parent.parent / "bin"
    (programs / "python3").rename(programs / "python3.12")
    assert "apt-get install python3.12-venv\n" in make(checkout, "PYTHON=python3.12").stderr


def test_an_interrupted_installation_is_begun_afresh(checkout):
    failing = checkout.parent / "no_network"
    failing.touch()
    assert make(checkout).returncode == 2
    half = checkout / ".venv" / "bin" / "half_a_package"
    half.touch()
    failing.unlink()
    result = make(checkout, "OUT=somewhere else")
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith("<compare><digits><--out><somewhere else>")
    assert not half.exists() and not (checkout / ".venv" / "unfinished").exists()


def test_an_environment_of_the_user_is_taken(checkout):
    (checkout / ".venv" / "bin").mkdir(parents=True)
    own = checkout / ".venv" / "bin" / "own"
    own.touch()
    assert make(checkout).returncode == 0
    assert own.exists()
    stamp = checkout / ".venv" / "installed"
    before = stamp.stat().st_mtime_ns
    assert make(checkout).returncode == 0
    assert stamp.stat().st_mtime_ns == before


def test_an_environment_whose_python_is_gone_is_made_anew(checkout):
    assert make(checkout).returncode == 0
    python = checkout / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    (checkout / ".venv" / "installed").unlink()
    assert make(checkout).returncode == 0
    assert python.exists()
