"""Spoken digits: their official parts, their formats, and damaged files."""

import struct
import zipfile

import numpy as np
import pytest
from support.paths import SHARED
from support.wav import RATE, write_wav

from tospike.gen.data.datasets import load_data
from tospike.gen.data.fsdd import read_recordings
from tospike.gen.data.wav import decode_wav
from tospike.hw.params import InputError

SHARED_FSDD = SHARED / "data" / "fsdd"


def write_folder(folder, indices=range(12), speakers=("ann", "bob")):
    folder.mkdir(exist_ok=True)
    for digit in (0, 7):
        for speaker in speakers:
            for index in indices:
                write_wav(folder / f"{digit}_{speaker}_{index}.wav", [1000 * digit + index] * (index + 1))
    return folder


def test_official_parts(tmp_path):
    data = load_data(f"fsdd:{write_folder(tmp_path)}")
    assert data.x.shape == (20, 80) and data.train_x.shape == (8, 80)
    assert data.y.tolist() == [0] * 10 + [7] * 10 and data.sample_rate == RATE
    assert (data.train_x[:, 0] * 2**15).tolist() == [10, 11, 10, 11, 7010, 7011, 7010, 7011]
    assert (data.x[3] * 2**15).tolist() == [3] * 4 + [0] * 76
    assert "5 to 9 validation (20, unused here)" in data.split


def test_leave_one_speaker_out(tmp_path):
    data = load_data(f"fsdd:{write_folder(tmp_path)}", fold=2)
    assert len(data.x) == 24 and len(data.train_x) == 14 and "all recordings of bob are test" in data.split
    with pytest.raises(InputError, match=r"there is no test fold 3: .* has 2 speakers"):
        load_data(f"fsdd:{tmp_path}", fold=3)


def test_folder_and_archive_are_equal(tmp_path):
    folder = write_folder(tmp_path / "recordings")
    (folder / "README.txt").write_text("not a recording")
    expected = read_recordings(tmp_path)
    (tmp_path / "zipped").mkdir()
    with zipfile.ZipFile(tmp_path / "zipped" / "recordings.zip", "w") as file:
        for path in folder.iterdir():
            file.write(path, f"recordings/{path.name}")
    found = read_recordings(tmp_path / "zipped")
    assert (found.x == expected.x).all() and (found.digit == expected.digit).all()
    assert found.speakers == ["ann", "bob"] and found.index[:12].tolist() == list(range(12))


def test_long_recordings_keep_their_loudest_part(tmp_path):
    sound = np.ones(500)
    sound[300:380] = 1000
    write_wav(tmp_path / "3_ann_0.wav", sound)
    assert (read_recordings(tmp_path).x[0] * 2**15 == 1000).all()


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_widths(tmp_path, width):
    largest = 2 ** (8 * width - 1)
    write_wav(tmp_path / "a.wav", [0, largest // 2, -largest], width=width)
    sound, rate = decode_wav((tmp_path / "a.wav").read_bytes())
    assert sound.tolist() == [0, 0.5, -1] and sound.dtype == np.float32 and rate == RATE


def truncated(path):
    raw = path.read_bytes()
    path.write_bytes(raw[:-3])


def compressed(path):
    raw = bytearray(path.read_bytes())
    raw[20:22] = struct.pack("<H", 85)
    path.write_bytes(raw)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (truncated, "3_bob_1.wav: it states 3 samples but has 1: download it again"),
        (compressed, r"3_bob_1.wav is not a readable wav file .*unknown format: 85"),
        (lambda path: path.write_bytes(b"RIFF"), "3_bob_1.wav is not a readable wav file"),
        (lambda path: write_wav(path, []), "it has no samples: leave it out"),
        (lambda path: write_wav(path, [1, 2], channels=2), "it has 2 channels: mix them to one"),
        (lambda path: write_wav(path, [1], rate=50), "has 50 samples per second, but .* has 100: resample it"),
        (lambda path: write_wav(path.with_name("3_bob_01.wav"), [1]), "there is another recording 1 of that digit"),
    ],
)
def test_damaged_files_are_named(tmp_path, damage, message):
    for name in ("3_bob_0", "3_bob_1"):
        write_wav(tmp_path / f"{name}.wav", [1, 2, 3])
    damage(tmp_path / "3_bob_1.wav")
    with pytest.raises(InputError, match=message) as error:
        read_recordings(tmp_path)
    assert "3_bob_" in str(error.value) and "\n" not in str(error.value)


def test_missing_parts(tmp_path):
    with pytest.raises(InputError, match=r"has neither DIGIT_SPEAKER_INDEX.wav nor recordings.zip"):
        load_data(f"fsdd:{tmp_path}")
    with pytest.raises(InputError, match="there is no folder"):
        load_data(f"fsdd:{tmp_path / 'none'}")
    write_folder(tmp_path, indices=range(5))
    with pytest.raises(InputError, match="there are no training samples"):
        load_data(f"fsdd:{tmp_path}")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "recordings.zip").write_bytes(b"PK no")
    with pytest.raises(InputError, match=r"recordings.zip is not a readable zip archive"):
        load_data(f"fsdd:{tmp_path / 'more'}")


@pytest.mark.skipif(not SHARED_FSDD.is_dir(), reason="FSDD is not in ../shared/data")
def test_the_data_set_itself():
    data = load_data(f"fsdd:{SHARED_FSDD}")
    assert data.x.shape == (300, 6400) and data.train_x.shape == (2400, 6400) and data.sample_rate == 8000
    assert np.bincount(data.y).tolist() == [30] * 10


@pytest.mark.parametrize("rate", [0, 0xFFFFFFFF])
def test_a_header_with_an_impossible_rate_is_refused(tmp_path, rate):
    write_wav(tmp_path / "0_a_0.wav", [1] * 100)
    raw = bytearray((tmp_path / "0_a_0.wav").read_bytes())
    raw[24:28] = struct.pack("<I", rate)
    (tmp_path / "0_a_0.wav").write_bytes(raw)
    with pytest.raises(InputError, match=f"0_a_0.wav.* states {rate} samples per second: 1 to 1,000,000"):
        read_recordings(tmp_path)
