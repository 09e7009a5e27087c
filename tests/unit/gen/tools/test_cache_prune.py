"""Listing and pruning the cache, also beside a process that uses it."""

import os
import subprocess
import sys

import pytest

from tospike.gen.tools.cache import SEAL, Cache
from tospike.gen.tools.cache_prune import PruneOptions, beyond_size, by_kind, entries, older_than, prune, remove
from tospike.gen.tools.cache_use import used_since
from tospike.hw.params import InputError

USER = """
import sys
from pathlib import Path
from tospike.gen.tools.cache import Cache
cache = Cache(root=Path(sys.argv[1]))
def make(folder):
    (folder / "half").write_text("half")
    print("making", flush=True)
    sys.stdin.readline()
entry = cache.find("kind", "old") if sys.argv[2] == "find" else cache.build("kind", "new", make)
print("found" if entry else "nothing", flush=True)
sys.stdin.readline()
print((entry / "result").read_text() if (entry / "result").exists() else "made", flush=True)
"""


@pytest.fixture
def root(tmp_path):
    """A cache with one entry of 100 bytes per age in days, used by nobody."""
    cache = Cache(root=tmp_path / "cache")
    for kind, name, age in (("kind", "old", 40), ("kind", "older", 50), ("other", "young", 1)):
        entry = cache.build(kind, name, lambda folder: (folder / "result").write_text("x" * 100))
        past = (entry / SEAL).stat().st_mtime - 86400 * age
        os.utime(entry / SEAL, (past, past))
    return cache.root


@pytest.fixture
def nobody(monkeypatch):
    """As if the process of these tests did not use the cache itself."""
    monkeypatch.setattr("tospike.gen.tools.cache_prune.used_since", lambda root: float("inf"))


def names(found):
    return [entry.path.name for entry in found]


def test_entries_are_listed_the_longest_unused_first(root):
    found = entries(root)
    assert names(found) == ["older", "old", "young"]
    assert [entry.kind for entry in found] == ["kind", "kind", "other"]
    assert all(entry.size > 100 for entry in found)
    assert entries(root / "nowhere") == []


def test_by_age_and_by_size(root):
    found = entries(root)
    size = found[0].size
    assert names(older_than(found, found[1].used)) == ["older"]
    assert names(beyond_size(found, 3 * size)) == []
    assert names(beyond_size(found, 2 * size)) == ["older"]
    assert names(beyond_size(found, 0)) == ["older", "old", "young"]


def test_the_options_choose(root, nobody):
    size = entries(root)[0].size
    for given, gone in (
        ({"older_than": 45}, ["older"]),
        ({"max_size": size / 1e6}, ["older", "old"]),
        ({"everything": True, "kinds": ("other",)}, ["young"]),
        ({"older_than": 45, "kinds": ("other",)}, []),
    ):
        found = prune(root, PruneOptions(dry_run=True, **given))
        assert names(found.removed) == gone and found.spared == () and found.size == size * len(gone)
    assert len(entries(root)) == 3
    assert names(prune(root, PruneOptions(older_than=45)).removed) == ["older"]
    assert names(entries(root)) == ["old", "young"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "nothing says what to remove: give --older-than DAYS, --max-size MB or --all"),
        ({"older_than": -1}, "older-than must be a number of at least 0, not -1"),
        ({"max_size": -0.5}, "max-size must be a number of at least 0, not -0.5"),
        ({"everything": True, "kinds": ("no",)}, "--kind no: the cache has kind, other"),
    ],
)
def test_options_that_are_refused(root, given, why):
    with pytest.raises(InputError, match=why):
        prune(root, PruneOptions(**given))
    assert len(entries(root)) == 3


def test_kinds_are_summed_up(root):
    kind, other = by_kind(entries(root))
    assert (kind.kind, kind.entries, other.kind, other.entries) == ("kind", 2, "other", 1)
    assert kind.size == 2 * other.size and kind.newest > kind.oldest < other.oldest == other.newest


def test_a_use_makes_it_young(root):
    assert Cache(root=root).find("kind", "older")
    assert names(entries(root)) == ["old", "young", "older"]


def test_removing_leaves_nothing(root, nobody):
    assert remove(root, entries(root)) == []
    assert entries(root) == []
    assert Cache(root=root).find("kind", "old") is None


def test_what_interrupted_processes_left_is_removed_too(root, nobody):
    (root / "kind" / "old.failed").mkdir()
    (root / "kind" / "key.abcdefgh").mkdir()
    assert {"old.failed", "key.abcdefgh"} <= set(names(entries(root)))
    assert remove(root, entries(root)) == []
    assert list((root / "kind").iterdir()) == []


def test_an_entry_that_is_used_meanwhile_stays(root, nobody):
    chosen = entries(root)
    Cache(root=root).find("kind", "old")
    assert names(remove(root, chosen)) == ["old"]
    assert Cache(root=root).find("kind", "old")


@pytest.mark.parametrize("what", ["find", "build"])
def test_what_a_running_process_uses_is_spared(root, what):
    """Found entries and unfinished ones, until the process ends, even by a kill."""
    command = [sys.executable, "-c", USER, str(root), what]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as user:
        assert user.stdout.readline() == ("found\n" if what == "find" else "making\n")
        kept = names(remove(root, entries(root)))
        assert [name.split(".")[0] for name in kept] == ["old" if what == "find" else "new"]
        if what == "build":
            user.stdin.write("go on\n"), user.stdin.flush()
            assert user.stdout.readline() == "found\n"
        user.stdin.write("go on\n"), user.stdin.flush()
        assert user.stdout.readline() == ("x" * 100 + "\n" if what == "find" else "made\n")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as user:
        user.stdout.readline()
        user.kill()
    own = used_since(root)  # that of this process, which made the entries
    assert own < float("inf")
    assert len(list((root / ".users").iterdir())) == 1


def tospike(root, *args):
    return subprocess.run(
        [sys.executable, "-m", "tospike", "cache", *args],
        env={**os.environ, "TOSPIKE_CACHE": str(root), "COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_commands(root, tmp_path):
    listed = tospike(root, "list")
    assert listed.returncode == 0, listed.stderr
    rows = {line.split()[1]: line.split() for line in listed.stdout.splitlines() if line.startswith("│")}
    assert rows["kind"][3] == "2" and rows["kind"][9] == "50.0"
    assert rows["total"][3] == "3"
    for args, word in (
        (("prune",), "--older-than DAYS, --max-size MB or --all"),
        (("prune", "--all", "--kind", "nonsense"), "the cache has kind, other"),
        (("prune", "--older-than", "-1"), "at least 0"),
    ):
        refused = tospike(root, *args)
        assert refused.returncode == 2 and word in refused.stderr and refused.stderr.count("\n") == 1
    said = tospike(root, "prune", "--older-than", "45", "--dry-run").stdout
    assert "1 of 3 entries would be removed" in said and (root / "kind" / "older").is_dir()
    # the process of these tests has used the cache since before it was given its past
    assert "2 of 2 entries removed" in tospike(root, "prune", "--all", "--kind", "kind").stdout
    assert not (root / "kind" / "older").exists() and (root / "other" / "young").is_dir()
    assert tospike(tmp_path / "nowhere", "list").returncode == 0
    assert not (tmp_path / "nowhere").exists()
