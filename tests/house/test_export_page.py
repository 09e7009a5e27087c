"""The snippets of the page on exporters, each in an environment with the packages that it states.

The environments are made in TOSPIKE_FRAMEWORKS, by default below the temporary folder, and kept there.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from support.paths import ROOT
from typer.testing import CliRunner

from tospike.cli.main import app

PAGE = (ROOT / "docs" / "how-to" / "export.md").read_text()
PLACE = Path(os.environ.get("TOSPIKE_FRAMEWORKS", Path(tempfile.gettempdir()) / "tospike-frameworks"))
SECTION = re.compile(
    r"## (?P<name>.+?)\n\n```sh\n(?P<install>.+?)\n```\n\n"
    r"```python\n(?P<script>.+?)\n```\n\n```sh\n(?P<commands>.+?)\n```",
    re.DOTALL,
)
SECTIONS = {found["name"]: found for found in SECTION.finditer(PAGE)}


def python_with(name, packages):
    """The Python of an environment with these packages, made unless it is there."""
    folder = PLACE / f"export-{name.lower()}"
    python, done = folder / "bin" / "python", folder / "installed"
    if not done.exists() or done.read_text() != " ".join(packages):
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
        made = subprocess.run(pip, capture_output=True, text=True)
        if made.returncode:
            pytest.skip(f"pip has no {', '.join(packages)}: {made.stderr.strip().splitlines()[-1:]}")
        done.write_text(" ".join(packages))
    return python


def test_every_section_of_the_page_is_found():
    assert sorted(SECTIONS) == sorted(re.findall(r"^## (.+)$", PAGE, re.MULTILINE))
    linked = re.findall(r"^\| \[(.+?)\]\(#", PAGE, re.MULTILINE)
    assert sorted(linked) == sorted(SECTIONS)


@pytest.mark.slow
@pytest.mark.parametrize("name", SECTIONS)
def test_tospike_takes_what_the_snippet_writes(name, tmp_path, monkeypatch):
    section = SECTIONS[name]
    pip, install, *packages = shlex.split(section["install"])
    assert (pip, install) == ("pip", "install")
    script = tmp_path / "export_script.py"
    script.write_text(section["script"])
    ran = subprocess.run([python_with(name, packages), script], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    monkeypatch.chdir(tmp_path)
    for command in section["commands"].splitlines():
        program, *arguments = shlex.split(command)
        assert program == "tospike"
        result = CliRunner().invoke(app, [*arguments, "--samples", "10"])
        assert result.exit_code == 0, result.output
