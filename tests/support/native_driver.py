"""The C driver compiled as a library of this computer, on a bus of Python functions."""

import ctypes
import shutil
import subprocess

import pytest
from support.register_model import BusError

from tospike.gen.driver.files import DRIVER_HEADER, SOURCE, driver_files

WORD, WORDS = ctypes.c_uint32, ctypes.POINTER(ctypes.c_uint32)
FLAGS = ctypes.POINTER(ctypes.c_int)
READ = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, WORD, WORDS)
WRITE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, WORD, WORD)
SEND = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, WORD, ctypes.c_int, FLAGS)
RECEIVE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, WORDS, FLAGS, FLAGS)


class Bus(ctypes.Structure):
    _fields_ = [("context", ctypes.c_void_p), ("read", READ), ("write", WRITE), ("send", SEND), ("receive", RECEIVE)]


class Device(ctypes.Structure):
    _fields_ = [("bus", Bus), ("design", ctypes.c_void_p), ("patience", WORD)]


class Memory(ctypes.Structure):
    _fields_ = [("region", WORD), ("width", WORD), ("depth", WORD)]


RESULTS = ("OK", "BUS", "NO_DEVICE", "OTHER_DESIGN", "UNSUPPORTED", "ARGUMENT", "TIMEOUT", "TOO_LONG", "FLAGGED")


def build(interface, folder):
    """The library of a design's driver."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    folder.mkdir(exist_ok=True)
    files = driver_files(interface, origin="", licence=())
    for path in (SOURCE, DRIVER_HEADER):
        (folder / path.rpartition("/")[2]).write_text(files[path])
    command = ["gcc", "-std=c99", "-O1", "-shared", "-fPIC", "tospike.c", "-o", "libtospike.so"]
    subprocess.run(command, cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "libtospike.so"))


class NativeDriver:
    """`tospike.c` on a register model; each method returns the result's name first."""

    def __init__(self, library, interface, model, *, patience=50):
        self._library, self._model, self._patience = library, model, patience
        self._interface = interface
        self._design = (WORD * len(interface.design))(*interface.design)
        self._bus = Bus(None, READ(self._read), WRITE(self._write), SEND(self._send), RECEIVE(self._receive))
        self._device = Device()

    def _read(self, context, offset, data):
        try:
            data[0] = self._model.read(offset)
        except BusError:
            return 1
        return 0

    def _write(self, context, offset, data):
        try:
            self._model.write(offset, data)
        except BusError:
            return 1
        return 0

    def _send(self, context, data, last, done):
        done[0] = self._model.send(data, bool(last))
        return 0

    def _receive(self, context, data, last, done):
        beat = self._model.receive()
        if beat is not None:
            data[0], last[0] = beat
        done[0] = beat is not None
        return 0

    def call(self, name, *arguments):
        return RESULTS[getattr(self._library, f"tospike_{name}")(ctypes.byref(self._device), *arguments)]

    def open(self):
        function = self._library.tospike_open
        function.argtypes = [ctypes.POINTER(Device), Bus, ctypes.c_void_p, WORD]
        return self.call("open", self._bus, ctypes.cast(self._design, ctypes.c_void_p), self._patience)

    def run(self, values, capacity=64):
        """(result, words, class) of values of a byte each, or of beats, if there is one larger than a byte."""
        answer, words = (ctypes.c_int32 * capacity)(), ctypes.c_size_t()
        result = self.call("run", bytes(values), answer, ctypes.c_size_t(capacity), ctypes.byref(words))
        chosen = self._library.tospike_class(ctypes.byref(self._device), answer, words)
        return result, answer[: words.value], chosen

    def run_beats(self, beats, capacity=4096):
        answer, words = (ctypes.c_int32 * capacity)(), ctypes.c_size_t()
        sent = (WORD * len(beats))(*beats)
        arguments = (sent, ctypes.c_size_t(len(beats)), answer, ctypes.c_size_t(capacity), ctypes.byref(words))
        return self.call("run_beats", *arguments), answer[: words.value]

    def number(self, name, *arguments):
        value = WORD()
        return self.call(name, *arguments, ctypes.byref(value)), value.value
