"""What is done with a damaged file of each kind: the commands that read it, up to the tools that they would start."""

import contextlib
import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import numpy as np
from fuzz.child import Outcome, fresh_folder, run_child
from fuzz.mutate import mutate
from fuzz.seed_files import CHANNELS, SEEDS, nir_files, npz_files, onnx_files
from support.paths import GATES_LIBRARY

# a child has no tools, but what it imports may name their classes
import tospike.tb.replay.replay  # noqa: F401
from tospike.cli import main as cli
from tospike.compare.energy.counts.operations import operation_model
from tospike.compare.energy.technology import load_technology
from tospike.gen.emit.folder import read
from tospike.gen.files.reading import reading
from tospike.gen.files.written_folder import check_replaceable
from tospike.gen.tools.cache import Cache
from tospike.hw.params import InputError
from tospike.sim import accelerator as golden
from tospike.synth.asic.cells import cell_areas, read_library
from tospike.synth.asic.library import read_cells

LIBRARY = GATES_LIBRARY


def mutant(kind: str, seed: int) -> bytes:
    """A damaged file; the same for the same seed."""
    rng = np.random.default_rng([list(SEEDS).index(kind), seed])
    files = SEEDS[kind]()
    return mutate(kind, files[int(rng.integers(len(files)))], rng)


def try_file(kind: str, data: bytes) -> Outcome:
    """Put a file where its kind is read, and read it, in a child."""
    with fresh_folder() as folder:
        given = folder / "given"
        given.mkdir()
        (given / "net.onnx").write_bytes(onnx_files()[0])
        (given / "net.nir").write_bytes(nir_files()[0])
        for name, content in zip(("values", "spikes", "events"), npz_files(), strict=True):
            (given / f"{name}.npz").write_bytes(content)
        return run_child(lambda: _work(kind, given, data), folder)


def _work(kind: str, given: Path, data: bytes) -> int:
    subprocess.Popen = _no_tools  # type: ignore[misc, assignment]
    subprocess.run = _no_tools  # type: ignore[assignment]
    return DOES[kind](given, data)


def _no_tools(*_: object, **__: object) -> NoReturn:
    raise FileNotFoundError(2, "no tools here", "tool")


def _tospike(line: str) -> int:
    sys.argv = ["tospike", *line.split()]
    try:
        cli.main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def _onnx(given: Path, data: bytes) -> int:
    (given / "a.onnx").write_bytes(data)
    return _tospike(f"evaluate {given}/a.onnx --data npz:{given}/values.npz")


def _nir(given: Path, data: bytes) -> int:
    (given / "a.nir").write_bytes(data)
    return _tospike(f"evaluate {given}/a.nir --data npz:{given}/spikes.npz --dt 0.001")


def _npz(given: Path, data: bytes) -> int:
    (given / "a.npz").write_bytes(data)
    if b"spikes.npy" in data or b"t_us.npy" in data:
        return _tospike(f"evaluate {given}/net.nir --data npz:{given}/a.npz --dt 0.001 --time-bin-us 1000 --steps 6")
    return _tospike(f"evaluate {given}/net.onnx --data npz:{given}/a.npz")


def _idx(given: Path, data: bytes) -> int:
    labels = b"\x00\x00\x08\x01\x00\x00\x00\x10" + bytes(i % 3 for i in range(16))
    (given / "t10k-labels-idx1-ubyte").write_bytes(labels)
    suffix = ".gz" if data[:2] == b"\x1f\x8b" else ""
    (given / f"t10k-images-idx3-ubyte{suffix}").write_bytes(data)
    return _tospike(f"evaluate {given}/net.onnx --data mnist:{given}")


def _toml(given: Path, data: bytes) -> int:
    (given / "a.toml").write_bytes(data)
    with contextlib.suppress(InputError):
        operation_model(load_technology(f"{given}/a.toml"), source="a.toml")
    data = f"--data npz:{given}/values.npz --samples 8"
    return _tospike(f"energy gates {given}/net.onnx {data} --target {LIBRARY} --technology {given}/a.toml")


def _liberty(given: Path, data: bytes) -> int:
    path = given / ("a.lib.gz" if data[:2] == b"\x1f\x8b" else "a.lib")
    path.write_bytes(data)
    with contextlib.suppress(InputError):
        read_cells(read_library(path), str(path))
    with contextlib.suppress(InputError), reading(path, "Liberty file", "download it again"):
        cell_areas(read_library(path))
    return _tospike(f"energy cells --target {path}")


def _cache(given: Path, data: bytes) -> int:
    entry = given / "cache" / "kind" / "key"
    entry.mkdir(parents=True)
    (entry / "entry.json").write_bytes(data)
    (entry / "result.json").write_bytes(b'{"cycles": 3}')
    found = Cache(root=given / "cache").build("kind", "key", lambda folder: None)
    return 0 if found == entry else 1


def _design(given: Path, data: bytes) -> int:
    folder = given / "design"
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            archive.extractall(folder)
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError, RuntimeError):
        return 0
    except Exception as error:
        if type(error).__module__ == "zlib":
            return 0
        raise
    try:
        design = read(folder).design
        check_replaceable(folder)
        if design is not None:
            shape = (2, design.network.input.steps, CHANNELS) if design.network.is_spiking else (2, 36)
            golden.run(design, np.zeros(shape, dtype=np.int64))
    except InputError as error:
        if "\n" in str(error):
            raise
    return _tospike(f"synth {folder} --target ice40-up5k")


DOES: dict[str, Callable[[Path, bytes], int]] = {
    "onnx": _onnx,
    "nir": _nir,
    "npz": _npz,
    "idx": _idx,
    "toml": _toml,
    "design": _design,
    "cache": _cache,
    "liberty": _liberty,
}
