"""Rules of the house that no other tool holds."""

import re
from collections import Counter

from support.paths import ROOT

LAYERS = ("hw", "sim", "gen", "tb", "synth", "compare", "cli", "api")
BRANCH = re.compile(r"isinstance\([^)]*Params|case [A-Z]\w*Params\(")


def modules(*folders):
    return [path for folder in folders for path in (ROOT / folder).rglob("*.py")]


def test_an_engine_is_looked_up_and_not_asked_for_its_class():
    """What depends on an engine stands in a registry by its class; see "Engines" in the architecture."""
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in modules("sim", "gen", "compare", "tb")
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if BRANCH.search(line)
    ]
    assert len(found) <= 10, found


def test_a_file_tells_one_thing():
    assert {str(path): size for path in modules(*LAYERS) if (size := len(path.read_text().splitlines())) > 400} == {}


def test_a_room_holds_few_things():
    rooms = Counter(path.parent for path in modules(*LAYERS) if path.name != "__init__.py")
    assert {str(room): count for room, count in rooms.items() if count > 20} == {}


def test_no_test_imports_another():
    """What several tests use is in tests/support."""
    found = [
        str(path)
        for path in (ROOT / "tests").rglob("*.py")
        if re.search(r"^\s*(from|import) test_", path.read_text(), re.M)
    ]
    assert found == []
