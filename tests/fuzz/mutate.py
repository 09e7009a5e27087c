"""Damages files: bytes of any, fields of those whose structure is known. What a seed gives never changes."""

import copy
import gzip
import io
import json
import re
import warnings
import zipfile
from collections.abc import Callable

import h5py
import numpy as np
import onnx

from tospike.gen.files.output import to_json
from tospike.gen.files.written_folder import MANIFEST, digest

Random = np.random.Generator
NUMBERS = (
    0,
    -1,
    1,
    2,
    7,
    255,
    2**31 - 1,
    2**31,
    -(2**63),
    2**63 - 1,
    2**64,
    1e308,
    -1e-308,
    0.5,
    float("nan"),
    float("inf"),
)
TEXTS = ("", "a", "../../etc/passwd", "x" * 300, "\n", "\x00", "1e999", "nan", "é", "[" * 2000, "true", '"')


def mutate(kind: str, data: bytes, rng: Random) -> bytes:
    """A file with one to three faults."""
    for _ in range(int(rng.integers(1, 4))):
        known = STRUCTURED.get(kind)
        try:
            data = known(data, rng) if known and rng.random() < 0.7 else flip(data, rng)
        except Exception:  # what earlier faults left cannot be taken apart any more
            data = flip(data, rng)
    return data


def flip(data: bytes, rng: Random) -> bytes:
    """Bytes changed, cut off, put in, doubled, exchanged."""
    content = bytearray(data)
    size = len(content)
    if size < 4:
        return bytes(rng.integers(0, 256, 8).astype(np.uint8))
    start = int(rng.integers(size))
    length = int(min(size - start, rng.integers(1, max(2, size // 8))))
    match int(rng.integers(8)):
        case 0:
            content[start] ^= 1 << int(rng.integers(8))
        case 1:
            content[start] = int(rng.integers(256))
        case 2:
            del content[start:]
        case 3:
            del content[start : start + length]
        case 4:
            content[start:start] = rng.integers(0, 256, int(rng.integers(1, 64))).astype(np.uint8).tobytes()
        case 5:
            content[start:start] = content[start : start + length]
        case 6:
            filler = rng.choice([b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x00\x00\x00\x00", b"\x00\x00\x00\x80"])
            content[start : start + 4] = filler
        case _:
            other = int(rng.integers(size))
            content[start : start + length], content[other : other + length] = (
                content[other : other + length],
                content[start : start + length],
            )
    return bytes(content)


def _any(rng: Random, *more: object) -> object:
    """A value that something may not expect."""
    values = [*NUMBERS, *TEXTS, *more, None, True, [], {}, [1, 2], {"type": "Dense"}, [[[[]]]]]
    return values[int(rng.integers(len(values)))]


def _change_json(value: object, rng: Random) -> object:
    """One place of a JSON value."""
    places: list[tuple[dict | list, object]] = []

    def visit(node: object) -> None:
        keys = node.keys() if isinstance(node, dict) else range(min(len(node), 8)) if isinstance(node, list) else ()
        for key in keys:
            places.append((node, key))
            visit(node[key])

    visit(value)
    if not places:
        return _any(rng)
    at, key = places[int(rng.integers(len(places)))]
    other, other_key = places[int(rng.integers(len(places)))]
    match int(rng.integers(6)):
        case 0:
            del at[key]
        case 1 if isinstance(at, dict):
            at[str(_any(rng))] = at.pop(key)
        case 2:
            at[key] = copy.deepcopy(other[other_key])
        case 3 if isinstance(at[key], int | float) and not isinstance(at[key], bool):
            at[key] = NUMBERS[int(rng.integers(len(NUMBERS)))]
        case 4 if isinstance(at, list):
            at.extend(at[: int(rng.integers(1, 4))])
        case _:
            at[key] = _any(rng)
    return value


def _json(data: bytes, rng: Random) -> bytes:
    return json.dumps(_change_json(json.loads(data), rng)).encode()


def _design(data: bytes, rng: Random) -> bytes:
    """A manifest or a network, with their digests as they should be: only then is what they say looked at."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    name = str(rng.choice([MANIFEST, "network.json"]))
    if name == MANIFEST:
        manifest = _change_json(json.loads(files[MANIFEST]), rng)
    else:
        files[name] = _json(files[name], rng)
        manifest = json.loads(files[MANIFEST])
        manifest["files"][name] = digest(files[name])
    if isinstance(manifest, dict):
        manifest.pop("sha256", None)
        manifest["sha256"] = digest(to_json(manifest).encode())
    files[MANIFEST] = json.dumps(manifest, indent=1).encode() + b"\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in files.items():
            archive.writestr(entry, content)
    return buffer.getvalue()


def _pick(items: object, rng: Random) -> int:
    return int(rng.integers(len(items)))  # type: ignore[arg-type]


def _onnx(data: bytes, rng: Random) -> bytes:
    model = onnx.ModelProto.FromString(data)
    graph = model.graph
    node = graph.node[_pick(graph.node, rng)]
    tensor = graph.initializer[_pick(graph.initializer, rng)]
    dims = (0, -1, 1, 2, 3, 1 << 20, 1 << 31, 1 << 62)
    match int(rng.integers(16)):
        case 0:
            tensor.dims[_pick(tensor.dims, rng)] = int(rng.choice(dims))
        case 1:
            tensor.dims.append(int(rng.choice(dims)))
        case 2:
            tensor.data_type = int(rng.integers(0, 30))
        case 3:
            tensor.raw_data = flip(tensor.raw_data, rng)
        case 4:
            tensor.name = node.output[0]
        case 5:
            node.input[_pick(node.input, rng)] = graph.node[_pick(graph.node, rng)].output[0]
        case 6:
            node.input[_pick(node.input, rng)] = graph.initializer[_pick(graph.initializer, rng)].name
        case 7:
            del node.input[_pick(node.input, rng)]
        case 8:
            node.input.append(str(rng.choice(["", "x", tensor.name])))
        case 9:
            node.op_type = str(rng.choice([*ONNX_KINDS, graph.node[_pick(graph.node, rng)].op_type]))
        case 10 if node.attribute:
            attribute = node.attribute[_pick(node.attribute, rng)]
            del node.attribute[:]
            values = ([], [0], [-1, -1], [1 << 40, 1], [1, 2, 3, 4], 3, -5, 0.5, b"SAME_UPPER", b"\xff", float("nan"))
            node.attribute.append(onnx.helper.make_attribute(attribute.name, values[_pick(values, rng)] or [1]))
        case 11:
            graph.node.add().CopyFrom(node)
        case 12:
            del graph.node[_pick(graph.node, rng)]
        case 13:
            shape = graph.input[0].type.tensor_type.shape.dim
            shape[_pick(shape, rng)].dim_value = int(rng.choice(dims))
        case 14:
            model.opset_import[0].version = int(rng.choice([0, 1, 6, 9, 11, 18, 23, 99, 1 << 40]))
        case _:
            values = onnx.numpy_helper.to_array(tensor)
            wild = np.where(rng.random(values.shape) < 0.3, rng.choice([np.nan, np.inf, 0, -1, 1e38, 1e-40]), values)
            with np.errstate(all="ignore"):
                tensor.CopyFrom(onnx.numpy_helper.from_array(wild.astype(values.dtype), tensor.name))
    return model.SerializeToString()


ONNX_KINDS = (
    *("Loop", "If", "Scan", "ConstantOfShape", "Expand", "Tile", "Range", "Pad", "Resize", "Quant", "QLinearConv"),
    *("Conv", "Gemm", "MatMul", "Transpose", "Reshape", "Softmax", "Squeeze", "Unsqueeze", "Shape", "Constant", "Clip"),
)


def _hdf5(data: bytes, rng: Random) -> bytes:
    buffer = io.BytesIO(data)
    with h5py.File(buffer, "r+") as file:
        names: list[str] = []
        file.visit(names.append)
        sets = [name for name in names if isinstance(file[name], h5py.Dataset)]
        name = sets[_pick(sets, rng)]
        old = file[name][()]
        match int(rng.integers(9)):
            case 0:
                del file[name]
            case 1:
                file.move(name, name + str(rng.choice(["2", "_x", "é"])))
            case 2:
                del file[name]
                file[name] = file[sets[_pick(sets[:3], rng)]][()] if name not in sets[:3] else 3
            case 3:
                del file[name]
                file[name] = str(rng.choice(["LIF", "Conv2d", "NIRGraph", "Input", "Scale", "Delay", "nothing", ""]))
            case 4:
                del file[name]
                file.create_dataset(name, shape=(1 << 20, 1 << 20), dtype="f4", chunks=(16, 16))
            case 5:
                del file[name]
                file[name] = np.full(np.shape(old), rng.choice([np.nan, np.inf, -1, 0, 1e30, 1e-30, 2**40]))
            case 6:
                del file[name]
                shapes = [(), (0,), (1,), (3, 4), (2, 2, 2, 2, 2)]
                file[name] = np.ones(shapes[_pick(shapes, rng)], rng.choice(["f8", "i8", "u1", "c16", "?"]))
            case 7:
                group = name.rsplit("/", 1)[0]
                link = h5py.SoftLink("/node") if rng.random() < 0.5 else h5py.ExternalLink("other.nir", "/node")
                file[f"{group}/nodes_again"] = link
            case _:
                edges = next(entry for entry in sets if entry.endswith("edges"))
                pairs = file[edges][()]
                del file[edges]
                pairs[_pick(pairs, rng)] = [str(rng.choice(["input", "output", "no", ""]))] * 2
                file.create_dataset(edges, data=pairs, dtype=h5py.string_dtype())
    return buffer.getvalue()


def _npz(data: bytes, rng: Random) -> bytes:
    with np.load(io.BytesIO(data)) as archive:
        arrays = {name: archive[name] for name in archive.files}
    name = str(rng.choice(list(arrays)))
    values = arrays[name]
    match int(rng.integers(8)):
        case 0:
            del arrays[name]
        case 1:
            arrays[str(rng.choice(["x", "y", "spikes", "frames", "label", "train_x", "a/b"]))] = arrays.pop(name)
        case 2:
            with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
                arrays[name] = values.astype(rng.choice(["f8", "c16", "U4", "?", "i1", "u8", "M8[s]", "f2"]))
        case 3:
            shapes = [(), (0,), (-1,), (1, -1), (-1, 1), (2, -1, 1)]
            arrays[name] = np.resize(values, 12).reshape(shapes[_pick(shapes, rng)] if rng.random() < 0.9 else (3, 4))
        case 4:
            wild = rng.choice([np.nan, np.inf, -1, 0, 1e30, 2**40, 0.5])
            arrays[name] = np.where(rng.random(values.shape) < 0.2, wild, values)
        case 5:
            arrays[name] = values[: int(rng.integers(0, len(values)))]
        case 6:
            arrays[name] = values[::-1]
        case _:
            arrays[name] = np.concatenate([values, values])
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def _text(data: bytes, rng: Random) -> bytes:
    """Numbers, names and lines of a text; packed if it came packed."""
    if data[:2] == b"\x1f\x8b":
        return gzip.compress(_text(gzip.decompress(data), rng))
    text = data.decode()
    match int(rng.integers(4)):
        case 0:
            places = list(re.finditer(r"-?\d+(\.\d+)?(e-?\d+)?", text))
            new = str(rng.choice(["0", "-1", "1e400", "nan", "9" * 400, "'x'", "[]", "true", "1979-05-27"]))
        case 1:
            places = list(re.finditer(r"[A-Za-z_]\w+", text))
            new = str(rng.choice(["x", "cell", "pin", "timing", "", "a b", "function"]))
        case 2:
            places = list(re.finditer(r"[^\n]*\n", text))
            new = places[_pick(places, rng)][0] * int(rng.integers(0, 3))
        case _:
            places = list(re.finditer(r"[(){}\[\]:;=\",]", text))
            new = str(rng.choice(["", "(", ")", "{", "}", '"', "[" * 3000]))
    found = places[_pick(places, rng)]
    return (text[: found.start()] + new + text[found.end() :]).encode()


STRUCTURED: dict[str, Callable[[bytes, Random], bytes]] = {
    "onnx": _onnx,
    "nir": _hdf5,
    "npz": _npz,
    "toml": _text,
    "liberty": _text,
    "design": _design,
    "cache": _json,
}
