"""The cache of results: what is reused, what is made again, and what is left behind."""

import shutil
from pathlib import Path

import pytest

from tospike.gen.tools.cache import SEAL, Cache, default_root, digest, is_sound
from tospike.gen.tools.tool import ToolError
from tospike.hw.params import InputError


class Maker:
    """Writes a file whose content tells how often it has been made."""

    def __init__(self):
        self.count = 0

    def __call__(self, folder):
        self.count += 1
        (folder / "result").write_text(str(self.count))


@pytest.fixture
def cache(tmp_path):
    return Cache(root=tmp_path / "cache")


def test_the_second_time_is_free(cache):
    make = Maker()
    first, second = cache.build("kind", "key", make), cache.build("kind", "key", make)
    assert first == second == cache.root / "kind" / "key"
    assert make.count == 1
    assert (first / "result").read_text() == "1"


def test_keys_and_kinds_are_apart(cache):
    make = Maker()
    assert len({cache.build(kind, key, make) for kind in "ab" for key in "cd"}) == 4
    assert make.count == 4


@pytest.mark.parametrize("damage", ["change", "remove", "unseal", "garble seal", "seal of another shape"])
def test_a_damaged_entry_is_made_again(cache, damage):
    make = Maker()
    entry = cache.build("kind", "key", make)
    match damage:
        case "change":
            (entry / "result").write_text("2")
        case "remove":
            (entry / "result").unlink()
        case "unseal":
            (entry / SEAL).unlink()
        case "garble seal":
            (entry / SEAL).write_text('{"result": ')
        case "seal of another shape":
            (entry / SEAL).write_text("[1]")
    assert not is_sound(entry)
    assert cache.build("kind", "key", make) == entry
    assert make.count == 2
    assert (entry / "result").read_text() == "2"
    assert is_sound(entry)


def test_without_reuse_an_entry_is_replaced(cache):
    make = Maker()
    cache.build("kind", "key", make)
    entry = Cache(root=cache.root, reuse=False).build("kind", "key", make)
    assert (entry / "result").read_text() == "2"
    cache.build("kind", "key", make)
    assert make.count == 2


def test_a_failure_leaves_its_log_and_no_entry(cache):
    def fail(folder):
        (folder / "log").write_text("why")
        raise ToolError(f"it failed (log: {folder / 'log'})")

    for _ in range(2):
        with pytest.raises(ToolError, match="it failed") as caught:
            cache.build("kind", "key", fail)
        log = Path(str(caught.value).partition("log: ")[2].rstrip(")"))
        assert log.read_text() == "why"
        assert [path.name for path in (cache.root / "kind").iterdir()] == ["key.failed"]
    cache.build("kind", "key", Maker())
    assert [path.name for path in (cache.root / "kind").iterdir()] == ["key"]


def test_an_interruption_leaves_nothing(cache):
    def interrupt(folder):
        (folder / "half").write_text("")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.build("kind", "key", interrupt)
    assert list((cache.root / "kind").iterdir()) == []


def test_what_another_made_meanwhile_is_no_error(cache):
    """As by a process of an older version, which knows no lock."""

    def slow(folder):
        shutil.copytree(cache.build("kind", "other", Maker()), cache.root / "kind" / "key")
        shutil.rmtree(cache.root / "kind" / "other")
        (folder / "result").write_text("mine")

    entry = cache.build("kind", "key", slow)
    assert is_sound(entry)
    assert [path.name for path in entry.parent.iterdir()] == ["key"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot write to the cache .*TOSPIKE_CACHE"):
        Cache(root=tmp_path / "file").build("kind", "key", Maker())


def test_a_full_disk_is_named_and_leaves_nothing(cache):
    def fill(folder):
        (folder / "half").write_text("")
        raise OSError(28, "No space left on device")

    with pytest.raises(InputError, match="No space left on device; free space"):
        cache.build("kind", "key", fill)
    assert list((cache.root / "kind").iterdir()) == []


def test_the_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("TOSPIKE_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert default_root() == tmp_path / ".cache" / "tospike"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert default_root() == tmp_path / "xdg" / "tospike"
    monkeypatch.setenv("TOSPIKE_CACHE", str(tmp_path / "own"))
    assert default_root() == Cache().root == tmp_path / "own"


def test_digests_tell_inputs_apart():
    inputs = [{"a": 1}, {"a": 2}, {"a": "1"}, {"a": True}, {"b": 1}, {"a": 1, "b": None}, {"a": b"1"}, {}]
    assert len({digest(one) for one in inputs}) == len(inputs)
    assert digest({"a": "xb", "b": ""}) != digest({"a": "x", "b": "b"})
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
