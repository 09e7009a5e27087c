"""Every format: what a slow decoder reads, in blocks of any size."""

import struct

import numpy as np
import pytest
from support import event_files as files
from support.paths import SHARED

from tospike.gen.data.events import aedat3, event_stream, reader
from tospike.gen.data.events.event_stream import split
from tospike.gen.data.events.formats import open_recording

SENSORS = SHARED / "data" / "sensors"
HEADER3 = b"% evt 3.0\n% format EVT3;height=80;width=100\n% end\n"
EVENTS = files.random_events(1, 400)


def evt21(order):
    return lambda events: files.evt21(events, order, f"% format EVT21;endianness={order}\n% end\n".encode())


def in_packets(events):
    return files.AEDAT3 + files.aedat3_packet(events[:150]) + files.aedat3_packet(events[150:])


def compressed(code):
    def write(events):
        if code == 1:
            compress = pytest.importorskip("lz4.frame", reason="lz4 is not installed").compress
        elif code == 3:
            compress = pytest.importorskip("zstandard", reason="zstandard is not installed").ZstdCompressor().compress
        else:
            compress = bytes
        packets = [compress(files.aedat4_packet(part)) for part in (events[:3], events[3:3], events[3:])]
        return files.aedat4(packets, code)

    return write


WRITERS = {
    "EVT 2.0": files.evt2,
    "EVT 2.1": evt21("little"),
    "EVT 2.1, halves swapped": evt21("legacy"),
    "EVT 2.1, big-endian": evt21("big"),
    "EVT 3.0": files.evt3,
    "EVT 3.0, header": lambda events: files.evt3(events, HEADER3),
    "Prophesee .dat": files.dat,
    "N-MNIST .bin": files.nmnist,
    "Event Stream": files.event_stream,
    "Event Stream, ATIS": lambda events: files.event_stream(events, atis=True),
    "AEDAT 2.0": files.aedat2,
    "AEDAT 2.0, DVS128": lambda events: files.aedat2(events, "ch.unizh.ini.jaer.chip.retina.DVS128"),
    "AEDAT 3.1": in_packets,
    "AEDAT 4.0": compressed(0),
    "AEDAT 4.0, LZ4": compressed(1),
    "AEDAT 4.0, Zstandard": compressed(3),
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("block", [24, 1 << 17])
def test_what_was_written_is_read(name, block, tmp_path, monkeypatch):
    for module in (reader, event_stream):
        monkeypatch.setattr(module, "BLOCK", block)
    path = tmp_path / "recording.txt"  # the name says nothing
    path.write_bytes(WRITERS[name](EVENTS))
    found, _ = files.decoded(path)
    assert name.partition(",")[0] == open_recording(path).NAME
    assert found == EVENTS


def test_evt3_makes_vectors_of_neighbours(tmp_path):
    row = [(70_000, 20 + n, 9, 1) for n in (0, 1, 5, 11)]
    data = files.evt3([*row, (70_001, 3, 9, 0)])
    assert len(data) < len(files.evt3([])) + 2 * 9
    (tmp_path / "a").write_bytes(data)
    assert files.decoded(tmp_path / "a")[0] == [*row, (70_001, 3, 9, 0)]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    ("header", "slow", "kinds", "size", "columns"),
    [
        (b"% evt 3.0\n", files.read_evt3, (0, 2, 2, 3, 4, 5, 6, 8, 7, 10, 14, 15), 2, 0x600),
        (b"% evt 2.0\n", files.read_evt2, (0, 1, 1, 8, 10, 14, 15), 4, 0),
        (b"% format EVT21;endianness=little\n% end\n", files.read_evt21, (0, 1, 8, 10, 14), 8, 1 << 53),
    ],
    ids=["EVT 3.0", "EVT 2.0", "EVT 2.1"],
)
def test_any_words_are_read_as_word_by_word(header, slow, kinds, size, columns, seed, tmp_path, monkeypatch):
    """State before its first word, vectors without a base, wraps, and all of it across blocks."""
    monkeypatch.setattr(reader, "BLOCK", 64)
    generator = np.random.default_rng(seed)
    kind = generator.choice(kinds, 300)
    words = generator.integers(0, 1 << (8 * size - 4), 300, dtype=np.uint64)
    words[np.isin(kind, (0, 1, 2, 3))] &= ~np.uint64(columns)  # no address beyond the format's
    data = header + (kind.astype(np.uint64) << np.uint64(8 * size - 4) | words).astype(f"<u{size}").tobytes()
    (tmp_path / "a").write_bytes(data)
    assert files.decoded(tmp_path / "a")[0] == slow(data)


@pytest.mark.parametrize("seed", range(20))
def test_events_of_an_event_stream_are_found_as_byte_by_byte(seed):
    generator = np.random.default_rng(seed)
    block = generator.choice([3, 254, 255, 0, 252], generator.integers(1, 200)).astype(np.uint8)
    at, begins, pauses, before = 0, [], [], []
    while at < len(block):
        if block[at] >= 254:
            pauses.append(at)
            at += 1
        else:
            begins.append(at)
            before.append(len(pauses))
            at += 5
    assert [part.tolist() for part in split(block, 254)] == [begins, before, pauses]


SLOW = {
    "evt2_sample.raw": (files.read_evt2, 539_481, 1_317_888, 1_367_888),
    "evt3_sample.raw": (files.read_evt3, 219_596, 11_718_656, 11_727_457),
    "sample_ncars.dat": (files.read_dat, 2_009, 0, 99_952),
    "sample_nmnist.bin": (files.read_nmnist, 4_325, 654, 311_175),
    "dvs.es": (files.read_event_stream, 473_225, 0, 999_000),
    "sample.aedat4": (files.read_aedat4, 111_954, 1_605_537_493_718_345, 1_605_537_494_308_262),
}


@pytest.mark.skipif(not SENSORS.is_dir(), reason="the recordings are not in ../shared/data")
@pytest.mark.parametrize("name", SLOW)
def test_recordings_of_others_are_read_as_word_by_word(name):
    """Counts and times are also those of expelliarmus, aedat and faery, where these read the file."""
    slow, count, first, last = SLOW[name]
    if name.endswith("aedat4"):
        pytest.importorskip("lz4.frame", reason="lz4 is not installed")
    found, _ = files.decoded(SENSORS / name)
    assert (len(found), found[0][0], max(event[0] for event in found)) == (count, first, last)
    assert found == slow((SENSORS / name).read_bytes())


def test_other_packets_and_invalid_events_are_skipped(tmp_path):
    other = struct.pack("<hh6i", 2, 1, 36, 4, 0, 2, 2, 2) + b"\1" * 72
    invalid = bytearray(files.aedat3_packet(EVENTS[:3]))
    invalid[28] &= 0xFE
    (tmp_path / "a").write_bytes(files.AEDAT3 + other + bytes(invalid))
    found, notes = files.decoded(tmp_path / "a")
    assert found == EVENTS[1:3]
    assert notes == [
        "2 events of other types (frames, IMU, special) are skipped",
        "1 events that are marked as invalid are skipped",
    ]


def test_frames_and_imu_samples_of_a_davis_are_skipped(tmp_path):
    data = files.aedat2(EVENTS[:2]) + struct.pack(">4I", 1 << 31 | 5, 9000, 1 << 10, 9001)
    (tmp_path / "a").write_bytes(data)
    found, notes = files.decoded(tmp_path / "a")
    assert found == EVENTS[:2] and "2 frame samples, IMU samples and external events are skipped" in notes


def test_words_that_are_no_events_are_told(tmp_path):
    data = files.evt2(EVENTS[:5]) + struct.pack("<3I", 0xA000_0000, 0xB000_0001, 0xB000_0002)
    (tmp_path / "a").write_bytes(struct.pack("<I", 0) and data)
    _, notes = files.decoded(tmp_path / "a")
    assert notes[0].startswith("1 words of triggers are skipped (the first at byte ")
    assert notes[1].startswith("2 words of the reserved type 11 are skipped")
    early = b"% evt 2.0\n" + struct.pack("<I", 5) + files.evt2(EVENTS[:5])[10:]
    (tmp_path / "b").write_bytes(early)
    found, notes = files.decoded(tmp_path / "b")
    assert found == EVENTS[:5] and notes == ["1 events before the first time stamp are left out"]


def test_a_large_packet_is_read_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(aedat3, "AT_ONCE", 7)
    (tmp_path / "a").write_bytes(in_packets(EVENTS))
    parts = list(open_recording(tmp_path / "a").events())
    assert max(map(len, parts)) == 7 and sum(map(len, parts)) == len(EVENTS)
