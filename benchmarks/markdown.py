"""Tables as Markdown, and the places of pages that hold them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
_BLOCK = re.compile(r"(?s)(?<=<!-- measured: )([\w-]+) -->\n(.*?)(?=<!-- /measured -->)")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows of cells."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def pages() -> list[Path]:
    """Every page that may hold a table."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """Name and text of each measured block: from ``<!-- measured: NAME -->`` to ``<!-- /measured -->``."""
    for match in _BLOCK.finditer(page.read_text()):
        yield match[1], match[2].strip("\n") + "\n"


def write(page: Path, name: str, text: str) -> None:
    """Put `text` into the blocks of this name, with the empty lines around it that a table needs."""
    old = page.read_text()
    new = _BLOCK.sub(lambda match: f"{name} -->\n\n{text}\n" if match[1] == name else match[0], old)
    if new != old:
        page.write_text(new)
