"""Load the Free Spoken Digit Dataset, or recordings named as it names them."""

import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tospike.gen.data.data_set import DataSet
from tospike.gen.data.wav import WAV, decode_wav
from tospike.gen.files.reading import read_bytes, reading
from tospike.hw.params import InputError, require
from tospike.hw.params.limits import DATA_BYTES, SAMPLES

NAME = re.compile(r"(?P<digit>\d)_(?P<speaker>[^_/\\]+)_(?P<index>\d{1,6})\.wav")
ARCHIVE = "recordings.zip"
TEST, VALIDATION = range(5), range(5, 10)
"""Indices of the official test part (github.com/Jakobovski/free-spoken-digit-dataset), and of the part to choose
hyperparameters by."""
SECONDS = 0.8
"""Length of a sample: 98 % of the 3,000 recordings are shorter."""
RECORDING_BYTES = 1 << 24
"""Bytes of one file."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Recordings:
    """Spoken digits of one length, in the order of digit, speaker and index."""

    x: NDArray[np.float32]
    """(N, samples) from -1 to 1."""
    digit: NDArray[np.int64]
    """(N,) labels."""
    speaker: NDArray[np.str_]
    index: NDArray[np.int64]
    """(N,) number of the recording among those of its digit and speaker."""
    rate: int
    """Sample rate in Hz."""

    @property
    def speakers(self) -> list[str]:
        """The names of all speakers, ascending."""
        return sorted(set(self.speaker.tolist()))


def read_recordings(folder: Path) -> Recordings:
    """Read ``DIGIT_SPEAKER_INDEX.wav`` of a folder, its folder ``recordings``, or its archive ``recordings.zip``.

    Each recording becomes `SECONDS` long: a shorter one is followed by zeros, of a longer one the loudest part of that
    length remains.

    Raises
    ------
    InputError
        There are no such files, one is damaged, or their sample rates differ.
    """
    require(folder.is_dir(), f"there is no folder {folder}: give fsdd:DIR, the folder of the recordings")
    found: dict[tuple[int, str, int], NDArray[np.float32]] = {}
    rate, first = 0, ""
    for place, match, read in _files(folder):
        with reading(place, WAV, "download it again"):
            sound, its_rate = decode_wav(read())
        rate, first = rate or its_rate, first or place
        require(its_rate == rate, f"{place} has {its_rate} samples per second, but {first} has {rate}: resample it")
        length = round(SECONDS * rate)
        key = int(match["digit"]), match["speaker"], int(match["index"])
        require(key not in found, f"{place}: there is another recording {key[2]} of that digit and speaker: remove one")
        found[key] = _fit(sound, length)
        require(len(found) * 4 * length <= DATA_BYTES, f"{folder} holds more than {DATA_BYTES} bytes of sound")
    require(bool(found), f"{folder} has neither DIGIT_SPEAKER_INDEX.wav nor {ARCHIVE}: give fsdd:DIR, their folder")
    keys = sorted(found)
    return Recordings(
        x=np.stack([found[key] for key in keys]),
        digit=np.array([digit for digit, _, _ in keys], np.int64),
        speaker=np.array([speaker for _, speaker, _ in keys]),
        index=np.array([index for _, _, index in keys], np.int64),
        rate=rate,
    )


def fsdd(folder: Path, fold: int | None = None) -> DataSet:
    """Load spoken digits: indices 0 to 4 of each digit and speaker are test, 5 to 9 validation, the rest training.

    Parameters
    ----------
    folder
        See `read_recordings`.
    fold
        Leave one speaker out instead: all recordings of speaker ``fold``, from 1 in the order of their names, are test,
        those of the others training, except the validation part.

    Raises
    ------
    InputError
        As in `read_recordings`, a part is empty, or there is no such speaker.
    """
    spoken = read_recordings(folder)
    is_validation = np.isin(spoken.index, VALIDATION)
    if fold is None:
        is_test = np.isin(spoken.index, TEST)
        words = f"recordings {TEST.start} to {TEST.stop - 1} of each digit and speaker are"
    else:
        speakers = spoken.speakers
        require(1 <= fold <= len(speakers), f"there is no test fold {fold}: {folder} has {len(speakers)} speakers")
        is_test = spoken.speaker == speakers[fold - 1]
        words = f"all recordings of {speakers[fold - 1]} are"
    is_train = ~is_test & ~is_validation
    return DataSet(
        name="fsdd",
        split=f"{words} test ({is_test.sum()}), {VALIDATION.start} to {VALIDATION.stop - 1} validation "
        f"({(is_validation & ~is_test).sum()}, unused here), the others training ({is_train.sum():,}); "
        f"{SECONDS:g} s at {spoken.rate} Hz, shorter ones followed by zeros",
        x=spoken.x[is_test],
        y=spoken.digit[is_test],
        train_x=spoken.x[is_train],
        train_y=spoken.digit[is_train],
        sample_rate=spoken.rate,
    )


def is_fsdd(folder: Path) -> bool:
    """Return whether a folder has recordings as `read_recordings` finds them."""
    roots = (root for root in (folder, folder / "recordings") if root.is_dir())
    return (folder / ARCHIVE).is_file() or any(NAME.fullmatch(path.name) for root in roots for path in root.iterdir())


def _files(folder: Path) -> Iterator[tuple[str, re.Match[str], Callable[[], bytes]]]:
    """Yield place, parsed name and reader of each recording."""
    for root in (folder, folder / "recordings"):
        names = sorted(path for path in root.iterdir() if NAME.fullmatch(path.name)) if root.is_dir() else []
        if names:
            require(len(names) <= SAMPLES, f"{root} holds {len(names)} recordings: at most {SAMPLES} are supported")
            for path in names:
                yield str(path), _parsed(path.name), partial(read_bytes, path, RECORDING_BYTES)
            return
    archive = folder / ARCHIVE
    if not archive.is_file():
        return
    with reading(archive, "zip archive", "download it again"):
        file = zipfile.ZipFile(archive)
    with file:
        for member in file.infolist():
            name = member.filename.rpartition("/")[2]
            if NAME.fullmatch(name):
                size = member.file_size
                limit = f"{archive}: {name} has {size} bytes: at most {RECORDING_BYTES} are supported"
                require(size <= RECORDING_BYTES, limit)
                yield f"{archive}: {name}", _parsed(name), partial(file.read, member)


def _parsed(name: str) -> re.Match[str]:
    match = NAME.fullmatch(name)
    if match is None:
        raise InputError(f"{name} is not DIGIT_SPEAKER_INDEX.wav")
    return match


def _fit(sound: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Return ``length`` samples: zeros are appended, or the window of most energy is kept."""
    if len(sound) <= length:
        return np.pad(sound, (0, length - len(sound)))
    energy = np.concatenate([[0.0], np.cumsum(np.square(sound, dtype=np.float64))])
    start = int(np.argmax(energy[length:] - energy[:-length]))
    return sound[start : start + length]
