"""The formats of recordings, and which one a file has: told by its beginning, never by its name."""

from pathlib import Path

from tospike.gen.data.events.aedat import version
from tospike.gen.data.events.aedat2 import Aedat2
from tospike.gen.data.events.aedat3 import Aedat3
from tospike.gen.data.events.aedat4 import Aedat4
from tospike.gen.data.events.dat import Dat
from tospike.gen.data.events.event_stream import EventStream
from tospike.gen.data.events.evt2 import Evt2
from tospike.gen.data.events.evt3 import Evt3
from tospike.gen.data.events.evt21 import Evt21
from tospike.gen.data.events.nmnist import NMnist
from tospike.gen.data.events.prophesee import raw_header
from tospike.gen.data.events.reader import HEAD, Head, Reader
from tospike.gen.files.reading import reading
from tospike.hw.params import InputError, require

FORMATS: tuple[type[Reader], ...] = (Evt2, Evt21, Evt3, Dat, Aedat2, Aedat3, Aedat4, EventStream, NMnist)
"""All of them; the one without a header comes last."""
NAMES = ", ".join(each.NAME for each in FORMATS)


def read_head(path: Path) -> Head:
    """Return the beginning of a file.

    Raises
    ------
    InputError
        There is no such file.
    """
    require(path.is_file(), f"there is no file {path}: give a recording")
    with path.open("rb") as file:
        return Head(path, file.read(HEAD), path.stat().st_size)


def format_of(head: Head) -> type[Reader] | None:
    """Return the format of a file; ``None``: none of a recording."""
    with reading(head.path, "recording", "record or download it again"):
        return next((each for each in FORMATS if each.reads(head)), None)


def open_recording(path: Path) -> Reader:
    """Return the reader of a recording, with its header read.

    Raises
    ------
    InputError
        There is no such file, it has no known format, or its header is damaged.
    """
    head = read_head(path)
    found = format_of(head)
    if found is None:
        raise InputError(f"{path} is no recording of a known format ({_what(head)}): give {NAMES}")
    with reading(path, f"{found.NAME} file", "record or download it again"):
        return found(head)


def _what(head: Head) -> str:
    if not head.size:
        return "it is empty"
    if (aedat := version(head.data)) is not None:
        return f"it is AEDAT {aedat}"
    if head.data[:1] == b"%":
        header, start = raw_header(head)
        encoding = header.get("encoding")
        return f"its header states {encoding}" if encoding else f"its header ends at byte {start} without an encoding"
    return f"it begins with {head.data[:8].hex(' ')}"
