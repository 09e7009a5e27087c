"""Headers of lines that begin with ``%`` (Prophesee) or ``#`` (AEDAT)."""

from tospike.hw.params import InputError

HEADER_BYTES = 1 << 20
"""The longest header: jAER writes all preferences of a camera into it."""


def header_lines(data: bytes, mark: str, last: str) -> tuple[list[str], int]:
    """Return the lines that begin with ``mark``, without it, and the offset of what follows them.

    The header ends before the first line that does not begin with ``mark`` or is no text, and after a line whose words
    begin with those of ``last`` (in any case).
    """
    lines: list[str] = []
    at, start = 0, mark.encode()
    while data[at : at + 1] == start:
        end = data.find(b"\n", at)
        if end < 0:
            break
        try:
            line = data[at + 1 : end].decode("ascii").strip()
        except UnicodeDecodeError:
            if lines:  # binary data that happen to begin with the mark
                break
            raise InputError("its header is not text") from None
        if any(ord(letter) < 32 and letter != "\t" for letter in line):
            break
        lines.append(line)
        at = end + 1
        if f"{line.lower()} ".startswith(f"{last.lower()} "):
            break
    return lines, at


def fields(lines: list[str]) -> dict[str, str]:
    """Return lines ``name value`` by name, in lower case; the last one of a name counts."""
    return {name.lower(): value.strip() for name, _, value in (line.partition(" ") for line in lines)}
