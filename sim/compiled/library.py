"""Compile the C++ sources beside this file, once, and call them."""

import ctypes
import functools
import logging
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import InputError

_UNITS = ("links.cpp", "events.cpp", "cochlea.cpp")
_HEADERS = ("link.h", "sinks.h", "host.h", "delay.h", "encoder.h", "event_engine.h")
_LIBRARY = "golden.so"
_FLAGS = ("-O3", "-std=c++17", "-shared", "-fPIC")

_log = logging.getLogger(__name__)


class Library:
    """The compiled functions, called by name: arrays as pointers to their contiguous data, ``None`` as null."""

    def __init__(self, path: Path):
        self._library = ctypes.CDLL(str(path))

    def make(self, name: str, *args: Any) -> ctypes.c_void_p:
        """Call a function that returns a pointer."""
        function = self._library[name]
        function.restype = ctypes.c_void_p
        return ctypes.c_void_p(function(*map(_argument, args)))

    def call(self, name: str, *args: Any) -> None:
        """Call a function that returns nothing."""
        function = self._library[name]
        function.restype = None
        function(*map(_argument, args))


def _argument(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        assert value.flags.c_contiguous
        return ctypes.c_void_p(value.ctypes.data)
    return ctypes.c_int64(int(value)) if isinstance(value, int | np.integer) else value


def flags(values: NDArray[Any]) -> NDArray[Any]:
    """Return contiguous bytes that are not 0 where ``values`` are not."""
    return np.ascontiguousarray(values if values.dtype.itemsize == 1 else values != 0)


@functools.cache
def library() -> Library | None:
    """Return the compiled functions; ``None`` without a C++ compiler, which a warning says once."""
    # only here do golden models need tools
    from tospike.gen.tools.cache import Cache, digest
    from tospike.gen.tools.programs import find

    folder = Path(__file__).parent
    sources = {name: (folder / name).read_bytes() for name in (*_UNITS, *_HEADERS)}
    try:
        compiler = find("g++")

        def make(entry: Path) -> None:
            for name, content in sources.items():
                (entry / name).write_bytes(content)
            compiler.run((*_FLAGS, "-o", _LIBRARY, *_UNITS), cwd=entry, log=entry / "build.log", makes=(_LIBRARY,))

        key = digest({**sources, "compiler": compiler.release, "flags": " ".join(_FLAGS)})
        return _load(lambda: Cache().build("golden", key, make) / _LIBRARY)
    except (InputError, OSError) as error:
        _log.warning("golden models run several times slower, uncompiled: %s", error)
        return None


def _load(build: Any) -> Library:
    try:
        return Library(build())
    except OSError:  # another process, which built the same, has just replaced it
        return Library(build())
