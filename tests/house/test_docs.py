"""The pages of the documentation: links lead somewhere, files that are named exist, every page is in the navigation."""

import re

import pytest
from support.paths import ROOT

from tospike.gen.onnx.answers import FIRST, SCIKIT_LEARN
from tospike.gen.onnx.functions import CURVES
from tospike.gen.onnx.operators.table import MICROSOFT_OPERATORS, OPERATORS, QONNX_OPERATORS, SCIKIT_LEARN_OPERATORS

SITE = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [*ROOT.glob("*.md"), ROOT / "examples" / "README.md", *SITE]
GENERATED = {
    "contributing/index.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "reference/commands.md": "docs/generated_pages.py",
}
"""Pages that `make docs` makes, and what of."""
ROOMS = "api|benchmarks|cli|compare|docs|examples|gen|hw|sim|synth|tb|tests"


def prose(page):
    """The text without its code blocks."""
    return re.sub(r"(?sm)^ *```.*?^ *```", "", page.read_text())


def anchors(page):
    """What a heading is called in a link, by the rules of Python-Markdown."""
    for heading in re.findall(r"(?m)^#+ (.*)$", prose(page)):
        yield re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        found = page.parent / path if path else page
        for name, source in GENERATED.items():
            if found.resolve() == ROOT / "docs" / name:
                found = ROOT / source
        assert found.exists(), f"{page.name}: {target}"
        assert not anchor or found.suffix != ".md" or anchor in anchors(found), f"{page.name}: {target}"


@pytest.mark.parametrize("page", SITE, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_stay_in_the_site(page):
    for target in re.findall(r"\]\(([^)\s#]+)", prose(page)):
        if not re.match(r"https?://", target):
            assert (page.parent / target).resolve().is_relative_to(ROOT / "docs"), f"{page.name}: {target}"


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=lambda page: str(page.relative_to(ROOT))
)
def test_files_that_are_named_exist(page):
    for name in re.findall(rf"`((?:{ROOMS})/[\w/.*-]+)`", prose(page)):
        assert list(ROOT.glob(name)) or re.search(r"\b(X|FAMILY)\b", name), f"{page.name}: {name}"


def test_every_page_is_in_the_navigation():
    listed = re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text().partition("\nnav:")[2])
    assert len(set(listed)) == len(listed)
    assert set(listed) - set(GENERATED) == {str(page.relative_to(ROOT / "docs")) for page in SITE}


def test_pages_that_the_code_names_exist():
    folders = ("cli", "compare", "gen", "hw", "sim", "synth", "tb")
    named = {
        (path.relative_to(ROOT), page)
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        for page in re.findall(r"(?<![\w/])docs/[\w/-]+\.md", path.read_text())
    }
    assert len(named) > 10 and [(path, page) for path, page in named if not (ROOT / page).exists()] == []


def operator_table():
    """The table of ONNX operators as the handlers describe themselves."""
    rows = {}
    tables = (OPERATORS, MICROSOFT_OPERATORS, QONNX_OPERATORS, SCIKIT_LEARN_OPERATORS)
    for domain, handlers in zip(("", "com.microsoft: ", "QONNX: ", "scikit-learn: "), tables, strict=True):
        for name, handler in handlers.items():
            rows.setdefault((domain, handler), []).append(name)
    lines = ["| operator | import |", "|---|---|"]
    for (domain, handler), names in rows.items():
        text = " ".join(handler.__doc__.partition("\n\n")[0].split())
        lines.append(f"| {domain}{', '.join(names)} | {text.removeprefix('Import ')} |")
    return "\n".join(lines)


def test_the_table_of_onnx_operators_is_that_of_the_handlers():
    page = (ROOT / "docs" / "reference" / "onnx.md").read_text()
    assert operator_table() in page, f"docs/reference/onnx.md needs this table:\n{operator_table()}"
    for names in (FIRST, SCIKIT_LEARN):
        for name in names:
            assert name in page.partition("## After the last layer")[2]


def test_the_functions_of_tables_are_named():
    section = (ROOT / "docs/reference/onnx.md").read_text().split("## Functions between layers")[1].split("##")[0]
    named = section.split(" between two layers")[0].replace(" and ", ", ")
    assert [name.strip() for name in named.split(",")] == sorted(CURVES)
