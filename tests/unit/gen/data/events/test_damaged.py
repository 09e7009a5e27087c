"""Damaged and truncated files, and files that claim sizes they do not have: one line, with the offset."""

import struct
import tracemalloc

import numpy as np
import pytest
from support import event_files as files

from tospike.gen.data.events.events import Events
from tospike.gen.data.events.formats import open_recording
from tospike.gen.data.events.whole import read_recording
from tospike.hw.params import InputError

EVENTS = files.random_events(2, 40)
FILES = {
    "evt2": files.evt2(EVENTS),
    "evt21": files.evt21(EVENTS, "legacy", b"% evt 2.1\n"),
    "evt3": files.evt3(EVENTS),
    "dat": files.dat(EVENTS),
    "nmnist": files.nmnist(EVENTS),
    "es": files.event_stream(EVENTS),
    "aedat2": files.aedat2(EVENTS),
    "aedat3": files.AEDAT3 + files.aedat3_packet(EVENTS),
    "aedat4": files.aedat4([files.aedat4_packet(EVENTS)], 0),
}


def refusal(path, data):
    path.write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as error:
            read_recording(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 24
    finally:
        tracemalloc.stop()
    assert str(path) in str(error.value) and "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_refused_with_the_offset(name, tmp_path):
    assert "byte" in refusal(tmp_path / "a", FILES[name][:-1])


@pytest.mark.parametrize("name", FILES)
def test_every_beginning_of_a_file_is_read_or_refused(name, tmp_path):
    data, path = FILES[name], tmp_path / "a"
    for length in range(0, len(data), 3):
        path.write_bytes(data[:length])
        try:
            assert len(read_recording(path).events) <= len(EVENTS)
        except InputError as error:
            assert str(path) in str(error)


@pytest.mark.parametrize("name", FILES)
def test_flipped_bits_are_read_or_refused(name, tmp_path):
    path, generator = tmp_path / "a", np.random.default_rng(3)
    for _ in range(60):
        data = bytearray(FILES[name])
        for at in generator.integers(0, len(data), 3):
            data[at] ^= 1 << int(generator.integers(8))
        path.write_bytes(data)
        try:
            read_recording(path)
        except InputError as error:
            assert str(path) in str(error)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (files.evt2([(5, 700, 3, 0)], b"% evt 2.0\n% geometry 640x480\n"), "byte 33: x of an event is 700, outside"),
        (files.evt3([(5, 3, 500, 0)], b"% evt 3.0\n% geometry 640x480\n"), "y of an event is 500, outside the stated"),
        (files.event_stream([(5, 100, 3, 0)]), r"byte 20: x of an event is 100, outside the stated sensor \(100x80\)"),
        (b"Event Stream\2\0\0\1\5", "byte 17: the header of 20 bytes is truncated"),
        (b"Event Stream\2\0\0\0" + bytes(16), "byte 15: it holds generic events"),
        (b"Event Stream\1\0\0\1" + bytes(16), "version 1.0 of Event Stream is not supported: give 2.x"),
        (b"#!AER-DAT1.0\r\n" + bytes(16), r"no recording of a known format \(it is AEDAT 1.0\)"),
        (b"#!AER-DAT3.1\r\n" + bytes(99), "the header has no line #!END-HEADER"),
        (b"% evt 4.0\n" + bytes(99), r"its header states EVT4\): give EVT 2.0"),
        (b"% format EVT21;endianness=middle\n% end\n", "its header states endianness middle"),
        (b"", "it is empty"),
        (b"hello world, this is text", "it begins with 68 65"),
        (b"".join(b"%04d\n" % n for n in range(200)), "no recording of a known format"),
        (b"data\n", "no recording of a known format"),
        (b"% Version 1\n\x00\x08" + bytes(16), "it is of version 1, whose addresses differ"),
        (bytes(1000), "no recording of a known format"),
        (files.AEDAT3 + struct.pack("<hh6i", 1, 1, 8, 4, 0, 1 << 30, 1 << 30, 1 << 30), "is truncated, 0 are left"),
        (files.AEDAT3 + struct.pack("<hh6i", 2, 1, 1 << 30, 4, 0, 9, 9, 9), "packet of 9663676416 bytes is truncated"),
        (files.AEDAT3 + struct.pack("<hh6i", 1, 1, 8, 4, 0, 1, -2, 1), "no header of a packet"),
        (files.aedat4([], 0) + struct.pack("<2i", 0, 2**31 - 1), "packet of 2147483647 bytes is truncated, 0 are"),
        (files.aedat4([], 7), "unknown compression 7"),
        (files.aedat4([b"rubbish, not a table"], 0), "a packet is damaged"),
        (b"#!AER-DAT4.0\r\n" + struct.pack("<I", 1 << 31), "the header states 2147483648 bytes"),
        (b"#!AER-DAT2.0\r\n" + struct.pack(">2I", 1 << 20, 5), "does not name the camera"),
        (files.aedat2([], "Chip9000"), "the camera Chip9000 is unknown: DVS128 and DAVIS"),
    ],
)  # fmt: skip
def test_damage_is_named(data, message, tmp_path):
    path = tmp_path / "a"
    refusal(path, data)
    with pytest.raises(InputError, match=message):
        read_recording(path)


def test_a_packet_that_decompresses_to_too_much_is_refused(tmp_path, monkeypatch):
    lz4 = pytest.importorskip("lz4.frame", reason="lz4 is not installed")
    monkeypatch.setattr("tospike.gen.data.events.decompress.PACKET_BYTES", 1 << 20)
    bomb = lz4.compress(bytes(1 << 26))
    assert "more than 1048576 bytes" in refusal(tmp_path / "a", files.aedat4([bomb], 1))
    assert "LZ4" in refusal(tmp_path / "a", files.aedat4([b"nothing"], 1))


def test_zstandard_is_bounded_too(tmp_path, monkeypatch):
    zstandard = pytest.importorskip("zstandard", reason="zstandard is not installed")
    monkeypatch.setattr("tospike.gen.data.events.decompress.PACKET_BYTES", 1 << 20)
    bomb = zstandard.ZstdCompressor().compress(bytes(1 << 26))
    assert "more than 1048576 bytes" in refusal(tmp_path / "a", files.aedat4([bomb], 3))
    assert "Zstandard" in refusal(tmp_path / "a", files.aedat4([b"nothing"], 3))


@pytest.mark.parametrize(("code", "module"), [(1, "lz4.frame"), (3, "zstandard")])
def test_a_missing_package_is_named(code, module, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, module, None)
    assert "pip install" in refusal(tmp_path / "a", files.aedat4([], code))


def test_a_long_recording_is_read_in_bounded_memory(tmp_path):
    path = tmp_path / "a"
    words = np.tile(np.frombuffer(files.evt2(EVENTS)[10:], np.uint8), 1 << 16)
    path.write_bytes(b"% evt 2.0\n" + words.tobytes())
    del words
    tracemalloc.start()
    total = sum(len(part) for part in open_recording(path).events())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == len(EVENTS) << 16 and path.stat().st_size > 10 * (1 << 20)
    assert peak < 1 << 24


def test_too_many_events_are_refused(tmp_path):
    (tmp_path / "a").write_bytes(FILES["dat"])
    with pytest.raises(InputError, match="holds more than 39 events"):
        read_recording(tmp_path / "a", limit=39)
    assert isinstance(read_recording(tmp_path / "a", limit=40).events, Events)
