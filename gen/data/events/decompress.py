"""Decompress the packets of AEDAT 4.0, in bounded memory."""

from collections.abc import Callable
from pathlib import Path

from tospike.gen.data.events.flatbuffer import DamagedError
from tospike.hw.params import InputError

PACKET_BYTES = 1 << 28
"""Bytes of a packet after decompression."""
NONE, LZ4, LZ4_HIGH, ZSTD, ZSTD_HIGH = range(5)
Decompress = Callable[[bytes], bytes]


def decompressor(compression: int, path: Path) -> Decompress:
    """Return what decompresses a packet, and raises `DamagedError` if it cannot.

    Raises
    ------
    InputError
        The compression of file ``path`` is unknown, or its package is missing.
    """
    if compression == NONE:
        return bytes
    if compression in (LZ4, LZ4_HIGH):
        try:
            import lz4.frame  # only needed here
        except ImportError:
            raise InputError(f"{path} is compressed with LZ4: pip install lz4") from None
        return lambda data: _lz4(data, lz4.frame)
    if compression in (ZSTD, ZSTD_HIGH):
        try:
            import zstandard  # only needed here
        except ImportError:
            raise InputError(f"{path} is compressed with Zstandard: pip install 'tospike[zstd]'") from None
        return lambda data: _zstd(data, zstandard)
    raise InputError(f"{path} has the unknown compression {compression}: save it with LZ4, Zstandard or none")


def _lz4(data: bytes, lz4: object) -> bytes:
    stream = lz4.LZ4FrameDecompressor()  # type: ignore[attr-defined]
    try:
        content: bytes = stream.decompress(data, max_length=PACKET_BYTES)
    except (RuntimeError, EOFError, ValueError) as error:
        raise DamagedError(f"LZ4: {error}") from None
    return _whole(content, stream.eof)


def _zstd(data: bytes, zstandard: object) -> bytes:
    try:
        with zstandard.ZstdDecompressor().stream_reader(data) as stream:  # type: ignore[attr-defined]
            content: bytes = stream.read(PACKET_BYTES)
            return _whole(content, not stream.read(1))
    except zstandard.ZstdError as error:  # type: ignore[attr-defined]
        raise DamagedError(f"Zstandard: {error}") from None


def _whole(content: bytes, is_end: bool) -> bytes:
    if not is_end:
        more = "more than" if len(content) >= PACKET_BYTES else "it ends after"
        raise DamagedError(f"{more} {len(content)} bytes")
    return content
