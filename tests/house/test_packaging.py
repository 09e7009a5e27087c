"""The repository as a package: every folder is installed, and imports point one way."""

import ast
import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from support.paths import ROOT

import tospike

TOP = ("api", "hw", "sim", "gen", "tb", "synth", "compare", "cli", "examples")
MAY_IMPORT = {
    "api": {"api", "cli", "compare", "synth", "tb", "gen", "hw", "sim"},
    "hw": {"hw"},
    "sim": {"sim"},
    "gen": {"gen", "hw", "sim"},
    "tb": {"tb", "gen", "hw", "sim"},
    "synth": {"synth", "gen", "hw", "sim"},
    "compare": {"compare", "synth", "tb", "gen", "hw", "sim"},
    "cli": {"cli", "compare", "synth", "tb", "gen", "hw", "sim", "examples"},
    "examples": {"examples", "gen", "hw", "sim"},
}
MODULES = sorted(path.relative_to(ROOT) for top in TOP for path in (ROOT / top).rglob("*.py"))


def test_every_package_is_in_the_wheel():
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    there = {
        "tospike." + ".".join(path.parent.relative_to(ROOT).parts) for top in TOP for path in (ROOT / top).rglob("*.py")
    }
    there = there - {"tospike.api"} | {"tospike"}  # whose folder is called api
    assert there == listed


def test_every_package_is_type_checked():
    links = {path.name: path.resolve() for path in (ROOT / ".typing" / "tospike").iterdir()}
    assert {name: path for name, path in links.items() if name.endswith(".py")} == {
        path.name: path for path in (ROOT / "api").glob("*.py")
    }
    assert {links[top] for top in TOP if top not in ("api", "examples")} == {
        ROOT / top for top in TOP if top not in ("api", "examples")
    }


def test_the_package_knows_its_version():
    assert tospike.__version__ == metadata.version("tospike")
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = tospike.nonsense


def imported(path):
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_point_one_way(path):
    top = path.parts[0]
    names = list(imported(path))
    ours = [name.split(".") for name in names if name.startswith("tospike.")]
    for parts in ours:
        room = parts[1] if parts[1] in TOP else "api"
        allowed = room in MAY_IMPORT[top] or parts[1:3] == ["hw", "params"]
        # compiler and cache, which know nothing of networks: see the contracts of import-linter
        allowed |= path == Path("sim/compiled/library.py") and parts[1:3] == ["gen", "tools"]
        assert allowed, f"{path} imports {'.'.join(parts)}"
    if top == "api":  # but for ``python -m tospike``
        assert path.name == "__main__.py" or not any(parts[1] == "cli" for parts in ours), f"{path} imports cli"
    if top not in ("cli", "examples"):
        assert not any(name.split(".")[0] in ("typer", "click", "rich") for name in names), path
    if top == "sim":
        assert not any(name.split(".")[0] == "amaranth" for name in names), f"{path} imports Amaranth"


@pytest.mark.parametrize("path", [p for p in MODULES if p.parts[0] == "hw"], ids=str)
def test_hardware_has_no_postponed_annotations(path):
    assert "from __future__ import annotations" not in (ROOT / path).read_text()


def test_the_citation_is_of_this_version():
    (version,) = re.findall(r"(?m)^version: (.*)$", (ROOT / "CITATION.cff").read_text())
    assert version == metadata.version("tospike")
